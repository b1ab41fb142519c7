/* SPDX-License-Identifier: MIT
 *
 * What a version has left in Redis, as a text of commands. tests/fixtures/<version>/make.py writes
 * that text, and its head says how. Main thread only. */
#ifndef SUPPORT_REDIS_FIXTURE_H
#define SUPPORT_REDIS_FIXTURE_H

#include "support/redis_server.h"

#define REDIS_FIXTURE_WORDS_MAX 8

struct redis_fixture_command {
    int count;
    const char *words[REDIS_FIXTURE_WORDS_MAX]; /* may have any byte; also NUL-terminated */
    size_t lengths[REDIS_FIXTURE_WORDS_MAX];
};

/* The command is borrowed for the call. */
typedef void redis_fixture_visit_fn(void *context, struct redis_fixture_command *command);

/* Visits all commands in their order. Times are moved as if the fixture had been made within the
 * last day. A line that is not a command fails the test. */
void redis_fixture_visit(const char *path, void *context, redis_fixture_visit_fn *visit);

/* Runs all commands. */
void redis_fixture_load(struct redis_server *server, const char *path);

#endif
