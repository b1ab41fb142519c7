/* SPDX-License-Identifier: MIT
 *
 * Anything that may be in Redis instead of a counter's state. C and Lua do the same with it, to the
 * bit: both make the same decision and keep the same state or none, and both refuse the same. What
 * a string has for limits of another version of the policy is kept as long as it may count and its
 * key would be there, and nothing else is. No script fails, whatever it finds. No wait is longer
 * than the algorithm can ask for, nothing remains that the limit does not have, and no more passes
 * at one time than the limit has, unless something is given back. Whatever is kept has an expiry.
 * The script tells the time that it was asked at.
 * Outside of a calendar nothing changes.
 *
 * An input is a line of numbers, which says what is asked (see asked.h); a line of numbers, which
 * each limit has as its state, the end of its entry first, or "another type"; a line of numbers for
 * other entries; and bytes that are stored after it. If the algorithm keeps a log, all lines but
 * the first are scores and members. C has its logs only in memory, so Lua is then tested alone. */
#include "fuzz.h"

#include "asked.h"
#include "limit/algorithm.h"
#include "scratch_redis.h"
#include "store/take_reply.h"
#include "stored_entries.h"
#include "support/decide_operation.h"

#include <math.h>

#define LATE_US 60e6 /* what a take takes at most */

static size_t numbers_read(struct text line, double numbers[], size_t max);
static void store_string(const struct operation *take, struct text input,
                         const struct damage *damage);
static void store_log(const struct operation *take, struct text input);
static void agree(const struct operation *take, struct outcome *in_lua);
static void elsewhere_check(const struct operation *take);
static void kept_check(const struct operation *take, const struct stored_entries *before,
                       const struct limit_state states[], const int64_t keep_us[]);
static void others_end(const struct operation *take, struct stored_entries *after);
static void stored_read(const struct operation *take, struct stored_entries *entries);
static const char *key_of(const struct operation *take, size_t limit);
static bool is_same(const struct limit_outcome *a, const struct limit_outcome *b);
static void outcome_check(const struct operation *take, const struct outcome *outcome);
static int64_t wait_max_us(const struct limit *limit);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    scratch_redis_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct text line = text_cut(&rest, '\n');
    struct asked asked;
    const struct operation *take = &asked.operation;
    int64_t passed = 0;
    bool gives_back = false;

    asked_read(&asked, &line);
    scratch_redis_run("FLUSHALL");
    const bool keeps_log = algorithm_state(asked.limits[0].algorithm) == STATE_LOG;
    if (keeps_log)
        store_log(take, rest);
    else
        store_string(take, rest, &asked.damage);
    for (int i = 0; i < ASKED_TIMES; i++) {
        struct outcome outcome = {0};

        gives_back |= asked_next(&asked);
        if (asked_is_elsewhere(&asked)) {
            elsewhere_check(take);
            continue;
        }
        if (keeps_log)
            scratch_redis_ask(take, &outcome);
        else
            agree(take, &outcome);
        outcome_check(take, &outcome);
        if (outcome.allowed && take->kind != OPERATION_CHARGE)
            passed += take->kind == OPERATION_PART ? outcome.granted : asked.cost;
    }
    ASSERT(gives_back || passed <= limit_capacity(&asked.limits[0]));
    return 0;
}

/* Any number that strtod() knows: also infinities, hexadecimal digits and NaN. But a zero has no
 * sign, because C and Lua may keep another one, and both count the same. */
static size_t numbers_read(struct text line, double numbers[], size_t max)
{
    size_t count = 0;

    while (!text_is_absent(line) && count < max) {
        struct text word = text_cut(&line, ' ');
        char string[64];

        (void)snprintf(string, sizeof(string), "%.*s", TEXT_PRINTF(word));
        numbers[count++] = strtod(string, NULL) + 0.0;
    }
    return count;
}

static void store_string(const struct operation *take, struct text input,
                         const struct damage *damage)
{
    static unsigned char stored[STORED_BYTES_MAX];
    const size_t numbers_count = algorithm_of(take->limits[0].algorithm)->state_numbers;
    double numbers[1 + LIMIT_STATE_NUMBERS] = {0};
    double others[2 * (1 + LIMIT_STATE_NUMBERS)] = {0};
    const char *key = key_of(take, 0);

    if (input.length == 0)
        return; /* as if never seen */
    const struct text line = text_cut(&input, '\n');
    (void)numbers_read(line, numbers, ARRAY_COUNT(numbers));
    (void)numbers_read(text_cut(&input, '\n'), others, ARRAY_COUNT(others));
    if (text_equal(line, TEXT("another type"))) {
        (void)scratch_redis_run("RPUSH %s element", key);
        (void)scratch_redis_run("PEXPIRE %s %lld", key, (long long)SCRATCH_REDIS_FAR_MS);
        return;
    }

    struct stored_entries entries = {0};

    for (size_t i = 0; i < take->limit_count + damage->others; i++) {
        const bool is_own = i < take->limit_count;
        const size_t number = is_own && i >= damage->wrong ? i : ASKED_LIMITS + i;

        stored_entries_add(&entries, STORED_ENTRIES_ID(number) | numbers_count,
                           is_own ? numbers : others + i % 2);
    }
    size_t length = stored_entries_write(&entries, stored);
    stored[0] = (unsigned char)(stored[0] + damage->count);
    length -= damage->cut < length ? damage->cut : length - 1;
    for (size_t i = 0; i < input.length && length < STORED_BYTES_MAX; i++)
        stored[length++] = (unsigned char)input.at[i];
    (void)scratch_redis_run("SET %s %b PX %lld", key, stored, length,
                            (long long)SCRATCH_REDIS_FAR_MS);
}

static void store_log(const struct operation *take, struct text input)
{
    while (!text_is_absent(input)) {
        struct text member = text_cut(&input, '\n');
        const struct text score = text_cut(&member, ' ');

        for (size_t i = 0; i < take->limit_count; i++) {
            const char *key = key_of(take, i);

            (void)scratch_redis_try("ZADD %s %b %b", key, score.at, score.length,
                                    member.length == 0 ? "" : member.at, member.length);
            (void)scratch_redis_run("PEXPIRE %s 1000000", key);
        }
    }
}

/* A bucket that has ended is full at any rate, unless it is refused, or is to be moved. */
static bool has_ended(const struct limit *limit, struct limit_state state, double ends_us,
                      int64_t now_us)
{
    const struct algorithm *algorithm = algorithm_of(limit->algorithm);

    return algorithm->has_burst && ends_us <= (double)now_us &&
           algorithm->settle(limit, &state, now_us) == SETTLED_AS_IT_WAS;
}

static void agree(const struct operation *take, struct outcome *in_lua)
{
    struct stored_entries before;
    struct limit_state states[ASKED_LIMITS] = {0};
    int64_t keep_us[ASKED_LIMITS];
    struct outcome in_c = {0};

    stored_read(take, &before);
    for (size_t i = 0; i < take->limit_count; i++)
        memcpy(states[i].number, before.at[i].numbers + 1, sizeof(states[i].number));
    for (size_t i = 0; i < take->limit_count; i++) {
        if (has_ended(&take->limits[i], states[i], before.at[i].numbers[0], take->now_us))
            states[i] = (struct limit_state){0};
    }
    decide_operation(take, states, take->now_us, &in_c, keep_us);
    scratch_redis_ask(take, in_lua);
    outcome_check(take, &in_c);
    ASSERT(in_lua->time_us == take->now_us);
    ASSERT(in_c.allowed == in_lua->allowed && in_c.refused == in_lua->refused);
    ASSERT(take->kind != OPERATION_PART || in_c.granted == in_lua->granted);
    for (size_t i = 0; i < take->limit_count; i++)
        ASSERT(is_same(&in_c.at[i], &in_lua->at[i]));
    kept_check(take, &before, states, keep_us);
}

static void elsewhere_check(const struct operation *take)
{
    static struct stored_entries before;
    static struct stored_entries after;
    struct outcome outcome = {0};

    memset(&before, 0, sizeof(before));
    memset(&after, 0, sizeof(after));
    stored_read(take, &before);
    scratch_redis_ask(take, &outcome);
    stored_read(take, &after);
    ASSERT(outcome.status == TAKE_ELSEWHEN && outcome.time_us == take->now_us);
    ASSERT(memcmp(&before, &after, sizeof(before)) == 0);
}

/* If a state is kept, the string is what was there, with the new states, and without what does not
 * count any more. Otherwise it is as it was. */
static void kept_check(const struct operation *take, const struct stored_entries *before,
                       const struct limit_state states[], const int64_t keep_us[])
{
    static unsigned char expected[STORED_BYTES_MAX];
    struct stored_entries after = *before;
    bool is_kept = false;

    for (size_t i = 0; i < take->limit_count; i++) {
        if (keep_us[i] == 0)
            continue;
        is_kept = true;
        after.at[i].numbers[0] = (double)take->now_us + (double)keep_us[i];
        memcpy(after.at[i].numbers + 1, states[i].number, sizeof(states[i].number));
    }
    if (!is_kept)
        return;
    others_end(take, &after);

    const size_t length = stored_entries_write(&after, expected);
    const redisReply *kept = scratch_redis_run("GET %s", key_of(take, 0));

    ASSERT(kept->type == REDIS_REPLY_STRING && kept->len == length);
    ASSERT(memcmp(kept->str, expected, length) == 0);
}

/* An entry of another limit ends with its key at the latest. The key began its life just before, so
 * its end is known by LATE_US. */
static void others_end(const struct operation *take, struct stored_entries *after)
{
    const double latest_us = (double)take->now_us + 1000 * (double)SCRATCH_REDIS_FAR_MS;
    struct stored_entries kept;

    stored_read(take, &kept);
    ASSERT(kept.count == after->count);
    for (size_t i = take->limit_count; i < after->count; i++) {
        double *ends_us = &after->at[i].numbers[0];
        const double kept_us = kept.at[i].numbers[0];

        if (*ends_us <= latest_us - LATE_US)
            continue;
        ASSERT(kept_us >= latest_us - LATE_US && kept_us <= fmin(*ends_us, latest_us));
        *ends_us = kept_us;
    }
}

/* What C would find there: the entries of the limits, then those that must be kept. */
static void stored_read(const struct operation *take, struct stored_entries *entries)
{
    const redisReply *found = scratch_redis_try("GET %s", key_of(take, 0));
    const size_t numbers_count = algorithm_of(take->limits[0].algorithm)->state_numbers;
    uint64_t ids[ASKED_LIMITS];

    for (size_t i = 0; i < take->limit_count; i++)
        ids[i] = take->limits[i].id | numbers_count;
    if (found->type == REDIS_REPLY_NIL)
        stored_entries_read(entries, NULL, 0, ids, take->limit_count, take->now_us);
    else if (found->type == REDIS_REPLY_STRING)
        stored_entries_read(entries, (const unsigned char *)found->str, found->len, ids,
                            take->limit_count, take->now_us);
    else /* another type, so nothing there is a number */
        stored_entries_refuse(entries, ids, take->limit_count);
}

/* The key of the limit's state; lives until the next call. */
static const char *key_of(const struct operation *take, size_t limit)
{
    static struct take_arguments arguments;

    take_arguments_write(&arguments, take);
    return arguments.keys[arguments.key_of[limit]];
}
static bool is_same(const struct limit_outcome *a, const struct limit_outcome *b)
{
    return a->allowed == b->allowed && a->never == b->never && a->remaining == b->remaining &&
           a->reset_us == b->reset_us && a->retry_us == b->retry_us && a->delay_us == b->delay_us;
}

static void outcome_check(const struct operation *take, const struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->count; i++) {
        const struct limit *limit = &take->limits[i];
        const struct limit_outcome *at = &outcome->at[i];
        const int64_t max_us = wait_max_us(limit);

        ASSERT(at->remaining >= 0 && at->remaining <= limit_capacity(limit));
        ASSERT(at->reset_us >= 0 && at->reset_us <= max_us);
        ASSERT(at->retry_us >= 0 && at->retry_us <= max_us);
        ASSERT(at->delay_us >= 0 && at->delay_us <= max_us);
        ASSERT(at->allowed || at->never || at->retry_us > 0);
    }
}

/* A larger limit may have allowed what was used. */
static int64_t wait_max_us(const struct limit *limit)
{
    switch (limit->algorithm) {
    case ALGORITHM_FIXED_WINDOW: /* a clock that is set back makes a period last longer */
        return limit->calendar == NULL ? limit->window_us : 2 * limit->window_us;
    case ALGORITHM_SLIDING_WINDOW_LOG:
        return limit->window_us;
    case ALGORITHM_SLIDING_WINDOW:
        return 2 * limit->window_us;
    case ALGORITHM_TOKEN_BUCKET:
    case ALGORITHM_LEAKY_BUCKET:
    case ALGORITHM_COUNT:
        break;
    }
    const double longest = (double)LIMIT_COST_MAX * (double)limit->window_us / (double)limit->quota;

    return longest < LIMIT_TIME_US_MAX ? (int64_t)longest + 1 : LIMIT_TIME_US_MAX;
}
