/* SPDX-License-Identifier: MIT
 *
 * The Lua scripts that decide a take inside Redis, composed at build time from lua/ (see
 * lua/compose.cmake), and their arguments, which are the same for all. There is one script for each
 * algorithm, for policies with one limit, and one script for all other policies.
 *
 * KEYS[1] is the counters' key: a string with the states of all limits whose algorithm keeps no
 * log. Then follows one key for each limit with a log: KEYS[1], a colon, and the limit's index,
 * from 0 on. ARGV[1] is a row of little-endian doubles: the cost (negative: as much of it as fits,
 * which only the script for all other policies knows), and the bytes of KEYS[1]; then per limit the
 * algorithm's number, the place of its state, and quota, window_us, burst. The place is where the
 * state begins in KEYS[1], or which of the KEYS its log is. Algorithm and place count from 1 on. An
 * optional ARGV[2] is for tests: a time in µs, which replaces Redis' TIME unless it is empty. If
 * there is an ARGV[3], no key may be created, and no log may get a charge.
 *
 * The reply is a flat array, four integers per limit: retry_us (0: allowed, -1: never), remaining,
 * reset_us, delay_us. If the stored state was impossible, and counted as never seen, the reply has
 * -1 - reset_us in place of reset_us.
 *
 * A charge that has set the expiry of KEYS[1] reports how long that key had to live before: in
 * place of the first retry_us the reply has -3 - those microseconds, -3 when the key was not there.
 * The script asks the key itself, because a policy's numbers may have changed. The expiry of a
 * window that goes on is not set again, so most charges of windows report nothing.
 *
 * If the script would have to create a key, or charge a log, and may not, it changes nothing and
 * replies -2, 0, 0, 0 for each limit. An error always comes from Redis itself, never from what is
 * stored at a key. */
#ifndef STORE_TAKE_SCRIPT_H
#define STORE_TAKE_SCRIPT_H

#include "base/text.h"
#include "store/store.h"

#include <hiredis/hiredis.h>

#define TAKE_SCRIPT_KEYS_MAX      (1 + LIMITS_MAX)
#define TAKE_SCRIPT_ARGUMENTS_MAX (2 + 1 + TAKE_SCRIPT_KEYS_MAX + 3)
#define TAKE_SCRIPT_KEY_BYTES     80
/* The cost, and the bytes of the states. */
#define TAKE_SCRIPT_HEAD_NUMBERS 2
/* A limit's algorithm, the place of its state, quota, window, burst. */
#define TAKE_SCRIPT_LIMIT_NUMBERS 5

struct take_script {
    enum algorithm_id algorithm; /* of its only limit; ALGORITHM_COUNT: any limits */
    const char *sha1;            /* 40 hex digits */
};

/* The script that decides this take. */
const struct take_script *take_script_of(const struct take *take);
struct text take_script_source(const struct take_script *script);

/* The sources of all scripts. Returns how many. */
size_t take_script_sources(const struct text **sources);

/* Deletes its keys. Replies an integer for each key: how many milliseconds it had left, or -1 when
 * it was not there. */
extern const char take_script_forget[];

/* The counters' key in Redis, NUL-terminated. */
void take_script_key(const struct counter_key *key, char out[static TAKE_SCRIPT_KEY_BYTES]);

/* All keys of a take in the order of KEYS. Returns how many. */
size_t take_script_keys(const struct take *take,
                        char out[static TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES]);

/* The arguments after EVALSHA/EVAL and the script: number of keys, keys, numbers. Owns its text. */
struct take_arguments {
    int count;
    const char *argv[TAKE_SCRIPT_ARGUMENTS_MAX]; /* argv[0] is left for the command, argv[1] for the
                                                    script */
    size_t lengths[TAKE_SCRIPT_ARGUMENTS_MAX];
    char key_count;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    double numbers[TAKE_SCRIPT_HEAD_NUMBERS + TAKE_SCRIPT_LIMIT_NUMBERS * LIMITS_MAX];
    bool forbids_keys;
};

/* The result must not be copied, because argv points into it. The call may create keys. */
void take_arguments_write(struct take_arguments *arguments, const struct take *take);

/* Only the keys, to forget them. */
void take_arguments_write_keys(struct take_arguments *arguments, const struct take *take);

size_t take_arguments_keys(const struct take_arguments *arguments);

/* The call may not create keys: a take that would have to is answered with TAKE_QUOTA. Adds two
 * arguments. */
void take_arguments_forbid_keys(struct take_arguments *arguments);

/* How many integers the reply has for so many limits. */
size_t take_script_integers(size_t limit_count);

/* Fills *outcome from the reply; false when it is no decision on `limit_count` limits. If the take
 * would have had to create a key, only the status is filled: TAKE_QUOTA. */
MUST_USE bool take_script_read(const redisReply *reply, size_t limit_count,
                               struct outcome *outcome);

/* Whether the take with these arguments can have this outcome, because a bit that flips on the way
 * makes another number. */
MUST_USE bool take_script_explains(const struct take_arguments *arguments,
                                   const struct outcome *outcome);

/* A charge has set an expiry: how long the key had to live before (0 when it was not there), and
 * how long it has now. */
struct take_life {
    int64_t was_us;
    int64_t keep_us;
};

/* The life of the states' key if the charge has set its expiry, and of the charge in each log, as
 * long as it may stay stored there. By a reply to these arguments that was read before, and
 * that allowed a cost. Returns how many. */
size_t take_script_lives(const redisReply *reply, const struct take_arguments *arguments,
                         struct take_life lives[static TAKE_SCRIPT_KEYS_MAX]);

/* The key of the first refused state: borrowed from the arguments. By the reply there must be
 * one. */
const char *take_script_refused_key(const redisReply *reply,
                                    const struct take_arguments *arguments);

#endif
