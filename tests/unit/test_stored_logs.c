/* SPDX-License-Identifier: MIT
 *
 * Logs of charges in a real Redis that somebody else has written. A decision reads only the last
 * charge and the oldest one that counts, so the others may be anything. Whatever they are, no more
 * than the limit passes at one time. However many there are, a call costs no more: that is measured
 * by the commands, and by the charges that are removed. */
#include "base/duration.h"
#include "limit/algorithm.h"
#include "limit/charge_log.h"
#include "script_redis.h"
#include "support/cmocka.h"

#define NOW    INT64_C(1763735373123457)
#define WINDOW (60 * SECOND_US)
#define QUOTA  10
#define TAKES  8
#define MANY   1000

#define COMMANDS_MAX 12 /* per call */

struct planted {
    int64_t at_us;
    const char *member;
};

static const struct limit ten = {.name = "ten",
                                 .algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
                                 .quota = QUOTA,
                                 .window_us = WINDOW,
                                 .burst = QUOTA};

static void plant(const struct operation *take, const struct planted charges[], size_t count)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)script_redis_keys(take, keys);
    for (size_t i = 0; i < count; i++)
        (void)redis_server_command(server, "ZADD %s %lld %s", keys[0], (long long)charges[i].at_us,
                                   charges[i].member);
    (void)redis_server_command(server, "PEXPIRE %s 100000", keys[0]);
}

/* Adds `count` charges of 1. The first is a microsecond after `after_us`. `before` was charged
 * before them. */
static void plant_many(const struct operation *take, int64_t after_us, int64_t before,
                       int64_t count)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)script_redis_keys(take, keys);
    (void)redis_server_command(
        server, "EVAL %s 1 %s %lld %lld %lld",
        "for i = 1, ARGV[3] do redis.call('ZADD', KEYS[1], string.format('%.0f', ARGV[1] + i),"
        " string.format('%016.0f:1', ARGV[2] + i - 1)) end",
        keys[0], (long long)after_us, (long long)before, (long long)count);
    (void)redis_server_command(server, "PEXPIRE %s 100000", keys[0]);
}

static long long count_of(const struct operation *take)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)script_redis_keys(take, keys);
    return redis_server_command(server, "ZCARD %s", keys[0])->integer;
}

static struct operation take_of(const struct limit *limit, int64_t cost)
{
    static int64_t last_set;
    struct operation operation = one_set_take(++last_set, limit, 1, cost);

    operation.now_us = NOW;
    return operation;
}

static struct operation take_new(int64_t cost)
{
    return take_of(&ten, cost);
}

static struct outcome outcome_of(const struct operation *take)
{
    struct outcome outcome = {0};

    script_redis_take(take, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
    return outcome;
}

/* How many commands Redis has run since CONFIG RESETSTAT, including those in scripts. */
static long long commands_run(void)
{
    const char *stats = redis_server_command(server, "INFO commandstats")->str;
    long long run = 0;

    while ((stats = strstr(stats, ":calls=")) != NULL) {
        stats += strlen(":calls=");
        run += strtoll(stats, NULL, 10);
    }
    return run;
}

/* How much several takes are allowed. */
static int64_t passes(const struct operation *take)
{
    int64_t passed = 0;

    for (int i = 0; i < TAKES; i++)
        passed += outcome_of(take).allowed ? take->costs[0] : 0;
    return passed;
}

static void a_sum_at_its_end_starts_again_and_forgets_nothing(void **state)
{
    (void)state;
    const struct planted charges[] = {{NOW - WINDOW, "9007199254740980:8"},
                                      {NOW - 9, "9007199254740988:1"},
                                      {NOW - 8, "9007199254740989:1"},
                                      {NOW - 7, "9007199254740990:1"}};
    struct operation take = take_new(3);

    plant(&take, charges, ARRAY_COUNT(charges));

    assert_int_equal(passes(&take), 6);
    assert_int_equal(outcome_of(&take).refused, 0);
    assert_int_equal(outcome_of(&take).at[0].remaining, 1);
    take.now_us = NOW - 1 + WINDOW;
    assert_int_equal(outcome_of(&take).at[0].remaining, 1);
    take.now_us = NOW + WINDOW;
    assert_int_equal(passes(&take), 9);
}

static void a_sum_at_its_end_starts_again_when_all_has_left(void **state)
{
    (void)state;
    const struct planted charge = {NOW - WINDOW, "9007199254740990:1"};
    const struct operation take = take_new(3);

    plant(&take, &charge, 1);

    assert_int_equal(passes(&take), 9);
    assert_int_equal(outcome_of(&take).refused, 0);
}

static void a_sum_past_its_end_counts_as_never_seen(void **state)
{
    (void)state;
    const struct planted charge = {NOW - 9, "9007199254740991:1"};
    const struct operation take = take_new(3);

    plant(&take, &charge, 1);

    assert_int_equal(outcome_of(&take).refused, 1);
    assert_int_equal(outcome_of(&take).at[0].remaining, 4);
}

static void nonsense_in_the_middle_of_a_log_lets_nothing_more_pass(void **state)
{
    (void)state;
    const struct planted charges[] = {{NOW - 9, "0000000000000000:1"},
                                      {NOW - 8, "000000000000000x:1"},
                                      {NOW - 7, "000000000000000y:1"},
                                      {NOW - 6, "0000000000000001:4"}};
    const struct operation take = take_new(4);

    plant(&take, charges, ARRAY_COUNT(charges));

    assert_int_equal(passes(&take), 4);
    const struct outcome denied = outcome_of(&take);
    assert_int_equal(denied.refused, 1);
    assert_int_equal(denied.at[0].remaining, 1);
    assert_int_equal(denied.at[0].retry_us, WINDOW);
}

/* Charges of the same time are ordered by their sums, which need not be the order in which they
 * came. */
static void a_future_in_disorder_lets_no_more_than_the_limit_pass(void **state)
{
    (void)state;
    const struct planted charges[] = {{NOW + 1, "0000000000020000:1"},
                                      {NOW + 2, "0000000000000010:1"}};
    const struct operation take = take_new(3);

    plant(&take, charges, ARRAY_COUNT(charges));

    assert_in_range(passes(&take), 0, QUOTA);
}

/* Otherwise a full log that is charged once per window would stay full of charges that do not
 * count. */
static void a_log_of_which_little_counts_is_made_anew(void **state)
{
    (void)state;
    struct operation take = take_new(1);

    plant_many(&take, NOW - WINDOW - MANY, 0, MANY + 1);
    assert_true(outcome_of(&take).allowed);

    assert_int_equal(count_of(&take), 2);
    assert_int_equal(outcome_of(&take).at[0].remaining, QUOTA - 3);
    assert_int_equal(count_of(&take), 3);
}

static void a_charge_removes_only_so_many_that_have_left(void **state)
{
    (void)state;
    struct operation take = take_new(1);
    struct limit many = take.limits[0];
    const long long counted = CHARGE_LOG_LEAVE_MAX + 1;
    many.quota = many.burst = 10 * CHARGE_LOG_LEAVE_MAX;
    take.limits = &many;

    plant_many(&take, NOW - WINDOW - MANY, 0, MANY + counted);
    assert_true(outcome_of(&take).allowed);

    assert_int_equal(count_of(&take), MANY + counted + 1 - CHARGE_LOG_LEAVE_MAX);
    assert_int_equal(outcome_of(&take).at[0].remaining, many.quota - counted - 2);
}

/* In the background, so it costs the call nothing. */
static void a_log_that_has_left_is_taken_out_whole(void **state)
{
    (void)state;
    struct operation take = take_new(1);

    plant_many(&take, NOW - WINDOW - MANY, 0, MANY);
    (void)redis_server_command(server, "CONFIG RESETSTAT");
    assert_true(outcome_of(&take).allowed);

    assert_non_null(strstr(redis_server_command(server, "INFO commandstats")->str, "_unlink:"));
    assert_null(strstr(redis_server_command(server, "INFO commandstats")->str, "_zremrange"));
    assert_int_equal(count_of(&take), 1);
}

static void a_future_of_many_is_moved_at_once(void **state)
{
    (void)state;
    struct limit many = ten;
    many.quota = MANY + 2;
    struct operation take = take_of(&many, 0);

    plant_many(&take, NOW - 2, 0, MANY + 2);
    (void)redis_server_command(server, "CONFIG RESETSTAT");
    const struct outcome looked = outcome_of(&take);

    assert_in_range(commands_run(), 1, COMMANDS_MAX + 5); /* MULTI, PTTL, PEXPIRE, EXEC, CONFIG */
    assert_null(strstr(redis_server_command(server, "INFO commandstats")->str, "_zremrange"));
    assert_int_equal(looked.at[0].remaining, 0);
    assert_int_equal(looked.at[0].reset_us, WINDOW);
    assert_int_equal(looked.refused, 0);
    assert_int_equal(count_of(&take), 1);
}

/* Charges after the fact may have put it there. */
static void a_future_of_more_than_any_limit_is_moved_at_once(void **state)
{
    (void)state;
    const struct operation take = take_new(0);

    plant_many(&take, NOW, 0, 10 * MANY + 1);
    (void)redis_server_command(server, "CONFIG RESETSTAT");
    const struct outcome looked = outcome_of(&take);

    assert_in_range(commands_run(), 1, COMMANDS_MAX + 7); /* ZCOUNT and ZCARD, too */
    assert_false(looked.at[0].allowed);
    assert_int_equal(looked.at[0].remaining, 0);
    assert_int_equal(looked.at[0].reset_us, WINDOW);
    assert_int_equal(looked.refused, 0);
    assert_int_equal(count_of(&take), 1);
}

/* A part of the log had left before the clock went back. It does not count again. */
static void what_had_left_before_the_clock_went_back_stays_out(void **state)
{
    (void)state;
    struct operation take = take_new(1);

    plant_many(&take, NOW - MANY - 1, 0, MANY);
    plant_many(&take, NOW - 1 + WINDOW, MANY, 1);
    take.now_us = NOW - 2;

    assert_int_equal(passes(&take), TAKES);
    assert_int_equal(outcome_of(&take).at[0].remaining, 0);
    assert_int_equal(count_of(&take), QUOTA);
}

/* The number of charges in the future: as many as can leave one by one, and one more. */
static void a_clock_that_goes_back_leaves_the_same_in_c_and_lua(void **state)
{
    (void)state;
    struct limit many = ten;
    many.quota = 2 * CHARGE_LOG_LEAVE_MAX;
    many.burst = many.quota;

    for (int64_t past = CHARGE_LOG_LEAVE_MAX - 1; past <= CHARGE_LOG_LEAVE_MAX; past++) {
        struct operation take = take_of(&many, 1);
        struct limit_state in_c = {0};
        struct outcome of_c = {0};
        int64_t keep_us = 0;

        for (int64_t i = 0; i < 4 * CHARGE_LOG_LEAVE_MAX; i++) {
            if (i < many.quota)
                take.now_us = NOW + i;
            else
                take.now_us = NOW + past - 1 + (i - many.quota) * WINDOW / many.quota;
            const struct outcome in_lua = outcome_of(&take);
            decide(&many, 1, &in_c, take.now_us, take.costs, &of_c, &keep_us);
            assert_int_equal(in_lua.allowed, of_c.allowed);
            assert_int_equal(in_lua.at[0].remaining, of_c.at[0].remaining);
            assert_int_equal(in_lua.at[0].reset_us, of_c.at[0].reset_us);
            assert_int_equal(in_lua.at[0].retry_us, of_c.at[0].retry_us);
            assert_int_equal(count_of(&take), charge_log_count(in_c.logged.log));
        }
        charge_log_free(in_c.logged.log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_at_its_end_starts_again_and_forgets_nothing),
        cmocka_unit_test(a_sum_at_its_end_starts_again_when_all_has_left),
        cmocka_unit_test(a_sum_past_its_end_counts_as_never_seen),
        cmocka_unit_test(nonsense_in_the_middle_of_a_log_lets_nothing_more_pass),
        cmocka_unit_test(a_future_in_disorder_lets_no_more_than_the_limit_pass),
        cmocka_unit_test(a_log_of_which_little_counts_is_made_anew),
        cmocka_unit_test(a_charge_removes_only_so_many_that_have_left),
        cmocka_unit_test(a_log_that_has_left_is_taken_out_whole),
        cmocka_unit_test(a_future_of_many_is_moved_at_once),
        cmocka_unit_test(a_future_of_more_than_any_limit_is_moved_at_once),
        cmocka_unit_test(what_had_left_before_the_clock_went_back_stays_out),
        cmocka_unit_test(a_clock_that_goes_back_leaves_the_same_in_c_and_lua),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_redis_close);
}
