/* SPDX-License-Identifier: MIT
 *
 * How long the scripts let the charges of a log live, and what their replies tell of it. */
#include "life_case.h"

#include "support/random.h"

#define LOG_HISTORIES 20
#define CHARGES_MAX   1200

/* A log grows by each charge that it keeps. */
static void a_log_takes_no_charge_where_no_key_may_be_created(void **state)
{
    (void)state;
    struct limit limits[] = {life_limit_of(ALGORITHM_SLIDING_WINDOW_LOG),
                             life_limit_of(ALGORITHM_FIXED_WINDOW)};

    for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
        struct operation take = life_take_of(limits, count, 4);
        struct life_asked asked;

        life_ask(&asked, &take, true);
        life_ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_QUOTA);
        one_set_cost(&take, 0);
        life_ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_DONE);
        assert_int_equal(asked.outcome.at[0].remaining, 6);
        one_set_cost(&take, 7);
        life_ask(&asked, &take, false);
        assert_int_equal(asked.outcome.status, TAKE_DONE);
        assert_false(asked.outcome.allowed);
    }
}

/* What joins the last charge, and what is given back, makes it no longer. */
static void a_log_that_gets_no_longer_needs_no_room_and_begins_no_life(void **state)
{
    (void)state;
    struct limit log = life_limit_of(ALGORITHM_SLIDING_WINDOW_LOG);
    struct operation charge = life_take_of(&log, 1, 12);
    struct life_asked asked;
    charge.kind = OPERATION_CHARGE;

    life_ask(&asked, &charge, false);
    assert_int_equal(asked.outcome.status, TAKE_QUOTA);
    life_ask(&asked, &charge, true);
    assert_int_equal(asked.life_count, 1);
    for (int step = 0; step < 2; step++) {
        one_set_cost(&charge, step == 0 ? 3 : -6);
        life_ask(&asked, &charge, false);
        assert_int_equal(asked.outcome.status, TAKE_DONE);
        assert_int_equal(asked.outcome.at[0].remaining, step == 0 ? 0 : 1);
        assert_int_equal(asked.life_count, 0);
        assert_true(asked.keeps_us > 0);
    }
}

static void what_does_not_fit_begins_no_life(void **state)
{
    (void)state;
    struct limit log = life_limit_of(ALGORITHM_SLIDING_WINDOW_LOG);
    struct operation fill = life_take_of(&log, 1, 10);
    struct life_asked asked;
    fill.kind = OPERATION_FILL;

    life_ask(&asked, &fill, true);
    assert_int_equal(asked.life_count, 1);
    life_ask(&asked, &fill, true);
    assert_int_equal(asked.life_count, 0);
}

/* A log by a clock of its own, and until when each of its charges is told to stay. */
struct charged {
    struct limit limit;
    struct operation take;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    int64_t log_ends_us;
    int64_t ends_us[CHARGES_MAX];
    size_t count;
};

static void charged_begin(struct charged *charged, int64_t quota)
{
    *charged = (struct charged){.limit = life_limit_of(ALGORITHM_SLIDING_WINDOW_LOG)};
    charged->limit.quota = quota;
    charged->limit.burst = quota;
    charged->take = life_take_of(&charged->limit, 1, 1);
    (void)script_redis_keys(&charged->take, charged->keys);
}

/* Redis has its own clock: when the log is over by this one, it is deleted. */
static void charged_wait_until(struct charged *charged, int64_t after_us)
{
    charged->take.now_us = START_US + after_us;
    if (charged->log_ends_us <= charged->take.now_us)
        (void)redis_server_command(server, "DEL %s", charged->keys[0]);
}

static void charged_charge(struct charged *charged, size_t count)
{
    struct life_asked asked;

    for (size_t i = 0; i < count && charged->count < CHARGES_MAX; i++) {
        life_run(&asked, &charged->take, true);
        if (!asked.outcome.allowed)
            return;
        assert_int_equal(asked.life_count, 1);
        charged->ends_us[charged->count++] = charged->take.now_us + asked.lives[0].keep_us;
    }
    charged->log_ends_us =
        charged->take.now_us +
        redis_server_command(server, "PTTL %s", charged->keys[0])->integer * MILLISECOND_US;
}

static void charged_expects_no_more_than_told(const struct charged *charged)
{
    long long told = 0;

    for (size_t i = 0; i < charged->count; i++)
        told += charged->ends_us[i] > charged->take.now_us;
    assert_true(redis_server_command(server, "ZCARD %s", charged->keys[0])->integer <= told);
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
    struct limit limit = {.algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
                          .quota = 1000,
                          .window_us = HOUR_US,
                          .burst = 1000};
    int64_t earliest_us = INT64_MAX;
    int64_t latest_us = 0;

    for (int i = 0; i < 20; i++) {
        struct operation take = life_take_of(&limit, 1, 1);
        char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
        struct life_asked asked;

        for (size_t byte = 0; byte < DIGEST_BYTES; byte++)
            take.tag.bytes[byte] = (uint8_t)random_below(256);
        take.sets[0] = take.tag;
        (void)script_redis_keys(&take, keys);
        for (int n = 0; n < 500; n++)
            life_run(&asked, &take, true);
        const int64_t left_us =
            redis_server_command(server, "PTTL %s", keys[0])->integer * MILLISECOND_US;
        earliest_us = left_us < earliest_us ? left_us : earliest_us;
        latest_us = left_us > latest_us ? left_us : latest_us;
        assert_true(left_us <= HOUR_US + HOUR_US / 8);
    }
    assert_true(latest_us - earliest_us >= 200 * MILLISECOND_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_takes_no_charge_where_no_key_may_be_created),
        cmocka_unit_test(a_log_that_gets_no_longer_needs_no_room_and_begins_no_life),
        cmocka_unit_test(what_does_not_fit_begins_no_life),
        cmocka_unit_test(no_charge_stays_in_its_log_for_longer_than_is_told),
        cmocka_unit_test(no_random_charge_stays_in_its_log_for_longer_than_is_told),
        cmocka_unit_test(large_logs_of_one_time_do_not_end_together),
    };

    return cmocka_run_group_tests(tests, life_open, life_close);
}
