/* SPDX-License-Identifier: MIT
 *
 * The scripts in a real Redis, as far as their surroundings go. Their arithmetic is in
 * test_vectors.c, other kinds of operations are in test_take_kinds.c, and what makes no sense is in
 * test_take_damage.c. */
#include "script_case.h"

#include "limit/algorithm.h"
#include "limit/calendar.h"

static void the_scripts_are_known_by_their_sha1(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit only = script_case_minute;
        only.algorithm = (enum algorithm_id)i;
        const struct operation takes[] = {script_case_take_of(&only, 1, 1),
                                          script_case_take_of(limits, ARRAY_COUNT(limits), 1)};

        for (size_t t = 0; t < ARRAY_COUNT(takes); t++) {
            const struct take_script *script = take_script_of(&takes[t]);
            const struct text source = take_script_source(script);
            const redisReply *sha1 =
                redis_server_command(server, "SCRIPT LOAD %b", source.at, source.length);
            assert_string_equal(sha1->str, script->sha1);
        }
    }
}

static void a_limit_alone_has_the_script_of_its_algorithm(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const enum algorithm_id algorithm = (enum algorithm_id)i;
        struct limit only = script_case_minute;
        only.algorithm = algorithm;
        const struct operation take = script_case_take_of(&only, 1, 1);

        assert_int_equal(take_script_of(&take)->algorithm,
                         algorithm_state(algorithm) == STATE_LOG ? ALGORITHM_COUNT : algorithm);
    }
    const struct operation several = script_case_take_of(limits, ARRAY_COUNT(limits), 1);
    assert_int_equal(take_script_of(&several)->algorithm, ALGORITHM_COUNT);
}

static void only_operations_with_a_log_have_the_script_of_all_algorithms(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    const struct operation take = script_case_take_of(limits, ARRAY_COUNT(limits), 1);

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const struct take_script *script;
        bool has_log = false;

        limits[1].algorithm = (enum algorithm_id)i;
        script = take_script_of(&take);
        for (size_t place = 0; place < ARRAY_COUNT(limits); place++)
            has_log |= algorithm_state(limits[place].algorithm) == STATE_LOG;
        assert_int_equal(script->algorithm, ALGORITHM_COUNT);
        assert_int_equal(script->decides_apart, has_log);
        assert_false(script->charges);
    }
}

/* What decides on several limits decides on one as well, with the very same arguments. */
static void the_script_of_several_limits_decides_as_that_of_one(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit only = script_case_minute;
        only.algorithm = (enum algorithm_id)i;
        struct limit limits[] = {only, only};
        const struct operation several = script_case_take_of(limits, ARRAY_COUNT(limits), 1);
        const struct operation take = script_case_take_of(&only, 1, 4);
        const struct take_script *scripts[] = {take_script_of(&several), take_script_of(&take)};
        struct take_arguments arguments;
        struct outcome outcome;

        take_arguments_write(&arguments, &take);
        for (int64_t n = 0; n < 4; n++) {
            script_case_run(scripts[n % 2], &arguments);
            assert_true(take_reply_read(script_case_reply, &arguments, &outcome));
            assert_int_equal(outcome.allowed, n < 2);
            assert_int_equal(outcome.at[0].remaining, n < 2 ? 6 - 4 * n : 2);
        }
    }
}

/* Two sets of subjects beside what both have in common: see struct operation. */
static struct operation operation_of_sets(const struct limit limits[], size_t count)
{
    struct operation operation = one_set_take(0, limits, count, 1);

    operation.policy_id = 0xabc;
    memset(operation.tag.bytes, 0xff, sizeof(operation.tag.bytes));
    operation.set_count = 3;
    operation.sets[0] = (struct digest){{0x1f}};
    operation.sets[1] = operation.tag;
    operation.sets[2] = (struct digest){{0x2f}};
    return operation;
}

static void keys_show_only_hashes_and_ids(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute, script_case_minute,
                             script_case_minute, script_case_minute};
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    static const char *const expected[] = {
        "sluice:{_____________________w}:0000000000000abc:HwAAAAAAAAAAAAAAAAAAAA",
        "sluice:{_____________________w}:0000000000000abc",
        "sluice:{_____________________w}:0000000000000abc:0123456789abcd00",
        "sluice:{_____________________w}:0000000000000abc:LwAAAAAAAAAAAAAAAAAAAA:0000000000000300",
    };

    one_set_tell_apart(limits, ARRAY_COUNT(limits));
    limits[0].algorithm = limits[2].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    limits[0].set = limits[4].set = 1;
    limits[0].id = 0x0123456789abcdef;
    limits[2].set = 2;
    const struct operation operation = operation_of_sets(limits, ARRAY_COUNT(limits));

    assert_int_equal(script_redis_keys(&operation, keys), ARRAY_COUNT(expected));
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        assert_string_equal(keys[i], expected[i]);
}

static void the_longest_arguments_fit(void **state)
{
    (void)state;
    struct limit limits[LIMITS_MAX];
    struct take_arguments arguments;
    const struct calendar calendar = {.starts_us = {1, 2, 3, 4}};
    for (size_t i = 0; i < LIMITS_MAX; i++)
        limits[i] = (struct limit){.algorithm = ALGORITHM_FIXED_WINDOW,
                                   .quota = LIMIT_QUOTA_MAX,
                                   .window_us = LIMIT_WINDOW_S_MAX * SECOND_US,
                                   .burst = LIMIT_QUOTA_MAX,
                                   .set = (uint8_t)i,
                                   .calendar = &calendar};
    one_set_tell_apart(limits, LIMITS_MAX);
    struct operation operation = one_set_take(0, limits, LIMITS_MAX, LIMIT_COST_MAX);
    operation.set_count = LIMITS_MAX;
    for (size_t i = 0; i < LIMITS_MAX; i++)
        operation.sets[i] = one_set_digest((int64_t)i + 1);
    take_arguments_write(&arguments, &operation);
    take_arguments_forbid_keys(&arguments);

    assert_int_equal(arguments.count, TAKE_SCRIPT_ARGUMENTS_MAX);
    assert_memory_equal(arguments.argv[2], "8", arguments.lengths[2]);
    assert_string_equal(arguments.argv[3], arguments.keys[0]);
    assert_int_equal(arguments.lengths[3], strlen(arguments.keys[0]));
    assert_int_equal(arguments.lengths[11], TAKE_SCRIPT_NUMBERS_MAX * sizeof(double));
    assert_memory_equal(arguments.argv[11], arguments.numbers, arguments.lengths[11]);
    assert_int_equal(arguments.lengths[12], TAKE_SCRIPT_HEADS_BYTES);
    assert_memory_equal(arguments.argv[12], arguments.heads, arguments.lengths[12]);
    assert_true(arguments.numbers[0] == OPERATION_TAKE && arguments.numbers[1] == LIMITS_MAX);
    assert_true(arguments.numbers[2] == 8 * (3 + 10 * LIMITS_MAX));
    for (size_t i = 0; i < LIMITS_MAX; i++) {
        const double expected[] = {9 + 24,
                                   9 + 9 * (double)i,
                                   1,
                                   ALGORITHM_FIXED_WINDOW + 1,
                                   1 + 9 + 8,
                                   24,
                                   9007199254740991.0,
                                   1000000000,
                                   0,
                                   1 + arguments.numbers[2] + 32 * (double)i};
        assert_memory_equal(&arguments.numbers[3 + 10 * i], expected, sizeof(expected));
    }
}

static void limits_say_where_their_states_are(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute, script_case_minute,
                             script_case_minute, script_case_minute};
    struct take_arguments arguments;
    const double places[] = {1 + 17 + 8, 1 + 17 + 8, 3, 1 + 17 + 24 + 8, 1 + 17 + 24 + 8};
    const uint8_t places_in_reply[] = {0, 2, 4, 1, 3};
    const uint8_t keys[] = {0, 1, 2, 0, 1};
    limits[3].algorithm = ALGORITHM_SLIDING_WINDOW;
    limits[2].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    limits[1].set = limits[4].set = 1;
    one_set_tell_apart(limits, ARRAY_COUNT(limits));
    const struct operation operation = operation_of_sets(limits, ARRAY_COUNT(limits));

    take_arguments_write(&arguments, &operation);

    assert_true(arguments.numbers[1] == 2);
    assert_true(arguments.numbers[3] == 17 + 24 + 32);
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        assert_true(arguments.rows[i][1] == places[i]);
        assert_int_equal(arguments.place_of[i], places_in_reply[i]);
        assert_int_equal(arguments.key_of[i], keys[i]);
    }
}

/* Sets that are declared apart may be the same for one caller: an address, and a user else an
 * address. A string that is written twice would lose what was written first. */
static void sets_with_one_digest_share_a_string(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute, script_case_minute};
    struct take_arguments arguments;
    limits[1].set = 1;
    limits[2].set = 2;
    one_set_tell_apart(limits, ARRAY_COUNT(limits));
    struct operation operation = operation_of_sets(limits, ARRAY_COUNT(limits));
    operation.sets[2] = operation.sets[0];

    take_arguments_write(&arguments, &operation);

    assert_int_equal(take_arguments_keys(&arguments), 2);
    assert_int_equal(arguments.key_of[0], 0);
    assert_int_equal(arguments.key_of[1], 1);
    assert_int_equal(arguments.key_of[2], 0);
}

static void a_charge_is_kept_as_long_as_it_counts(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    limits[1].algorithm = ALGORITHM_TOKEN_BUCKET;
    struct operation take = script_case_take_of(limits, 2, 3);

    struct outcome outcome = script_case_outcome_of(&take);

    assert_true(outcome.allowed);
    assert_int_equal(outcome.at[0].remaining, 7);
    assert_int_equal(outcome.at[1].remaining, 7);
    assert_int_equal(script_case_integer("STRLEN", script_case_key_of(&take)), 1 + 2 * (8 + 3 * 8));
    assert_in_range(script_case_integer("PTTL", script_case_key_of(&take)), 1, 60000);
}

/* A window's expiry stands while it lasts: the script lets it be. */
static void a_window_that_goes_on_keeps_its_expiry(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute, script_case_minute};
    limits[1].algorithm = ALGORITHM_SLIDING_WINDOW;
    limits[1].window_us = 30 * 86400 * SECOND_US;

    for (size_t first = 0; first < 2; first++) {
        for (size_t count = 1; first + count <= 2; count++) {
            struct operation take = script_case_take_of(limits + first, count, 1);

            (void)script_case_outcome_of(&take);
            assert_in_range(script_case_integer("PTTL", script_case_key_of(&take)), 1,
                            2592000000LL * 2);
            (void)redis_server_command(server, "PEXPIRE %s 1234567890", script_case_key_of(&take));
            assert_true(script_case_outcome_of(&take).allowed);
            assert_in_range(script_case_integer("PTTL", script_case_key_of(&take)), 1234000000,
                            1234567890);
        }
    }
}

/* One that is new among them moves it, and so does a bucket, each time. */
static void what_lasts_longest_sets_the_expiry(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    limits[1].algorithm = ALGORITHM_LEAKY_BUCKET;
    struct operation take = script_case_take_of(limits, 2, 1);
    struct operation bucket = script_case_take_of(&limits[1], 1, 1);

    for (int i = 0; i < 2; i++) {
        (void)script_case_outcome_of(&take);
        (void)script_case_outcome_of(&bucket);
        assert_in_range(script_case_integer("PTTL", script_case_key_of(&take)), 50000, 60000);
        assert_in_range(script_case_integer("PTTL", script_case_key_of(&bucket)), 1, 12000);
        (void)redis_server_command(server, "PEXPIRE %s 1234567890", script_case_key_of(&take));
        (void)redis_server_command(server, "PEXPIRE %s 1234567890", script_case_key_of(&bucket));
    }
}

static void a_log_is_kept_as_long_as_it_counts(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    limits[0].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    limits[1].window_us = SECOND_US;
    struct operation take = script_case_take_of(limits, 2, 3);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    struct outcome outcome = script_case_outcome_of(&take);

    assert_int_equal(script_redis_keys(&take, keys), 2);
    assert_true(outcome.allowed);
    assert_int_equal(script_case_integer("ZCARD", keys[1]), 1);
    assert_in_range(script_case_integer("PTTL", keys[1]), 1001, 60000 + 60000 / 8);
    assert_in_range(script_case_integer("PTTL", keys[0]), 1, 1000);
}

static void a_log_alone_needs_no_other_key(void **state)
{
    (void)state;
    struct limit log = script_case_minute;
    log.algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    struct operation take = script_case_take_of(&log, 1, 3);

    assert_true(script_case_outcome_of(&take).allowed);

    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 1);
    assert_int_equal(script_case_integer("ZCARD", script_case_key_of(&take)), 1);
}

/* However much is asked beyond it: what is denied is not kept. */
static void sliding_window_log_stores_no_denial(void **state)
{
    (void)state;
    struct limit log = script_case_minute;
    log.algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    struct operation take = script_case_take_of(&log, 1, 1);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    int64_t allowed = 0;

    (void)script_redis_keys(&take, keys);
    for (int64_t i = 0; i < 100 * log.quota; i++) {
        allowed += script_case_outcome_of(&take).allowed;
        assert_int_equal(script_case_integer("ZCARD", keys[0]), allowed);
    }

    assert_int_equal(allowed, log.quota);
}

static void g10_instances_count_by_the_clock_of_redis_and_not_by_theirs(void **state)
{
    (void)state;
    struct limit minute = script_case_minute;
    struct operation take = script_case_take_of(&minute, 1, 1);
    double start;

    take.now_us = 12345;
    (void)script_case_outcome_of(&take);
    const redisReply *time = redis_server_command(server, "TIME");
    double now = strtod(time->element[0]->str, NULL) * 1e6 + strtod(time->element[1]->str, NULL);
    const redisReply *stored = redis_server_command(server, "GET %s", script_case_key_of(&take));

    assert_int_equal(stored->len, 9 + 24);
    memcpy(&start, stored->str + 9 + 8, sizeof(start));
    assert_true(start <= now && start > now - 60e6);
}

static void looks_and_denials_write_nothing(void **state)
{
    (void)state;
    struct limit minute = script_case_minute;
    struct operation look = script_case_take_of(&minute, 1, 0);
    struct operation denied = script_case_take_of(&minute, 1, 11);

    assert_true(script_case_outcome_of(&look).allowed);
    assert_false(script_case_outcome_of(&denied).allowed);
    assert_int_equal(script_case_integer("EXISTS", script_case_key_of(&look)), 0);
    assert_int_equal(script_case_integer("EXISTS", script_case_key_of(&denied)), 0);
}

static void a_cost_past_the_limit_never_passes(void **state)
{
    (void)state;
    struct limit minute = script_case_minute;
    struct operation take = script_case_take_of(&minute, 1, 11);

    struct outcome outcome = script_case_outcome_of(&take);

    assert_false(outcome.allowed);
    assert_true(outcome.at[0].never);
    assert_int_equal(outcome.at[0].retry_us, 0);
    assert_int_equal(script_case_reply->element[0]->integer, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scripts_are_known_by_their_sha1),
        cmocka_unit_test(a_limit_alone_has_the_script_of_its_algorithm),
        cmocka_unit_test(only_operations_with_a_log_have_the_script_of_all_algorithms),
        cmocka_unit_test(the_script_of_several_limits_decides_as_that_of_one),
        cmocka_unit_test(keys_show_only_hashes_and_ids),
        cmocka_unit_test(the_longest_arguments_fit),
        cmocka_unit_test(limits_say_where_their_states_are),
        cmocka_unit_test(sets_with_one_digest_share_a_string),
        cmocka_unit_test(a_charge_is_kept_as_long_as_it_counts),
        cmocka_unit_test(a_window_that_goes_on_keeps_its_expiry),
        cmocka_unit_test(what_lasts_longest_sets_the_expiry),
        cmocka_unit_test(a_log_is_kept_as_long_as_it_counts),
        cmocka_unit_test_setup(a_log_alone_needs_no_other_key, redis_group_empty),
        cmocka_unit_test(sliding_window_log_stores_no_denial),
        cmocka_unit_test(g10_instances_count_by_the_clock_of_redis_and_not_by_theirs),
        cmocka_unit_test(looks_and_denials_write_nothing),
        cmocka_unit_test(a_cost_past_the_limit_never_passes),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_case_close);
}
