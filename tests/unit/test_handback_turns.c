/* SPDX-License-Identifier: MIT
 *
 * When notes are handed back, whose turn it is, and how many have a place. */
#include "recorder_case.h"

/* Waits for one whole beat, which is the loop's only event. No take comes in between. */
static void wait_for_rest(void)
{
    const size_t before = recorder.count;

    recorder_run();
    assert_int_equal(event_base_dispatch(base), 1);
    recorder_run();
    assert_int_equal(recorder.count, before);
    assert_int_equal(event_base_dispatch(base), 1);
}

static void nothing_is_handed_back_while_the_store_is_away(void **state)
{
    (void)state;
    recorder_note(1, 2, NOW_US);
    recorder.is_ready = false;

    recorder_run();

    assert_int_equal(recorder.count, 0);
    assert_int_equal(handback_count(handback), 1);
}

static void a_store_that_goes_away_again_gets_the_rest_later(void **state)
{
    (void)state;
    recorder_note(1, 2, NOW_US);
    recorder_note(2, 2, NOW_US);
    recorder.status = TAKE_DOWN;

    recorder_run();

    assert_int_equal(recorder.count, 1);
    assert_int_equal(handback_count(handback), 2);
    handback_expect_figures(0, 0, 0);
}

static void what_is_refused_waits_for_the_next_time(void **state)
{
    (void)state;
    recorder_note(1, 2, NOW_US);
    recorder.answers_later = true;
    recorder_run();
    recorder_note(1, 3, NOW_US);
    recorder.is_ready = false;

    recorder.done(recorder.contexts[0], &(struct outcome){.status = TAKE_REFUSED});
    handback_expect_figures(0, 0, 0);
    assert_int_equal(handback_count(handback), 1);
    recorder.is_ready = true;
    wait_for_rest();
    recorder_run();
    assert_int_equal(recorder.count, 2);
    assert_int_equal(recorder.takes[1].costs[0], 5);

    recorder.done(recorder.contexts[1], &(struct outcome){.status = TAKE_REFUSED});
    assert_int_equal(handback_count(handback), 1);
    recorder.answers_later = false;
    recorder.status = TAKE_REFUSED;
    wait_for_rest();
    recorder_run();
    assert_int_equal(recorder.count, 3);
    recorder.status = TAKE_DONE;
    wait_for_rest();
    recorder_run();
    assert_int_equal(recorder.takes[3].costs[0], 5);
    handback_expect_figures(5, 0, 0);
}

/* Otherwise a store that refuses at once would be asked in each turn of the loop. */
static void after_a_refusal_there_is_a_rest(void **state)
{
    (void)state;
    recorder_note(1, 2, NOW_US);
    recorder_note(2, 2, NOW_US);
    recorder.status = TAKE_REFUSED;

    recorder_run();
    recorder_run();

    assert_int_equal(recorder.count, 1);
    assert_int_equal(handback_count(handback), 2);
    wait_for_rest();
    recorder_run();
    assert_int_equal(recorder.count, 2);
}

static void only_so_many_are_in_flight_at_once(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < HANDBACK_IN_FLIGHT_MAX + 5; i++)
        recorder_note(i, 1, NOW_US);
    recorder.answers_later = true;

    recorder_run();
    assert_int_equal(recorder.count, HANDBACK_IN_FLIGHT_MAX);
    recorder.done(recorder.contexts[0], &(struct outcome){.status = TAKE_DONE});
    recorder_run();

    assert_int_equal(recorder.count, HANDBACK_IN_FLIGHT_MAX + 1);
    for (size_t i = 1; i <= HANDBACK_IN_FLIGHT_MAX; i++)
        recorder.done(recorder.contexts[i], &(struct outcome){.status = TAKE_DONE});
    handback_expect_figures(HANDBACK_IN_FLIGHT_MAX + 1, 0, 0);
}

static void tenants_take_turns(void **state)
{
    static const uint32_t wanted[] = {1, 2, 3, 1, 2, 1, 1};
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        recorder_note_of(1, i, 1, NOW_US);
    recorder_note_of(2, 10, 1, NOW_US);
    recorder_note_of(2, 11, 1, NOW_US);
    recorder_note_of(3, 20, 1, NOW_US);

    recorder_run();

    assert_int_equal(recorder.count, ARRAY_COUNT(wanted));
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
        assert_int_equal(recorder.takes[i].tenant, wanted[i]);
}

/* Thousands of one tenant's takes may belong to another place. */
static void a_refusal_lets_its_tenant_rest_and_no_other(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3000; i++)
        recorder_note_of(1, i, 1, NOW_US);
    for (uint64_t i = 3000; i < 3010; i++)
        recorder_note_of(2, i, 1, NOW_US);
    recorder.refuses = 1;

    recorder_run();
    assert_int_equal(recorder.count, 1 + 10);
    handback_expect_figures(10, 0, 0);
    wait_for_rest();
    recorder_run();
    assert_int_equal(recorder.count, 1 + 10 + 1);
    recorder_note_of(2, 5000, 1, NOW_US);
    recorder_run();
    assert_int_equal(recorder.count, 1 + 10 + 1 + 1);

    assert_int_equal(handback_count(handback), 3000);
    recorder.refuses = 0;
    wait_for_rest();
    recorder_run();
    handback_expect_figures(3011, 0, 0);
}

/* A node of a cluster may be away for long, while the others are well. */
static void a_refusal_at_one_place_keeps_nothing_from_another(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        recorder_note_of(1, 2 * i + 1, 1, NOW_US);
    for (uint64_t i = 0; i < 10; i++)
        recorder_note_of(1, 2 * i, 1, NOW_US);
    recorder.places = 2;
    recorder.refuses_at = 1;

    recorder_run();
    assert_int_equal(recorder.count, 1 + 10);
    handback_expect_figures(10, 0, 0);
    wait_for_rest();
    recorder_note_of(1, 20, 1, NOW_US);
    recorder_run();
    assert_int_equal(recorder.count, 1 + 10 + 1 + 1);
    handback_expect_figures(11, 0, 0);

    recorder.refuses_at = 0;
    wait_for_rest();
    recorder_run();
    handback_expect_figures(1011, 0, 0);
}

/* A slot that moves may do so for long, and its node has others. */
static void counters_that_move_keep_no_others_of_their_node_from_being_handed_back(void **state)
{
    (void)state;
    recorder.moves = 7;
    recorder_note_of(1, 7, 1, NOW_US);
    for (uint64_t i = 10; i < 40; i++)
        recorder_note_of(1, i, 1, NOW_US);

    recorder_run();
    handback_expect_figures(30, 0, 0);
    recorder_run();
    assert_int_equal(recorder.count, 1 + 30);
    assert_int_equal(handback_count(handback), 1);

    recorder.moves = 0;
    wait_for_rest();
    recorder_run();
    handback_expect_figures(31, 0, 0);
}

static void a_tenant_alone_has_half_of_the_places_and_the_next_one_half_of_the_rest(void **state)
{
    (void)state;

    for (uint64_t i = 0; i < HANDBACK_SUBJECTS_MAX / 2 + 10; i++)
        recorder_note_of(1, i, 1, NOW_US);
    assert_int_equal(handback_count(handback), HANDBACK_SUBJECTS_MAX / 2);
    handback_expect_figures(0, 10, 0);
    for (uint64_t i = HANDBACK_SUBJECTS_MAX; i < 2 * HANDBACK_SUBJECTS_MAX; i++)
        recorder_note_of(2, i, 1, NOW_US);

    assert_int_equal(handback_count(handback), HANDBACK_SUBJECTS_MAX / 4 * 3);
}

static void what_comes_back_has_kept_its_place(void **state)
{
    const uint64_t half = HANDBACK_SUBJECTS_MAX / 2;
    (void)state;
    for (uint64_t i = 0; i < half; i++)
        recorder_note(i, 1, NOW_US);
    recorder.answers_later = true;

    recorder_run();
    recorder_note(0, 1, NOW_US); /* on its way to the store */
    handback_expect_figures(0, 1, 0);
    for (size_t i = 0; i < HANDBACK_IN_FLIGHT_MAX; i++)
        recorder.done(recorder.contexts[i], &(struct outcome){.status = TAKE_REFUSED});

    assert_int_equal(handback_count(handback), half);
    handback_expect_figures(0, 1, 0);
}

/* A take was noted again while it was on its way, and then refused. The two become one, and a place
 * is free. */
static void a_refused_take_that_was_noted_again_needs_no_second_place(void **state)
{
    const uint64_t half = HANDBACK_SUBJECTS_MAX / 2;
    (void)state;
    recorder_note(0, 1, NOW_US);
    recorder.answers_later = true;
    recorder_run();
    recorder_note(0, 1, NOW_US);
    recorder.done(recorder.contexts[0], &(struct outcome){.status = TAKE_REFUSED});

    for (uint64_t i = 1; i < half + 1; i++)
        recorder_note(i, 1, NOW_US);

    assert_int_equal(handback_count(handback), half);
    handback_expect_figures(0, 1, 0);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, recorder_begin, handback_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_handed_back_while_the_store_is_away),
        TEST(a_store_that_goes_away_again_gets_the_rest_later),
        TEST(what_is_refused_waits_for_the_next_time),
        TEST(after_a_refusal_there_is_a_rest),
        TEST(only_so_many_are_in_flight_at_once),
        TEST(tenants_take_turns),
        TEST(a_refusal_lets_its_tenant_rest_and_no_other),
        TEST(a_refusal_at_one_place_keeps_nothing_from_another),
        TEST(counters_that_move_keep_no_others_of_their_node_from_being_handed_back),
        TEST(a_tenant_alone_has_half_of_the_places_and_the_next_one_half_of_the_rest),
        TEST(what_comes_back_has_kept_its_place),
        TEST(a_refused_take_that_was_noted_again_needs_no_second_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
