/* SPDX-License-Identifier: MIT
 *
 * How long the scripts let counters live, and what their replies tell of it. Beside this are the
 * charges of a log (test_take_log_lives.c), those after the fact (test_take_charge_lives.c), and
 * what is asked at another rate (test_take_rate_lives.c). */
#include "life_case.h"

#include "limit/algorithm.h"
#include "support/random.h"

#define HISTORIES 150
#define STEPS     30

static size_t keys_that_are_there(const struct operation *take)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t there = 0;

    for (size_t i = script_redis_keys(take, keys); i-- > 0;)
        there += (size_t)redis_server_command(server, "EXISTS %s", keys[i])->integer;
    return there;
}

static void a_charge_tells_how_long_its_key_lived_until_then(void **state)
{
    (void)state;
    /* What is left after a charge of 4, and 10 s later after another one; 0: its expiry stands. */
    static const int64_t expected_us[ALGORITHM_COUNT][2] = {
        [ALGORITHM_FIXED_WINDOW] = {MINUTE_US, 0},
        [ALGORITHM_SLIDING_WINDOW_LOG] = {2 * MINUTE_US + MINUTE_US / 8,
                                          2 * MINUTE_US + MINUTE_US / 8},
        [ALGORITHM_TOKEN_BUCKET] = {24 * SECOND_US, 38 * SECOND_US},
        [ALGORITHM_LEAKY_BUCKET] = {24 * SECOND_US, 38 * SECOND_US},
    };

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limit = life_limit_of((enum algorithm_id)i);
        struct operation take = life_take_of(&limit, 1, 4);

        if (i == ALGORITHM_SLIDING_WINDOW)
            continue;
        for (size_t step = 0; step < 2; step++) {
            struct life_asked asked;

            life_ask(&asked, &take, true);

            assert_int_equal(asked.life_count, expected_us[i][step] > 0);
            if (asked.life_count == 1)
                assert_int_equal(asked.lives[0].keep_us, expected_us[i][step]);
            if (asked.life_count == 1 && algorithm_state(limit.algorithm) == STATE_LOG)
                assert_int_equal(asked.lives[0].was_us, 0);
            else if (asked.life_count == 1)
                life_is_told(&asked, &asked.lives[0]);
            take.now_us += 10 * SECOND_US;
        }
    }
}

static void who_may_not_ask_the_key_is_told_of_no_life(void **state)
{
    (void)state;
    struct limit limits[] = {life_limit_of(ALGORITHM_TOKEN_BUCKET),
                             life_limit_of(ALGORITHM_FIXED_WINDOW)};

    for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
        const struct operation take = life_take_of(limits, count, 1);
        struct life_asked asked;

        life_ask(&asked, &take, true);
        (void)redis_server_command(server, "ACL SETUSER default -pttl");
        life_run(&asked, &take, true);
        (void)redis_server_command(server, "ACL SETUSER default +pttl");

        assert_true(asked.outcome.allowed);
        assert_int_equal(asked.outcome.at[0].remaining, 8);
        assert_int_equal(asked.life_count, 0);
    }
}

/* In the next window its expiry is set to the end of the one after it. */
static void a_sliding_window_is_kept_on_once_in_a_window(void **state)
{
    (void)state;
    struct limit limit = life_limit_of(ALGORITHM_SLIDING_WINDOW);
    struct operation take = life_take_of(&limit, 1, 1);
    const int64_t rest_us = MINUTE_US - START_US % MINUTE_US;
    struct life_asked asked;

    life_ask(&asked, &take, true);
    assert_int_equal(asked.life_count, 1);
    assert_int_equal(asked.lives[0].was_us, 0);
    assert_int_equal(asked.lives[0].keep_us, rest_us + MINUTE_US);
    life_ask(&asked, &take, true);
    assert_int_equal(asked.life_count, 0);
    take.now_us += MINUTE_US;
    life_ask(&asked, &take, true);
    assert_int_equal(asked.life_count, 1);
    assert_int_equal(asked.lives[0].keep_us, rest_us + MINUTE_US);
    life_is_told(&asked, &asked.lives[0]);
}

static void looks_and_denials_change_no_life(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limits[] = {life_limit_of((enum algorithm_id)i),
                                 life_limit_of(ALGORITHM_LEAKY_BUCKET)};

        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            struct operation take = life_take_of(limits, count, 10);
            struct life_asked asked;

            life_ask(&asked, &take, true);
            assert_true(asked.outcome.allowed);
            one_set_cost(&take, 0);
            life_ask(&asked, &take, true);
            for (size_t n = 0; n < life_reply->elements; n++)
                assert_true(life_reply->element[n]->integer >= 0);
            one_set_cost(&take, 1);
            life_ask(&asked, &take, true);
            assert_false(asked.outcome.allowed);
            for (size_t n = 0; n < life_reply->elements; n++)
                assert_true(life_reply->element[n]->integer >= 0);
        }
    }
}

static void where_no_key_may_be_created_none_is(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limits[] = {life_limit_of((enum algorithm_id)i),
                                 life_limit_of(ALGORITHM_FIXED_WINDOW)};

        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            const struct operation look = life_take_of(limits, count, 0);
            const struct operation never = life_take_of(limits, count, 11);
            struct operation take = life_take_of(limits, count, 1);
            struct life_asked asked;

            life_ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_QUOTA);
            assert_int_equal(keys_that_are_there(&take), 0);
            take.kind = OPERATION_FILL;
            life_ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_QUOTA);
            assert_int_equal(keys_that_are_there(&take), 0);
            life_ask(&asked, &look, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_true(asked.outcome.allowed);
            life_ask(&asked, &never, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_true(asked.outcome.at[0].never);
        }
    }
}

static void what_is_there_decides_on(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limits[] = {life_limit_of((enum algorithm_id)i),
                                 life_limit_of(ALGORITHM_FIXED_WINDOW)};

        if (algorithm_state(limits[0].algorithm) == STATE_LOG)
            continue;

        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            const struct operation take = life_take_of(limits, count, 4);
            struct life_asked asked;

            life_ask(&asked, &take, true);
            life_ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_true(asked.outcome.allowed);
            assert_int_equal(asked.outcome.at[0].remaining, 2);
            life_ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_false(asked.outcome.allowed);
        }
    }
}

/* A part of a counter may have expired before the rest. */
static void a_part_that_is_missing_is_a_key_to_create(void **state)
{
    (void)state;
    struct limit limits[] = {life_limit_of(ALGORITHM_SLIDING_WINDOW_LOG),
                             life_limit_of(ALGORITHM_FIXED_WINDOW)};

    for (size_t missing = 0; missing < 2; missing++) {
        const struct operation take = life_take_of(limits, 2, 1);
        char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
        struct life_asked asked;

        life_ask(&asked, &take, true);
        assert_int_equal(asked.life_count, 2);
        (void)script_redis_keys(&take, keys);
        (void)redis_server_command(server, "DEL %s", keys[missing]);

        life_ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_QUOTA);
        assert_int_equal(keys_that_are_there(&take), 1);
        life_ask(&asked, &take, true);
        assert_int_equal(asked.life_count, 1 + (missing == 0));
        assert_int_equal(asked.outcome.at[1 - missing].remaining, 9);
        assert_int_equal(asked.outcome.at[missing].remaining, 8);
    }
}

static void a_bit_that_flips_makes_no_refusal(void **state)
{
    (void)state;
    struct limit limit = life_limit_of(ALGORITHM_FIXED_WINDOW);
    const struct operation take = life_take_of(&limit, 1, 1);
    struct life_asked asked;

    life_ask(&asked, &take, true);
    asked.outcome = (struct outcome){.status = TAKE_QUOTA};
    assert_false(take_reply_explains(&asked.arguments, &asked.outcome));
    take_arguments_forbid_keys(&asked.arguments);
    assert_true(take_reply_explains(&asked.arguments, &asked.outcome));
}

/* When each of an operation's keys expires, by what was told: the string's, if there is one, then
 * the logs'. */
struct plain {
    struct limit limits[LIMITS_MAX];
    struct operation take;
    size_t key_count;
    size_t string_count;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    int64_t ends_us[TAKE_SCRIPT_KEYS_MAX]; /* 0: it is not there */
};

static void plain_begin(struct plain *plain)
{
    const size_t count = 1 + (size_t)random_below(random_one_in(2) ? 1 : LIMITS_MAX);

    *plain = (struct plain){0};
    plain->take = life_take_of(plain->limits, count, 0);
    for (size_t i = 0; i < count; i++) {
        struct limit *limit = &plain->limits[i];

        *limit = life_limit_of((enum algorithm_id)random_below(ALGORITHM_COUNT));
        limit->quota = 1 + random_below(100);
        limit->burst = limit->quota;
        limit->window_us = SECOND_US * (1 + random_below(1 << random_below(12)));
    }
    one_set_tell_apart(plain->limits, count);
    plain->key_count = script_redis_keys(&plain->take, plain->keys);
    plain->string_count = plain->key_count;
    for (size_t i = 0; i < count; i++)
        plain->string_count -= algorithm_state(plain->limits[i].algorithm) == STATE_LOG;
}

/* The clock is the test's and no concern of Redis': what is over for the one is made so for the
 * other. */
static void plain_expire(struct plain *plain)
{
    for (size_t i = 0; i < plain->key_count; i++) {
        if (plain->ends_us[i] > plain->take.now_us)
            continue;
        plain->ends_us[i] = 0;
        (void)redis_server_command(server, "DEL %s", plain->keys[i]);
    }
}

/* What a charge makes of the end of one key; in a log it has an end of its own. */
static void plain_charge(struct plain *plain, size_t key, int64_t keep_us, struct life_asked *asked,
                         size_t *next)
{
    const int64_t now_us = plain->take.now_us;
    if (key >= plain->string_count) {
        assert_true(*next < asked->life_count);
        assert_int_equal(asked->lives[*next].was_us, 0);
        assert_true(asked->lives[(*next)++].keep_us >= 2 * keep_us);
    } else if (*next < asked->life_count) {
        assert_int_equal(asked->lives[*next].keep_us, keep_us);
        life_is_told(asked, &asked->lives[(*next)++]);
    } else {
        assert_true(plain->ends_us[key] > 0);
        life_is_about(asked->keeps_us, asked->kept_us, asked);
    }
    plain->ends_us[key] = now_us + keep_us;
}

static void plain_charge_all(struct plain *plain, struct life_asked *asked)
{
    int64_t longest_us = 0;
    size_t next = 0;
    size_t log = plain->string_count;

    for (size_t i = 0; i < plain->take.limit_count; i++) {
        const int64_t keep_us = asked->outcome.at[i].reset_us;

        if (algorithm_state(plain->limits[i].algorithm) == STATE_LOG)
            plain_charge(plain, log++, keep_us, asked, &next);
        else
            longest_us = keep_us > longest_us ? keep_us : longest_us;
    }
    if (longest_us > 0)
        plain_charge(plain, 0, longest_us, asked, &next);
    assert_int_equal(next, asked->life_count);
}

/* Whether a charge makes Redis hold more. */
static bool plain_would_grow(const struct plain *plain)
{
    const bool has_logs = plain->key_count > plain->string_count;

    return has_logs || (plain->string_count > 0 && plain->ends_us[0] == 0);
}

static void random_lives_are_told_as_they_are(void **state)
{
    (void)state;

    for (int history = 0; history < HISTORIES; history++) {
        struct plain plain;

        plain_begin(&plain);
        for (int step = 0; step < STEPS; step++) {
            const bool may_create = !random_one_in(4);
            struct life_asked asked;

            one_set_cost(&plain.take, random_one_in(2) ? 1 : random_below(20));
            plain.take.now_us += random_below(INT64_C(1) << random_below(32));
            plain_expire(&plain);
            life_ask(&asked, &plain.take, may_create);

            if (asked.outcome.status == TAKE_QUOTA)
                assert_true(!may_create && plain_would_grow(&plain));
            else if (asked.outcome.allowed && plain.take.costs[0] > 0)
                assert_true(may_create || !plain_would_grow(&plain));
            if (asked.life_count > 0 || (asked.outcome.allowed && plain.take.costs[0] > 0))
                plain_charge_all(&plain, &asked);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_tells_how_long_its_key_lived_until_then),
        cmocka_unit_test(who_may_not_ask_the_key_is_told_of_no_life),
        cmocka_unit_test(a_sliding_window_is_kept_on_once_in_a_window),
        cmocka_unit_test(looks_and_denials_change_no_life),
        cmocka_unit_test(where_no_key_may_be_created_none_is),
        cmocka_unit_test(what_is_there_decides_on),
        cmocka_unit_test(a_part_that_is_missing_is_a_key_to_create),
        cmocka_unit_test(a_bit_that_flips_makes_no_refusal),
        cmocka_unit_test(random_lives_are_told_as_they_are),
    };

    return cmocka_run_group_tests(tests, life_open, life_close);
}
