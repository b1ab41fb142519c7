/* SPDX-License-Identifier: MIT
 *
 * A link without calls. */
#include "link_case.h"

#include "base/log.h"
#include "captured.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"

static void a_connection_that_stays_silent_is_replaced(void **state)
{
    struct redis_link *link = link_open(redis_server_tcp_url(server));
    struct link_answers answers = {0};
    (void)state;
    redis_server_pause(server);

    assert_true(link_call(link, "INCR", "counter", HASTY_US, &answers));
    TURN_UNTIL(!redis_link_is_ready(link));
    redis_server_continue(server);
    TURN_UNTIL(redis_link_is_ready(link));

    assert_int_equal(answers.late, 1);
    assert_int_equal(answers.replied + answers.lost, 0);
    redis_link_free(link);
}

static struct redis_link *idle_link_to(const char *text)
{
    const struct redis_link_options options = {
        .endpoint = endpoint_at(text), .access = access_at(text), .ping_after_us = HASTY_US};
    struct redis_link *link = redis_link_new(link_base, &options);
    TURN_UNTIL(redis_link_is_ready(link));
    return link;
}

static bool has_been_pinged(long long times)
{
    const char *stats = redis_server_command(server, "INFO commandstats")->str;
    const char *pings = strstr(stats, "cmdstat_ping:calls=");

    return pings != NULL && strtoll(pings + strlen("cmdstat_ping:calls="), NULL, 10) >= times;
}

static void an_idle_link_asks_whether_redis_is_there(void **state)
{
    (void)state;
    (void)redis_server_command(server, "CONFIG RESETSTAT");
    struct redis_link *link = idle_link_to(redis_server_tcp_url(server));

    TURN_UNTIL(has_been_pinged(3));

    assert_int_equal(link_connections(), 1);
    redis_link_free(link);
}

static void an_idle_connection_that_leads_nowhere_is_replaced(void **state)
{
    struct redis_link *link = idle_link_to(redis_server_tcp_url(server));
    (void)state;
    redis_server_pause(server);

    TURN_UNTIL(!redis_link_is_ready(link));
    redis_server_continue(server);
    TURN_UNTIL(redis_link_is_ready(link));

    redis_link_free(link);
}

/* Otherwise the last word of the log would be that it is lost. */
static void that_it_is_ready_again_is_told_however_soon(void **state)
{
    struct redis_link *link = link_open(redis_server_tcp_url(server));
    struct captured captured;
    (void)state;
    log_set_level(LOG_INFO);

    capture_begin(&captured);
    (void)redis_server_command(server, "CLIENT KILL TYPE normal SKIPME yes");
    TURN_UNTIL(!redis_link_is_ready(link));
    TURN_UNTIL(redis_link_is_ready(link));
    const int told = capture_end(&captured, "\"event\":\"redis ready\"");

    log_set_level(LOG_ERROR);
    assert_int_equal(told, 1);
    redis_link_free(link);
}

static void a_refused_ping_is_an_answer(void **state)
{
    char url[256];
    (void)state;
    (void)redis_server_command(server, "ACL SETUSER mute on >x ~* +@all -ping");
    (void)redis_server_command(server, "CONFIG RESETSTAT");
    (void)snprintf(url, sizeof(url), "unix://mute:x@%s",
                   redis_server_unix_url(server) + strlen("unix://"));
    struct redis_link *link = idle_link_to(url);

    TURN_UNTIL(strstr(redis_server_command(server, "INFO commandstats")->str,
                      "cmdstat_ping:calls=0,usec=0,usec_per_call=0.00,rejected_calls=3"));

    assert_true(redis_link_is_ready(link));
    assert_int_equal(link_connections(), 1);
    redis_link_free(link);
}

static void an_idle_link_has_one_timer(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers answers = {0};
    (void)state;

    const int after_connecting = event_base_get_num_events(link_base, EVENT_BASE_COUNT_ADDED);
    assert_true(link_call(link, "INCR", "counter", HASTY_US, &answers));
    TURN_UNTIL(answers.replied == 1);
    TURN_UNTIL(event_base_get_num_events(link_base, EVENT_BASE_COUNT_ADDED) == 2);

    assert_int_equal(after_connecting, 2); /* the second event is the socket's */
    redis_link_free(link);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, link_new_base, link_free_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_that_stays_silent_is_replaced),
        TEST(an_idle_link_asks_whether_redis_is_there),
        TEST(an_idle_connection_that_leads_nowhere_is_replaced),
        TEST(that_it_is_ready_again_is_told_however_soon),
        TEST(a_refused_ping_is_an_answer),
        TEST(an_idle_link_has_one_timer),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
