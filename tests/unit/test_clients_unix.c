/* SPDX-License-Identifier: MIT
 *
 * Clients of a socket with a path, whose bytes the kernel does not count. */
#include "clients.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/wait.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define SENDING_US   INT64_C(200000)
#define READING_US   INT64_C(300000)

struct fixture {
    struct event_base *base;
    struct clients clients;
    int ends[2]; /* the guest's end and ours */
    struct client *guest;
};

static int set_up(void **state)
{
    struct fixture *fixture = MEMORY_NEW(struct fixture);

    fixture->base = event_base_new();
    clients_init(&fixture->clients, fixture->base, SENDING_US, READING_US);
    clients_turn(&fixture->clients);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fixture->ends), 0);
    fixture->guest = clients_add(&fixture->clients, fixture->ends[1]);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    clients_remove(fixture->guest);
    (void)close(fixture->ends[0]);
    (void)close(fixture->ends[1]);
    clients_close(&fixture->clients);
    event_base_free(fixture->base);
    free(fixture);
    return 0;
}

static void turn_for(struct fixture *fixture, int64_t time_us)
{
    const int64_t until_us = clock_monotonic_us() + time_us;

    WAIT_FOR (WAIT_SECONDS, clock_monotonic_us() >= until_us)
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

static void who_reads_an_answer_is_not_taken_for_a_slow_reader(void **state)
{
    struct fixture *fixture = *state;
    client_set_state(fixture->guest, CLIENT_SENDING);
    client_set_state(fixture->guest, CLIENT_ASKING);
    client_set_state(fixture->guest, CLIENT_READING);

    turn_for(fixture, 4 * READING_US);

    assert_false(fixture->guest->is_over);
}

/* libmicrohttpd would have ended it by then, had it sent nothing. */
static void who_sends_a_request_line_for_ever_is_ended(void **state)
{
    struct fixture *fixture = *state;

    turn_for(fixture, READING_US);
    assert_false(fixture->guest->is_over);
    WAIT_FOR (WAIT_SECONDS, fixture->guest->is_over)
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);

    assert_int_equal(fixture->clients.ended_slow, 1);
}

static void who_sends_a_head_for_ever_is_ended(void **state)
{
    struct fixture *fixture = *state;
    client_set_state(fixture->guest, CLIENT_SENDING);

    WAIT_FOR (WAIT_SECONDS, fixture->guest->is_over)
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);

    assert_int_equal(fixture->clients.ended_slow, 1);
}

static void who_asks_again_and_again_stays(void **state)
{
    struct fixture *fixture = *state;
    const int64_t until_us = clock_monotonic_us() + 4 * (READING_US + SENDING_US);

    WAIT_FOR (WAIT_SECONDS, clock_monotonic_us() >= until_us) {
        clients_turn(&fixture->clients);
        client_set_state(fixture->guest, CLIENT_SENDING);
        client_set_state(fixture->guest, CLIENT_ASKING);
        client_set_state(fixture->guest, CLIENT_READING);
        client_set_state(fixture->guest, CLIENT_IDLE);
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);
    }

    assert_false(fixture->guest->is_over);
}

static void who_has_left_is_ended(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(shutdown(fixture->ends[0], SHUT_WR), 0);
    turn_for(fixture, SENDING_US);

    assert_true(fixture->guest->is_over);
    assert_int_equal(fixture->clients.ended_slow, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_reads_an_answer_is_not_taken_for_a_slow_reader),
        TEST(who_sends_a_request_line_for_ever_is_ended),
        TEST(who_sends_a_head_for_ever_is_ended),
        TEST(who_asks_again_and_again_stays),
        TEST(who_has_left_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
