/* SPDX-License-Identifier: MIT */
#include "base/inbox.h"

#include "support/cmocka.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define PLACES  64
#define POSTERS 4
#define POSTS   5000

struct poster {
    struct inbox *inbox;
    uint32_t tenant;
    struct fair_item items[POSTS];
    atomic_size_t refused;
};

static bool is_readable(const struct inbox *inbox)
{
    struct pollfd ready = {.fd = inbox_fd(inbox), .events = POLLIN};

    return poll(&ready, 1, 0) == 1;
}

static void it_is_readable_while_there_is_something(void **state)
{
    struct inbox *inbox = inbox_new(PLACES);
    struct fair_item items[2];
    (void)state;

    assert_false(is_readable(inbox));
    assert_true(inbox_post(inbox, &items[0], 1));
    assert_true(inbox_post(inbox, &items[1], 2));
    assert_true(is_readable(inbox));

    assert_ptr_equal(inbox_take(inbox), &items[0]);
    assert_true(is_readable(inbox));
    assert_ptr_equal(inbox_take(inbox), &items[1]);
    assert_false(is_readable(inbox));
    assert_null(inbox_take(inbox));
    inbox_free(inbox);
}

static void an_app_that_floods_it_neither_bars_others_nor_goes_before_them(void **state)
{
    struct inbox *inbox = inbox_new(PLACES);
    struct fair_item greedy[PLACES];
    struct fair_item modest;
    size_t taken = 0;
    (void)state;

    while (inbox_post(inbox, &greedy[taken], 1))
        taken++;
    assert_int_equal(taken, PLACES / 2);
    assert_true(inbox_post(inbox, &modest, 2));

    assert_ptr_equal(inbox_take(inbox), &greedy[0]);
    assert_ptr_equal(inbox_take(inbox), &modest);
    assert_true(inbox_post(inbox, &greedy[taken], 1));
    inbox_free(inbox);
}

static void what_is_put_back_has_its_tenants_next_turn(void **state)
{
    struct inbox *inbox = inbox_new(PLACES);
    struct fair_item items[3];
    (void)state;
    assert_true(inbox_post(inbox, &items[0], 1));
    assert_true(inbox_post(inbox, &items[1], 1));
    assert_true(inbox_post(inbox, &items[2], 2));

    assert_ptr_equal(inbox_take(inbox), &items[0]);
    inbox_put_back(inbox, &items[0]);
    assert_ptr_equal(inbox_take(inbox), &items[2]);
    inbox_put_back(inbox, &items[2]);

    assert_ptr_equal(inbox_take(inbox), &items[0]);
    assert_ptr_equal(inbox_take(inbox), &items[2]);
    assert_ptr_equal(inbox_take(inbox), &items[1]);
    inbox_put_back(inbox, &items[1]);
    assert_true(is_readable(inbox));
    assert_ptr_equal(inbox_take(inbox), &items[1]);
    assert_null(inbox_take(inbox));
    inbox_free(inbox);
}

static void the_oldest_can_be_taken_out_of_turn(void **state)
{
    struct inbox *inbox = inbox_new(PLACES);
    struct fair_item items[3];
    (void)state;
    assert_null(inbox_oldest(inbox));
    assert_true(inbox_post(inbox, &items[0], 1));
    assert_true(inbox_post(inbox, &items[1], 1));
    assert_true(inbox_post(inbox, &items[2], 2));

    assert_ptr_equal(inbox_take(inbox), &items[0]);
    assert_ptr_equal(inbox_oldest(inbox), &items[1]);
    inbox_take_out(inbox, &items[1]);
    assert_ptr_equal(inbox_oldest(inbox), &items[2]);
    assert_true(is_readable(inbox));
    inbox_take_out(inbox, &items[2]);

    assert_false(is_readable(inbox));
    assert_null(inbox_take(inbox));
    inbox_free(inbox);
}

static void what_is_set_aside_keeps_its_place_and_comes_behind_its_tenants_others(void **state)
{
    struct inbox *inbox = inbox_new(PLACES);
    struct fair_item greedy[PLACES];
    size_t taken = 0;
    (void)state;
    while (inbox_post(inbox, &greedy[taken], 1))
        taken++;

    assert_ptr_equal(inbox_take(inbox), &greedy[0]);
    inbox_set_aside(inbox, &greedy[0]);
    assert_false(inbox_post(inbox, &greedy[taken], 1));
    inbox_resume(inbox, &greedy[0]);

    for (size_t i = 1; i < taken; i++)
        assert_ptr_equal(inbox_take(inbox), &greedy[i]);
    assert_true(is_readable(inbox));
    assert_ptr_equal(inbox_take(inbox), &greedy[0]);
    assert_false(is_readable(inbox));
    inbox_free(inbox);
}

static void *post_all(void *context)
{
    struct poster *poster = context;

    for (size_t i = 0; i < POSTS; i++) {
        if (!inbox_post(poster->inbox, &poster->items[i], poster->tenant))
            atomic_fetch_add(&poster->refused, 1);
    }
    return NULL;
}

static void what_any_threads_post_is_taken_once(void **state)
{
    static struct poster posters[POSTERS];
    struct inbox *inbox = inbox_new(PLACES);
    pthread_t threads[POSTERS];
    size_t taken = 0;
    size_t refused = 0;
    (void)state;

    for (uint32_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.inbox = inbox, .tenant = i / 2};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    while (taken + refused < (size_t)POSTERS * POSTS) {
        refused = 0;
        for (size_t i = 0; i < POSTERS; i++)
            refused += atomic_load(&posters[i].refused);
        taken += inbox_take(inbox) != NULL;
    }

    assert_null(inbox_take(inbox));
    for (size_t i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    inbox_free(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_readable_while_there_is_something),
        cmocka_unit_test(an_app_that_floods_it_neither_bars_others_nor_goes_before_them),
        cmocka_unit_test(what_is_put_back_has_its_tenants_next_turn),
        cmocka_unit_test(what_is_set_aside_keeps_its_place_and_comes_behind_its_tenants_others),
        cmocka_unit_test(the_oldest_can_be_taken_out_of_turn),
        cmocka_unit_test(what_any_threads_post_is_taken_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
