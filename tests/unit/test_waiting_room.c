/* SPDX-License-Identifier: MIT */
#include "http/waiting_room.h"

#include "base/clock.h"
#include "support/cmocka.h"
#include "support/wait.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/duration.h"
#include "fake_transport.h"

#define WAIT_SECONDS 20
#define SOON_US      INT64_C(50000)
#define PLACES       12
#define CROWD        1 /* a tenant */
#define ANOTHER      2

/* A request with its connection. */
struct guest {
    struct fake_exchange exchange;
    int client;
    int done;
    bool had_room; /* there was room for another one when it was done */
};

static struct event_base *base;
static struct waiting_room *room;

static int open_room(void **state)
{
    (void)state;
    base = event_base_new();
    room = waiting_room_new(base, PLACES);
    return 0;
}

static int close_room(void **state)
{
    (void)state;
    waiting_room_free(room);
    event_base_free(base);
    return 0;
}

static void connect_both(int *client, int *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*client, (const struct sockaddr *)&address, length), 0);
    *server = accept(listener, NULL, NULL);
    assert_true(*server >= 0);
    (void)close(listener);
}

static void on_done(void *context)
{
    struct guest *guest = context;

    guest->done++;
    guest->had_room = waiting_room_enter(room, CROWD);
    if (guest->had_room)
        waiting_room_leave(room, CROWD);
    request_answer_json(&guest->exchange.request, 200, TEXT("{}"));
}

static void come(struct guest *guest)
{
    *guest = (struct guest){0};
    fake_begin(&guest->exchange, NULL, NULL);
    connect_both(&guest->client, &guest->exchange.socket);
}

static void wait_until(struct guest *guest, int64_t until_us)
{
    assert_true(waiting_room_enter(room, CROWD));
    waiting_room_hold(room, &guest->exchange.request, CROWD, until_us, guest, on_done);
    assert_int_equal(guest->done, 0);
    request_set_phase(&guest->exchange.request, REQUEST_WAITING);
}

static void turn(void)
{
    assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

/* It has ended once, and has left nothing in the loop. */
static void expect_ended(struct guest *guest)
{
    turn();
    assert_int_equal(guest->done, 1);
    assert_int_equal(guest->exchange.resumed, 1);
    assert_true(guest->had_room);
    (void)close(guest->client);
    (void)close(guest->exchange.socket);
    request_close(&guest->exchange.request);
    turn();
}

/* Returns how many entered. */
static size_t enter_all(uint32_t tenant)
{
    size_t entered = 0;

    while (waiting_room_enter(room, tenant))
        entered++;
    return entered;
}

static void leave_all(uint32_t tenant, size_t entered)
{
    for (size_t i = 0; i < entered; i++)
        waiting_room_leave(room, tenant);
}

static void a_tenant_alone_gets_half_of_the_places_and_each_back(void **state)
{
    (void)state;
    assert_int_equal(enter_all(CROWD), PLACES / 2);
    assert_int_equal(waiting_room_taken(room), PLACES / 2);

    waiting_room_leave(room, CROWD);

    assert_int_equal(enter_all(CROWD), 1);
    leave_all(CROWD, PLACES / 2);
    assert_int_equal(waiting_room_taken(room), 0);
}

static void whoever_comes_after_a_crowd_still_gets_in(void **state)
{
    (void)state;
    const size_t crowd = enter_all(CROWD);
    const size_t others = enter_all(ANOTHER);

    assert_int_equal(others, PLACES / 4);
    assert_false(waiting_room_enter(room, CROWD));
    leave_all(CROWD, crowd);
    leave_all(ANOTHER, others);
}

static void a_room_without_places_lets_nobody_in(void **state)
{
    (void)state;
    struct waiting_room *closed = waiting_room_new(base, 0);

    assert_false(waiting_room_enter(closed, CROWD));
    waiting_room_free(closed);
}

static void a_hold_keeps_its_place(void **state)
{
    (void)state;
    struct guest first;
    struct guest second;
    come(&first);
    come(&second);

    wait_until(&first, clock_monotonic_us() + HOUR_US);
    wait_until(&second, clock_monotonic_us() + HOUR_US);
    turn();

    assert_int_equal(first.done + second.done, 0);
    assert_int_equal(waiting_room_taken(room), 2);
    waiting_room_drain(room);
    expect_ended(&first);
    expect_ended(&second);
}

static void a_hold_ends_at_its_time_and_not_before(void **state)
{
    (void)state;
    struct guest guest;
    int64_t until_us = clock_monotonic_us() + SOON_US;
    come(&guest);

    wait_until(&guest, until_us);
    WAIT_FOR (WAIT_SECONDS, guest.done == 1)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);

    assert_true(clock_monotonic_us() >= until_us);
    expect_ended(&guest);
}

static void holds_end_in_the_order_of_their_times(void **state)
{
    (void)state;
    struct guest late;
    struct guest early;
    int64_t now_us = clock_monotonic_us();
    come(&late);
    come(&early);
    wait_until(&late, now_us + 4 * SOON_US);
    wait_until(&early, now_us + SOON_US);

    while (early.done == 0) {
        assert_int_equal(late.done, 0);
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    }
    WAIT_FOR (WAIT_SECONDS, late.done == 1)
        turn();

    expect_ended(&early);
    expect_ended(&late);
}

static void a_time_that_is_past_ends_the_hold_in_the_next_turn(void **state)
{
    (void)state;
    struct guest guest;
    come(&guest);

    wait_until(&guest, clock_monotonic_us() - 1);
    turn();

    expect_ended(&guest);
}

static void a_client_that_has_nothing_more_to_say_ends_the_hold(void **state)
{
    (void)state;
    struct guest guest;
    come(&guest);
    wait_until(&guest, clock_monotonic_us() + HOUR_US);

    assert_int_equal(shutdown(guest.client, SHUT_WR), 0);
    WAIT_FOR (WAIT_SECONDS, guest.done == 1)
        turn();

    expect_ended(&guest);
}

static void a_client_that_has_left_before_ends_the_hold_in_the_next_turn(void **state)
{
    (void)state;
    struct guest guest;
    come(&guest);
    assert_int_equal(shutdown(guest.client, SHUT_WR), 0);

    wait_until(&guest, clock_monotonic_us() + HOUR_US);
    turn();

    expect_ended(&guest);
}

static void a_reset_ends_the_hold(void **state)
{
    (void)state;
    static const struct linger abort_it = {.l_onoff = 1};
    struct guest guest;
    come(&guest);
    wait_until(&guest, clock_monotonic_us() + HOUR_US);

    assert_int_equal(setsockopt(guest.client, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it)),
                     0);
    assert_int_equal(close(guest.client), 0);
    WAIT_FOR (WAIT_SECONDS, guest.done == 1)
        turn();

    guest.client = -1;
    expect_ended(&guest);
}

/* A loop that spins makes thousands of turns in that time. This loop wakes only for the bytes, and
 * for timers that are a little early. */
static void what_the_client_says_neither_ends_the_hold_nor_keeps_the_loop_busy(void **state)
{
    (void)state;
    struct guest guest;
    int64_t until_us = clock_monotonic_us() + SOON_US;
    int turns = 0;
    come(&guest);
    assert_int_equal(send(guest.client, "GET", 3, 0), 3);
    wait_until(&guest, until_us);
    assert_int_equal(send(guest.client, " / ", 3, 0), 3);

    while (guest.done == 0) {
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
        turns++;
    }

    assert_true(clock_monotonic_us() >= until_us);
    assert_in_range(turns, 1, 50);
    expect_ended(&guest);
}

static void a_client_that_leaves_something_unread_ends_the_hold_too(void **state)
{
    (void)state;
    struct guest guest;
    come(&guest);
    wait_until(&guest, clock_monotonic_us() + HOUR_US);
    assert_int_equal(send(guest.client, "GET", 3, 0), 3);
    turn();
    assert_int_equal(guest.done, 0);

    assert_int_equal(shutdown(guest.client, SHUT_WR), 0);
    WAIT_FOR (WAIT_SECONDS, guest.done == 1)
        turn();

    expect_ended(&guest);
}

static void a_drain_ends_all_holds_and_those_that_follow(void **state)
{
    (void)state;
    struct guest before;
    struct guest after;
    come(&before);
    come(&after);
    wait_until(&before, clock_monotonic_us() + HOUR_US);

    waiting_room_drain(room);
    assert_int_equal(before.done, 1);
    wait_until(&after, clock_monotonic_us() + HOUR_US);
    turn();

    expect_ended(&before);
    expect_ended(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tenant_alone_gets_half_of_the_places_and_each_back,
                                        open_room, close_room),
        cmocka_unit_test_setup_teardown(whoever_comes_after_a_crowd_still_gets_in, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_room_without_places_lets_nobody_in, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_hold_keeps_its_place, open_room, close_room),
        cmocka_unit_test_setup_teardown(a_hold_ends_at_its_time_and_not_before, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(holds_end_in_the_order_of_their_times, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_time_that_is_past_ends_the_hold_in_the_next_turn,
                                        open_room, close_room),
        cmocka_unit_test_setup_teardown(a_client_that_has_nothing_more_to_say_ends_the_hold,
                                        open_room, close_room),
        cmocka_unit_test_setup_teardown(
            a_client_that_has_left_before_ends_the_hold_in_the_next_turn, open_room, close_room),
        cmocka_unit_test_setup_teardown(a_reset_ends_the_hold, open_room, close_room),
        cmocka_unit_test_setup_teardown(
            what_the_client_says_neither_ends_the_hold_nor_keeps_the_loop_busy, open_room,
            close_room),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_something_unread_ends_the_hold_too,
                                        open_room, close_room),
        cmocka_unit_test_setup_teardown(a_drain_ends_all_holds_and_those_that_follow, open_room,
                                        close_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
