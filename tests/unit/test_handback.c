/* SPDX-License-Identifier: MIT */
#include "store/handback.h"

#include "base/duration.h"
#include "base/memory.h"
#include "metrics/metrics.h"
#include "support/cmocka.h"
#include "support/one_set.h"

#include <event2/event.h>

#define SECOND    SECOND_US
#define NOW_US    (1000 * SECOND)
#define TAKES_MAX 64

/* A store that answers what the test says, when it says so. */
struct fake {
    struct store store;
    bool is_ready;
    bool answers_later;
    enum take_status status;
    uint32_t refuses;    /* refuses this tenant's takes at once; 0: refuses none */
    uint16_t places;     /* takes are at one of these, by their policy's number */
    uint16_t refuses_at; /* refuses takes at this place; 0: refuses none */
    uint64_t moves;      /* refuses takes of this policy, because its counters move; 0: none */
    size_t count;
    struct operation takes[TAKES_MAX]; /* the first takes; their `limits` are no longer valid */
    store_done_fn *done;
    void *contexts[TAKES_MAX];
};

static uint16_t fake_place(const struct store *store, const struct operation *operation)
{
    return (uint16_t)(operation->policy_id % ((const struct fake *)(const void *)store)->places);
}

static enum store_answer fake_ask(struct store *store, const struct operation *take,
                                  struct outcome *outcome, void *context, store_done_fn *done)
{
    struct fake *fake = CONTAINER_OF(store, struct fake, store);

    if (fake->count < TAKES_MAX) {
        fake->takes[fake->count] = *take;
        fake->contexts[fake->count] = context;
    }
    fake->count++;
    fake->done = done;
    *outcome = (struct outcome){.status = fake->status};
    if ((fake->refuses != 0 && take->tenant == fake->refuses) ||
        (fake->refuses_at != 0 && fake_place(store, take) == fake->refuses_at))
        outcome->status = TAKE_REFUSED;
    if (fake->moves != 0 && take->policy_id == fake->moves)
        *outcome = (struct outcome){.status = TAKE_REFUSED, .is_moving = true};
    return fake->answers_later ? STORE_LATER : STORE_NOW;
}

static bool fake_is_ready(const struct store *store)
{
    return ((const struct fake *)(const void *)store)->is_ready;
}

static const struct store_engine fake_engine = {
    .ask = fake_ask, .place = fake_place, .is_ready = fake_is_ready};

static const struct limit minute = {
    .algorithm = ALGORITHM_FIXED_WINDOW, .quota = 10, .window_us = 60 * SECOND, .burst = 10};

static struct fake fake;
static struct handback *handback;
static struct metrics *metrics;
static struct event_base *base;

static int set_up(void **state)
{
    (void)state;
    fake = (struct fake){.store.engine = &fake_engine, .is_ready = true, .places = 1};
    base = event_base_new();
    metrics = metrics_new(1, 1);
    handback = handback_new(base, metrics);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    handback_free(handback);
    event_base_free(base);
    metrics_free(metrics, 1);
    return 0;
}

/* Each policy has a tag of its own. */
static void note_of(uint32_t tenant, uint64_t policy_id, int64_t cost, int64_t at_us)
{
    struct operation take = one_set_take((int64_t)policy_id, &minute, 1, cost);

    take.tenant = tenant;
    take.policy_id = policy_id;
    take.now_us = at_us;
    handback_note(handback, &take);
}

static void note(uint64_t policy_id, int64_t cost, int64_t at_us)
{
    note_of(0, policy_id, cost, at_us);
}

static void run(void)
{
    handback_run(handback, &fake.store, NOW_US);
}

/* Waits for one whole beat, which is the loop's only event. No take comes in between. */
static void wait_for_rest(void)
{
    const size_t before = fake.count;

    run();
    assert_int_equal(event_base_dispatch(base), 1);
    run();
    assert_int_equal(fake.count, before);
    assert_int_equal(event_base_dispatch(base), 1);
}

static void expect_figures(uint64_t done, uint64_t lost)
{
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK]), done);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK_LOST]), lost);
}

static void the_costs_of_a_counter_are_charged_as_one_as_far_as_they_fit(void **state)
{
    (void)state;
    note(1, 2, NOW_US);
    note(2, 4, NOW_US);
    note(1, 3, NOW_US);

    handback_run(handback, &fake.store, NOW_US + SECOND);

    assert_int_equal(fake.count, 2);
    assert_int_equal(fake.takes[0].policy_id, 1);
    assert_int_equal(fake.takes[0].costs[0], 5);
    assert_int_equal(fake.takes[0].now_us, NOW_US + SECOND);
    assert_int_equal(fake.takes[1].costs[0], 4);
    assert_true(fake.takes[0].kind == OPERATION_FILL && fake.takes[1].kind == OPERATION_FILL);
    assert_int_equal(handback_count(handback), 0);
    expect_figures(9, 0);
}

static void nothing_is_handed_back_while_the_store_is_away(void **state)
{
    (void)state;
    note(1, 2, NOW_US);
    fake.is_ready = false;

    handback_run(handback, &fake.store, NOW_US);

    assert_int_equal(fake.count, 0);
    assert_int_equal(handback_count(handback), 1);
}

static void a_store_that_goes_away_again_gets_the_rest_later(void **state)
{
    (void)state;
    note(1, 2, NOW_US);
    note(2, 2, NOW_US);
    fake.status = TAKE_DOWN;

    handback_run(handback, &fake.store, NOW_US);

    assert_int_equal(fake.count, 1);
    assert_int_equal(handback_count(handback), 2);
    expect_figures(0, 0);
}

/* It may have been charged already. */
static void what_is_late_is_not_handed_back_again(void **state)
{
    (void)state;
    note(1, 2, NOW_US);
    fake.answers_later = true;

    handback_run(handback, &fake.store, NOW_US);
    fake.done(fake.contexts[0], &(struct outcome){.status = TAKE_LATE});
    handback_run(handback, &fake.store, NOW_US);

    assert_int_equal(fake.count, 1);
    assert_int_equal(handback_count(handback), 0);
    expect_figures(0, 2);
}

static void on_no_room(void *context, const char *owner)
{
    assert_string_equal(owner, "app_of_the_note");
    (*(int *)context)++;
}

/* Its app has no room for the counter now, and perhaps not for long. */
static void what_has_no_room_is_lost_and_told_with_its_owner(void **state)
{
    struct operation take = one_set_take(1, &minute, 1, 2);
    char owner[] = "app_of_the_note";
    int told = 0;
    (void)state;
    take.now_us = NOW_US;
    take.owner = owner;
    handback_on_no_room(handback, &told, on_no_room);
    handback_note(handback, &take);
    owner[0] = '\0'; /* it was only borrowed */
    fake.status = TAKE_QUOTA;
    handback_run(handback, &fake.store, NOW_US);

    assert_int_equal(told, 1);

    assert_int_equal(fake.count, 1);
    assert_int_equal(handback_count(handback), 0);
    expect_figures(0, 2);
}

static void what_is_refused_waits_for_the_next_time(void **state)
{
    (void)state;
    note(1, 2, NOW_US);
    fake.answers_later = true;
    handback_run(handback, &fake.store, NOW_US);
    note(1, 3, NOW_US);
    fake.is_ready = false;

    fake.done(fake.contexts[0], &(struct outcome){.status = TAKE_REFUSED});
    expect_figures(0, 0);
    assert_int_equal(handback_count(handback), 1);
    fake.is_ready = true;
    wait_for_rest();
    handback_run(handback, &fake.store, NOW_US);
    assert_int_equal(fake.count, 2);
    assert_int_equal(fake.takes[1].costs[0], 5);

    fake.done(fake.contexts[1], &(struct outcome){.status = TAKE_REFUSED});
    assert_int_equal(handback_count(handback), 1);
    fake.answers_later = false;
    fake.status = TAKE_REFUSED;
    wait_for_rest();
    handback_run(handback, &fake.store, NOW_US);
    assert_int_equal(fake.count, 3);
    fake.status = TAKE_DONE;
    wait_for_rest();
    handback_run(handback, &fake.store, NOW_US);
    assert_int_equal(fake.takes[3].costs[0], 5);
    expect_figures(5, 0);
}

/* Otherwise a store that refuses at once would be asked in each turn of the loop. */
static void after_a_refusal_there_is_a_rest(void **state)
{
    (void)state;
    note(1, 2, NOW_US);
    note(2, 2, NOW_US);
    fake.status = TAKE_REFUSED;

    handback_run(handback, &fake.store, NOW_US);
    handback_run(handback, &fake.store, NOW_US);

    assert_int_equal(fake.count, 1);
    assert_int_equal(handback_count(handback), 2);
    wait_for_rest();
    handback_run(handback, &fake.store, NOW_US);
    assert_int_equal(fake.count, 2);
}

static void what_no_window_holds_any_more_is_let_go(void **state)
{
    (void)state;
    note(1, 2, NOW_US);
    note(2, 2, NOW_US + SECOND);

    handback_run(handback, &fake.store, NOW_US + 60 * SECOND);

    assert_int_equal(fake.count, 1);
    assert_int_equal(fake.takes[0].policy_id, 2);
    assert_int_equal(handback_count(handback), 0);
    expect_figures(2, 0);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK_OVER]), 2);
}

/* Else what a long limit remembers would fill a short one that is empty by now. */
static void of_several_limits_each_lets_go_of_what_it_holds_no_more(void **state)
{
    (void)state;
    struct limit limits[] = {minute, minute};
    limits[1].window_us = HOUR_US;
    one_set_tell_apart(limits, ARRAY_COUNT(limits));
    struct operation take = one_set_take(1, limits, ARRAY_COUNT(limits), 2);
    take.now_us = NOW_US;
    handback_note(handback, &take);
    take.now_us = NOW_US + 60 * SECOND;
    handback_note(handback, &take);
    take.policy_id++;
    handback_note(handback, &take);

    handback_run(handback, &fake.store, NOW_US + 61 * SECOND);

    assert_int_equal(fake.takes[0].costs[0], 2);
    assert_int_equal(fake.takes[0].costs[1], 4);
    handback_note(handback, &take);
    handback_run(handback, &fake.store, NOW_US + 120 * SECOND);
    assert_int_equal(fake.count, 3);
    assert_int_equal(fake.takes[2].limit_count, 1); /* the short one is not asked */
    assert_int_equal(fake.takes[2].costs[0], 2);
}

/* A bucket of twice its rate is full again after two windows. A sliding window counts in the next
 * window too. */
static void what_counts_for_longer_than_a_window_is_kept_so_long(void **state)
{
    static const struct limit limits[] = {
        {.algorithm = ALGORITHM_TOKEN_BUCKET, .quota = 10, .window_us = 60 * SECOND, .burst = 20},
        {.algorithm = ALGORITHM_LEAKY_BUCKET, .quota = 10, .window_us = 60 * SECOND, .burst = 20},
        {.algorithm = ALGORITHM_SLIDING_WINDOW, .quota = 10, .window_us = 60 * SECOND, .burst = 10},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        struct operation take = one_set_take(1, &limits[i], 1, 1);

        take.policy_id = i;
        take.now_us = NOW_US;
        handback_note(handback, &take);
        handback_note(handback, &take);
    }
    fake.is_ready = false;

    handback_run(handback, &fake.store, NOW_US + 120 * SECOND - 1);
    assert_int_equal(handback_count(handback), 3);
    fake.is_ready = true;
    handback_run(handback, &fake.store, NOW_US + 120 * SECOND - 1);

    assert_int_equal(fake.count, 3);
    expect_figures(6, 0);
}

static void only_so_many_are_in_flight_at_once(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < HANDBACK_IN_FLIGHT_MAX + 5; i++)
        note(i, 1, NOW_US);
    fake.answers_later = true;

    handback_run(handback, &fake.store, NOW_US);
    assert_int_equal(fake.count, HANDBACK_IN_FLIGHT_MAX);
    fake.done(fake.contexts[0], &(struct outcome){.status = TAKE_DONE});
    handback_run(handback, &fake.store, NOW_US);

    assert_int_equal(fake.count, HANDBACK_IN_FLIGHT_MAX + 1);
    for (size_t i = 1; i <= HANDBACK_IN_FLIGHT_MAX; i++)
        fake.done(fake.contexts[i], &(struct outcome){.status = TAKE_DONE});
    expect_figures(HANDBACK_IN_FLIGHT_MAX + 1, 0);
}

static void tenants_take_turns(void **state)
{
    static const uint32_t wanted[] = {1, 2, 3, 1, 2, 1, 1};
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        note_of(1, i, 1, NOW_US);
    note_of(2, 10, 1, NOW_US);
    note_of(2, 11, 1, NOW_US);
    note_of(3, 20, 1, NOW_US);

    run();

    assert_int_equal(fake.count, ARRAY_COUNT(wanted));
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
        assert_int_equal(fake.takes[i].tenant, wanted[i]);
}

/* Thousands of one tenant's takes may belong to another place. */
static void a_refusal_lets_its_tenant_rest_and_no_other(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3000; i++)
        note_of(1, i, 1, NOW_US);
    for (uint64_t i = 3000; i < 3010; i++)
        note_of(2, i, 1, NOW_US);
    fake.refuses = 1;

    run();
    assert_int_equal(fake.count, 1 + 10);
    expect_figures(10, 0);
    wait_for_rest();
    run();
    assert_int_equal(fake.count, 1 + 10 + 1);
    note_of(2, 5000, 1, NOW_US);
    run();
    assert_int_equal(fake.count, 1 + 10 + 1 + 1);

    assert_int_equal(handback_count(handback), 3000);
    fake.refuses = 0;
    wait_for_rest();
    run();
    expect_figures(3011, 0);
}

/* A node of a cluster may be away for long, while the others are well. */
static void a_refusal_at_one_place_keeps_nothing_from_another(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        note_of(1, 2 * i + 1, 1, NOW_US);
    for (uint64_t i = 0; i < 10; i++)
        note_of(1, 2 * i, 1, NOW_US);
    fake.places = 2;
    fake.refuses_at = 1;

    run();
    assert_int_equal(fake.count, 1 + 10);
    expect_figures(10, 0);
    wait_for_rest();
    note_of(1, 20, 1, NOW_US);
    run();
    assert_int_equal(fake.count, 1 + 10 + 1 + 1);
    expect_figures(11, 0);

    fake.refuses_at = 0;
    wait_for_rest();
    run();
    expect_figures(1011, 0);
}

/* A slot that moves may do so for long, and its node has others. */
static void counters_that_move_keep_no_others_of_their_node_from_being_handed_back(void **state)
{
    (void)state;
    fake.moves = 7;
    note_of(1, 7, 1, NOW_US);
    for (uint64_t i = 10; i < 40; i++)
        note_of(1, i, 1, NOW_US);

    run();
    expect_figures(30, 0);
    run();
    assert_int_equal(fake.count, 1 + 30);
    assert_int_equal(handback_count(handback), 1);

    fake.moves = 0;
    wait_for_rest();
    run();
    expect_figures(31, 0);
}

static void a_tenant_alone_has_half_of_the_places_and_the_next_one_half_of_the_rest(void **state)
{
    (void)state;

    for (uint64_t i = 0; i < HANDBACK_SUBJECTS_MAX / 2 + 10; i++)
        note_of(1, i, 1, NOW_US);
    assert_int_equal(handback_count(handback), HANDBACK_SUBJECTS_MAX / 2);
    expect_figures(0, 10);
    for (uint64_t i = HANDBACK_SUBJECTS_MAX; i < 2 * HANDBACK_SUBJECTS_MAX; i++)
        note_of(2, i, 1, NOW_US);

    assert_int_equal(handback_count(handback), HANDBACK_SUBJECTS_MAX / 4 * 3);
}

static void what_comes_back_has_kept_its_place(void **state)
{
    const uint64_t half = HANDBACK_SUBJECTS_MAX / 2;
    (void)state;
    for (uint64_t i = 0; i < half; i++)
        note(i, 1, NOW_US);
    fake.answers_later = true;

    run();
    note(0, 1, NOW_US); /* on its way to the store */
    expect_figures(0, 1);
    for (size_t i = 0; i < HANDBACK_IN_FLIGHT_MAX; i++)
        fake.done(fake.contexts[i], &(struct outcome){.status = TAKE_REFUSED});

    assert_int_equal(handback_count(handback), half);
    expect_figures(0, 1);
}

/* A take was noted again while it was on its way, and then refused. The two become one, and a place
 * is free. */
static void a_refused_take_that_was_noted_again_needs_no_second_place(void **state)
{
    const uint64_t half = HANDBACK_SUBJECTS_MAX / 2;
    (void)state;
    note(0, 1, NOW_US);
    fake.answers_later = true;
    run();
    note(0, 1, NOW_US);
    fake.done(fake.contexts[0], &(struct outcome){.status = TAKE_REFUSED});

    for (uint64_t i = 1; i < half + 1; i++)
        note(i, 1, NOW_US);

    assert_int_equal(handback_count(handback), half);
    expect_figures(0, 1);
}

static void a_sum_does_not_overflow(void **state)
{
    (void)state;
    note(1, LIMIT_COST_MAX, NOW_US);
    note(1, LIMIT_COST_MAX, NOW_US);

    handback_run(handback, &fake.store, NOW_US);

    assert_int_equal(fake.takes[0].costs[0], LIMIT_COST_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_costs_of_a_counter_are_charged_as_one_as_far_as_they_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_handed_back_while_the_store_is_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_goes_away_again_gets_the_rest_later, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_late_is_not_handed_back_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_no_room_is_lost_and_told_with_its_owner, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_refused_waits_for_the_next_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_a_refusal_there_is_a_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_no_window_holds_any_more_is_let_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_several_limits_each_lets_go_of_what_it_holds_no_more,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_counts_for_longer_than_a_window_is_kept_so_long,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_so_many_are_in_flight_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tenants_take_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_lets_its_tenant_rest_and_no_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_at_one_place_keeps_nothing_from_another, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            counters_that_move_keep_no_others_of_their_node_from_being_handed_back, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_tenant_alone_has_half_of_the_places_and_the_next_one_half_of_the_rest, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(what_comes_back_has_kept_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_take_that_was_noted_again_needs_no_second_place,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sum_does_not_overflow, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
