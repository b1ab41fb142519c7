/* SPDX-License-Identifier: MIT
 *
 * The scripts at a node from which their slot is moving away. While all keys of an operation are
 * still there, it decides and stores as if nothing moved: no log is lost half-way. */
#include "limit/algorithm.h"
#include "moving_case.h"
#include "support/random.h"

#define NOW    MOVING_NOW
#define WINDOW (60 * SECOND_US)
#define MANY   1000

#define HISTORIES 60
#define STEPS     40

static struct limit log_of(int64_t quota)
{
    return (struct limit){.name = "log",
                          .algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
                          .quota = quota,
                          .window_us = WINDOW,
                          .burst = quota};
}

/* And then once more, so that what is left is told, too. */
static void expect_alike(struct operation *operation)
{
    struct operation look = *operation;

    look.kind = OPERATION_LOOK;
    moving_begin(operation);
    moving_alike(operation);
    if (moving_is_whole(operation))
        moving_alike(&look);
    moving_end();
}

static void a_log_that_has_left_is_charged_again(void **state)
{
    (void)state;
    const int64_t counts[] = {1, 3, CHARGE_LOG_LEAVE_MAX + 1, MANY};

    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct limit limit = log_of(10);
        struct operation take = moving_take_of(&limit, 1, 3);
        moving_plant_many(&take, 0, NOW - WINDOW - MANY, 0, counts[i]);

        expect_alike(&take);
    }
}

static void a_log_of_which_little_counts_is_made_anew(void **state)
{
    (void)state;
    struct limit limit = log_of(10);
    struct operation take = moving_take_of(&limit, 1, 1);
    moving_plant_many(&take, 0, NOW - WINDOW - MANY, 0, MANY + 3);

    expect_alike(&take);
}

static void a_charge_removes_only_so_many_that_have_left(void **state)
{
    (void)state;
    struct limit limit = log_of(10 * CHARGE_LOG_LEAVE_MAX);
    struct operation take = moving_take_of(&limit, 1, 1);
    moving_plant_many(&take, 0, NOW - WINDOW - MANY, 0, MANY + CHARGE_LOG_LEAVE_MAX + 1);

    expect_alike(&take);
}

static void a_sum_at_its_end_starts_again(void **state)
{
    (void)state;
    const int64_t times[] = {NOW - WINDOW, NOW - 9, NOW};

    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        struct limit limit = log_of(10);
        struct operation take = moving_take_of(&limit, 1, 3);
        moving_plant(&take, 0, times[i], "9007199254740988:1");
        moving_plant(&take, 0, times[i], "9007199254740989:1");

        expect_alike(&take);
    }
}

static void what_joins_a_sum_at_its_end_starts_it_again(void **state)
{
    (void)state;
    struct limit limit = log_of(2);
    struct operation charge = moving_take_of(&limit, 1, 3);
    charge.kind = OPERATION_CHARGE;
    moving_plant(&charge, 0, NOW - 9, "9007199254740988:1");
    moving_plant(&charge, 0, NOW - 9, "9007199254740989:1");

    expect_alike(&charge);
}

/* All of it, or the later ones; or all after a part had left. */
static void charges_from_the_future_are_moved(void **state)
{
    (void)state;
    const struct {
        int64_t after_us;
        int64_t count;
        int64_t last_us;
    } futures[] = {
        {NOW, 1, 0},          {NOW, 3, 0},          {NOW - 3, 6, 0}, {NOW - 3, MANY, 0},
        {NOW + 5, MANY, 0},   {NOW - 5, 9, WINDOW}, {NOW, 3, 1},     {NOW + 5, 3, WINDOW + 6},
        {NOW - 3, 3, WINDOW},
    };

    for (size_t i = 0; i < ARRAY_COUNT(futures); i++) {
        struct limit limit = log_of(10);
        struct operation take = moving_take_of(&limit, 1, 1);
        moving_plant_many(&take, 0, futures[i].after_us, 0, futures[i].count);
        if (futures[i].last_us > 0)
            moving_plant_many(&take, 0, NOW + futures[i].last_us, futures[i].count, 1);

        expect_alike(&take);
    }
}

static void a_charge_after_the_fact_is_added_or_joins_the_last_one(void **state)
{
    (void)state;
    const int64_t counted[] = {0, 1, 9, 10, 11};

    for (size_t i = 0; i < ARRAY_COUNT(counted); i++) {
        struct limit limit = log_of(10);
        struct operation charge = moving_take_of(&limit, 1, 12);
        charge.kind = OPERATION_CHARGE;
        moving_plant_many(&charge, 0, NOW - WINDOW - 5, 0, 6);
        moving_plant_many(&charge, 0, NOW - MANY, 6, counted[i]);

        expect_alike(&charge);
    }
}

static void the_only_charge_is_joined(void **state)
{
    (void)state;
    struct limit limit = log_of(9);
    struct operation charge = moving_take_of(&limit, 1, 2);
    charge.kind = OPERATION_CHARGE;
    moving_plant(&charge, 0, NOW - 9, "0000000000000000:9");

    expect_alike(&charge);
}

/* A part of the only charge, of a later one, of the first one, and so much that one by one it would
 * take too long. */
static void what_was_charged_is_given_back(void **state)
{
    (void)state;
    const int64_t left[] = {1, 9, 11, 12, 13, 14, 15, 17, 200, MANY + 10, MANY + 12};

    for (size_t i = 0; i < ARRAY_COUNT(left); i++) {
        struct limit limit = log_of(10);
        struct operation charge = moving_take_of(&limit, 1, left[i] - (MANY + 17));
        charge.kind = OPERATION_CHARGE;
        moving_plant(&charge, 0, NOW - 9, "0000000000000000:12");
        moving_plant_many(&charge, 0, NOW - 8, 12, 2);
        moving_plant(&charge, 0, NOW - 4, "0000000000000014:3");
        moving_plant_many(&charge, 0, NOW - 3, 17, MANY);

        charge.now_us = NOW + MANY;
        expect_alike(&charge);
    }
}

static void the_only_charge_is_given_back(void **state)
{
    (void)state;
    const int64_t given[] = {1, 3, 4, 11, 12, 13};

    for (size_t i = 0; i < ARRAY_COUNT(given); i++) {
        struct limit limit = log_of(10);
        struct operation charge = moving_take_of(&limit, 1, -given[i]);
        charge.kind = OPERATION_CHARGE;
        moving_plant(&charge, 0, NOW - 9, "0000000000000000:12");

        expect_alike(&charge);
    }
}

static void counters_are_forgotten(void **state)
{
    (void)state;
    struct limit limits[] = {log_of(10), log_of(20), log_of(30)};
    limits[2].algorithm = ALGORITHM_FIXED_WINDOW;
    struct operation forget = moving_take_of(limits, ARRAY_COUNT(limits), 1);
    moving_plant_many(&forget, 0, NOW, 0, 3);
    moving_plant_many(&forget, 1, NOW, 0, 3);
    moving_command(&forget, 2, "SETEX %s 1000 x");
    forget.kind = OPERATION_FORGET;

    moving_begin(&forget);
    moving_alike(&forget);
    assert_int_equal(moving_keys_left(), 0);
    moving_end();
}

static void nonsense_is_replaced(void **state)
{
    (void)state;
    const char *const nonsense[] = {"ZADD %s inf x", "ZADD %s inf 0000000000000000:3 1 x",
                                    "ZADD %s 0 0000000000000000:3 2e15 y 2e15 z"};

    for (size_t i = 0; i < ARRAY_COUNT(nonsense); i++) {
        struct limit limit = log_of(10);
        struct operation take = moving_take_of(&limit, 1, 3);
        moving_command(&take, 0, nonsense[i]);

        expect_alike(&take);
    }
}

static void a_text_in_place_of_a_string_is_replaced(void **state)
{
    (void)state;
    struct limit limits[] = {log_of(10), log_of(20)};
    limits[0].algorithm = ALGORITHM_TOKEN_BUCKET;
    limits[1].algorithm = ALGORITHM_FIXED_WINDOW;

    for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
        struct operation take = moving_take_of(limits, count, 3);
        moving_command(&take, 0, "LPUSH %s x");

        expect_alike(&take);
    }
}

/* It cannot be replaced before the slot has moved: only at its new node. */
static void what_is_no_log_makes_way_after_one_error(void **state)
{
    (void)state;
    struct limit limit = log_of(10);
    struct operation take = moving_take_of(&limit, 1, 3);
    moving_command(&take, 0, "SET %s x");
    moving_begin(&take);

    assert_int_equal(moving_reply(&take)->type, REDIS_REPLY_ERROR);

    assert_int_equal(moving_keys_left(), 0);
    moving_end();
}

static void a_log_that_has_moved_before_its_slot_is_charged_at_its_new_node(void **state)
{
    (void)state;
    const int64_t counts[] = {0, 1, MANY};

    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct limit limit = log_of(10);
        struct operation take = moving_take_of(&limit, 1, 3);
        moving_plant_many(&take, 0, NOW - WINDOW - MANY, 0, counts[i]);
        moving_begin(&take);

        const redisReply *reply = moving_reply_of_new_node(&take);

        assert_int_equal(reply->element[0]->integer, -3); /* allowed, and kept */
        assert_int_equal(reply->element[1]->integer, 7);
        moving_end();
    }
}

/* Limits of any kinds, whose counters were all charged once. */
static size_t random_limits(struct limit limits[static LIMITS_MAX])
{
    const size_t count = 1 + (size_t)random_below(3);

    for (size_t i = 0; i < count; i++) {
        const int64_t quota = 1 + random_below(random_one_in(2) ? 10 : 500);
        limits[i] = log_of(quota);
        if (random_one_in(2))
            limits[i].algorithm = (enum algorithm_id)random_below(ALGORITHM_COUNT);
    }
    return count;
}

/* Gives all counters something, and logs many charges. */
static void random_past(struct operation *operation)
{
    struct operation charge = *operation;

    charge.kind = OPERATION_CHARGE;
    one_set_cost(&charge, 1);
    charge.now_us = NOW - WINDOW / 2 - random_below(WINDOW);
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (operation->limits[i].algorithm == ALGORITHM_SLIDING_WINDOW_LOG)
            moving_plant_many(operation, i, charge.now_us, 1, 1 + random_below(400));
    }
    moving_alike(&charge);
}

static void random_step(struct operation *operation)
{
    operation->kind = (enum operation_kind)random_below(OPERATION_FORGET);
    for (size_t i = 0; i < operation->limit_count; i++) {
        operation->costs[i] = random_below(random_one_in(2) ? 4 : 300);
        if (operation->kind == OPERATION_PART)
            operation->costs[i] = 1 + operation->costs[0] % 10;
        if (operation->kind == OPERATION_CHARGE && random_one_in(2))
            operation->costs[i] = -operation->costs[i];
    }
    operation->now_us += random_one_in(10) ? random_below(2 * WINDOW) : random_below(300);
    if (random_one_in(5))
        operation->now_us -= random_below(random_one_in(5) ? 2 * WINDOW : 500);
}

static void random_histories_go_on_while_their_slot_moves(void **state)
{
    (void)state;
    int64_t steps = 0;
    random_begin(random_seed());

    for (int i = 0; i < HISTORIES; i++) {
        struct limit limits[LIMITS_MAX];
        const size_t count = random_limits(limits);
        struct operation operation = moving_take_of(limits, count, 1);
        random_past(&operation);
        moving_begin(&operation);
        for (int step = 0; step < STEPS && moving_is_whole(&operation); step++) {
            random_step(&operation);
            moving_alike(&operation);
            steps++;
        }
        moving_end();
    }
    assert_true(steps > HISTORIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_has_left_is_charged_again),
        cmocka_unit_test(a_log_of_which_little_counts_is_made_anew),
        cmocka_unit_test(a_charge_removes_only_so_many_that_have_left),
        cmocka_unit_test(a_sum_at_its_end_starts_again),
        cmocka_unit_test(what_joins_a_sum_at_its_end_starts_it_again),
        cmocka_unit_test(charges_from_the_future_are_moved),
        cmocka_unit_test(a_charge_after_the_fact_is_added_or_joins_the_last_one),
        cmocka_unit_test(the_only_charge_is_joined),
        cmocka_unit_test(what_was_charged_is_given_back),
        cmocka_unit_test(the_only_charge_is_given_back),
        cmocka_unit_test(counters_are_forgotten),
        cmocka_unit_test(nonsense_is_replaced),
        cmocka_unit_test(a_text_in_place_of_a_string_is_replaced),
        cmocka_unit_test(what_is_no_log_makes_way_after_one_error),
        cmocka_unit_test(a_log_that_has_moved_before_its_slot_is_charged_at_its_new_node),
        cmocka_unit_test(random_histories_go_on_while_their_slot_moves),
    };

    return cmocka_run_group_tests(tests, cluster_group_open, cluster_group_close);
}
