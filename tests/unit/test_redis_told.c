/* SPDX-License-Identifier: MIT */
#include "redis_told.h"

#include "base/duration.h"
#include "redis/redis_complaints.h"
#include "support/cmocka.h"

#define SERVERS 100

/* Each test has a time of its own, because complaints are remembered. */
static int64_t now_us;
static struct redis_told *servers[SERVERS];

static int begin(void **state)
{
    (void)state;
    now_us += HOUR_US;
    for (int i = 0; i < SERVERS; i++) {
        const struct redis_endpoint endpoint = {.host = "127.0.0.1", .port = i + 1};
        servers[i] = redis_told_open(&endpoint);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVERS; i++)
        redis_told_close(servers[i]);
    return 0;
}

/* Each of them complains with two causes. Returns how many lines there are. */
static size_t complain(int64_t at_us)
{
    size_t lines = 0;

    for (size_t i = 0; i < SERVERS; i++)
        lines += redis_told_trouble(servers[i], "one", at_us) +
                 redis_told_trouble(servers[i], "two", at_us);
    return lines;
}

static void that_a_server_is_ready_is_told_once_for_all_links(void **state)
{
    const struct redis_endpoint first = {.host = "127.0.0.1", .port = 1};
    struct redis_told *other = redis_told_open(&first);
    (void)state;

    const bool told = redis_told_ready(servers[0]);
    const bool again = redis_told_ready(servers[0]) || redis_told_ready(other);
    const bool of_another = redis_told_ready(servers[1]);

    assert_true(told);
    assert_false(again);
    assert_true(of_another);
    redis_told_close(other);
}

/* However soon. */
static void a_server_that_is_ready_again_is_told_if_its_trouble_was(void **state)
{
    (void)state;
    assert_true(redis_told_ready(servers[0]));

    const bool lost = redis_told_trouble(servers[0], "lost", now_us);
    const bool ready = redis_told_ready(servers[0]);
    const bool lost_again = redis_told_trouble(servers[0], "lost", now_us + 1);
    const bool ready_again = redis_told_ready(servers[0]);

    assert_true(lost);
    assert_true(ready);
    assert_false(lost_again);
    assert_false(ready_again);
}

/* What was too soon for a line is followed by other attempts. */
static void trouble_that_lasts_is_told(void **state)
{
    (void)state;
    assert_true(redis_told_trouble(servers[0], "lost", now_us));
    assert_true(redis_told_ready(servers[0]));

    const bool soon = redis_told_trouble(servers[0], "lost", now_us + SECOND_US - 1);
    const bool later = redis_told_trouble(servers[0], "lost", now_us + SECOND_US);

    assert_false(soon);
    assert_true(later);
}

static void each_of_many_servers_is_told_to_be_lost_and_to_be_ready(void **state)
{
    size_t ready = 0;
    size_t ready_again = 0;
    (void)state;

    for (size_t i = 0; i < SERVERS; i++)
        ready += redis_told_ready(servers[i]);
    const size_t lost = complain(now_us);
    for (size_t i = 0; i < SERVERS; i++)
        ready_again += redis_told_ready(servers[i]);

    assert_int_equal(ready, SERVERS);
    assert_in_range(lost, SERVERS, SERVERS + REDIS_COMPLAINTS);
    assert_int_equal(ready_again, SERVERS);
}

static void attempts_of_many_servers_are_told_seldom(void **state)
{
    (void)state;
    (void)complain(now_us);

    for (int second = 1; second < 10; second++)
        assert_in_range(complain(now_us + second * SECOND_US), 1, 1 + REDIS_COMPLAINTS);
}

/* Each of them always has the same one. */
static size_t complain_of_one(int64_t at_us)
{
    size_t lines = 0;

    for (size_t i = 0; i < SERVERS; i++)
        lines += redis_told_trouble(servers[i], "one", at_us);
    return lines;
}

static void trouble_that_lasts_is_told_ever_more_seldom(void **state)
{
    size_t lines = 0;
    (void)state;
    (void)complain_of_one(now_us);
    for (int second = 1; second < 3600; second++)
        assert_in_range(complain_of_one(now_us + second * SECOND_US), 0, 1);

    for (int second = 3600; second < 7200; second++)
        lines += complain_of_one(now_us + second * SECOND_US);

    now_us += HOUR_US;
    assert_in_range(lines, 5 * SERVERS, 6 * SERVERS);
}

/* Within some seconds in the first minute, and within some minutes later. */
static void another_cause_is_told_sooner(void **state)
{
    int before = 0;
    (void)state;
    for (int second = 0; second <= 5; second++)
        before += redis_told_trouble(servers[0], "one", now_us + second * SECOND_US);

    const bool same = redis_told_trouble(servers[0], "one", now_us + 10 * SECOND_US);
    const bool other = redis_told_trouble(servers[0], "two", now_us + 10 * SECOND_US);

    assert_int_equal(before, 3);
    assert_false(same);
    assert_true(other);
}

static void a_server_without_links_is_forgotten(void **state)
{
    const struct redis_endpoint endpoint = {.is_unix = true, .host = "/run/redis"};
    (void)state;

    for (int i = 0; i < 2; i++) {
        struct redis_told *told = redis_told_open(&endpoint);
        assert_true(redis_told_ready(told));
        redis_told_close(told);
    }
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(that_a_server_is_ready_is_told_once_for_all_links),
        TEST(a_server_that_is_ready_again_is_told_if_its_trouble_was),
        TEST(trouble_that_lasts_is_told),
        TEST(each_of_many_servers_is_told_to_be_lost_and_to_be_ready),
        TEST(attempts_of_many_servers_are_told_seldom),
        TEST(trouble_that_lasts_is_told_ever_more_seldom),
        TEST(another_cause_is_told_sooner),
        TEST(a_server_without_links_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
