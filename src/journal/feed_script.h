/* SPDX-License-Identifier: MIT
 *
 * Adds many entries to a stream as one command: a script. Private to feed_sending.c. */
#ifndef JOURNAL_FEED_SCRIPT_H
#define JOURNAL_FEED_SCRIPT_H

#include "base/arena.h"
#include "redis/redis_sessions.h"

/* Private. */
struct feed_script {
    struct arena arena;
    const char **words;
    size_t count;
};

/* The stream is cut to about `length` entries, and expires after `expiry` seconds. Both are digits,
 * and must stay. */
void feed_script_init(struct feed_script *script, const char *length, const char *expiry);
void feed_script_close(struct feed_script *script);

/* At most JOURNAL_RECORDS. Copies both. */
void feed_script_add(struct feed_script *script, const char *entry, const char *origin);

/* Does nothing, and succeeds, when nothing was added. */
MUST_USE bool feed_script_run(struct feed_script *script, struct redis_sessions *sessions,
                              const char *key, struct error *error);

#endif
