/* SPDX-License-Identifier: MIT */
#include "handback_case.h"

#include "support/several_sets.h"

struct event_base *base;
struct metrics *metrics;
struct handback *handback;
struct fake_store fake;

int handback_begin(void **state)
{
    (void)state;
    base = event_base_new();
    metrics = metrics_new(1, 1);
    handback = handback_new(base, metrics);
    return 0;
}

int handback_end(void **state)
{
    (void)state;
    handback_free(handback);
    event_base_free(base);
    metrics_free(metrics, 1);
    return 0;
}

int handback_begin_fake(void **state)
{
    fake_store_open(&fake);
    return handback_begin(state);
}

int handback_end_fake(void **state)
{
    fake_store_close(&fake);
    return handback_end(state);
}

void handback_set_limits(struct limit limits[], size_t count, int64_t quota)
{
    for (size_t i = 0; i < count; i++) {
        limits[i] = (struct limit){.algorithm = ALGORITHM_FIXED_WINDOW,
                                   .quota = quota,
                                   .window_us = MINUTE_US,
                                   .burst = quota};
    }
    several_sets_tell_apart(limits, count);
}

struct operation handback_operation(enum operation_kind kind, const int64_t sets[],
                                    const struct limit limits[], size_t count,
                                    const int64_t costs[])
{
    struct operation operation = several_sets_take(sets, limits, count, 0);

    operation.kind = kind;
    memcpy(operation.costs, costs, count * sizeof(costs[0]));
    operation.now_us = NOW_US;
    return operation;
}

void handback_refuse_next(void)
{
    const size_t next = fake.asked % 2;

    fake.answers[next] = (struct fake_answer){.is_late = true, .status = TAKE_DOWN};
    fake.answers[1 - next] = (struct fake_answer){.status = TAKE_DONE};
    fake.answer_count = 2;
}

void handback_run_out(struct store *store)
{
    while (handback_count(handback) > 0) {
        handback_run(handback, store, NOW_US);
        (void)event_base_dispatch(base);
    }
}

void handback_expect_used(struct operation look, const int64_t wanted[])
{
    struct outcome outcome;

    look.kind = OPERATION_LOOK;
    memory_table_ask(fake.table, &look, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
    for (size_t i = 0; i < look.limit_count; i++)
        assert_int_equal(look.limits[i].quota - outcome.at[i].remaining, wanted[i]);
}

void handback_expect_figures(uint64_t done, uint64_t lost, uint64_t over)
{
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK]), done);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK_LOST]), lost);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK_OVER]), over);
}
