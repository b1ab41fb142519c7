/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BODIES_MAX 64

static char megabyte[1024 * 1024];
static const struct text large = {megabyte, sizeof(megabyte)};
static const struct text small = {megabyte, BODY_BYTES_SMALL};
static const struct text more = {megabyte, 3 * BODY_BYTES_SMALL};

static int set_up(void **state)
{
    static struct shares room;

    shares_init(&room, BODIES_BYTES_MAX);
    *state = &room;
    return 0;
}

static int tear_down(void **state)
{
    shares_close(*state);
    return 0;
}

static void a_body_is_what_was_added(void **state)
{
    struct shares *room = *state;
    struct body body = {0};

    assert_int_equal(body_add(&body, TEXT("one "), 1024, room), BODY_ADDED);
    assert_int_equal(body_add(&body, TEXT("two"), 1024, room), BODY_ADDED);

    assert_true(text_equal(body_text(&body), TEXT("one two")));
    body_close(&body, room);
    assert_int_equal(room->taken, 0);
}

static void a_body_takes_its_limit_and_no_byte_more(void **state)
{
    struct shares *room = *state;
    struct body body = {0};

    assert_int_equal(body_add(&body, TEXT("1234567"), 8, room), BODY_ADDED);
    assert_int_equal(body_add(&body, TEXT("89"), 8, room), BODY_TOO_LARGE);
    assert_int_equal(body_add(&body, TEXT("8"), 8, room), BODY_ADDED);

    assert_true(text_equal(body_text(&body), TEXT("12345678")));
    body_close(&body, room);
}

/* Returns how many bodies of a tenant find room. */
static size_t add_all(struct body bodies[static BODIES_MAX], uint32_t tenant, struct shares *room)
{
    size_t count = 0;

    for (; count < BODIES_MAX; count++) {
        bodies[count].tenant = tenant;
        if (body_add(&bodies[count], large, large.length, room) != BODY_ADDED)
            break;
    }
    return count;
}

static void large_bodies_of_a_tenant_are_bounded_and_keep_out_no_small_one(void **state)
{
    struct shares *room = *state;
    struct body bodies[BODIES_MAX] = {0};
    struct body another = {0};

    const size_t count = add_all(bodies, 1, room);
    another.tenant = 1;
    assert_in_range(count, 32, 33);
    assert_int_equal(body_add(&another, small, large.length, room), BODY_ADDED);
    assert_int_equal(body_add(&another, large, 2 * large.length, room), BODY_NO_ROOM);

    body_close(&bodies[0], room);
    assert_int_equal(body_add(&another, more, large.length, room), BODY_ADDED);
    for (size_t i = 0; i < count; i++)
        body_close(&bodies[i], room);
    body_close(&another, room);
    assert_int_equal(room->taken, 0);
}

static void large_bodies_of_a_tenant_leave_room_to_another(void **state)
{
    struct shares *room = *state;
    struct body bodies[BODIES_MAX] = {0};
    struct body others[BODIES_MAX] = {0};

    const size_t count = add_all(bodies, 1, room);
    const size_t other_count = add_all(others, 2, room);

    assert_in_range(other_count, 15, 17);
    for (size_t i = 0; i < count; i++)
        body_close(&bodies[i], room);
    for (size_t i = 0; i < other_count; i++)
        body_close(&others[i], room);
    assert_int_equal(room->taken, 0);
}

/* All bodies grow piece by piece. If each kept its room, none would get the next piece. */
static void some_of_many_bodies_that_grow_side_by_side_become_whole(void **state)
{
    static struct body bodies[4 * BODIES_MAX];
    struct shares *room = *state;
    size_t whole = 0;

    for (size_t sent = 0; sent < large.length; sent += small.length) {
        for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
            if (bodies[i].length == sent &&
                body_add(&bodies[i], small, large.length, room) == BODY_NO_ROOM)
                body_clear(&bodies[i], room);
        }
    }

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        whole += bodies[i].length == large.length;
        body_close(&bodies[i], room);
    }
    assert_in_range(whole, 8, 33);
    assert_int_equal(room->taken, 0);
}

static void a_cleared_body_keeps_only_what_a_small_one_needs(void **state)
{
    struct shares *room = *state;
    struct body body = {0};

    assert_int_equal(body_add(&body, TEXT("small"), 1024, room), BODY_ADDED);
    const char *kept = body.at;
    body_clear(&body, room);
    assert_true(text_is_absent(body_text(&body)));
    assert_int_equal(body_add(&body, TEXT("next"), 1024, room), BODY_ADDED);
    assert_ptr_equal(body.at, kept);
    assert_true(text_equal(body_text(&body), TEXT("next")));

    assert_int_equal(body_add(&body, more, large.length, room), BODY_ADDED);
    assert_true(room->taken > 0);
    body_clear(&body, room);
    assert_int_equal(room->taken, 0);
    assert_int_equal(body.capacity, 0);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_is_what_was_added),
        TEST(a_body_takes_its_limit_and_no_byte_more),
        TEST(large_bodies_of_a_tenant_are_bounded_and_keep_out_no_small_one),
        TEST(large_bodies_of_a_tenant_leave_room_to_another),
        TEST(some_of_many_bodies_that_grow_side_by_side_become_whole),
        TEST(a_cleared_body_keeps_only_what_a_small_one_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
