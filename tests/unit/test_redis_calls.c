/* SPDX-License-Identifier: MIT */
#include "redis/redis_calls.h"

#include "support/cmocka.h"

#define TIMEOUT_US INT64_C(50)

struct told {
    size_t replied;
    size_t late;
    size_t replied_late;
    size_t lost;
};

static struct redis_calls calls;
static struct told told; /* used until the calls are lost, which is after the test */
static struct told later;

static void on_done(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct told *to = context;

    (void)reply;
    to->replied += status == REDIS_LINK_REPLIED;
    to->late += status == REDIS_LINK_LATE;
    to->replied_late += status == REDIS_LINK_REPLIED_LATE;
    to->lost += status == REDIS_LINK_LOST;
}

static int set_up(void **state)
{
    (void)state;
    redis_calls_init(&calls);
    told = (struct told){0};
    later = (struct told){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_calls_lose(&calls);
    redis_calls_close(&calls);
    return 0;
}

static void add(struct told *to)
{
    redis_calls_add(&calls, REDIS_LINK_AN_INTEGER, TIMEOUT_US, to, on_done);
}

static bool answer(void)
{
    const redisReply reply = {.type = REDIS_REPLY_INTEGER};

    return redis_calls_answer(&calls, &reply);
}

static void the_time_of_a_call_begins_when_it_is_written(void **state)
{
    (void)state;

    add(&told);
    redis_calls_expire(&calls, 1000);
    const int64_t unwritten_us = redis_calls_deadline_us(&calls);
    redis_calls_written(&calls, 1000);
    redis_calls_expire(&calls, 1000 + TIMEOUT_US - 1);
    const size_t early = told.late;
    redis_calls_expire(&calls, 1000 + TIMEOUT_US);

    assert_int_equal(unwritten_us, REDIS_CALLS_NEVER);
    assert_int_equal(early, 0);
    assert_int_equal(told.late, 1);
    assert_int_equal(told.replied_late, 0);
    assert_true(answer());
    assert_int_equal(told.replied_late, 1);
    assert_int_equal(told.replied, 0);
}

static void what_is_written_once_keeps_its_deadline(void **state)
{
    (void)state;

    add(&told);
    redis_calls_written(&calls, 1000);
    add(&later);
    redis_calls_written(&calls, 1010);
    redis_calls_expire(&calls, 1000 + TIMEOUT_US);

    assert_int_equal(told.late, 1);
    assert_int_equal(later.late, 0);
    assert_int_equal(redis_calls_deadline_us(&calls), 1010 + TIMEOUT_US);
}

static void a_call_that_is_not_written_has_no_reply(void **state)
{
    (void)state;

    add(&told);
    const bool unwritten = answer();
    redis_calls_written(&calls, 1000);
    const bool written = answer();

    assert_false(unwritten);
    assert_true(written);
    assert_int_equal(told.replied, 1);
    assert_false(answer());
}

static void a_call_that_is_not_written_is_lost_with_the_others(void **state)
{
    (void)state;

    add(&told);
    redis_calls_written(&calls, 1000);
    add(&told);
    redis_calls_lose(&calls);
    redis_calls_written(&calls, 1000);

    assert_int_equal(told.lost, 2);
    assert_int_equal(calls.in_flight, 0);
    assert_int_equal(redis_calls_deadline_us(&calls), REDIS_CALLS_NEVER);
}

static void a_late_call_that_is_lost_gets_no_reply(void **state)
{
    (void)state;

    add(&told);
    redis_calls_written(&calls, 1000);
    redis_calls_expire(&calls, 1000 + TIMEOUT_US);
    redis_calls_lose(&calls);

    assert_int_equal(told.late, 1);
    assert_int_equal(told.replied_late, 1);
    assert_int_equal(told.lost, 0);
    assert_int_equal(calls.in_flight, 0);
}

/* If the process was stopped for an hour, that is not the fault of Redis. */
static void being_stuck_begins_when_lateness_is_seen(void **state)
{
    static const int64_t hour_us = INT64_C(3600000000);
    (void)state;

    add(&told);
    redis_calls_written(&calls, 1000);
    redis_calls_expire(&calls, hour_us);

    assert_int_equal(told.late, 1);
    assert_int_equal(redis_calls_late_us(&calls), hour_us);
    assert_true(answer());
    assert_int_equal(redis_calls_late_us(&calls), REDIS_CALLS_NEVER);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_time_of_a_call_begins_when_it_is_written),
        TEST(what_is_written_once_keeps_its_deadline),
        TEST(a_call_that_is_not_written_has_no_reply),
        TEST(a_call_that_is_not_written_is_lost_with_the_others),
        TEST(a_late_call_that_is_lost_gets_no_reply),
        TEST(being_stuck_begins_when_lateness_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
