/* SPDX-License-Identifier: MIT
 *
 * The scripts in a real Redis, as far as their surroundings go; their arithmetic is in
 * test_vectors.c.
 */
#include "store/take_script.h"

#include "base/duration.h"
#include "limit/algorithm.h"
#include "script_redis.h"
#include "support/cmocka.h"

#include <math.h>

#define SECOND SECOND_US

static redisReply *reply; /* of the last command, freed by the next one */

static const struct limit minute = {.name = "minute",
                                    .algorithm = ALGORITHM_FIXED_WINDOW,
                                    .quota = 10,
                                    .window_us = 60 * SECOND,
                                    .burst = 10};

static void run(int count, const char *const argv[], const size_t lengths[])
{
    const char *words[TAKE_SCRIPT_ARGUMENTS_MAX];

    memcpy(words, argv, (size_t)count * sizeof(words[0]));
    freeReplyObject(reply);
    reply = script_redis_run(count, words, lengths);
}

static void run_script(const struct take_script *script, struct take_arguments *arguments)
{
    arguments->argv[0] = "EVALSHA";
    arguments->lengths[0] = strlen(arguments->argv[0]);
    arguments->argv[1] = script->sha1;
    arguments->lengths[1] = strlen(script->sha1);
    run(arguments->count, arguments->argv, arguments->lengths);
}

static void run_take(const struct take *take)
{
    struct take_arguments arguments;

    take_arguments_write(&arguments, take);
    run_script(take_script_of(take), &arguments);
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
    return redis_server_command(server, "%s %s", command, key)->integer;
}

static void the_scripts_are_known_by_their_sha1(void **state)
{
    (void)state;
    const struct limit limits[] = {minute, minute};

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit only = minute;
        only.algorithm = (enum algorithm_id)i;
        const struct take takes[] = {take_of(&only, 1, 1), take_of(limits, ARRAY_COUNT(limits), 1)};

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
    const struct limit limits[] = {minute, minute};

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const enum algorithm_id algorithm = (enum algorithm_id)i;
        struct limit only = minute;
        only.algorithm = algorithm;
        const struct take take = take_of(&only, 1, 1);

        assert_int_equal(take_script_of(&take)->algorithm,
                         algorithm_keeps_log(algorithm) ? ALGORITHM_COUNT : algorithm);
    }
    const struct take several = take_of(limits, ARRAY_COUNT(limits), 1);
    assert_int_equal(take_script_of(&several)->algorithm, ALGORITHM_COUNT);
}

/* What decides on several limits decides on one as well, with the very same arguments. */
static void the_script_of_all_algorithms_decides_as_that_of_one(void **state)
{
    (void)state;
    const struct limit limits[] = {minute, minute};
    const struct take several = take_of(limits, ARRAY_COUNT(limits), 1);

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit only = minute;
        only.algorithm = (enum algorithm_id)i;
        const struct take take = take_of(&only, 1, 4);
        const struct take_script *scripts[] = {take_script_of(&several), take_script_of(&take)};
        struct take_arguments arguments;
        struct outcome outcome;

        take_arguments_write(&arguments, &take);
        for (int64_t n = 0; n < 4; n++) {
            run_script(scripts[n % 2], &arguments);
            assert_true(take_script_read(reply, 1, &outcome));
            assert_int_equal(outcome.allowed, n < 2);
            assert_int_equal(outcome.at[0].remaining, n < 2 ? 6 - 4 * n : 2);
        }
    }
}

static void the_key_shows_only_hashes_and_ids(void **state)
{
    (void)state;
    struct counter_key key = {.policy_id = 0xabc, .layout = {{0x1f}}};
    char name[TAKE_SCRIPT_KEY_BYTES];

    memset(key.subject.bytes, 0xff, sizeof(key.subject.bytes));
    take_script_key(&key, name);

    assert_string_equal(name,
                        "sluice:{_____________________w}:0000000000000abc:HwAAAAAAAAAAAAAAAAAAAA");
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
    take.key.layout.bytes[0] = 0x1f;

    assert_int_equal(take_script_keys(&take, keys), 3);
    assert_string_equal(keys[0],
                        "sluice:{_____________________w}:0000000000000abc:HwAAAAAAAAAAAAAAAAAAAA");
    assert_string_equal(
        keys[1], "sluice:{_____________________w}:0000000000000abc:HwAAAAAAAAAAAAAAAAAAAA:2");
    assert_string_equal(
        keys[2], "sluice:{_____________________w}:0000000000000abc:HwAAAAAAAAAAAAAAAAAAAA:7");
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

    assert_int_equal(arguments.count, 13);
    assert_int_equal(arguments.count + 2, TAKE_SCRIPT_ARGUMENTS_MAX);
    assert_memory_equal(arguments.argv[2], "9", arguments.lengths[2]);
    assert_string_equal(arguments.argv[3], key_of(&take));
    assert_int_equal(arguments.lengths[3], strlen(key_of(&take)));
    assert_int_equal(arguments.lengths[12], (2 + 5 * LIMITS_MAX) * sizeof(double));
    assert_memory_equal(arguments.argv[12], arguments.numbers, arguments.lengths[12]);
    assert_true(arguments.numbers[0] == 9007199254740991.0 && arguments.numbers[1] == 0);
    for (size_t i = 0; i < LIMITS_MAX; i++) {
        const double expected[] = {ALGORITHM_SLIDING_WINDOW_LOG + 1, (double)i + 2, 1000000000,
                                   31536000000000, 1000000000};
        assert_memory_equal(&arguments.numbers[2 + 5 * i], expected, sizeof(expected));
    }
}

static void limits_say_where_their_states_are(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute, minute, minute};
    struct take_arguments arguments;
    limits[1].algorithm = ALGORITHM_SLIDING_WINDOW;
    limits[2].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    const struct take take = take_of(limits, ARRAY_COUNT(limits), 1);

    take_arguments_write(&arguments, &take);

    const double places[] = {1, 1 + 16, 2, 1 + 16 + 24};
    assert_true(arguments.numbers[1] == 16 + 24 + 16);
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
        assert_true(arguments.numbers[2 + 5 * i + 1] == places[i]);
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

/* A window's expiry stands while it lasts: the script lets it be. */
static void a_window_that_goes_on_keeps_its_expiry(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute, minute};
    limits[1].algorithm = ALGORITHM_SLIDING_WINDOW;
    limits[1].window_us = 30 * 86400 * SECOND;

    for (size_t first = 0; first < 2; first++) {
        for (size_t count = 1; first + count <= 2; count++) {
            struct take take = take_of(limits + first, count, 1);

            (void)outcome_of(&take);
            assert_in_range(redis_integer("PTTL", key_of(&take)), 1, 2592000000LL * 2);
            (void)redis_server_command(server, "PEXPIRE %s 1234567890", key_of(&take));
            assert_true(outcome_of(&take).allowed);
            assert_in_range(redis_integer("PTTL", key_of(&take)), 1234000000, 1234567890);
        }
    }
}

/* One that is new among them moves it, and so does a bucket, each time. */
static void what_lasts_longest_sets_the_expiry(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute};
    limits[1].algorithm = ALGORITHM_LEAKY_BUCKET;
    struct take take = take_of(limits, 2, 1);
    struct take bucket = take_of(&limits[1], 1, 1);

    for (int i = 0; i < 2; i++) {
        (void)outcome_of(&take);
        (void)outcome_of(&bucket);
        assert_in_range(redis_integer("PTTL", key_of(&take)), 50000, 60000);
        assert_in_range(redis_integer("PTTL", key_of(&bucket)), 1, 12000);
        (void)redis_server_command(server, "PEXPIRE %s 1234567890", key_of(&take));
        (void)redis_server_command(server, "PEXPIRE %s 1234567890", key_of(&bucket));
    }
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
    assert_in_range(redis_integer("PTTL", keys[1]), 1001, 60000 + 60000 / 8);
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
    const redisReply *time = redis_server_command(server, "TIME");
    double now = strtod(time->element[0]->str, NULL) * 1e6 + strtod(time->element[1]->str, NULL);
    const redisReply *stored = redis_server_command(server, "GET %s", key_of(&take));

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

/* Of one limit or several, whichever algorithms. */
static void what_fills_is_charged_as_far_as_it_fits(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limits[] = {minute, minute};
        limits[0].algorithm = (enum algorithm_id)i;
        limits[1].quota = limits[1].burst = 8;
        struct take take = take_of(limits, i % 2 == 0 ? 1 : 2, 3);
        const int64_t remaining[2][4] = {{7, 4, 1, 0}, {7, 4, 2, 2}};

        for (int step = 0; step < 4; step++) {
            struct outcome outcome = outcome_of(&take);

            assert_true(outcome.allowed);
            assert_int_equal(outcome.at[0].remaining, remaining[i % 2][step]);
            take.fills = true;
        }
    }
}

static void a_value_of_another_length_counts_as_none(void **state)
{
    (void)state;
    struct take take = take_of(&minute, 1, 1);

    (void)redis_server_command(server, "SET %s somethingelse", key_of(&take));
    assert_int_equal(outcome_of(&take).at[0].remaining, 9);
    assert_int_equal(redis_integer("STRLEN", key_of(&take)), 16);
    assert_in_range(redis_integer("PTTL", key_of(&take)), 1, 60000);
}

/* As it is found by a take of 3 that follows a poisoned one: not decided by what was there, and
 * replaced. */
static void assert_replaced(const struct take *take, size_t refused)
{
    const struct take look = {
        .key = take->key, .limits = take->limits, .limit_count = take->limit_count, .cost = 0};
    const struct outcome looked = outcome_of(&look);
    const struct outcome first = outcome_of(take);
    const struct outcome second = outcome_of(take);
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
    for (size_t i = take_script_keys(take, keys); i-- > 0;)
        assert_true(redis_integer("PTTL", keys[i]) != -1);
}

/* What a script has read is in Lua's memory until that is swept, which is not at each call. */
static void of_a_long_value_no_more_is_read_than_a_state_has(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute};
    limits[1].algorithm = ALGORITHM_TOKEN_BUCKET;
    static const char field[] = "used_memory_lua:";

    for (size_t count = 1; count <= 2; count++) {
        const struct take take = take_of(limits, count, 3);

        (void)redis_server_command(server, "SETRANGE %s 33554432 end", key_of(&take));
        assert_true(outcome_of(&take).allowed);
        const char *used = strstr(redis_server_command(server, "INFO memory")->str, field);
        assert_in_range(strtoll(used + strlen(field), NULL, 10), 1, 8 << 20);
        assert_int_equal(outcome_of(&take).at[0].remaining, 4);
    }
}

/* Whatever is where a counter should be: the other limits of the policy are decided as ever. */
static void a_key_of_another_type_counts_as_never_seen(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limits[] = {minute, minute};

        limits[0].algorithm = (enum algorithm_id)i;
        for (size_t count = 1; count <= 2; count++) {
            const struct take take = take_of(limits, count, 3);
            char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
            const bool is_log = algorithm_keeps_log(limits[0].algorithm);

            (void)take_script_keys(&take, keys);
            (void)redis_server_command(server, "RPUSH %s a b c", keys[is_log ? 1 : 0]);
            assert_replaced(&take, is_log ? 1 : count);
        }
    }
}

static void numbers_that_make_no_sense_count_as_never_seen(void **state)
{
    (void)state;
    const double poison[] = {NAN, INFINITY, -INFINITY, -1, 0.5, 1e300};

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limit = minute;
        limit.algorithm = (enum algorithm_id)i;
        const size_t numbers = algorithm_of(limit.algorithm)->state_numbers;

        for (size_t p = 0; p < numbers * ARRAY_COUNT(poison); p++) {
            const struct take take = take_of(&limit, 1, 3);
            double stored[LIMIT_STATE_NUMBERS] = {60e6, 60e6, 60e6};

            stored[p % numbers] = poison[p / numbers];
            (void)redis_server_command(server, "SET %s %b PX 100000", key_of(&take), stored,
                                       numbers * sizeof(stored[0]));
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
        {"%s", "0000000000000000:10001"},
        {"%s", "9999999999999999:1"},
        {"%s", "000000000000000:1"},
        {"%s", "nan:1"},
        {"%s", ""},
        {"%s", "0000000000000000:1e5"},
        {"%s", "a\nb"},
    };
    struct limit log = minute;
    char now[40];

    log.algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    for (size_t i = 0; i < ARRAY_COUNT(poison); i++) {
        const struct take take = take_of(&log, 1, 3);
        char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
        const redisReply *time = redis_server_command(server, "TIME");

        (void)take_script_keys(&take, keys);
        (void)snprintf(now, sizeof(now), "%s%06lld", time->element[0]->str,
                       strtoll(time->element[1]->str, NULL, 10));
        (void)redis_server_command(server, "ZADD %s %s %s", keys[1],
                                   poison[i][0][0] == '%' ? now : poison[i][0], poison[i][1]);
        (void)redis_server_command(server, "PEXPIRE %s 100000", keys[1]);
        assert_replaced(&take, 1);
    }
}

static void what_is_refused_is_known_by_its_key(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute, minute};
    limits[0].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    limits[2].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;

    for (size_t poisoned = 0; poisoned < 3; poisoned++) {
        const struct take take = take_of(limits, ARRAY_COUNT(limits), 1);
        struct take_arguments arguments;

        take_arguments_write(&arguments, &take);
        (void)redis_server_command(server, "RPUSH %s a b c", arguments.keys[poisoned]);
        run_script(take_script_of(&take), &arguments);

        assert_string_equal(take_script_refused_key(reply, &arguments), arguments.keys[poisoned]);
    }
}

static void a_cost_past_the_limit_never_passes(void **state)
{
    (void)state;
    struct take take = take_of(&minute, 1, 11);

    struct outcome outcome = outcome_of(&take);

    assert_false(outcome.allowed);
    assert_true(outcome.at[0].never);
    assert_int_equal(outcome.at[0].retry_us, 0);
    assert_int_equal(reply->element[0]->integer, -1);
}

static void wrong_arguments_are_an_error(void **state)
{
    (void)state;
    const struct limit limits[] = {minute, minute};
    struct outcome outcome;

    for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
        const struct take take = take_of(limits, count, 1);
        struct take_arguments arguments;

        take_arguments_write(&arguments, &take);
        for (size_t lacking = 1; lacking <= 5 * sizeof(double); lacking++) {
            arguments.lengths[arguments.count - 1]--;
            run_script(take_script_of(&take), &arguments);
            assert_false(take_script_read(reply, count, &outcome));
            if (lacking < 5 * sizeof(double)) /* else it is a limit less */
                assert_int_equal(redis_integer("EXISTS", key_of(&take)), 0);
        }
    }
}

static void an_algorithm_that_is_none_is_an_error(void **state)
{
    (void)state;
    const struct limit limits[] = {minute, minute};
    struct take take = take_of(limits, ARRAY_COUNT(limits), 1);
    struct take_arguments arguments;

    take_arguments_write(&arguments, &take);
    arguments.numbers[2 + 5] = ALGORITHM_COUNT + 1;
    run_script(take_script_of(&take), &arguments);

    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    assert_int_equal(redis_integer("EXISTS", key_of(&take)), 0);
}

static bool is_decision(int type, const long long integers[], size_t count, size_t limit_count)
{
    redisReply elements[2 * 4] = {0};
    redisReply *pointers[2 * 4];
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
    const long long good[] = {0, 9, 60, 0, 60, 0, 60, 0};

#define ASSERT_NO_DECISION(...)                                                                    \
    assert_false(is_decision(REDIS_REPLY_ARRAY, (const long long[]){__VA_ARGS__}, 4, 1))

    assert_true(is_decision(REDIS_REPLY_ARRAY, good, 8, 2));
    assert_true(is_decision(REDIS_REPLY_ARRAY, good, 4, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 4, 2));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 8, 1));
    assert_false(is_decision(REDIS_REPLY_ARRAY, good, 7, 2));
    assert_false(is_decision(REDIS_REPLY_STATUS, good, 4, 1));
    ASSERT_NO_DECISION(0, -1, 60, 0);
    ASSERT_NO_DECISION(0, 1000000001, 9, 0);
    ASSERT_NO_DECISION(0, 9, INT64_MIN, 0);
    ASSERT_NO_DECISION(-2, 9, 60, 0);
    ASSERT_NO_DECISION(INT64_MIN, 9, 60, 0);
    ASSERT_NO_DECISION(INT64_MAX, 9, 60, 0);
    ASSERT_NO_DECISION(0, 9, 60, -1);
    ASSERT_NO_DECISION(-2, 0, 0, 1);
    ASSERT_NO_DECISION(1, 9, 60, 1);
    assert_true(is_decision(REDIS_REPLY_ARRAY, (const long long[]){-1, 9, 60, 0}, 4, 1));
    assert_true(is_decision(REDIS_REPLY_ARRAY, (const long long[]){0, 9, -61, 0}, 4, 1));
    assert_true(is_decision(REDIS_REPLY_ARRAY, (const long long[]){-3, 9, 60, 0}, 4, 1));
    assert_true(is_decision(REDIS_REPLY_ARRAY, (const long long[]){-63, 9, 60, 5}, 4, 1));
    assert_true(
        is_decision(REDIS_REPLY_ARRAY, (const long long[]){-3, 9, 60, 0, 0, 9, 60, 0}, 8, 2));
    assert_false(
        is_decision(REDIS_REPLY_ARRAY, (const long long[]){0, 9, 60, 0, -3, 9, 60, 0}, 8, 2));
    assert_false(
        is_decision(REDIS_REPLY_ARRAY, (const long long[]){-3, 9, 60, 0, 7, 9, 60, 0}, 8, 2));
    assert_true(is_decision(REDIS_REPLY_ARRAY, (const long long[]){-2, 0, 0, 0}, 4, 1));
}

/* Of a cost that is too high for it, and of one limit of several. */
static void an_outcome_is_explained_by_what_was_asked(void **state)
{
    (void)state;
    const struct limit limits[] = {minute, minute};
    const struct take take = take_of(limits, 2, minute.quota + 1);
    struct take_arguments arguments;
    struct outcome outcome = {.count = 2,
                              .at = {{.never = true, .remaining = 7, .reset_us = 1},
                                     {.never = true, .remaining = 0, .reset_us = 1}}};

    take_arguments_write(&arguments, &take);
    assert_true(take_script_explains(&arguments, &outcome));
    outcome.at[1] = (struct limit_outcome){.allowed = true, .remaining = 1};
    assert_true(take_script_explains(&arguments, &outcome)); /* a look: the other one denies */
    outcome.at[0] = outcome.at[1];
    outcome.allowed = true;
    assert_false(take_script_explains(&arguments, &outcome));
}

static int close_all(void **state)
{
    freeReplyObject(reply);
    return script_redis_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scripts_are_known_by_their_sha1),
        cmocka_unit_test(a_limit_alone_has_the_script_of_its_algorithm),
        cmocka_unit_test(the_script_of_all_algorithms_decides_as_that_of_one),
        cmocka_unit_test(the_key_shows_only_hashes_and_ids),
        cmocka_unit_test(a_limit_that_keeps_a_log_has_a_key_of_its_own),
        cmocka_unit_test(the_longest_arguments_fit),
        cmocka_unit_test(limits_say_where_their_states_are),
        cmocka_unit_test(a_charge_is_kept_as_long_as_it_counts),
        cmocka_unit_test(a_window_that_goes_on_keeps_its_expiry),
        cmocka_unit_test(what_lasts_longest_sets_the_expiry),
        cmocka_unit_test(a_log_is_kept_as_long_as_it_counts),
        cmocka_unit_test(a_log_alone_needs_no_other_key),
        cmocka_unit_test(sliding_window_log_stores_no_denial),
        cmocka_unit_test(g10_instances_count_by_the_clock_of_redis_and_not_by_theirs),
        cmocka_unit_test(looks_and_denials_write_nothing),
        cmocka_unit_test(what_fills_is_charged_as_far_as_it_fits),
        cmocka_unit_test(a_value_of_another_length_counts_as_none),
        cmocka_unit_test(of_a_long_value_no_more_is_read_than_a_state_has),
        cmocka_unit_test(a_key_of_another_type_counts_as_never_seen),
        cmocka_unit_test(numbers_that_make_no_sense_count_as_never_seen),
        cmocka_unit_test(a_log_that_makes_no_sense_counts_as_never_seen),
        cmocka_unit_test(what_is_refused_is_known_by_its_key),
        cmocka_unit_test(a_cost_past_the_limit_never_passes),
        cmocka_unit_test(wrong_arguments_are_an_error),
        cmocka_unit_test(an_algorithm_that_is_none_is_an_error),
        cmocka_unit_test(only_a_decision_is_read_as_one),
        cmocka_unit_test(an_outcome_is_explained_by_what_was_asked),
    };

    return cmocka_run_group_tests(tests, script_redis_open, close_all);
}
