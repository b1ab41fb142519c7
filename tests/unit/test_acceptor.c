/* SPDX-License-Identifier: MIT */
#include "acceptor.h"

#include "base/duration.h"
#include "base/memory.h"
#include "support/cmocka.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CLIENTS_MAX 64

struct fixture {
    struct event_base *base;
    struct acceptor acceptor;
    int clients[CLIENTS_MAX];
    size_t client_count;
    int taken[CLIENTS_MAX];
    size_t taken_count;
    size_t room;
    int asked_for_room;
    bool is_ahead;
    bool others_have_room;
};

static bool has_room(void *context)
{
    const struct fixture *fixture = context;

    return fixture->taken_count < fixture->room;
}

static bool is_ahead(void *context)
{
    const struct fixture *fixture = context;

    return fixture->is_ahead;
}

static bool others_have_room(void *context)
{
    const struct fixture *fixture = context;

    return fixture->others_have_room;
}

static void make_room(void *context)
{
    struct fixture *fixture = context;

    fixture->asked_for_room++;
}

static void take(void *context, int fd, const struct sockaddr *peer, socklen_t length)
{
    struct fixture *fixture = context;

    assert_int_equal(peer->sa_family, AF_INET);
    assert_int_equal(length, sizeof(struct sockaddr_in));
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    fixture->taken[fixture->taken_count++] = fd;
}

static const struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f};

static void init(struct fixture *fixture, int fd, enum listen_share share)
{
    const struct acceptor_owner owner = {fixture,          has_room,  is_ahead,
                                         others_have_room, make_room, take};

    acceptor_init(&fixture->acceptor, fixture->base, fd, share, &owner);
}

static int listen_somewhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)), 0);
    assert_int_equal(listen(fd, SOMAXCONN), 0);
    return fd;
}

static int set_up(void **state)
{
    struct fixture *fixture = MEMORY_NEW(struct fixture);

    fixture->base = event_base_new();
    fixture->room = CLIENTS_MAX;
    init(fixture, listen_somewhere(), LISTEN_OWN);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    acceptor_close(&fixture->acceptor);
    for (size_t i = 0; i < fixture->client_count; i++)
        (void)close(fixture->clients[i]);
    for (size_t i = 0; i < fixture->taken_count; i++)
        (void)close(fixture->taken[i]);
    event_base_free(fixture->base);
    free(fixture);
    return 0;
}

/* On the loopback a connection has arrived when connect() returns. */
static void come(struct fixture *fixture, size_t count)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    assert_int_equal(getsockname(fixture->acceptor.fd, (struct sockaddr *)&address, &length), 0);
    for (size_t i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        fixture->clients[fixture->client_count++] = fd;
    }
}

static void turn(struct fixture *fixture)
{
    event_base_loop(fixture->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void who_connects_waits_until_it_opens(void **state)
{
    struct fixture *fixture = *state;

    come(fixture, 1);
    turn(fixture);
    assert_int_equal(fixture->taken_count, 0);
    acceptor_open(&fixture->acceptor);
    turn(fixture);

    assert_int_equal(fixture->taken_count, 1);
}

static void a_turn_takes_a_few_and_the_next_one_the_others(void **state)
{
    struct fixture *fixture = *state;
    acceptor_open(&fixture->acceptor);
    come(fixture, 40);

    turn(fixture);
    size_t first = fixture->taken_count;
    for (int i = 0; i < 40; i++)
        turn(fixture);

    assert_in_range(first, 1, 39);
    assert_int_equal(fixture->taken_count, 40);
}

static void nobody_is_taken_past_the_room_until_there_is_some(void **state)
{
    struct fixture *fixture = *state;
    acceptor_open(&fixture->acceptor);
    fixture->room = 2;
    come(fixture, 4);

    turn(fixture);
    turn(fixture);
    assert_int_equal(fixture->taken_count, 2);
    assert_int_equal(fixture->asked_for_room, 1);
    fixture->room = 3;
    acceptor_go_on(&fixture->acceptor);
    turn(fixture);
    turn(fixture);

    assert_int_equal(fixture->taken_count, 3);
}

static void room_is_asked_for_as_soon_as_the_last_place_is_taken(void **state)
{
    struct fixture *fixture = *state;
    acceptor_open(&fixture->acceptor);
    fixture->room = 2;

    come(fixture, 2);
    turn(fixture);
    assert_int_equal(fixture->taken_count, 2);
    assert_int_equal(fixture->asked_for_room, 0);
    fixture->room = 4;
    come(fixture, 3);
    turn(fixture);

    assert_int_equal(fixture->taken_count, 4);
    assert_int_equal(fixture->asked_for_room, 1);
}

static void who_finds_no_room_makes_it_rest_for_some_milliseconds(void **state)
{
    struct fixture *fixture = *state;
    struct timeval now;
    struct timeval until;
    struct timeval rest;
    acceptor_open(&fixture->acceptor);
    fixture->room = 0;
    come(fixture, 1);

    turn(fixture);

    assert_true(evtimer_pending(fixture->acceptor.rest, &until));
    assert_int_equal(evutil_gettimeofday(&now, NULL), 0);
    evutil_timersub(&until, &now, &rest);
    /* 5 ms, plus how far the coarse clock is behind. Without descriptors it would be 100 ms. */
    assert_true(rest.tv_sec < 0 || (rest.tv_sec == 0 && rest.tv_usec <= 50 * MILLISECOND_US));
}

/* Leaves the process none beyond those it has. `before` gives them back. */
static void take_descriptors(struct rlimit *before)
{
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    struct rlimit none = *before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void without_descriptors_it_rests_and_goes_on_when_there_are_some(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    acceptor_open(&fixture->acceptor);
    come(fixture, 1);

    take_descriptors(&before);
    turn(fixture);
    assert_true(evtimer_pending(fixture->acceptor.rest, NULL));
    assert_false(event_pending(fixture->acceptor.acceptable, EV_READ, NULL));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    while (fixture->taken_count == 0)
        event_base_loop(fixture->base, EVLOOP_ONCE);

    assert_false(evtimer_pending(fixture->acceptor.rest, NULL));
}

static void a_connection_that_ends_ends_its_rest(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    acceptor_open(&fixture->acceptor);
    come(fixture, 1);
    take_descriptors(&before);
    turn(fixture);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    acceptor_go_on(&fixture->acceptor);
    turn(fixture);

    assert_int_equal(fixture->taken_count, 1);
}

static void what_waits_is_taken_before_it_stops(void **state)
{
    struct fixture *fixture = *state;
    acceptor_open(&fixture->acceptor);
    come(fixture, 40);

    acceptor_quiesce(&fixture->acceptor);
    acceptor_stop(&fixture->acceptor);
    acceptor_go_on(&fixture->acceptor);
    turn(fixture);

    assert_int_equal(fixture->taken_count, 40);
}

static void what_waits_in_a_passed_socket_is_left_to_the_others(void **state)
{
    struct fixture *fixture = *state;
    acceptor_open(&fixture->acceptor);
    int passed = dup(fixture->acceptor.fd);
    acceptor_close(&fixture->acceptor);
    init(fixture, passed, LISTEN_PASSED);
    int other = dup(passed);
    acceptor_open(&fixture->acceptor);
    come(fixture, 1);

    acceptor_quiesce(&fixture->acceptor);
    turn(fixture);

    assert_int_equal(fixture->taken_count, 0);
    int fd = accept4(other, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)close(other);
}

static void a_shared_socket_is_emptied_before_it_stops(void **state)
{
    struct fixture *fixture = *state;
    fixture->acceptor.share = LISTEN_SHARED;
    fixture->is_ahead = true;
    acceptor_open(&fixture->acceptor);
    come(fixture, 40);

    acceptor_quiesce(&fixture->acceptor);
    assert_int_equal(fixture->taken_count, 0);
    acceptor_stop(&fixture->acceptor);

    assert_int_equal(fixture->taken_count, 40);
}

static void who_is_ahead_leaves_a_shared_socket_to_the_others_for_a_moment(void **state)
{
    struct fixture *fixture = *state;
    fixture->acceptor.share = LISTEN_SHARED;
    fixture->is_ahead = true;
    acceptor_open(&fixture->acceptor);
    come(fixture, 1);

    turn(fixture);
    assert_int_equal(fixture->taken_count, 0);
    assert_true(evtimer_pending(fixture->acceptor.rest, NULL));
    while (fixture->taken_count == 0)
        event_base_loop(fixture->base, EVLOOP_ONCE);

    assert_false(evtimer_pending(fixture->acceptor.rest, NULL));
}

static void who_is_not_ahead_takes_as_many_from_a_shared_socket_as_from_its_own(void **state)
{
    struct fixture *fixture = *state;
    fixture->acceptor.share = LISTEN_SHARED;
    acceptor_open(&fixture->acceptor);
    come(fixture, 3);

    turn(fixture);

    assert_int_equal(fixture->taken_count, 3);
}

static void room_is_made_at_once_if_no_other_server_has_room(void **state)
{
    struct fixture *fixture = *state;
    fixture->acceptor.share = LISTEN_SHARED;
    fixture->room = 0;
    acceptor_open(&fixture->acceptor);
    come(fixture, 1);

    turn(fixture);

    assert_int_equal(fixture->asked_for_room, 1);
}

static void room_is_made_after_a_rest_if_another_server_has_room(void **state)
{
    struct fixture *fixture = *state;
    fixture->acceptor.share = LISTEN_PASSED;
    fixture->others_have_room = true;
    fixture->room = 0;
    acceptor_open(&fixture->acceptor);
    come(fixture, 1);

    turn(fixture);
    assert_true(evtimer_pending(fixture->acceptor.rest, NULL));
    assert_int_equal(fixture->asked_for_room, 0);
    while (fixture->asked_for_room == 0)
        event_base_loop(fixture->base, EVLOOP_ONCE);

    assert_int_equal(fixture->taken_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_connects_waits_until_it_opens),
        TEST(a_turn_takes_a_few_and_the_next_one_the_others),
        TEST(nobody_is_taken_past_the_room_until_there_is_some),
        TEST(room_is_asked_for_as_soon_as_the_last_place_is_taken),
        TEST(who_finds_no_room_makes_it_rest_for_some_milliseconds),
        TEST(without_descriptors_it_rests_and_goes_on_when_there_are_some),
        TEST(a_connection_that_ends_ends_its_rest),
        TEST(what_waits_is_taken_before_it_stops),
        TEST(what_waits_in_a_passed_socket_is_left_to_the_others),
        TEST(a_shared_socket_is_emptied_before_it_stops),
        TEST(who_is_ahead_leaves_a_shared_socket_to_the_others_for_a_moment),
        TEST(who_is_not_ahead_takes_as_many_from_a_shared_socket_as_from_its_own),
        TEST(room_is_made_at_once_if_no_other_server_has_room),
        TEST(room_is_made_after_a_rest_if_another_server_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
