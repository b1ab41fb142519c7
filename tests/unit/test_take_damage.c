/* SPDX-License-Identifier: MIT
 *
 * Stored values, arguments and replies that make no sense: nothing is decided by them. */
#include "script_case.h"

#include "limit/algorithm.h"

#include <math.h>

static void a_value_of_another_length_counts_as_none(void **state)
{
    (void)state;
    struct limit minute = script_case_minute;
    struct operation take = script_case_take_of(&minute, 1, 1);

    (void)redis_server_command(server, "SET %s somethingelse", script_case_key_of(&take));
    assert_int_equal(script_case_outcome_of(&take).at[0].remaining, 9);
    assert_int_equal(script_case_integer("STRLEN", script_case_key_of(&take)), 9 + 24);
    assert_in_range(script_case_integer("PTTL", script_case_key_of(&take)), 1, 60000);
}

/* As it is found by a take of 3 that follows a poisoned one: not decided by what was there, and
 * replaced. */
static void assert_replaced(const struct operation *take, size_t refused)
{
    struct operation look = *take;
    look.kind = OPERATION_LOOK;
    const struct outcome looked = script_case_outcome_of(&look);
    const struct outcome first = script_case_outcome_of(take);
    const struct outcome second = script_case_outcome_of(take);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    assert_int_equal(looked.refused, refused);
    assert_int_equal(first.refused, refused);
    assert_int_equal(second.refused, 0);
    for (size_t i = 0; i < take->limit_count; i++) {
        assert_int_equal(looked.at[i].remaining, 10);
        assert_int_equal(looked.at[i].reset_us, 0);
        assert_int_equal(first.at[i].remaining, 7);
        assert_int_equal(second.at[i].remaining, 4);
    }
    for (size_t i = script_redis_keys(take, keys); i-- > 0;)
        assert_true(script_case_integer("PTTL", keys[i]) != -1);
}

/* What a script has read is in Lua's memory until that is swept, which is not at each call. */
static void of_a_long_value_no_more_is_read_than_a_state_has(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    limits[1].algorithm = ALGORITHM_TOKEN_BUCKET;
    static const char field[] = "used_memory_lua:";

    for (size_t count = 1; count <= 2; count++) {
        const struct operation take = script_case_take_of(limits, count, 3);

        (void)redis_server_command(server, "SETRANGE %s 33554432 end", script_case_key_of(&take));
        assert_true(script_case_outcome_of(&take).allowed);
        const char *used = strstr(redis_server_command(server, "INFO memory")->str, field);
        assert_in_range(strtoll(used + strlen(field), NULL, 10), 1, 8 << 20);
        assert_int_equal(script_case_outcome_of(&take).at[0].remaining, 4);
    }
}

/* Whatever is where a counter should be: the other limits of the policy are decided as ever. */
static void a_key_of_another_type_counts_as_never_seen(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limits[] = {script_case_minute, script_case_minute};

        limits[0].algorithm = (enum algorithm_id)i;
        for (size_t count = 1; count <= 2; count++) {
            const struct operation take = script_case_take_of(limits, count, 3);
            char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
            const bool is_log = algorithm_state(limits[0].algorithm) == STATE_LOG;

            (void)script_redis_keys(&take, keys);
            (void)redis_server_command(server, "RPUSH %s a b c", keys[is_log ? count - 1 : 0]);
            assert_replaced(&take, is_log ? 1 : count);
        }
    }
}

/* The string of one limit, as a script would have left it. */
static void plant(const struct operation *operation, double ends_us, const double numbers[],
                  size_t count)
{
    struct take_arguments arguments;
    char value[1 + TAKE_SCRIPT_ID_BYTES + (1 + LIMIT_STATE_NUMBERS) * sizeof(double)];
    char *end = value;

    take_arguments_write(&arguments, operation);
    end = mempcpy(end, arguments.heads, 1 + TAKE_SCRIPT_ID_BYTES);
    end = mempcpy(end, &ends_us, sizeof(ends_us));
    end = mempcpy(end, numbers, count * sizeof(numbers[0]));
    (void)redis_server_command(server, "SET %s %b PX 100000", arguments.keys[0], value,
                               (size_t)(end - value));
}

static void numbers_that_make_no_sense_count_as_never_seen(void **state)
{
    (void)state;
    const double poison[] = {NAN, INFINITY, -INFINITY, -1, 0.5, 1e300};

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limit = script_case_minute;
        limit.algorithm = (enum algorithm_id)i;
        const size_t numbers = algorithm_of(limit.algorithm)->state_numbers;

        for (size_t p = 0; p < numbers * ARRAY_COUNT(poison); p++) {
            const struct operation take = script_case_take_of(&limit, 1, 3);
            double stored[LIMIT_STATE_NUMBERS] = {60e6, 60e6, 60e6};

            stored[p % numbers] = poison[p / numbers];
            plant(&take, 1e15, stored, numbers);
            assert_replaced(&take, 1);
        }
    }
}

static void a_log_that_makes_no_sense_counts_as_never_seen(void **state)
{
    (void)state;
    static const char *const poison[][2] = {
        {"inf", "0000000000000000:1"},
        {"-inf", "0000000000000000:1"},
        {"-1", "0000000000000000:1"},
        {"1.5", "0000000000000000:1"},
        {"1e300", "0000000000000000:1"},
        {"%s", "0000000000000000:0"},
        {"%s", "0000000000000000:-1"},
        {"%s", "0000000000000000:9007199254740992"},
        {"%s", "9999999999999999:1"},
        {"%s", "000000000000000:1"},
        {"%s", "nan:1"},
        {"%s", ""},
        {"%s", "0000000000000000:1e5"},
        {"%s", "a\nb"},
    };
    struct limit log = script_case_minute;
    char now[40];

    log.algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    for (size_t i = 0; i < ARRAY_COUNT(poison); i++) {
        const struct operation take = script_case_take_of(&log, 1, 3);
        char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
        const redisReply *time = redis_server_command(server, "TIME");

        (void)script_redis_keys(&take, keys);
        (void)snprintf(now, sizeof(now), "%s%06lld", time->element[0]->str,
                       strtoll(time->element[1]->str, NULL, 10));
        (void)redis_server_command(server, "ZADD %s %s %s", keys[0],
                                   poison[i][0][0] == '%' ? now : poison[i][0], poison[i][1]);
        (void)redis_server_command(server, "PEXPIRE %s 100000", keys[0]);
        assert_replaced(&take, 1);
    }
}

static void what_is_refused_is_known_by_its_key(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute, script_case_minute,
                             script_case_minute};
    limits[0].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    limits[2].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    limits[3].set = 1;

    for (size_t poisoned = 0; poisoned < 4; poisoned++) {
        struct operation take = script_case_take_of(limits, ARRAY_COUNT(limits), 1);
        struct take_arguments arguments;

        take.set_count = 2;
        take.sets[1] = one_set_digest(-1);
        take_arguments_write(&arguments, &take);
        (void)redis_server_command(server, "RPUSH %s a b c", arguments.keys[poisoned]);
        script_case_run(take_script_of(&take), &arguments);

        assert_string_equal(take_reply_refused_key(script_case_reply, &arguments),
                            arguments.keys[poisoned]);
        (void)redis_server_command(server, "DEL %s", arguments.keys[1]);
    }
}

static void wrong_arguments_are_an_error(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    struct outcome outcome;

    for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
        const struct operation take = script_case_take_of(limits, count, 1);
        struct take_arguments arguments;

        take_arguments_write(&arguments, &take);
        for (size_t lacking = 1; lacking <= 7 * sizeof(double); lacking++) {
            arguments.lengths[arguments.count - 2]--;
            script_case_run(take_script_of(&take), &arguments);
            assert_false(take_reply_read(script_case_reply, &arguments, &outcome));
            assert_int_equal(script_case_integer("EXISTS", script_case_key_of(&take)), 0);
        }
    }
}

static void an_algorithm_that_is_none_is_an_error(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    struct operation take = script_case_take_of(limits, ARRAY_COUNT(limits), 1);
    struct take_arguments arguments;

    take_arguments_write(&arguments, &take);
    arguments.numbers[TAKE_SCRIPT_HEAD_NUMBERS + TAKE_SCRIPT_STRING_NUMBERS +
                      TAKE_SCRIPT_LIMIT_NUMBERS] = ALGORITHM_COUNT + 1;
    script_case_run(take_script_of(&take), &arguments);

    assert_int_equal(script_case_reply->type, REDIS_REPLY_ERROR);
    assert_int_equal(script_case_integer("EXISTS", script_case_key_of(&take)), 0);
}

/* On so many limits, each of its own set if it is the second set that they count by. If it is, the
 * outcome has the time that comes last. */
static bool is_decision(int type, const long long integers[], size_t count, size_t limit_count,
                        bool is_apart)
{
    redisReply elements[2 * 4 + 1] = {0};
    redisReply *pointers[2 * 4 + 1];
    redisReply array = {.type = type, .elements = count, .element = pointers};
    struct limit limits[] = {script_case_minute, script_case_minute};
    struct take_arguments arguments;
    struct outcome outcome;

    for (size_t i = 0; i < count; i++) {
        elements[i] = (redisReply){.type = REDIS_REPLY_INTEGER, .integer = integers[i]};
        pointers[i] = &elements[i];
    }
    limits[1].set = is_apart;
    struct operation operation = script_case_take_of(limits, limit_count, 1);
    operation.set_count = 2;
    operation.sets[1] = one_set_digest(-1);
    take_arguments_write(&arguments, &operation);
    const bool is_read = take_reply_read(&array, &arguments, &outcome);

    assert_true(!is_read || outcome.time_us == integers[count - 1]);
    return is_read;
}

#define TIME_US INT64_C(1795270335042999)

static void only_a_decision_is_read_as_one(void **state)
{
    (void)state;
    const long long good[] = {0, 9, 60, 0, 60, 0, 60, 0, TIME_US};

#define IS_DECISION_OF_ONE(...)                                                                    \
    is_decision(REDIS_REPLY_ARRAY, (const long long[]){__VA_ARGS__, TIME_US}, 5, 1, false)
#define IS_DECISION_OF_TWO(is_apart, ...)                                                          \
    is_decision(REDIS_REPLY_ARRAY, (const long long[]){__VA_ARGS__, TIME_US}, 9, 2, is_apart)

    assert_true(is_decision(REDIS_REPLY_ARRAY, good, 9, 2, false));
    assert_true(is_decision(REDIS_REPLY_ARRAY, good, 5, 1, false));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 5, 2, false));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 9, 1, false));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 8, 2, false));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 4, 1, false));
    assert_false(is_decision(REDIS_REPLY_STATUS, good, 5, 1, false));
    assert_false(IS_DECISION_OF_ONE(0, -1, 60, 0));
    assert_false(IS_DECISION_OF_ONE(0, INT64_C(1) << 53, 9, 0));
    assert_false(IS_DECISION_OF_ONE(0, 9, INT64_MIN, 0));
    assert_false(IS_DECISION_OF_ONE(-2, 9, 60, 0));
    assert_false(IS_DECISION_OF_ONE(INT64_MIN, 9, 60, 0));
    assert_false(IS_DECISION_OF_ONE(INT64_MAX, 9, 60, 0));
    assert_false(IS_DECISION_OF_ONE(0, 9, 60, -1));
    assert_false(IS_DECISION_OF_ONE(-2, 0, 0, 1));
    assert_false(IS_DECISION_OF_ONE(1, 9, 60, 1));
    assert_true(IS_DECISION_OF_ONE(-1, 9, 60, 0));
    assert_true(IS_DECISION_OF_ONE(0, 9, -61, 0));
    assert_true(IS_DECISION_OF_ONE(-3, 9, 60, 0));
    assert_true(IS_DECISION_OF_ONE(-63, 9, 60, 5));
    assert_true(IS_DECISION_OF_ONE(-2, 0, 0, 0));
    assert_true(IS_DECISION_OF_TWO(false, -3, 9, 60, 0, 0, 9, 60, 0));
    assert_false(IS_DECISION_OF_TWO(false, 0, 9, 60, 0, -3, 9, 60, 0));
    assert_true(IS_DECISION_OF_TWO(true, 0, 9, 60, 0, -3, 9, 60, 0));
    assert_false(IS_DECISION_OF_TWO(true, 7, 9, 60, 0, -3, 9, 60, 0));
    assert_false(IS_DECISION_OF_TWO(false, -3, 9, 60, 0, 7, 9, 60, 0));
}

/* An integer that a double has exactly. If a refusal says a time itself, it is the same. */
static void a_time_that_makes_no_sense_makes_no_decision(void **state)
{
    (void)state;
    static const long long good_us[] = {0, 1, TIME_US, LIMIT_TIME_US_MAX};
    static const long long bad_us[] = {-1, LIMIT_TIME_US_MAX + 1, INT64_MIN, INT64_MAX};

#define IS_DECISION(...)                                                                           \
    is_decision(REDIS_REPLY_ARRAY, (const long long[]){__VA_ARGS__}, 5, 1, false)

    for (size_t i = 0; i < ARRAY_COUNT(good_us); i++) {
        assert_true(IS_DECISION(0, 9, 60, 0, good_us[i]));
        assert_true(IS_DECISION(-2, 0, 0, 0, good_us[i]));
        assert_true(IS_DECISION(-2, good_us[i], 0, 0, good_us[i]));
        assert_false(IS_DECISION(-2, 2, 0, 0, good_us[i]));
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad_us); i++) {
        assert_false(IS_DECISION(0, 9, 60, 0, bad_us[i]));
        assert_false(IS_DECISION(-2, 0, 0, 0, bad_us[i]));
        assert_false(IS_DECISION(-2, bad_us[i], 0, 0, bad_us[i]));
    }
}

static void a_time_that_is_no_integer_makes_no_decision(void **state)
{
    (void)state;
    static const int types[] = {REDIS_REPLY_STRING, REDIS_REPLY_NIL, REDIS_REPLY_ARRAY,
                                REDIS_REPLY_DOUBLE, REDIS_REPLY_INTEGER};
    struct limit minute = script_case_minute;
    const struct operation take = script_case_take_of(&minute, 1, 1);
    struct take_arguments arguments;
    struct outcome outcome;
    redisReply elements[5] = {0};
    redisReply *pointers[ARRAY_COUNT(elements)];
    const redisReply array = {
        .type = REDIS_REPLY_ARRAY, .elements = ARRAY_COUNT(elements), .element = pointers};

    take_arguments_write(&arguments, &take);
    for (size_t i = 0; i < ARRAY_COUNT(elements); i++) {
        elements[i].type = REDIS_REPLY_INTEGER;
        pointers[i] = &elements[i];
    }
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        elements[4].type = types[i];
        assert_int_equal(take_reply_read(&array, &arguments, &outcome),
                         types[i] == REDIS_REPLY_INTEGER);
    }
}

/* Of a cost that is too high for it, and of one limit of several. */
static void an_outcome_is_explained_by_what_was_asked(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    const struct operation take = script_case_take_of(limits, 2, script_case_minute.quota + 1);
    struct take_arguments arguments;
    struct outcome outcome = {.count = 2,
                              .at = {{.never = true, .remaining = 7, .reset_us = 1},
                                     {.never = true, .remaining = 0, .reset_us = 1}}};

    take_arguments_write(&arguments, &take);
    assert_true(take_reply_explains(&arguments, &outcome));
    outcome.at[1] = (struct limit_outcome){.allowed = true, .remaining = 1};
    assert_true(take_reply_explains(&arguments, &outcome)); /* a look: the other one denies */
    outcome.at[0] = outcome.at[1];
    outcome.allowed = true;
    assert_false(take_reply_explains(&arguments, &outcome));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_of_another_length_counts_as_none),
        cmocka_unit_test(of_a_long_value_no_more_is_read_than_a_state_has),
        cmocka_unit_test(a_key_of_another_type_counts_as_never_seen),
        cmocka_unit_test(numbers_that_make_no_sense_count_as_never_seen),
        cmocka_unit_test(a_log_that_makes_no_sense_counts_as_never_seen),
        cmocka_unit_test(what_is_refused_is_known_by_its_key),
        cmocka_unit_test(wrong_arguments_are_an_error),
        cmocka_unit_test(an_algorithm_that_is_none_is_an_error),
        cmocka_unit_test(only_a_decision_is_read_as_one),
        cmocka_unit_test(a_time_that_makes_no_sense_makes_no_decision),
        cmocka_unit_test(a_time_that_is_no_integer_makes_no_decision),
        cmocka_unit_test(an_outcome_is_explained_by_what_was_asked),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_case_close);
}
