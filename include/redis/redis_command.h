/* SPDX-License-Identifier: MIT
 *
 * Writes a command as it is sent: an array of bulk strings. hiredis' own writer is slower: it
 * allocates each command and prints each length, some of them twice. */
#ifndef REDIS_REDIS_COMMAND_H
#define REDIS_REDIS_COMMAND_H

#include "base/text.h"

/* The space for one command at a time. All zero is an empty one. */
struct redis_command {
    char *at;
    size_t size;
};

/* `lengths` may be NULL when argv are strings. Valid until the next call. */
struct text redis_command_write(struct redis_command *command, int argc, const char *const argv[],
                                const size_t lengths[]);

void redis_command_close(struct redis_command *command);

#endif
