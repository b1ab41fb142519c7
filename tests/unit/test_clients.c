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
#define A_MOMENT_US  INT64_C(30000)
#define PATIENCE_US  INT64_C(100000)
#define CROWD        1 /* a tenant */
#define ANOTHER      2

struct fixture {
    struct event_base *base;
    struct clients clients;
    int ends[GUESTS][2]; /* the guest's end and ours */
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

/* All guests came long ago, in their order. */
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

static void ask_as(struct client *client, uint32_t tenant)
{
    client_set_state(client, CLIENT_SENDING);
    client_belong(client, tenant);
    client_set_state(client, CLIENT_ASKING);
    client_set_state(client, CLIENT_READING);
    client_set_state(client, CLIENT_IDLE);
}

static void ask(struct client *client)
{
    ask_as(client, 0);
}

/* Whether the guest sees the end of its connection. */
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

static void connections_that_are_in_use_give_way_one_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    clients_turn(&fixture->clients);
    for (size_t i = 0; i < GUESTS; i++)
        ask_as(fixture->guests[i], 1 + (uint32_t)i);

    clients_give_way(&fixture->clients);
    int64_t spared_until_us = fixture->clients.spared_until_us;
    clients_give_way(&fixture->clients);
    if (clock_monotonic_us() < spared_until_us)
        expect_ended(fixture, true, false, false);
    WAIT_FOR (WAIT_SECONDS, is_ended(fixture, 1))
        clients_give_way(&fixture->clients);

    assert_true(clock_monotonic_us() >= spared_until_us);
}

/* The first guest is another tenant's, and has been idle for longest. All others are one
 * tenant's. */
static void make_crowd(struct fixture *fixture)
{
    ask_as(fixture->guests[0], ANOTHER);
    fixture->guests[0]->idle_since_us -= LONG_AGO_US;
    ask_as(fixture->guests[1], CROWD);
    ask_as(fixture->guests[2], CROWD);
}

static void a_tenant_with_many_gives_way_with_one_that_is_idle_for_a_moment(void **state)
{
    struct fixture *fixture = *state;
    make_crowd(fixture);
    fixture->guests[1]->idle_since_us -= A_MOMENT_US;
    fixture->clients.spared_until_us = INT64_MAX;

    clients_give_way(&fixture->clients);

    expect_ended(fixture, false, true, false);
    assert_int_equal(fixture->clients.ended_to_make_room, 1);
}

/* Whether it would leave with its next answer. */
static bool leaves_with_its_answer(struct client *client)
{
    client_set_state(client, CLIENT_SENDING);
    client_set_state(client, CLIENT_ASKING);
    client_set_state(client, CLIENT_READING);
    const bool leaves = client_gives_way(client);
    client_set_state(client, CLIENT_IDLE);
    return leaves;
}

static void while_all_of_it_were_just_answered_the_next_leaves_with_its_answer(void **state)
{
    struct fixture *fixture = *state;
    make_crowd(fixture);
    assert_false(leaves_with_its_answer(fixture->guests[1]));
    /* So that a slow machine changes nothing. */
    fixture->guests[1]->idle_since_us = fixture->guests[2]->idle_since_us = INT64_MAX;

    clients_give_way(&fixture->clients);

    expect_ended(fixture, false, false, false);
    assert_false(leaves_with_its_answer(fixture->guests[0]));
    assert_true(leaves_with_its_answer(fixture->guests[2]));
    assert_false(leaves_with_its_answer(fixture->guests[1]));
    assert_int_equal(fixture->clients.ended_to_make_room, 1);
}

static void guests_without_a_name_are_one_tenant(void **state)
{
    struct fixture *fixture = *state;
    ask_as(fixture->guests[0], ANOTHER);
    fixture->guests[0]->idle_since_us -= 2 * LONG_AGO_US;

    clients_give_way(&fixture->clients);

    expect_ended(fixture, false, true, false);
}

static void a_connection_is_of_the_tenant_that_asked_last(void **state)
{
    struct fixture *fixture = *state;
    ask_as(fixture->guests[0], CROWD);
    ask_as(fixture->guests[1], CROWD);
    ask_as(fixture->guests[2], CROWD);

    make_crowd(fixture);
    fixture->guests[1]->idle_since_us -= A_MOMENT_US;
    clients_give_way(&fixture->clients);

    expect_ended(fixture, false, true, false);
}

static void while_the_crowd_is_busy_for_long_others_give_way_as_ever(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 1; i < GUESTS; i++) {
        client_set_state(fixture->guests[i], CLIENT_SENDING);
        client_belong(fixture->guests[i], CROWD);
    }

    clients_give_way(&fixture->clients);
    int64_t awaited_us = fixture->clients.awaited_us;
    WAIT_FOR (WAIT_SECONDS, is_ended(fixture, 0))
        clients_give_way(&fixture->clients);

    assert_true(clock_monotonic_us() - awaited_us >= PATIENCE_US);
    expect_ended(fixture, true, false, false);
}

/* So many bytes are sent, and the guest reads them. Then the loop turns. */
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

static void begin_stream(struct client *client)
{
    client_set_state(client, CLIENT_SENDING);
    client_set_state(client, CLIENT_ASKING);
    client_set_state(client, CLIENT_READING);
    client_set_state(client, CLIENT_FOLLOWING);
}

static void a_quiet_stream_gives_way_like_an_idle_client(void **state)
{
    struct fixture *fixture = *state;
    begin_stream(fixture->guests[0]);
    begin_stream(fixture->guests[1]);
    begin_stream(fixture->guests[2]);
    client_set_state(fixture->guests[1], CLIENT_QUIET);
    fixture->guests[1]->idle_since_us -= LONG_AGO_US;

    clients_give_way(&fixture->clients);
    clients_give_way(&fixture->clients);

    expect_ended(fixture, false, true, false);
    assert_int_equal(fixture->clients.ended_to_make_room, 1);
}

static void what_comes_in_during_a_stream_keeps_no_place(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < GUESTS; i++) {
        begin_stream(fixture->guests[i]);
        client_set_state(fixture->guests[i], CLIENT_QUIET);
        fixture->guests[i]->idle_since_us -= LONG_AGO_US;
        assert_int_equal(send(fixture->ends[i][0], "G", 1, 0), 1);
    }

    clients_give_way(&fixture->clients);

    assert_true(fixture->guests[0]->is_over);
    assert_false(fixture->guests[1]->is_over);
}

static void who_follows_a_stream_too_slowly_is_ended(void **state)
{
    struct fixture *fixture = *state;
    begin_stream(fixture->guests[0]);

    WAIT_FOR (WAIT_SECONDS, fixture->guests[0]->is_over)
        read_some(fixture, 0, 1);

    assert_int_equal(fixture->clients.ended_slow_readers, 1);
}

static void a_quiet_stream_is_not_read_too_slowly(void **state)
{
    struct fixture *fixture = *state;
    int64_t until_us = clock_monotonic_us() + 5 * READING_US;
    begin_stream(fixture->guests[0]);
    client_set_state(fixture->guests[0], CLIENT_QUIET);

    WAIT_FOR (WAIT_SECONDS, clock_monotonic_us() >= until_us)
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);

    assert_false(fixture->guests[0]->is_over);
}

static void who_reads_nothing_at_all_counts_as_a_slow_reader(void **state)
{
    struct fixture *fixture = *state;
    begin_stream(fixture->guests[0]);
    client_set_state(fixture->guests[1], CLIENT_SENDING);

    client_was_silent(fixture->guests[0]);
    client_was_silent(fixture->guests[1]);

    assert_int_equal(fixture->clients.ended_slow_readers, 1);
}

static void clients_are_counted_by_their_states(void **state)
{
    struct fixture *fixture = *state;
    const size_t *counts = fixture->clients.counts;

    assert_int_equal(counts[CLIENT_IDLE], GUESTS);
    client_set_state(fixture->guests[0], CLIENT_SENDING);
    begin_stream(fixture->guests[1]);

    assert_int_equal(counts[CLIENT_IDLE], GUESTS - 2);
    assert_int_equal(counts[CLIENT_SENDING], 1);
    assert_int_equal(counts[CLIENT_READING], 0);
    assert_int_equal(counts[CLIENT_FOLLOWING], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_has_been_idle_for_longest_gives_way),
        TEST(who_is_in_the_middle_of_a_request_never_gives_way),
        TEST(who_has_sent_something_that_is_not_read_yet_is_passed_over),
        TEST(connections_that_are_in_use_give_way_one_at_a_time),
        TEST(a_tenant_with_many_gives_way_with_one_that_is_idle_for_a_moment),
        TEST(while_all_of_it_were_just_answered_the_next_leaves_with_its_answer),
        TEST(guests_without_a_name_are_one_tenant),
        TEST(a_connection_is_of_the_tenant_that_asked_last),
        TEST(while_the_crowd_is_busy_for_long_others_give_way_as_ever),
        TEST(who_reads_an_answer_too_slowly_is_ended),
        TEST(who_reads_fast_enough_may_read_for_long),
        TEST(who_waits_for_an_answer_is_not_taken_for_a_slow_reader),
        TEST(a_quiet_stream_gives_way_like_an_idle_client),
        TEST(what_comes_in_during_a_stream_keeps_no_place),
        TEST(who_follows_a_stream_too_slowly_is_ended),
        TEST(a_quiet_stream_is_not_read_too_slowly),
        TEST(who_reads_nothing_at_all_counts_as_a_slow_reader),
        TEST(clients_are_counted_by_their_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
