/* SPDX-License-Identifier: MIT
 *
 * What the log says of a server that is not asked any more. */
#include "store/trust.h"

#include "captured.h"
#include "redis/redis_complaints.h"
#include "redis/redis_link.h"
#include "support/cmocka.h"

#include <event2/event.h>

#define NOW_US  (1000 * SECOND_US)
#define OPEN    "\"event\":\"redis is not asked: it keeps failing\""
#define CLOSED  "\"event\":\"redis is asked again\""
#define SERVERS 20

/* A server that nobody ever connects to: the loop never turns. */
struct server {
    struct redis_link *link;
    struct trust trust;
};

static struct event_base *base;
static struct redis_complaints complaints;
static struct server servers[SERVERS];

static void on_probe(void *context)
{
    (void)context;
}

static int begin(void **state)
{
    (void)state;
    base = event_base_new();
    complaints = (struct redis_complaints){0};
    for (uint16_t i = 0; i < SERVERS; i++) {
        const struct redis_link_options options = {
            .endpoint = {.host = "127.0.0.1", .port = i + 1}};

        servers[i].link = redis_link_new(base, &options);
        trust_init(&servers[i].trust, base, servers[i].link, &complaints, NULL, on_probe);
        servers[i].trust.node = i;
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVERS; i++) {
        trust_close(&servers[i].trust);
        redis_link_free(servers[i].link);
    }
    event_base_free(base);
    return 0;
}

static void fail_at(struct server *server, int times, int64_t now_us)
{
    for (int i = 0; i < times; i++)
        trust_judge(&server->trust, now_us, TAKE_REFUSED, false, now_us);
}

static void succeed_at(struct server *server, int64_t now_us)
{
    trust_judge(&server->trust, now_us, TAKE_DONE, false, now_us);
}

static void the_server_is_named(void **state)
{
    struct captured opened;
    struct captured closed;
    (void)state;

    capture_begin(&opened);
    fail_at(&servers[1], BREAKER_FAILURES, NOW_US);
    const int told_open = capture_end(&opened, OPEN ",\"redis\":\"127.0.0.1:2\",\"node\":1}");
    capture_begin(&closed);
    succeed_at(&servers[1], NOW_US);
    const int told_closed = capture_end(&closed, CLOSED ",\"redis\":\"127.0.0.1:2\",\"node\":1}");

    assert_int_equal(told_open, 1);
    assert_int_equal(told_closed, 1);
}

/* Otherwise the log would say that a server is asked that has not been for hours. */
static void what_was_too_soon_for_a_line_is_told_while_it_lasts(void **state)
{
    struct server *server = &servers[0];
    struct captured soon;
    struct captured later;
    (void)state;
    fail_at(server, BREAKER_FAILURES, NOW_US);
    succeed_at(server, NOW_US + 1);

    capture_begin(&soon);
    fail_at(server, BREAKER_FAILURES, NOW_US + 2);
    fail_at(server, 1, NOW_US + SECOND_US - 1);
    const int told_soon = capture_end(&soon, OPEN);
    capture_begin(&later);
    fail_at(server, 3, NOW_US + SECOND_US);
    const int told_later = capture_end(&later, OPEN);

    assert_int_equal(told_soon, 0);
    assert_int_equal(told_later, 1);
}

/* There are fewer places for causes than servers. */
static void each_server_is_told_sooner_or_later(void **state)
{
    struct captured captured;
    (void)state;

    capture_begin(&captured);
    for (int second = 0; second < SERVERS; second++) {
        for (size_t i = 0; i < SERVERS; i++)
            fail_at(&servers[i], BREAKER_FAILURES, NOW_US + second * SECOND_US);
    }
    const int told = capture_end(&captured, OPEN);

    assert_int_equal(told, SERVERS);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_server_is_named),
        TEST(what_was_too_soon_for_a_line_is_told_while_it_lasts),
        TEST(each_server_is_told_sooner_or_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
