/* SPDX-License-Identifier: MIT
 *
 * What a process that aborts has said. A process that does not abort fails the test. */
#ifndef UNIT_LAST_WORDS_H
#define UNIT_LAST_WORDS_H

#include <stddef.h>

typedef void last_words_die_fn(void);

/* Runs `die` in a child process, and waits for its end. `stderr_fd` is its standard error. */
void last_words_say(last_words_die_fn *die, int stderr_fd);
/* The same, and reads what it has said: one text at least, NUL-terminated. */
void last_words_read(last_words_die_fn *die, char words[], size_t bytes);

#endif
