/* SPDX-License-Identifier: MIT */
#include "clients.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/wait.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUESTS       3
#define WAIT_SECONDS 20
#define LIMIT_US     INT64_C(10000000)
#define PAGE_BYTES   ((size_t)64 * 1024)
#define READING_US   INT64_C(200000)
#define LONG_AGO_US  INT64_C(2000000)

struct fixture {
    struct event_base *base;
    struct clients clients;
    int ends[GUESTS][2]; /* the guest's, ours */
    struct client *guests[GUESTS];
};

static void connect_both(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(listener, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(ends[0], (const struct sockaddr *)&address, length), 0);
    ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(ends[1] >= 0);
    (void)close(listener);
}

/* They came long ago, the first one first. */
static int set_up(void **state)
{
    struct fixture *fixture = MEMORY_NEW(struct fixture);

    fixture->base = event_base_new();
    clients_init(&fixture->clients, fixture->base, LIMIT_US, READING_US);
    clients_turn(&fixture->clients);
    for (size_t i = 0; i < GUESTS; i++) {
        connect_both(fixture->ends[i]);
        fixture->guests[i] = clients_add(&fixture->clients, fixture->ends[i][1]);
        fixture->guests[i]->idle_since_us -= LONG_AGO_US;
    }
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < GUESTS; i++) {
        clients_remove(fixture->guests[i]);
        (void)close(fixture->ends[i][0]);
        (void)close(fixture->ends[i][1]);
    }
    clients_close(&fixture->clients);
    event_base_free(fixture->base);
    free(fixture);
    return 0;
}

static void ask(struct client *client)
{
    client_set_state(client, CLIENT_SENDING);
    client_set_state(client, CLIENT_ASKING);
    client_set_state(client, CLIENT_READING);
    client_set_state(client, CLIENT_IDLE);
}

/* What the guest sees. */
static bool is_ended(const struct fixture *fixture, size_t guest)
{
    char byte;

    return recv(fixture->ends[guest][0], &byte, 1, MSG_DONTWAIT) == 0;
}

static void expect_ended(const struct fixture *fixture, bool first, bool second, bool third)
{
    assert_int_equal(is_ended(fixture, 0), first);
    assert_int_equal(is_ended(fixture, 1), second);
    assert_int_equal(is_ended(fixture, 2), third);
}

static void who_has_been_idle_for_longest_gives_way(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture->guests[0]);
    fixture->guests[0]->idle_since_us -= LONG_AGO_US;
    clients_give_way(&fixture->clients);
    expect_ended(fixture, false, true, false);
    clients_give_way(&fixture->clients);
    clients_give_way(&fixture->clients);

    expect_ended(fixture, true, true, true);
    assert_int_equal(fixture->clients.ended_to_make_room, 3);
}

static void who_is_in_the_middle_of_a_request_never_gives_way(void **state)
{
    struct fixture *fixture = *state;

    client_set_state(fixture->guests[0], CLIENT_SENDING);
    client_set_state(fixture->guests[1], CLIENT_ASKING);
    client_set_state(fixture->guests[2], CLIENT_READING);
    clients_give_way(&fixture->clients);

    expect_ended(fixture, false, false, false);
    assert_int_equal(fixture->clients.ended_to_make_room, 0);
}

static void who_has_sent_something_that_is_not_read_yet_is_passed_over(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(send(fixture->ends[0][0], "G", 1, 0), 1);
    clients_give_way(&fixture->clients);

    expect_ended(fixture, false, true, false);
}

static void of_those_who_work_one_gives_way_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    clients_turn(&fixture->clients);
    for (size_t i = 0; i < GUESTS; i++)
        ask(fixture->guests[i]);
    fixture->clients.spared_until_us = 0;

    clients_give_way(&fixture->clients);
    int64_t spared_until_us = fixture->clients.spared_until_us;
    clients_give_way(&fixture->clients);
    if (clock_monotonic_us() < spared_until_us)
        expect_ended(fixture, true, false, false);
    WAIT_FOR (WAIT_SECONDS, is_ended(fixture, 1))
        clients_give_way(&fixture->clients);

    assert_true(clock_monotonic_us() >= spared_until_us);
}

/* So much leaves, and is read; then the loop turns. */
static void read_some(struct fixture *fixture, size_t guest, size_t bytes)
{
    static char page[PAGE_BYTES];

    assert_true(bytes <= sizeof(page));
    assert_int_equal(send(fixture->ends[guest][1], page, bytes, 0), bytes);
    while (bytes > 0)
        bytes -= (size_t)recv(fixture->ends[guest][0], page, bytes, 0);
    event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

static void who_reads_an_answer_too_slowly_is_ended(void **state)
{
    struct fixture *fixture = *state;
    client_set_state(fixture->guests[0], CLIENT_SENDING);
    client_set_state(fixture->guests[0], CLIENT_ASKING);
    client_set_state(fixture->guests[0], CLIENT_READING);

    WAIT_FOR (WAIT_SECONDS, fixture->guests[0]->is_over)
        read_some(fixture, 0, 1);

    assert_int_equal(fixture->clients.ended_slow_readers, 1);
    assert_false(fixture->guests[1]->is_over);
}

static void who_reads_fast_enough_may_read_for_long(void **state)
{
    struct fixture *fixture = *state;
    int64_t until_us = clock_monotonic_us() + 5 * READING_US;
    client_set_state(fixture->guests[0], CLIENT_SENDING);
    client_set_state(fixture->guests[0], CLIENT_ASKING);
    client_set_state(fixture->guests[0], CLIENT_READING);

    WAIT_FOR (WAIT_SECONDS, clock_monotonic_us() >= until_us)
        read_some(fixture, 0, PAGE_BYTES);

    assert_false(fixture->guests[0]->is_over);
}

static void who_waits_for_an_answer_is_not_taken_for_a_slow_reader(void **state)
{
    struct fixture *fixture = *state;
    int64_t until_us = clock_monotonic_us() + 5 * READING_US;
    client_set_state(fixture->guests[0], CLIENT_SENDING);
    client_set_state(fixture->guests[0], CLIENT_ASKING);

    WAIT_FOR (WAIT_SECONDS, clock_monotonic_us() >= until_us)
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);

    assert_false(fixture->guests[0]->is_over);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_has_been_idle_for_longest_gives_way),
        TEST(who_is_in_the_middle_of_a_request_never_gives_way),
        TEST(who_has_sent_something_that_is_not_read_yet_is_passed_over),
        TEST(of_those_who_work_one_gives_way_at_a_time),
        TEST(who_reads_an_answer_too_slowly_is_ended),
        TEST(who_reads_fast_enough_may_read_for_long),
        TEST(who_waits_for_an_answer_is_not_taken_for_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
