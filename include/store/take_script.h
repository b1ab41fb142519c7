/* SPDX-License-Identifier: MIT
 *
 * The Lua scripts that decide an operation inside Redis, composed at build time from lua/ (see
 * lua/compose.cmake), and their arguments, which are the same for all. There is one script for each
 * algorithm, for policies with one limit, two scripts for all other operations, with and without
 * limits whose state is kept apart, and one to charge after the fact.
 *
 * KEYS: a string for each set of subjects, with the states of its limits; then a key for each limit
 * whose state is kept apart, as a log is. All have the operation's tag as their hash tag. To learn
 * whether the slot moves, a script also names a key that never exists: a log's, and a colon.
 *
 * A string is a row of entries: one byte with their number, then the ids of all limits, then their
 * states. A state begins with the time when its entry ends. The lowest byte of an id, which comes
 * first, is the number of doubles that follow that time. The entries of the limits asked for come
 * first and in their order. Others may follow: another version of the policy has them, and they are
 * kept until they end. So what is used stays used when a policy gains, loses or reorders limits,
 * also while two versions of it are in force.
 *
 * ARGV[1] is a row of little-endian doubles: the operation's kind, how many of the keys are
 * strings, and where the limits end. Then per string its bytes without entries of others, where its
 * head ends in ARGV[2], and how many limits it has; and these limits follow. Then come the limits
 * with keys of their own, and at the end the calendars, each the starts of its periods. Per limit:
 * the algorithm's number; the place of its state's numbers in the string, or of its own key; the
 * bytes of the state; its cost, quota, window_us and burst. All count from 1 on. A limit with a
 * calendar has 0 in place of window_us, and in place of its burst the place of the calendar.
 *
 * ARGV[2] has the heads of the strings: each is the number of its limits, and their ids. An
 * optional ARGV[3] is for tests: a time in µs, which replaces Redis' TIME unless it is empty. If
 * there is an ARGV[4], no key may be created, and no log may become longer.
 *
 * The reply is a flat array, in the order of ARGV[1] four integers per limit: retry_us (0: allowed,
 * -1: never), remaining, reset_us, delay_us. If the stored state was impossible, and counted as
 * never seen, the reply has -1 - reset_us in place of reset_us. To take a part, there is one more
 * integer after them: what was granted. The last integer is Redis' time in µs, by which it was
 * decided.
 *
 * A charge that has set the expiry of a string reports how long that key had to live before: the
 * first limit of the string has in place of its retry_us -3 - those microseconds, -3 when the key
 * was not there. The script asks the key itself, because a policy's numbers may have changed. The
 * expiry of a window that goes on is not set again, so most charges of windows report nothing. Nor
 * is the expiry set to an earlier time while a state in the string that was not charged may count
 * for longer: its limit may have been asked at another rate than the one of its last charge. A log
 * that has become longer has -3 in the same place.
 *
 * A script that refuses replies -2, t, 0, 0 for each limit, and charges nothing. If t is 0, it
 * would have to create a key, or make a log longer, and may not. Only charges of a log from the
 * future are moved, as by a look. Else t is Redis' time in µs, and outside of a calendar. An error
 * always comes from Redis itself, never from what is stored at a key. */
#ifndef STORE_TAKE_SCRIPT_H
#define STORE_TAKE_SCRIPT_H

#include "base/text.h"
#include "limit/calendar.h"
#include "store/operation.h"

/* At most one for each limit. */
#define TAKE_SCRIPT_KEYS_MAX      LIMITS_MAX
#define TAKE_SCRIPT_ARGUMENTS_MAX (2 + 1 + TAKE_SCRIPT_KEYS_MAX + 4)
#define TAKE_SCRIPT_KEY_BYTES     96
/* The operation's kind, the number of strings, and the end of the limits. */
#define TAKE_SCRIPT_HEAD_NUMBERS 3
/* A string's bytes, the end of its head, and the number of its limits. */
#define TAKE_SCRIPT_STRING_NUMBERS 3
/* A limit's algorithm, place, bytes, cost, quota, window, burst. */
#define TAKE_SCRIPT_LIMIT_NUMBERS 7
#define TAKE_SCRIPT_NUMBERS_MAX                                                                    \
    (TAKE_SCRIPT_HEAD_NUMBERS +                                                                    \
     LIMITS_MAX * (TAKE_SCRIPT_STRING_NUMBERS + TAKE_SCRIPT_LIMIT_NUMBERS + CALENDAR_STARTS))
/* A limit's part of the reply. */
#define TAKE_SCRIPT_INTEGERS 4
/* The number of a string's entries, and their ids. */
#define TAKE_SCRIPT_ID_BYTES    8
#define TAKE_SCRIPT_HEADS_BYTES (LIMITS_MAX * (1 + TAKE_SCRIPT_ID_BYTES))

struct take_script {
    enum algorithm_id algorithm; /* of its only limit; ALGORITHM_COUNT: any limits */
    bool decides_apart;          /* also limits whose state is kept apart */
    bool charges;                /* after the fact; else it decides */
    const char *sha1;            /* 40 hex digits */
};

/* The script that decides this operation. */
const struct take_script *take_script_of(const struct operation *operation);
struct text take_script_source(const struct take_script *script);

/* In which slot of a cluster all keys of an operation with this tag are. */
uint16_t take_script_slot(const struct digest *tag);

/* The sources of all scripts. Returns how many. */
size_t take_script_sources(const struct text **sources);

/* Deletes its keys. Replies an integer for each key: how many milliseconds it had left, or -1 when
 * it was not there. */
extern const char take_script_forget[];

/* The arguments after EVALSHA/EVAL and the script: number of keys, keys, and to decide also the
 * numbers and the heads. Owns its text. */
struct take_arguments {
    int count;
    const char *argv[TAKE_SCRIPT_ARGUMENTS_MAX]; /* argv[0] is left for the command, argv[1] for the
                                                    script */
    size_t lengths[TAKE_SCRIPT_ARGUMENTS_MAX];
    enum operation_kind kind;
    size_t limit_count;
    uint8_t key_of[LIMITS_MAX];   /* by limit: which of the keys has its state, */
    uint8_t place_of[LIMITS_MAX]; /* its place in the reply, from 0 on, */
    double *rows[LIMITS_MAX];     /* and its numbers */
    size_t string_count;          /* the first of the keys */
    char key_count;               /* a digit */
    bool forbids_keys;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES]; /* NUL-terminated */
    unsigned char heads[TAKE_SCRIPT_HEADS_BYTES];
    double numbers[TAKE_SCRIPT_NUMBERS_MAX];
};

/* The result must not be copied, because argv points into it. The call may create keys. To forget,
 * only the keys are arguments. */
void take_arguments_write(struct take_arguments *arguments, const struct operation *operation);

size_t take_arguments_keys(const struct take_arguments *arguments);

/* Whether the operation may charge something, or give it back. */
bool take_arguments_charge(const struct take_arguments *arguments);

/* The call may not create keys: an operation that would have to is answered with TAKE_QUOTA. */
void take_arguments_forbid_keys(struct take_arguments *arguments);

/* The numbers of a limit, and what it is to be charged. If it has a calendar, its window is as long
 * as that. */
struct limit take_arguments_limit(const struct take_arguments *arguments, size_t i);
int64_t take_arguments_cost(const struct take_arguments *arguments, size_t i);

/* The starts of the limit's periods; NULL: it has no calendar. */
const double *take_arguments_calendar(const struct take_arguments *arguments, size_t i);

/* How many integers the reply has. Except to forget, the last one is the time. */
size_t take_arguments_integers(const struct take_arguments *arguments);

#endif
