/* SPDX-License-Identifier: MIT
 *
 * What a version left in Redis, kept as a text of commands: tests/fixtures/<version>/make.py writes
 * it, and says in its head how. Main thread only. */
#ifndef SUPPORT_REDIS_FIXTURE_H
#define SUPPORT_REDIS_FIXTURE_H

#include "support/redis_server.h"

#define REDIS_FIXTURE_WORDS_MAX 8

struct redis_fixture_command {
    int count;
    const char *words[REDIS_FIXTURE_WORDS_MAX]; /* may hold any byte; NUL-terminated besides */
    size_t lengths[REDIS_FIXTURE_WORDS_MAX];
};

/* The command is borrowed for the call. */
typedef void redis_fixture_visit_fn(void *context, struct redis_fixture_command *command);

/* All commands in their order, with times as if it had been made within the last day; a line that
 * is none fails the test. */
void redis_fixture_visit(const char *path, void *context, redis_fixture_visit_fn *visit);

/* Runs them all. */
void redis_fixture_load(struct redis_server *server, const char *path);

#endif
