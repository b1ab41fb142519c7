/* SPDX-License-Identifier: MIT
 *
 * The Lua script that decides a take inside Redis, composed at build time from lua/ (see
 * lua/CMakeLists.txt), and its arguments.
 *
 * KEYS[1] the counters' key; then for each limit whose algorithm keeps a log the key of that:
 * KEYS[1], a colon, and which limit it is, from 0 on. ARGV: the cost; then per limit the algorithm's name, quota, window_us,
 * burst. ARGV may end with the string "now" and a time in µs, which replaces Redis' TIME: for
 * tests. Replies a flat array, five integers per limit: allowed (0 or 1), remaining, reset_us,
 * retry_us (-1: never), delay_us. */
#ifndef STORE_TAKE_SCRIPT_H
#define STORE_TAKE_SCRIPT_H

#include "base/text.h"
#include "store/store.h"

#include <hiredis/hiredis.h>

#define TAKE_SCRIPT_SHA1_BYTES    40
#define TAKE_SCRIPT_KEYS_MAX      (1 + LIMITS_MAX)
#define TAKE_SCRIPT_ARGUMENTS_MAX (2 + 1 + TAKE_SCRIPT_KEYS_MAX + 1 + 4 * LIMITS_MAX + 2)
#define TAKE_SCRIPT_KEY_BYTES     64

/* Embedded; take_script_sha1 is 40 hex digits. */
struct text take_script_source(void);
const char *take_script_sha1(void);

/* The counters' key in Redis, NUL-terminated. */
void take_script_key(const struct counter_key *key, char out[static TAKE_SCRIPT_KEY_BYTES]);

/* All keys of a take in the order of KEYS. Returns how many. */
size_t take_script_keys(const struct take *take,
                        char out[static TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES]);

/* The arguments after EVALSHA/EVAL and script: number of keys, keys, cost, limits. Owns its text. */
struct take_arguments {
    int count;
    const char *argv[TAKE_SCRIPT_ARGUMENTS_MAX]; /* argv[0] is left for the command, argv[1] for the
                                                    script */
    size_t lengths[TAKE_SCRIPT_ARGUMENTS_MAX];
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    char space[64 + LIMITS_MAX * 96];
};

/* Not copyable afterwards: argv points into keys and space. */
void take_arguments_write(struct take_arguments *arguments, const struct take *take);

/* Fills *outcome from the reply; false when it is not a decision on `limit_count` limits. */
MUST_USE bool take_script_read(const redisReply *reply, size_t limit_count,
                               struct outcome *outcome);

#endif
