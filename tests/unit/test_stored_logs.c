/* SPDX-License-Identifier: MIT
 *
 * Logs of charges in a real Redis that somebody else has put there. Only the last of its charges and
 * the oldest that counts are read for what is allowed, so the others may be anything: whatever they
 * are, no more than the limit passes at one time. */
#include "base/duration.h"
#include "limit/algorithm.h"
#include "script_redis.h"
#include "support/cmocka.h"

#define NOW    INT64_C(1763735373123457)
#define WINDOW (60 * SECOND_US)
#define QUOTA  10
#define TAKES  8

struct planted {
    int64_t at_us;
    const char *member;
};

static const struct limit ten = {.name = "ten",
                                 .algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
                                 .quota = QUOTA,
                                 .window_us = WINDOW,
                                 .burst = QUOTA};

static void plant(const struct take *take, const struct planted charges[], size_t count)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)take_script_keys(take, keys);
    for (size_t i = 0; i < count; i++)
        (void)redis_server_command(server, "ZADD %s %lld %s", keys[1], (long long)charges[i].at_us,
                                   charges[i].member);
    (void)redis_server_command(server, "PEXPIRE %s 100000", keys[1]);
}

static struct take take_new(int64_t cost)
{
    static uint64_t last_id;

    return (struct take){
        .key.policy_id = ++last_id, .limits = &ten, .limit_count = 1, .cost = cost, .now_us = NOW};
}

static struct outcome outcome_of(const struct take *take)
{
    struct outcome outcome = {0};

    script_redis_take(take, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
    return outcome;
}

/* What passes of several takes. */
static int64_t passes(const struct take *take)
{
    int64_t passed = 0;

    for (int i = 0; i < TAKES; i++)
        passed += outcome_of(take).allowed ? take->cost : 0;
    return passed;
}

static void a_sum_at_its_end_starts_again_and_forgets_nothing(void **state)
{
    (void)state;
    const struct planted charges[] = {{NOW - WINDOW, "9007199254740980:8"},
                                      {NOW - 9, "9007199254740988:1"},
                                      {NOW - 8, "9007199254740989:1"},
                                      {NOW - 7, "9007199254740990:1"}};
    struct take take = take_new(3);

    plant(&take, charges, ARRAY_COUNT(charges));

    assert_int_equal(passes(&take), 6);
    assert_int_equal(outcome_of(&take).refused, 0);
    assert_int_equal(outcome_of(&take).at[0].remaining, 1);
    take.now_us = NOW - 9 + WINDOW;
    assert_int_equal(outcome_of(&take).at[0].remaining, 2);
    take.now_us = NOW - 7 + WINDOW;
    assert_int_equal(passes(&take), 3);
}

static void a_sum_past_its_end_counts_as_never_seen(void **state)
{
    (void)state;
    const struct planted charge = {NOW - 9, "9007199254740991:1"};
    const struct take take = take_new(3);

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
    const struct take take = take_new(4);

    plant(&take, charges, ARRAY_COUNT(charges));

    assert_int_equal(passes(&take), 4);
    const struct outcome denied = outcome_of(&take);
    assert_int_equal(denied.refused, 1);
    assert_int_equal(denied.at[0].remaining, 1);
    assert_int_equal(denied.at[0].retry_us, WINDOW);
}

/* Charges of one time are in the order of their sums, in which they need not have come. */
static void a_future_in_disorder_lets_no_more_than_the_limit_pass(void **state)
{
    (void)state;
    const struct planted charges[] = {{NOW + 1, "0000000000020000:1"},
                                      {NOW + 2, "0000000000000010:1"}};
    const struct take take = take_new(3);

    plant(&take, charges, ARRAY_COUNT(charges));

    assert_in_range(passes(&take), 0, QUOTA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_at_its_end_starts_again_and_forgets_nothing),
        cmocka_unit_test(a_sum_past_its_end_counts_as_never_seen),
        cmocka_unit_test(nonsense_in_the_middle_of_a_log_lets_nothing_more_pass),
        cmocka_unit_test(a_future_in_disorder_lets_no_more_than_the_limit_pass),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_redis_close);
}
