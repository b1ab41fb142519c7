/* SPDX-License-Identifier: MIT
 *
 * The script in a real Redis, as far as its surroundings go; its arithmetic is in test_vectors.c.
 */
#include "store/take_script.h"

#include "limit/algorithm.h"
#include "script_redis.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <sodium.h>

#define SECOND INT64_C(1000000)

static struct script_redis *redis;
static redisReply *reply; /* of the last command, freed by the next one */

static const struct limit minute = {.name = "minute",
                                    .algorithm = ALGORITHM_FIXED_WINDOW,
                                    .quota = 10,
                                    .window_us = 60 * SECOND,
                                    .burst = 10};

static void run(int count, const char *const argv[])
{
    const char *words[TAKE_SCRIPT_ARGUMENTS_MAX];

    memcpy(words, argv, (size_t)count * sizeof(words[0]));
    freeReplyObject(reply);
    reply = redisCommandArgv(redis->connection, count, words, NULL);
    assert_non_null(reply);
}

/* Runs the script with these arguments. */
#define RUN_SCRIPT(...)                                                                            \
    run((int)ARRAY_COUNT(((const char *[]){__VA_ARGS__})) + 2,                                     \
        (const char *[]){"EVALSHA", take_script_sha1(), __VA_ARGS__})

static void run_take(const struct take *take)
{
    struct take_arguments arguments;

    take_arguments_write(&arguments, take);
    arguments.argv[0] = "EVALSHA";
    arguments.argv[1] = take_script_sha1();
    run(arguments.count, arguments.argv);
}

static struct take take_of(const struct limit *limits, size_t count, int64_t cost)
{
    static uint64_t last_id;

    return (struct take){
        .key.policy_id = ++last_id, .limits = limits, .limit_count = count, .cost = cost};
}

static const char *key_of(const struct take *take)
{
    static char key[TAKE_SCRIPT_KEY_BYTES];

    take_script_key(&take->key, key);
    return key;
}

static struct outcome outcome_of(const struct take *take)
{
    struct outcome outcome;

    run_take(take);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s", reply->str);
    assert_true(take_script_read(reply, take->limit_count, &outcome));
    return outcome;
}

static long long redis_integer(const char *command, const char *key)
{
    return redis_server_command(redis->server, "%s %s", command, key)->integer;
}

static void the_script_knows_every_algorithm_of_the_table(void **state)
{
    (void)state;
    struct text source = take_script_source();

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const struct algorithm *algorithm = algorithm_of((enum algorithm_id)i);
        char row[128];

        if (algorithm_keeps_log((enum algorithm_id)i))
            snprintf(row, sizeof(row), "    %s = { decide = %s, charge_log = %s_charge },\n",
                     algorithm->name, algorithm->name, algorithm->name);
        else
            snprintf(row, sizeof(row),
                     "    %s = { decide = %s, format = \"<%.*s\", bytes = %zu },\n",
                     algorithm->name, algorithm->name, (int)algorithm->state_numbers, "dddddddd",
                     8 * algorithm->state_numbers);
        if (memmem(source.at, source.length, row, strlen(row)) == NULL)
            fail_msg("the script has no row like \"%s\"", row);
    }
}

static void the_key_shows_only_hashes_and_ids(void **state)
{
    (void)state;
    struct counter_key key = {.policy_id = 0xabc, .layout = 0x1f};
    char name[TAKE_SCRIPT_KEY_BYTES];

    memset(key.subject.bytes, 0xff, sizeof(key.subject.bytes));
    take_script_key(&key, name);

    assert_string_equal(name, "sluice:{_____________________w}:0000000000000abc:0000001f");
}

static void a_limit_that_keeps_a_log_has_a_key_of_its_own(void **state)
{
    (void)state;
    struct limit limits[LIMITS_MAX] = {0};
    struct take take = take_of(limits, LIMITS_MAX, 1);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    for (size_t i = 0; i < LIMITS_MAX; i++)
        limits[i] = minute;
    limits[2].algorithm = limits[7].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    memset(take.key.subject.bytes, 0xff, sizeof(take.key.subject.bytes));
    take.key.policy_id = 0xabc;
    take.key.layout = 0x1f;

    assert_int_equal(take_script_keys(&take, keys), 3);
    assert_string_equal(keys[0], "sluice:{_____________________w}:0000000000000abc:0000001f");
    assert_string_equal(keys[1], "sluice:{_____________________w}:0000000000000abc:0000001f:2");
    assert_string_equal(keys[2], "sluice:{_____________________w}:0000000000000abc:0000001f:7");
}

static void the_longest_arguments_fit(void **state)
{
    (void)state;
    struct limit limits[LIMITS_MAX];
    struct take_arguments arguments;

    for (size_t i = 0; i < LIMITS_MAX; i++)
        limits[i] = (struct limit){.algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
                                   .quota = LIMIT_QUOTA_MAX,
                                   .window_us = LIMIT_WINDOW_S_MAX * SECOND,
                                   .burst = LIMIT_QUOTA_MAX};
    struct take take = take_of(limits, LIMITS_MAX, LIMIT_COST_MAX);
    take_arguments_write(&arguments, &take);

    assert_int_equal(arguments.count, 13 + 4 * LIMITS_MAX);
    assert_int_equal(arguments.count + 2, TAKE_SCRIPT_ARGUMENTS_MAX);
    assert_string_equal(arguments.argv[2], "9");
    assert_string_equal(arguments.argv[3], key_of(&take));
    assert_string_equal(arguments.argv[12], "9007199254740991");
    for (int i = 13; i < arguments.count; i += 4) {
        assert_string_equal(arguments.argv[i], "sliding_window_log");
        assert_string_equal(arguments.argv[i + 1], "1000000000");
        assert_string_equal(arguments.argv[i + 2], "31536000000000");
        assert_string_equal(arguments.argv[i + 3], "1000000000");
    }
    for (int i = 2; i < arguments.count; i++)
        assert_int_equal(arguments.lengths[i], strlen(arguments.argv[i]));
}

static void a_charge_is_kept_as_long_as_it_counts(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute};
    limits[1].algorithm = ALGORITHM_TOKEN_BUCKET;
    struct take take = take_of(limits, 2, 3);

    struct outcome outcome = outcome_of(&take);

    assert_true(outcome.allowed);
    assert_int_equal(outcome.at[0].remaining, 7);
    assert_int_equal(outcome.at[1].remaining, 7);
    assert_int_equal(redis_integer("STRLEN", key_of(&take)), 4 * 8);
    assert_in_range(redis_integer("PTTL", key_of(&take)), 1, 60000);
}

static void a_log_is_kept_as_long_as_it_counts(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute};
    limits[0].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    limits[1].window_us = SECOND;
    struct take take = take_of(limits, 2, 3);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    struct outcome outcome = outcome_of(&take);

    assert_int_equal(take_script_keys(&take, keys), 2);
    assert_true(outcome.allowed);
    assert_int_equal(redis_integer("ZCARD", keys[1]), 1);
    assert_in_range(redis_integer("PTTL", keys[1]), 1001, 60000);
    assert_in_range(redis_integer("PTTL", keys[0]), 1, 1000);
}

static void a_log_alone_needs_no_other_key(void **state)
{
    (void)state;
    struct limit log = minute;
    log.algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    struct take take = take_of(&log, 1, 3);

    assert_true(outcome_of(&take).allowed);

    assert_int_equal(redis_integer("EXISTS", key_of(&take)), 0);
}

/* However much is asked beyond it: what is denied is not kept. */
static void sliding_window_log_stores_no_denial(void **state)
{
    (void)state;
    struct limit log = minute;
    log.algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    struct take take = take_of(&log, 1, 1);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    int64_t allowed = 0;

    (void)take_script_keys(&take, keys);
    for (int64_t i = 0; i < 100 * log.quota; i++) {
        allowed += outcome_of(&take).allowed;
        assert_int_equal(redis_integer("ZCARD", keys[1]), allowed);
    }

    assert_int_equal(allowed, log.quota);
}

static void g10_instances_count_by_the_clock_of_redis_and_not_by_theirs(void **state)
{
    (void)state;
    struct take take = take_of(&minute, 1, 1);
    double start;

    take.now_us = 12345;
    (void)outcome_of(&take);
    const redisReply *time = redis_server_command(redis->server, "TIME");
    double now = strtod(time->element[0]->str, NULL) * 1e6 + strtod(time->element[1]->str, NULL);
    const redisReply *stored = redis_server_command(redis->server, "GET %s", key_of(&take));

    assert_int_equal(stored->len, 16);
    memcpy(&start, stored->str, sizeof(start));
    assert_true(start <= now && start > now - 60e6);
}

static void looks_and_denials_write_nothing(void **state)
{
    (void)state;
    struct take look = take_of(&minute, 1, 0);
    struct take denied = take_of(&minute, 1, 11);

    assert_true(outcome_of(&look).allowed);
    assert_false(outcome_of(&denied).allowed);
    assert_int_equal(redis_integer("EXISTS", key_of(&look)), 0);
    assert_int_equal(redis_integer("EXISTS", key_of(&denied)), 0);
}

static void a_value_of_another_length_counts_as_none(void **state)
{
    (void)state;
    struct take take = take_of(&minute, 1, 1);

    (void)redis_server_command(redis->server, "SET %s somethingelse", key_of(&take));
    assert_int_equal(outcome_of(&take).at[0].remaining, 9);
    assert_int_equal(redis_integer("STRLEN", key_of(&take)), 16);
    assert_in_range(redis_integer("PTTL", key_of(&take)), 1, 60000);
}

static void a_cost_past_the_limit_never_passes(void **state)
{
    (void)state;
    struct take take = take_of(&minute, 1, 11);

    struct outcome outcome = outcome_of(&take);

    assert_false(outcome.allowed);
    assert_true(outcome.at[0].never);
    assert_int_equal(outcome.at[0].retry_us, 0);
    assert_int_equal(reply->element[3]->integer, -1);
}

static void wrong_arguments_are_an_error(void **state)
{
    (void)state;
    struct outcome outcome;

#define ASSERT_REFUSED(...)                                                                        \
    do {                                                                                           \
        RUN_SCRIPT(__VA_ARGS__);                                                                   \
        assert_int_equal(reply->type, REDIS_REPLY_ERROR);                                          \
        assert_non_null(strstr(reply->str, "take: expected a cost and four arguments per limit")); \
        assert_false(take_script_read(reply, 1, &outcome));                                        \
    } while (0)

    ASSERT_REFUSED("1", "k");
    ASSERT_REFUSED("1", "k", "1");
    ASSERT_REFUSED("1", "k", "1", "fixed_window", "10", "60000000");
    ASSERT_REFUSED("1", "k", "1", "fixed_window", "10", "60000000", "10", "more");
    ASSERT_REFUSED("1", "k", "x", "fixed_window", "10", "60000000", "10");
    ASSERT_REFUSED("1", "k", "1", "gcra", "10", "60000000", "10");
    ASSERT_REFUSED("1", "k", "1", "fixed_window", "ten", "60000000", "10");
    ASSERT_REFUSED("1", "k", "1", "fixed_window", "10", "60000000", "10", "now", "x");
    ASSERT_REFUSED("1", "k", "now", "1");
    assert_int_equal(redis_integer("EXISTS", "k"), 0);
}

static bool is_decision(int type, const long long integers[], size_t count, size_t limit_count)
{
    redisReply elements[2 * 5] = {0};
    redisReply *pointers[2 * 5];
    redisReply array = {.type = type, .elements = count, .element = pointers};
    struct outcome outcome;

    for (size_t i = 0; i < count; i++) {
        elements[i] = (redisReply){.type = REDIS_REPLY_INTEGER, .integer = integers[i]};
        pointers[i] = &elements[i];
    }
    return take_script_read(&array, limit_count, &outcome);
}

static void only_a_decision_is_read_as_one(void **state)
{
    (void)state;
    const long long good[] = {1, 9, 60, 0, 0, 0, 0, 60, 60, 0};

    assert_true(is_decision(REDIS_REPLY_ARRAY, good, 10, 2));
    assert_true(is_decision(REDIS_REPLY_ARRAY, good, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 5, 2));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 10, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 9, 2));
    assert_false(is_decision(REDIS_REPLY_STATUS, good, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){2, 9, 60, 0, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){1, -1, 60, 0, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){1, 9, INT64_MIN, 0, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){0, 9, 60, -2, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){1, 9, INT64_MAX, 0, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){1, 1000000001, 9, 0, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){1, 9, 60, 0, -1}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){1, 9, 60, -1, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){1, 9, 60, 60, 0}, 5, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){0, 0, 60, 0, 0}, 5, 1));
    assert_true(is_decision(REDIS_REPLY_ARRAY, (const long long[]){0, 9, 60, -1, 0}, 5, 1));
}

static int redis_start(void **state)
{
    (void)state;

    redis = script_redis_start();
    return 0;
}

static int redis_stop(void **state)
{
    (void)state;

    freeReplyObject(reply);
    script_redis_stop(redis);
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_script_knows_every_algorithm_of_the_table),
        cmocka_unit_test(the_key_shows_only_hashes_and_ids),
        cmocka_unit_test(a_limit_that_keeps_a_log_has_a_key_of_its_own),
        cmocka_unit_test(the_longest_arguments_fit),
        cmocka_unit_test(a_charge_is_kept_as_long_as_it_counts),
        cmocka_unit_test(a_log_is_kept_as_long_as_it_counts),
        cmocka_unit_test(a_log_alone_needs_no_other_key),
        cmocka_unit_test(sliding_window_log_stores_no_denial),
        cmocka_unit_test(g10_instances_count_by_the_clock_of_redis_and_not_by_theirs),
        cmocka_unit_test(looks_and_denials_write_nothing),
        cmocka_unit_test(a_value_of_another_length_counts_as_none),
        cmocka_unit_test(a_cost_past_the_limit_never_passes),
        cmocka_unit_test(wrong_arguments_are_an_error),
        cmocka_unit_test(only_a_decision_is_read_as_one),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, redis_start, redis_stop);
}
