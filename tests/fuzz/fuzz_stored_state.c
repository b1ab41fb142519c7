/* SPDX-License-Identifier: MIT
 *
 * Anything that may be in Redis instead of a counter's state. C and Lua do the same with it, to the
 * bit: both make the same decision and keep the same state or none, and both refuse the same. No
 * script fails, whatever it finds. No wait is longer than the algorithm can ask for, nothing
 * remains that the limit does not have, and no more passes at one time than the limit has. Whatever
 * is kept has an expiry.
 *
 * An input is a line of numbers (algorithm, how many limits, quota, seconds, burst, cost, time in
 * us); a line of numbers, the stored state; and bytes that are stored after it. If the algorithm
 * keeps a log, all lines but the first are scores and members. C has its logs only in memory, so
 * Lua is then tested alone. */
#include "fuzz.h"

#include "limit/algorithm.h"
#include "scratch_redis.h"
#include "store/take_script.h"

#define STORED_BYTES_MAX 256
#define LIMITS           2
#define TAKES            6 /* all at one time, each after what the one before has left */

static int64_t number_next(struct text *line, int64_t min, int64_t max);
static size_t numbers_read(struct text line, double numbers[], size_t max);
static size_t store_numbers(const struct take *take, struct text input, char stored[]);
static void store_log(const struct take *take, struct text input);
static void states_from(const struct take *take, const char stored[], size_t length,
                        struct limit_state states[]);
static void agree(const struct take *take, const char stored[], size_t length,
                  struct outcome *in_lua);
static size_t stored_next(const struct take *take, char stored[], size_t length);
static bool is_same(const struct limit_outcome *a, const struct limit_outcome *b);
static void outcome_check(const struct take *take, const struct outcome *outcome);
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
    struct limit limits[LIMITS];
    struct take take = {.key.policy_id = 1, .limits = limits};
    char stored[STORED_BYTES_MAX];
    size_t length = 0;
    int64_t passed = 0;

    limits[0].algorithm = (enum algorithm_id)number_next(&line, 0, ALGORITHM_COUNT - 1);
    take.limit_count = (size_t)number_next(&line, 1, LIMITS);
    limits[0].quota = number_next(&line, 0, algorithm_quota_max(limits[0].algorithm));
    limits[0].window_us = 1000000 * number_next(&line, 1, LIMIT_WINDOW_S_MAX);
    limits[0].burst = number_next(&line, 0, LIMIT_QUOTA_MAX);
    if (!algorithm_of(limits[0].algorithm)->has_burst)
        limits[0].burst = limits[0].quota;
    limits[1] = limits[0];
    take.cost = number_next(&line, 0, LIMIT_COST_MAX);
    take.now_us = number_next(&line, 0, LIMIT_TIME_US_MAX);

    scratch_redis_run("FLUSHALL");
    const bool keeps_log = algorithm_state(limits[0].algorithm) == STATE_LOG;
    if (keeps_log)
        store_log(&take, rest);
    else
        length = store_numbers(&take, rest, stored);
    for (int i = 0; i < TAKES; i++) {
        struct outcome outcome = {0};

        if (keeps_log) {
            scratch_redis_take(&take, &outcome);
        } else {
            agree(&take, stored, length, &outcome);
            length = stored_next(&take, stored, length);
        }
        outcome_check(&take, &outcome);
        passed += outcome.allowed ? take.cost : 0;
    }
    ASSERT(passed <= limit_capacity(&limits[0]));
    return 0;
}

/* Reduced to the range, so that most inputs are useful. */
static int64_t number_next(struct text *line, int64_t min, int64_t max)
{
    int64_t number = 0;

    (void)text_parse_integer(text_cut(line, ' '), &number);
    number = number < 0 ? -(number + 1) : number;
    return number >= min && number <= max ? number : min + number % (max - min + 1);
}

/* Any number that strtod() knows: also infinities, hexadecimal digits and NaN. */
static size_t numbers_read(struct text line, double numbers[], size_t max)
{
    size_t count = 0;

    while (!text_is_absent(line) && count < max) {
        struct text word = text_cut(&line, ' ');
        char string[64];

        (void)snprintf(string, sizeof(string), "%.*s", TEXT_PRINTF(word));
        numbers[count++] = strtod(string, NULL);
    }
    return count;
}

/* Stores the numbers once for each limit. Returns how many bytes. */
static size_t store_numbers(const struct take *take, struct text input, char stored[])
{
    const size_t numbers_max = algorithm_of(take->limits[0].algorithm)->state_numbers;
    double numbers[LIMIT_STATE_NUMBERS] = {0};
    char key[TAKE_SCRIPT_KEY_BYTES];
    size_t length = 0;

    take_script_key(&take->key, key);
    if (input.length == 0)
        return 0; /* as if never seen */
    const size_t count = numbers_read(text_cut(&input, '\n'), numbers, numbers_max);
    for (size_t i = 0; i < take->limit_count; i++) {
        memcpy(stored + length, numbers, count * sizeof(numbers[0]));
        length += count * sizeof(numbers[0]);
    }
    for (size_t i = 0; i < input.length && length < STORED_BYTES_MAX; i++)
        stored[length++] = input.at[i];
    if (length == 0) {
        (void)scratch_redis_run("RPUSH %s element", key);
        (void)scratch_redis_run("PEXPIRE %s 1000000", key);
        return 1; /* another type, so no length is right */
    }
    (void)scratch_redis_run("SET %s %b PX 1000000", key, stored, length);
    return length;
}

static void store_log(const struct take *take, struct text input)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)take_script_keys(take, keys);
    while (!text_is_absent(input)) {
        struct text member = text_cut(&input, '\n');
        const struct text score = text_cut(&member, ' ');

        for (size_t i = 0; i < take->limit_count; i++) {
            (void)scratch_redis_try("ZADD %s %b %b", keys[1 + i], score.at, score.length,
                                    member.length == 0 ? "" : member.at, member.length);
            (void)scratch_redis_run("PEXPIRE %s 1000000", keys[1 + i]);
        }
    }
}

/* If the length is wrong, no state is a number: the script also says so of each. */
static void states_from(const struct take *take, const char stored[], size_t length,
                        struct limit_state states[])
{
    const size_t bytes = algorithm_of(take->limits[0].algorithm)->state_numbers * sizeof(double);

    memset(states, length == 0 ? 0 : 0xff, take->limit_count * sizeof(states[0]));
    for (size_t i = 0; i < take->limit_count && length == bytes * take->limit_count; i++)
        memcpy(states[i].number, stored + i * bytes, bytes);
}

static void agree(const struct take *take, const char stored[], size_t length,
                  struct outcome *in_lua)
{
    const size_t bytes = algorithm_of(take->limits[0].algorithm)->state_numbers * sizeof(double);
    struct limit_state states[LIMITS] = {0};
    int64_t keep_us[LIMITS];
    struct outcome in_c = {0};
    char key[TAKE_SCRIPT_KEY_BYTES];

    states_from(take, stored, length, states);
    decide(take->limits, take->limit_count, states, take->now_us, take->cost, &in_c, keep_us);
    scratch_redis_take(take, in_lua);
    outcome_check(take, &in_c);
    ASSERT(in_c.allowed == in_lua->allowed && in_c.refused == in_lua->refused);
    for (size_t i = 0; i < take->limit_count; i++)
        ASSERT(is_same(&in_c.at[i], &in_lua->at[i]));
    take_script_key(&take->key, key);
    for (size_t i = 0; i < take->limit_count; i++) {
        if (keep_us[i] == 0)
            continue;
        const redisReply *kept = scratch_redis_run("GET %s", key);
        ASSERT(kept->type == REDIS_REPLY_STRING && kept->len == bytes * take->limit_count);
        ASSERT(memcmp(kept->str + i * bytes, states[i].number, bytes) == 0);
    }
}

/* What is stored now. Returns how many bytes; for another type, as many as before. */
static size_t stored_next(const struct take *take, char stored[], size_t length)
{
    char key[TAKE_SCRIPT_KEY_BYTES];

    take_script_key(&take->key, key);
    const redisReply *found = scratch_redis_try("GET %s", key);
    if (found->type == REDIS_REPLY_ERROR)
        return length;
    if (found->type != REDIS_REPLY_STRING)
        return 0;
    ASSERT(found->len <= STORED_BYTES_MAX);
    memcpy(stored, found->str, found->len);
    return found->len;
}

static bool is_same(const struct limit_outcome *a, const struct limit_outcome *b)
{
    return a->allowed == b->allowed && a->never == b->never && a->remaining == b->remaining &&
           a->reset_us == b->reset_us && a->retry_us == b->retry_us && a->delay_us == b->delay_us;
}

static void outcome_check(const struct take *take, const struct outcome *outcome)
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
    case ALGORITHM_FIXED_WINDOW:
    case ALGORITHM_SLIDING_WINDOW_LOG:
        return limit->window_us;
    case ALGORITHM_SLIDING_WINDOW:
        return 2 * limit->window_us;
    case ALGORITHM_TOKEN_BUCKET:
    case ALGORITHM_LEAKY_BUCKET:
    case ALGORITHM_COUNT:
        break;
    }
    const double longest =
        (double)(LIMIT_QUOTA_MAX + 1) * (double)limit->window_us / (double)limit->quota;

    return longest < LIMIT_TIME_US_MAX ? (int64_t)longest + 1 : LIMIT_TIME_US_MAX;
}
