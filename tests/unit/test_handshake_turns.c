/* SPDX-License-Identifier: MIT */
#include "handshake_turns.h"

#include "support/cmocka.h"

#define MANY 1000

static struct handshake_turns turns;
static struct handshake_turn crowd[MANY];
static struct handshake_turn other;

static int set_up(void **state)
{
    (void)state;
    handshake_turns_init(&turns);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    while (handshake_turns_take(&turns) != NULL)
        ;
    handshake_turns_close(&turns);
    return 0;
}

static void come(struct handshake_turn *turn, const char *address)
{
    struct ip_address ip;

    assert_true(ip_address_parse(text_of(address), &ip));
    const struct ip_address site = ip_address_site(&ip);
    handshake_turn_init(turn, &site);
}

static void come_anew(struct handshake_turn *turn, const char *address)
{
    come(turn, address);
    handshake_turns_wait(&turns, turn, false);
}

static void crowd_comes(const char *address)
{
    for (size_t i = 0; i < MANY; i++)
        come_anew(&crowd[i], address);
}

/* How many others are taken before it is. */
static int count_before(const struct handshake_turn *turn)
{
    const struct handshake_turn *next = NULL;
    int before = 0;

    while ((next = handshake_turns_take(&turns)) != turn) {
        assert_non_null(next);
        before++;
    }
    return before;
}

static void those_of_one_address_go_on_in_the_order_in_which_they_came(void **state)
{
    (void)state;

    crowd_comes("192.0.2.1");

    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(handshake_turns_take(&turns), &crowd[i]);
    assert_false(handshake_turns_are_awaited(&turns));
}

static void a_crowd_of_another_address_is_waited_for_once(void **state)
{
    (void)state;
    crowd_comes("192.0.2.1");

    come_anew(&other, "192.0.2.2");

    assert_int_equal(count_before(&other), 1);
}

static void all_addresses_of_a_64_are_one_crowd(void **state)
{
    char address[64];
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(address, sizeof(address), "2001:db8::%zx", i);
        come_anew(&crowd[i], address);
    }

    come_anew(&other, "2001:db8:0:1::1");

    assert_int_equal(count_before(&other), 1);
}

static void each_of_many_addresses_is_waited_for_once(void **state)
{
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "2001:db8::1"};
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        come_anew(&crowd[i], addresses[i % ARRAY_COUNT(addresses)]);

    come_anew(&other, "192.0.2.9");

    assert_int_equal(count_before(&other), ARRAY_COUNT(addresses));
}

static void who_has_begun_goes_before_the_new_ones_of_its_address(void **state)
{
    (void)state;
    crowd_comes("192.0.2.1");
    come(&other, "192.0.2.1");

    handshake_turns_wait(&turns, &other, true);

    assert_int_equal(count_before(&other), 0);
}

static void who_has_begun_does_not_go_before_another_address(void **state)
{
    (void)state;
    come_anew(&other, "192.0.2.2");
    for (size_t i = 0; i < MANY; i++) {
        come(&crowd[i], "192.0.2.1");
        handshake_turns_wait(&turns, &crowd[i], true);
    }

    assert_int_equal(count_before(&other), 0);
}

static void who_goes_on_without_end_keeps_no_neighbour_waiting(void **state)
{
    const struct handshake_turn *next = NULL;
    int before = 0;
    (void)state;
    come_anew(&other, "192.0.2.1");
    come(&crowd[0], "192.0.2.1");

    handshake_turns_wait(&turns, &crowd[0], true);
    while ((next = handshake_turns_take(&turns)) != &other) {
        assert_ptr_equal(next, &crowd[0]);
        assert_true(before++ < MANY);
        handshake_turns_wait(&turns, &crowd[0], true);
    }

    assert_int_equal(before, HANDSHAKE_TURNS_AHEAD_MAX);
}

static void who_has_left_is_not_taken(void **state)
{
    (void)state;
    come_anew(&crowd[0], "192.0.2.1");
    come_anew(&other, "192.0.2.1");

    handshake_turns_leave(&turns, &crowd[0]);

    assert_ptr_equal(handshake_turns_take(&turns), &other);
    assert_null(handshake_turns_take(&turns));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(those_of_one_address_go_on_in_the_order_in_which_they_came),
        CASE(a_crowd_of_another_address_is_waited_for_once),
        CASE(all_addresses_of_a_64_are_one_crowd),
        CASE(each_of_many_addresses_is_waited_for_once),
        CASE(who_has_begun_goes_before_the_new_ones_of_its_address),
        CASE(who_has_begun_does_not_go_before_another_address),
        CASE(who_goes_on_without_end_keeps_no_neighbour_waiting),
        CASE(who_has_left_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
