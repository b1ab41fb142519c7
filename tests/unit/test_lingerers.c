/* SPDX-License-Identifier: MIT */
#include "lingerers.h"

#include "support/cmocka.h"
#include "support/wait.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define MANY         64 /* LINGERERS_MAX */

struct fixture {
    struct event_base *base;
    struct lingerers lingerers;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture.base = event_base_new();
    assert_non_null(fixture.base);
    lingerers_init(&fixture.lingerers, fixture.base);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    lingerers_close(&fixture->lingerers);
    assert_int_equal(fixture->lingerers.count, 0);
    event_base_free(fixture->base);
    return 0;
}

/* Returns the client's end. */
static int add_of(struct fixture *fixture, uint32_t tenant)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    lingerers_add(&fixture->lingerers, ends[1], tenant);
    (void)close(ends[1]);
    return ends[0];
}

static int add(struct fixture *fixture)
{
    return add_of(fixture, 1);
}

static bool can_send(int client)
{
    return send(client, "more", 4, MSG_NOSIGNAL | MSG_DONTWAIT) == 4;
}

static void turn(struct fixture *fixture)
{
    assert_true(event_base_loop(fixture->base, EVLOOP_NONBLOCK) >= 0);
}

static void the_client_sees_the_end_and_can_send(void **state)
{
    struct fixture *fixture = *state;
    char byte;
    int client = add(fixture);

    assert_int_equal(recv(client, &byte, 1, 0), 0);
    for (int i = 0; i < 10; i++) {
        assert_true(can_send(client));
        turn(fixture);
    }

    assert_int_equal(fixture->lingerers.count, 1);
    (void)close(client);
}

static void who_closes_is_forgotten_at_once(void **state)
{
    struct fixture *fixture = *state;
    int client = add(fixture);

    assert_true(can_send(client));
    (void)close(client);
    turn(fixture);
    turn(fixture);

    assert_int_equal(fixture->lingerers.count, 0);
}

static void who_is_silent_is_closed_in_the_end(void **state)
{
    struct fixture *fixture = *state;
    int client = add(fixture);

    WAIT_FOR (WAIT_SECONDS, fixture->lingerers.count == 0)
        turn(fixture);

    assert_false(can_send(client));
    (void)close(client);
}

static void the_oldest_of_too_many_gives_way(void **state)
{
    struct fixture *fixture = *state;
    int clients[MANY + 1];

    for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
        clients[i] = add(fixture);

    assert_int_equal(fixture->lingerers.count, MANY);
    assert_false(can_send(clients[0]));
    assert_true(can_send(clients[1]));
    assert_true(can_send(clients[MANY]));
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
        (void)close(clients[i]);
}

static void a_tenant_with_many_takes_no_place_from_one_with_few(void **state)
{
    struct fixture *fixture = *state;
    int few[MANY / 2];
    int many[2 * MANY];

    for (size_t i = 0; i < ARRAY_COUNT(few); i++)
        few[i] = add_of(fixture, 1);
    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        many[i] = add_of(fixture, 2);

    assert_int_equal(fixture->lingerers.count, MANY);
    for (size_t i = 0; i < ARRAY_COUNT(few); i++) {
        assert_true(can_send(few[i]));
        (void)close(few[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(many); i++) {
        assert_int_equal(can_send(many[i]), i >= ARRAY_COUNT(many) - MANY / 2);
        (void)close(many[i]);
    }
}

static void a_newcomer_takes_the_place_of_who_has_many(void **state)
{
    struct fixture *fixture = *state;
    int many[MANY];

    for (size_t i = 0; i < MANY; i++)
        many[i] = add_of(fixture, 2);
    int newcomer = add_of(fixture, 1);

    assert_true(can_send(newcomer));
    assert_false(can_send(many[0]));
    assert_true(can_send(many[1]));
    (void)close(newcomer);
    for (size_t i = 0; i < MANY; i++)
        (void)close(many[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_client_sees_the_end_and_can_send, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_closes_is_forgotten_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_silent_is_closed_in_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_of_too_many_gives_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tenant_with_many_takes_no_place_from_one_with_few, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_takes_the_place_of_who_has_many, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
