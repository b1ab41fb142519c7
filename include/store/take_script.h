/* SPDX-License-Identifier: MIT
 *
 * The Lua scripts that decide a take inside Redis, composed at build time from lua/ (see
 * lua/compose.cmake), and what they are called with: any of them with the same. There is one for
 * each algorithm, for a policy with one limit, and one for all others.
 *
 * KEYS[1] the counters' key: a string of the states of all limits but those whose algorithm keeps a
 * log; then for each limit that does, the key of that: KEYS[1], a colon, and which limit it is,
 * from 0 on. ARGV[1] little-endian doubles: the cost (negative: as much of it as fits, which only
 * the script for all others knows) and the bytes of KEYS[1]; then per limit the algorithm's number,
 * from 1 on, where its state begins in KEYS[1], or which of the KEYS its log is, both from 1 on,
 * and quota, window_us, burst. There may be an ARGV[2], for tests: a time in µs, which replaces
 * Redis' TIME unless it is empty. Where there is an ARGV[3], no key may be created, and no log may
 * get a charge.
 *
 * Replies a flat array, four integers per limit: retry_us (0: allowed, -1: never), remaining,
 * reset_us, delay_us. Where what was stored made no sense, and counted as never seen, there is -1
 * less reset_us in its place.
 *
 * A charge that has set the expiry of KEYS[1] tells for how long that key was to be kept until
 * then: in place of the first retry_us there is -3 less those microseconds, -3 when it was not
 * there. The key itself was asked, because a policy's numbers may have changed. The expiry of a
 * window that goes on is not set again, so most charges of windows tell nothing.
 *
 * When a key would have to be created, or a log to get a charge, and may not, nothing is changed,
 * and there are -2, 0, 0, 0 for each limit. An error is one of Redis itself, never one of what lies
 * at a key. */
#ifndef STORE_TAKE_SCRIPT_H
#define STORE_TAKE_SCRIPT_H

#include "base/text.h"
#include "store/store.h"

#include <hiredis/hiredis.h>

#define TAKE_SCRIPT_KEYS_MAX      (1 + LIMITS_MAX)
#define TAKE_SCRIPT_ARGUMENTS_MAX (2 + 1 + TAKE_SCRIPT_KEYS_MAX + 3)
#define TAKE_SCRIPT_KEY_BYTES     80
/* Its cost, and the bytes of the states. */
#define TAKE_SCRIPT_HEAD_NUMBERS 2
/* A limit's algorithm, where its state is, quota, window, burst. */
#define TAKE_SCRIPT_LIMIT_NUMBERS 5

struct take_script {
    enum algorithm_id algorithm; /* of the only limit; ALGORITHM_COUNT: any limits */
    const char *sha1;            /* 40 hex digits */
};

/* The one that decides this take. */
const struct take_script *take_script_of(const struct take *take);
struct text take_script_source(const struct take_script *script);

/* The sources of all. Returns how many. */
size_t take_script_sources(const struct text **sources);

/* Deletes its keys. Replies an integer for each: for how many milliseconds it was to be kept, -1
 * when it was not there. */
extern const char take_script_forget[];

/* The counters' key in Redis, NUL-terminated. */
void take_script_key(const struct counter_key *key, char out[static TAKE_SCRIPT_KEY_BYTES]);

/* All keys of a take in the order of KEYS. Returns how many. */
size_t take_script_keys(const struct take *take,
                        char out[static TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES]);

/* The arguments after EVALSHA/EVAL and script: number of keys, keys, numbers. Owns its text. */
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

/* Not copyable afterwards: argv points into it. It may create keys. */
void take_arguments_write(struct take_arguments *arguments, const struct take *take);

/* The keys alone, to forget them. */
void take_arguments_write_keys(struct take_arguments *arguments, const struct take *take);

size_t take_arguments_keys(const struct take_arguments *arguments);

/* It may not: a take that would have to is answered TAKE_QUOTA. Adds two arguments. */
void take_arguments_forbid_keys(struct take_arguments *arguments);

/* How many integers the reply has that decides on so many limits. */
size_t take_script_integers(size_t limit_count);

/* Fills *outcome from the reply; false when it is no decision on `limit_count` limits. Of one that
 * would have had to create a key the status alone is filled: TAKE_QUOTA. */
MUST_USE bool take_script_read(const redisReply *reply, size_t limit_count,
                               struct outcome *outcome);

/* Whether the take with these arguments can have this outcome: a bit that flips on the way makes
 * another number of one. */
MUST_USE bool take_script_explains(const struct take_arguments *arguments,
                                   const struct outcome *outcome);

/* A charge has set an expiry: for how long the key was to be kept until then, 0 when it was not
 * there, and for how long it is to be kept now. */
struct take_life {
    int64_t was_us;
    int64_t keep_us;
};

/* Of the states' key when the charge has set its expiry, and of each log, in which every charge has
 * a life of its own; by the reply to these arguments, which was read, and which allowed a cost.
 * Returns how many. */
size_t take_script_lives(const redisReply *reply, const struct take_arguments *arguments,
                         struct take_life lives[static TAKE_SCRIPT_KEYS_MAX]);

/* Where the first of what was refused lies: borrowed from the arguments. There is some by the reply
 * to them. */
const char *take_script_refused_key(const redisReply *reply,
                                    const struct take_arguments *arguments);

#endif
