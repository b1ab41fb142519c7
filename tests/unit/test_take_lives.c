/* SPDX-License-Identifier: MIT
 *
 * How long the scripts let counters live, and what their replies tell of it. */
#include "store/take_script.h"

#include "base/clock.h"
#include "base/duration.h"
#include "limit/algorithm.h"
#include "script_redis.h"
#include "support/cmocka.h"
#include "support/random.h"

#define START_US      INT64_C(1763735373123457)
#define HISTORIES     150
#define STEPS         30
#define LOG_HISTORIES 20
#define CHARGES_MAX   1200

static redisReply *reply; /* of the last take, freed by the next one */

/* A take, and what came of it. */
struct asked {
    struct take_arguments arguments;
    struct outcome outcome;
    struct take_life lives[TAKE_SCRIPT_KEYS_MAX];
    size_t life_count;
    int64_t kept_us; /* what Redis says of the states' key before: below 0 when it is not there */
    int64_t keeps_us;
    int64_t took_us; /* the time in which a life may have become shorter by itself */
};

static struct take take_of(const struct limit *limits, size_t count, int64_t cost)
{
    static uint64_t last_id;

    return (struct take){.key.policy_id = ++last_id,
                         .limits = limits,
                         .limit_count = count,
                         .cost = cost,
                         .now_us = START_US};
}

static struct limit limit_of(enum algorithm_id algorithm)
{
    return (struct limit){.algorithm = algorithm, .quota = 10, .window_us = MINUTE_US, .burst = 10};
}

static int64_t redis_keeps_us(const struct take *take)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)take_script_keys(take, keys);
    return redis_server_command(server, "PTTL %s", keys[0])->integer * MILLISECOND_US;
}

/* As the store does. */
static void run(struct asked *asked, const struct take *take, bool may_create)
{
    struct take_arguments *arguments = &asked->arguments;
    char now[32];

    (void)snprintf(now, sizeof(now), "%lld", (long long)take->now_us);
    take_arguments_write(arguments, take);
    if (!may_create)
        take_arguments_forbid_keys(arguments);
    arguments->argv[0] = "EVALSHA";
    arguments->lengths[0] = strlen(arguments->argv[0]);
    arguments->argv[1] = take_script_of(take)->sha1;
    arguments->lengths[1] = strlen(arguments->argv[1]);
    const int place = may_create ? arguments->count++ : arguments->count - 2;
    arguments->argv[place] = now;
    arguments->lengths[place] = strlen(now);
    freeReplyObject(reply);
    reply = script_redis_run(arguments->count, arguments->argv, arguments->lengths);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s", reply->str);
    assert_true(take_script_read(reply, take->limit_count, &asked->outcome));
    assert_true(take_script_explains(arguments, &asked->outcome));
    asked->life_count = 0;
    if (asked->outcome.status == TAKE_DONE && asked->outcome.allowed && take->cost > 0)
        asked->life_count = take_script_lives(reply, arguments, asked->lives);
}

static void ask(struct asked *asked, const struct take *take, bool may_create)
{
    const int64_t begun_us = clock_monotonic_us();

    asked->kept_us = redis_keeps_us(take);
    run(asked, take, may_create);
    asked->keeps_us = redis_keeps_us(take);
    asked->took_us = clock_monotonic_us() - begun_us;
}

static size_t keys_that_are_there(const struct take *take)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t there = 0;

    for (size_t i = take_script_keys(take, keys); i-- > 0;)
        there += (size_t)redis_server_command(server, "EXISTS %s", keys[i])->integer;
    return there;
}

/* One that Redis, whose clock goes on meanwhile, has told so. */
static void is_about(int64_t told_us, int64_t expected_us, const struct asked *asked)
{
    assert_true(told_us <= expected_us + MILLISECOND_US);
    assert_true(told_us >= expected_us - asked->took_us - MILLISECOND_US);
}

/* Of the states' key: its expiry was set now, and the reply says so. */
static void tells_the_life(const struct asked *asked, const struct take_life *life)
{
    is_about(life->was_us, asked->kept_us < 0 ? 0 : asked->kept_us, asked);
    is_about(asked->keeps_us, life->keep_us, asked);
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
        const struct limit limit = limit_of((enum algorithm_id)i);
        struct take take = take_of(&limit, 1, 4);

        if (i == ALGORITHM_SLIDING_WINDOW)
            continue;
        for (size_t step = 0; step < 2; step++) {
            struct asked asked;

            ask(&asked, &take, true);

            assert_int_equal(asked.life_count, expected_us[i][step] > 0);
            if (asked.life_count == 1)
                assert_int_equal(asked.lives[0].keep_us, expected_us[i][step]);
            if (asked.life_count == 1 && algorithm_keeps_log(limit.algorithm))
                assert_int_equal(asked.lives[0].was_us, 0);
            else if (asked.life_count == 1)
                tells_the_life(&asked, &asked.lives[0]);
            take.now_us += 10 * SECOND_US;
        }
    }
}

/* Its debt would take a month at the new rate, but the key was to go with the minute. */
static void a_bucket_with_another_rate_tells_what_its_key_had(void **state)
{
    (void)state;
    static const enum algorithm_id buckets[] = {ALGORITHM_TOKEN_BUCKET, ALGORITHM_LEAKY_BUCKET};

    for (size_t i = 0; i < ARRAY_COUNT(buckets); i++) {
        struct limit limits[] = {limit_of(buckets[i]), limit_of(ALGORITHM_FIXED_WINDOW)};

        limits[0].quota = 100000;
        limits[0].burst = 100000;
        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            struct take take = take_of(limits, count, 1);
            struct asked asked;

            ask(&asked, &take, true);
            limits[0].quota = 1;
            ask(&asked, &take, true);

            assert_int_equal(asked.life_count, 1);
            assert_true(asked.lives[0].was_us <= MINUTE_US);
            assert_int_equal(asked.lives[0].keep_us, asked.outcome.at[0].reset_us);
            tells_the_life(&asked, &asked.lives[0]);
            limits[0].quota = 100000;
        }
    }
}

static void who_may_not_ask_the_key_is_told_of_no_life(void **state)
{
    (void)state;
    const struct limit limits[] = {limit_of(ALGORITHM_TOKEN_BUCKET),
                                   limit_of(ALGORITHM_FIXED_WINDOW)};

    for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
        const struct take take = take_of(limits, count, 1);
        struct asked asked;

        ask(&asked, &take, true);
        (void)redis_server_command(server, "ACL SETUSER default -pttl");
        run(&asked, &take, true);
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
    const struct limit limit = limit_of(ALGORITHM_SLIDING_WINDOW);
    struct take take = take_of(&limit, 1, 1);
    const int64_t rest_us = MINUTE_US - START_US % MINUTE_US;
    struct asked asked;

    ask(&asked, &take, true);
    assert_int_equal(asked.life_count, 1);
    assert_int_equal(asked.lives[0].was_us, 0);
    assert_int_equal(asked.lives[0].keep_us, rest_us + MINUTE_US);
    ask(&asked, &take, true);
    assert_int_equal(asked.life_count, 0);
    take.now_us += MINUTE_US;
    ask(&asked, &take, true);
    assert_int_equal(asked.life_count, 1);
    assert_int_equal(asked.lives[0].keep_us, rest_us + MINUTE_US);
    tells_the_life(&asked, &asked.lives[0]);
}

static void looks_and_denials_change_no_life(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const struct limit limits[] = {limit_of((enum algorithm_id)i),
                                       limit_of(ALGORITHM_LEAKY_BUCKET)};

        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            struct take take = take_of(limits, count, 10);
            struct asked asked;

            ask(&asked, &take, true);
            assert_true(asked.outcome.allowed);
            take.cost = 0;
            ask(&asked, &take, true);
            for (size_t n = 0; n < reply->elements; n++)
                assert_true(reply->element[n]->integer >= 0);
            take.cost = 1;
            ask(&asked, &take, true);
            assert_false(asked.outcome.allowed);
            for (size_t n = 0; n < reply->elements; n++)
                assert_true(reply->element[n]->integer >= 0);
        }
    }
}

static void where_no_key_may_be_created_none_is(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const struct limit limits[] = {limit_of((enum algorithm_id)i),
                                       limit_of(ALGORITHM_FIXED_WINDOW)};

        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            const struct take look = take_of(limits, count, 0);
            const struct take never = take_of(limits, count, 11);
            struct take take = take_of(limits, count, 1);
            struct asked asked;

            ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_QUOTA);
            assert_int_equal(keys_that_are_there(&take), 0);
            take.fills = true;
            ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_QUOTA);
            assert_int_equal(keys_that_are_there(&take), 0);
            ask(&asked, &look, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_true(asked.outcome.allowed);
            ask(&asked, &never, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_true(asked.outcome.at[0].never);
        }
    }
}

static void what_is_there_decides_on(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const struct limit limits[] = {limit_of((enum algorithm_id)i),
                                       limit_of(ALGORITHM_FIXED_WINDOW)};

        if (algorithm_keeps_log(limits[0].algorithm))
            continue;

        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            const struct take take = take_of(limits, count, 4);
            struct asked asked;

            ask(&asked, &take, true);
            ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_true(asked.outcome.allowed);
            assert_int_equal(asked.outcome.at[0].remaining, 2);
            ask(&asked, &take, false);
            assert_int_equal(asked.outcome.status, TAKE_DONE);
            assert_false(asked.outcome.allowed);
        }
    }
}

/* A log grows by each charge that it keeps. */
static void a_log_takes_no_charge_where_no_key_may_be_created(void **state)
{
    (void)state;
    const struct limit limits[] = {limit_of(ALGORITHM_SLIDING_WINDOW_LOG),
                                   limit_of(ALGORITHM_FIXED_WINDOW)};

    for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
        struct take take = take_of(limits, count, 4);
        struct asked asked;

        ask(&asked, &take, true);
        ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_QUOTA);
        take.cost = 0;
        ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_DONE);
        assert_int_equal(asked.outcome.at[0].remaining, 6);
        take.cost = 7;
        ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_DONE);
        assert_false(asked.outcome.allowed);
    }
}

/* A part of a counter may have expired before the rest. */
static void a_part_that_is_missing_is_a_key_to_create(void **state)
{
    (void)state;
    const struct limit limits[] = {limit_of(ALGORITHM_SLIDING_WINDOW_LOG),
                                   limit_of(ALGORITHM_FIXED_WINDOW)};

    for (size_t missing = 0; missing < 2; missing++) {
        const struct take take = take_of(limits, 2, 1);
        char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
        struct asked asked;

        ask(&asked, &take, true);
        assert_int_equal(asked.life_count, 2);
        (void)take_script_keys(&take, keys);
        (void)redis_server_command(server, "DEL %s", keys[missing]);

        ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_QUOTA);
        assert_int_equal(keys_that_are_there(&take), 1);
        ask(&asked, &take, true);
        assert_int_equal(asked.life_count, 1 + (missing == 0));
        assert_int_equal(asked.outcome.at[1 - missing].remaining, 9);
        assert_int_equal(asked.outcome.at[missing].remaining, 8);
    }
}

static void a_bit_that_flips_makes_no_refusal(void **state)
{
    (void)state;
    const struct limit limit = limit_of(ALGORITHM_FIXED_WINDOW);
    const struct take take = take_of(&limit, 1, 1);
    struct asked asked;

    ask(&asked, &take, true);
    asked.outcome = (struct outcome){.status = TAKE_QUOTA};
    assert_false(take_script_explains(&asked.arguments, &asked.outcome));
    take_arguments_forbid_keys(&asked.arguments);
    assert_true(take_script_explains(&asked.arguments, &asked.outcome));
}

/* When each of a take's keys expires, by what was told: the packed one's, then the logs'. */
struct plain {
    struct limit limits[LIMITS_MAX];
    struct take take;
    size_t key_count;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    int64_t ends_us[TAKE_SCRIPT_KEYS_MAX]; /* 0: it is not there */
};

static void plain_begin(struct plain *plain)
{
    const size_t count = 1 + (size_t)random_below(random_one_in(2) ? 1 : LIMITS_MAX);

    *plain = (struct plain){0};
    plain->take = take_of(plain->limits, count, 0);
    for (size_t i = 0; i < count; i++) {
        struct limit *limit = &plain->limits[i];

        *limit = limit_of((enum algorithm_id)random_below(ALGORITHM_COUNT));
        limit->quota = 1 + random_below(100);
        limit->burst = limit->quota;
        limit->window_us = SECOND_US * (1 + random_below(1 << random_below(12)));
    }
    plain->key_count = take_script_keys(&plain->take, plain->keys);
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
static void plain_charge(struct plain *plain, size_t key, int64_t keep_us, struct asked *asked,
                         size_t *next)
{
    const int64_t now_us = plain->take.now_us;
    if (key > 0) {
        assert_true(*next < asked->life_count);
        assert_int_equal(asked->lives[*next].was_us, 0);
        assert_true(asked->lives[(*next)++].keep_us >= 2 * keep_us);
    } else if (*next < asked->life_count) {
        assert_int_equal(asked->lives[*next].keep_us, keep_us);
        tells_the_life(asked, &asked->lives[(*next)++]);
    } else {
        assert_true(plain->ends_us[key] > 0);
        is_about(asked->keeps_us, asked->kept_us, asked);
    }
    plain->ends_us[key] = now_us + keep_us;
}

static void plain_charge_all(struct plain *plain, struct asked *asked)
{
    int64_t longest_us = 0;
    size_t next = 0;
    size_t log = 1;

    for (size_t i = 0; i < plain->take.limit_count; i++) {
        const int64_t keep_us = asked->outcome.at[i].reset_us;

        if (algorithm_keeps_log(plain->limits[i].algorithm))
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
    bool has_states = false;
    bool has_logs = false;

    for (size_t i = 0; i < plain->take.limit_count; i++) {
        const bool keeps_log = algorithm_keeps_log(plain->limits[i].algorithm);
        has_states = has_states || !keeps_log;
        has_logs = has_logs || keeps_log;
    }
    return has_logs || (has_states && plain->ends_us[0] == 0);
}

static void random_lives_are_told_as_they_are(void **state)
{
    (void)state;

    for (int history = 0; history < HISTORIES; history++) {
        struct plain plain;

        plain_begin(&plain);
        for (int step = 0; step < STEPS; step++) {
            const bool may_create = !random_one_in(4);
            struct asked asked;

            plain.take.cost = random_one_in(2) ? 1 : random_below(20);
            plain.take.now_us += random_below(INT64_C(1) << random_below(32));
            plain_expire(&plain);
            ask(&asked, &plain.take, may_create);

            if (asked.outcome.status == TAKE_QUOTA)
                assert_true(!may_create && plain_would_grow(&plain));
            else if (asked.outcome.allowed && plain.take.cost > 0)
                assert_true(may_create || !plain_would_grow(&plain));
            if (asked.life_count > 0 || (asked.outcome.allowed && plain.take.cost > 0))
                plain_charge_all(&plain, &asked);
        }
    }
}

/* A log by a clock of its own, and until when each of its charges is told to stay. */
struct charged {
    struct limit limit;
    struct take take;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    int64_t log_ends_us;
    int64_t ends_us[CHARGES_MAX];
    size_t count;
};

static void charged_begin(struct charged *charged, int64_t quota)
{
    *charged = (struct charged){.limit = limit_of(ALGORITHM_SLIDING_WINDOW_LOG)};
    charged->limit.quota = quota;
    charged->limit.burst = quota;
    charged->take = take_of(&charged->limit, 1, 1);
    (void)take_script_keys(&charged->take, charged->keys);
}

/* Redis has its own clock: when the log is over by this one, it is deleted. */
static void charged_wait_until(struct charged *charged, int64_t after_us)
{
    charged->take.now_us = START_US + after_us;
    if (charged->log_ends_us <= charged->take.now_us)
        (void)redis_server_command(server, "DEL %s", charged->keys[1]);
}

static void charged_charge(struct charged *charged, size_t count)
{
    struct asked asked;

    for (size_t i = 0; i < count && charged->count < CHARGES_MAX; i++) {
        run(&asked, &charged->take, true);
        if (!asked.outcome.allowed)
            return;
        assert_int_equal(asked.life_count, 1);
        charged->ends_us[charged->count++] = charged->take.now_us + asked.lives[0].keep_us;
    }
    charged->log_ends_us =
        charged->take.now_us +
        redis_server_command(server, "PTTL %s", charged->keys[1])->integer * MILLISECOND_US;
}

static void charged_expects_no_more_than_told(const struct charged *charged)
{
    long long told = 0;

    for (size_t i = 0; i < charged->count; i++)
        told += charged->ends_us[i] > charged->take.now_us;
    assert_true(redis_server_command(server, "ZCARD %s", charged->keys[1])->integer <= told);
}

/* At these times come so many, so that those before stay for as long as can be. */
static void no_charge_stays_in_its_log_for_longer_than_is_told(void **state)
{
    (void)state;
    static const struct {
        int64_t quota;
        struct {
            int64_t at_us;
            size_t count;
        } bursts[4];
    } histories[] = {
        {100, {{0, 99}, {MINUTE_US - SECOND_US, 1}, {2 * MINUTE_US - 2 * SECOND_US, 0}}},
        {1000,
         {{0, 850},
          {MINUTE_US - 3 * SECOND_US, 135},
          {2 * MINUTE_US - 6 * SECOND_US, 1},
          {3 * MINUTE_US - 7 * SECOND_US, 0}}},
    };
    struct charged charged;

    for (size_t i = 0; i < ARRAY_COUNT(histories); i++) {
        charged_begin(&charged, histories[i].quota);
        for (size_t burst = 0; burst < ARRAY_COUNT(histories[i].bursts); burst++) {
            if (burst > 0 && histories[i].bursts[burst].at_us == 0)
                break;
            charged_wait_until(&charged, histories[i].bursts[burst].at_us);
            charged_charge(&charged, histories[i].bursts[burst].count);
            charged_expects_no_more_than_told(&charged);
        }
    }
}

static void no_random_charge_stays_in_its_log_for_longer_than_is_told(void **state)
{
    (void)state;
    struct charged charged;

    for (int history = 0; history < LOG_HISTORIES; history++) {
        int64_t at_us = 0;

        charged_begin(&charged, 1 + random_below(400));
        while (charged.count < CHARGES_MAX / 2) {
            at_us += random_below(random_one_in(3) ? 2 * MINUTE_US : MINUTE_US / 2);
            charged_wait_until(&charged, at_us);
            charged_expects_no_more_than_told(&charged);
            charged_charge(&charged, (size_t)(1 + random_below(random_one_in(2) ? 200 : 3)));
            charged_expects_no_more_than_told(&charged);
        }
    }
}

/* Logs that Redis frees at once would keep it from all others meanwhile. */
static void large_logs_of_one_time_do_not_end_together(void **state)
{
    (void)state;
    const struct limit limit = {.algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
                                .quota = 1000,
                                .window_us = HOUR_US,
                                .burst = 1000};
    int64_t earliest_us = INT64_MAX;
    int64_t latest_us = 0;

    for (int i = 0; i < 20; i++) {
        struct take take = take_of(&limit, 1, 1);
        char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
        struct asked asked;

        for (size_t byte = 0; byte < DIGEST_BYTES; byte++)
            take.key.subject.bytes[byte] = (uint8_t)random_below(256);
        (void)take_script_keys(&take, keys);
        for (int n = 0; n < 500; n++)
            run(&asked, &take, true);
        const int64_t left_us =
            redis_server_command(server, "PTTL %s", keys[1])->integer * MILLISECOND_US;
        earliest_us = left_us < earliest_us ? left_us : earliest_us;
        latest_us = left_us > latest_us ? left_us : latest_us;
        assert_true(left_us <= HOUR_US + HOUR_US / 8);
    }
    assert_true(latest_us - earliest_us >= 200 * MILLISECOND_US);
}

static int open_all(void **state)
{
    (void)random_seed();
    return script_redis_open(state);
}

static int close_all(void **state)
{
    freeReplyObject(reply);
    return script_redis_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_tells_how_long_its_key_lived_until_then),
        cmocka_unit_test(a_bucket_with_another_rate_tells_what_its_key_had),
        cmocka_unit_test(who_may_not_ask_the_key_is_told_of_no_life),
        cmocka_unit_test(a_sliding_window_is_kept_on_once_in_a_window),
        cmocka_unit_test(looks_and_denials_change_no_life),
        cmocka_unit_test(where_no_key_may_be_created_none_is),
        cmocka_unit_test(what_is_there_decides_on),
        cmocka_unit_test(a_log_takes_no_charge_where_no_key_may_be_created),
        cmocka_unit_test(a_part_that_is_missing_is_a_key_to_create),
        cmocka_unit_test(a_bit_that_flips_makes_no_refusal),
        cmocka_unit_test(random_lives_are_told_as_they_are),
        cmocka_unit_test(no_charge_stays_in_its_log_for_longer_than_is_told),
        cmocka_unit_test(no_random_charge_stays_in_its_log_for_longer_than_is_told),
        cmocka_unit_test(large_logs_of_one_time_do_not_end_together),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
