/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include "clients.h"
#include "support/cmocka.h"

#include <sys/socket.h>
#include <unistd.h>

#define GUESTS 4
#define THIRD  (ANSWERS_BYTES_MAX / 3)

struct fixture {
    struct answers answers;
    struct answer each[GUESTS];
    struct client clients[GUESTS];
    int guests[GUESTS];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    int ends[2];

    fixture = (struct fixture){0};
    answers_init(&fixture.answers);
    for (size_t i = 0; i < GUESTS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        fixture.guests[i] = ends[0];
        fixture.clients[i].fd = ends[1];
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < GUESTS; i++) {
        answers_remove(&fixture->answers, &fixture->each[i]);
        (void)close(fixture->guests[i]);
        (void)close(fixture->clients[i].fd);
    }
    assert_int_equal(fixture->answers.held, 0);
    return 0;
}

static void add(struct fixture *fixture, size_t guest, size_t bytes)
{
    answers_add(&fixture->answers, &fixture->each[guest], &fixture->clients[guest], bytes);
}

static void who_has_not_read_for_longest_is_ended(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 2, THIRD);
    add(fixture, 0, THIRD);
    add(fixture, 1, THIRD);
    assert_int_equal(fixture->answers.ended, 0);
    add(fixture, 3, THIRD);

    assert_int_equal(fixture->answers.ended, 1);
    assert_true(fixture->clients[2].is_over);
    assert_int_equal(recv(fixture->guests[2], (char[1]){0}, 1, MSG_DONTWAIT), 0);
    assert_true(fixture->answers.held <= ANSWERS_BYTES_MAX);
}

static void as_many_are_ended_as_is_needed(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 3; i++)
        add(fixture, i, THIRD);
    add(fixture, 3, 2 * THIRD);

    assert_int_equal(fixture->answers.ended, 2);
    assert_false(fixture->clients[2].is_over || fixture->clients[3].is_over);
}

static void what_has_been_read_makes_room(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 0, THIRD);
    add(fixture, 1, THIRD);
    add(fixture, 2, THIRD);
    answers_remove(&fixture->answers, &fixture->each[1]);
    add(fixture, 3, THIRD);

    assert_int_equal(fixture->answers.ended, 0);
}

static void small_answers_hold_nothing(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 0, ANSWER_BYTES_SMALL);
    add(fixture, 1, 3 * THIRD + ANSWER_BYTES_SMALL);

    assert_int_equal(fixture->answers.held, 3 * THIRD);
    assert_int_equal(fixture->answers.ended, 0);
}

static void an_answer_that_is_too_large_for_all_is_sent_nevertheless(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 0, THIRD);
    add(fixture, 1, 4 * THIRD);

    assert_true(fixture->clients[0].is_over);
    assert_false(fixture->clients[1].is_over);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_has_not_read_for_longest_is_ended),
        TEST(as_many_are_ended_as_is_needed),
        TEST(what_has_been_read_makes_room),
        TEST(small_answers_hold_nothing),
        TEST(an_answer_that_is_too_large_for_all_is_sent_nevertheless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
