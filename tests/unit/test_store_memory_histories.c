/* SPDX-License-Identifier: MIT
 *
 * Random histories of many subjects in one table. The model is an array with every possible
 * counter. Another table, which is asked the same at the times that the first one has told, decides
 * the same. SLUICE_TEST_SEED replays a run. */
#include "table_case.h"

#include "base/memory.h"
#include "limit/algorithm.h"
#include "state_copy.h"
#include "support/decide_operation.h"
#include "support/random.h"
#include "support/same_outcome.h"

#include <inttypes.h>

#define HISTORIES      40
#define HISTORY_STEPS  5000
#define MODEL_SUBJECTS 150
#define MODEL_POLICIES 3
#define MODEL_LIMITS   4
#define AHEAD_US       INT64_C(1795270335042999)

struct model_counter {
    struct limit_state state;
    int64_t expires_us;
};

struct model {
    int64_t latest_us;
    struct limit limits[MODEL_POLICIES][MODEL_LIMITS];
    struct model_counter counters[MODEL_SUBJECTS][MODEL_POLICIES][MODEL_LIMITS];
};

static struct limit random_limit(void)
{
    int64_t quota = random_below(20);
    struct limit limit = table_window(quota, SECOND_US * (1 + random_below(10)));

    limit.algorithm = (enum algorithm_id)random_below(ALGORITHM_COUNT);
    if (algorithm_of(limit.algorithm)->has_burst)
        limit.burst = limit.quota + random_below(10);
    return limit;
}

static void model_take(struct model_counter counters[], const struct operation *take,
                       struct outcome *outcome)
{
    struct limit_state states[LIMITS_MAX] = {0};
    int64_t keep_us[LIMITS_MAX] = {0};

    for (size_t i = 0; i < take->limit_count; i++) {
        if (counters[i].expires_us > take->now_us)
            states[i] = counters[i].state;
    }
    int64_t now_us =
        decide_at(take->limits, take->limit_count, states, take->now_us, STORE_MEMORY_SKEW_US);
    decide_operation(take, states, now_us, outcome, keep_us);
    outcome->time_us = now_us + take->ahead_us;
    for (size_t i = 0; i < take->limit_count; i++) {
        if (keep_us[i] == 0)
            continue;
        if (counters[i].state.logged.log != states[i].logged.log)
            state_close(&take->limits[i], &counters[i].state);
        counters[i].state = states[i];
        counters[i].expires_us = now_us + keep_us[i];
    }
}

static void model_forget(struct model_counter counters[], const struct operation *take,
                         struct outcome *outcome)
{
    *outcome = (struct outcome){.status = TAKE_DONE};
    for (size_t i = 0; i < take->limit_count; i++) {
        outcome->count += counters[i].expires_us > take->now_us;
        state_close(&take->limits[i], &counters[i].state);
        counters[i].expires_us = 0;
    }
}

static bool same_outcome(const struct limit_outcome *a, const struct limit_outcome *b)
{
    return a->allowed == b->allowed && a->never == b->never && a->remaining == b->remaining &&
           a->reset_us == b->reset_us && a->retry_us == b->retry_us && a->delay_us == b->delay_us;
}

/* Time mostly goes forward, sometimes by a lot. Sometimes one clock is behind the others. */
static int64_t random_time(struct model *model)
{
    model->latest_us +=
        random_below(100) == 0 ? random_below(20 * SECOND_US) : random_below(SECOND_US / 100);
    return model->latest_us - (random_below(4) == 0 ? random_below(SECOND_US) : 0);
}

static enum operation_kind random_kind(void)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_PART, OPERATION_CHARGE};

    return kinds[random_below(ARRAY_COUNT(kinds))];
}

static void replay(struct memory_table *table, struct operation take, const struct outcome *told)
{
    struct outcome outcome;

    take.now_us = told->time_us - AHEAD_US;
    memory_table_ask(table, &take, &outcome);
    outcomes_equal(&outcome, told);
    assert_int_equal(outcome.time_us, told->time_us);
}

static void history_step(struct model *model, struct memory_table *table,
                         struct memory_table *again, uint64_t seed)
{
    int64_t subject = random_below(MODEL_SUBJECTS);
    int64_t policy = random_below(MODEL_POLICIES);
    struct model_counter *counters = model->counters[subject][policy];
    struct operation take =
        table_take_of(subject, model->limits[policy], 1 + (size_t)policy, random_below(8));
    struct outcome expected;
    struct outcome outcome;

    take.policy_id = (uint64_t)policy;
    take.now_us = random_time(model);
    take.ahead_us = AHEAD_US;
    take.kind = random_kind();
    if (take.kind == OPERATION_CHARGE)
        one_set_cost(&take, random_below(30) - random_below(30));
    if (random_below(20) == 0) {
        model_forget(counters, &take, &expected);
        take.kind = OPERATION_FORGET;
        memory_table_ask(again, &take, &outcome);
        memory_table_ask(table, &take, &outcome);
        if (outcome.count != expected.count)
            fail_msg("seed %" PRIu64 ": forget counts %zu, not %zu", seed, outcome.count,
                     expected.count);
        return;
    }
    model_take(counters, &take, &expected);
    memory_table_ask(table, &take, &outcome);
    if (take.kind != OPERATION_CHARGE && outcome.granted != expected.granted)
        fail_msg("seed %" PRIu64 ": subject %" PRId64 " is granted %" PRId64, seed, subject,
                 outcome.granted);
    if (outcome.time_us != expected.time_us)
        fail_msg("seed %" PRIu64 ": subject %" PRId64 " at %" PRId64, seed, subject,
                 outcome.time_us);
    for (size_t i = 0; i < take.limit_count; i++) {
        if (outcome.allowed != expected.allowed || !same_outcome(&outcome.at[i], &expected.at[i]))
            fail_msg("seed %" PRIu64 ": subject %" PRId64 " limit %zu differs", seed, subject, i);
    }
    replay(again, take, &outcome);
}

static void model_free(struct model *model)
{
    for (size_t subject = 0; subject < MODEL_SUBJECTS; subject++) {
        for (size_t i = 0; i < MODEL_POLICIES * MODEL_LIMITS; i++) {
            size_t policy = i / MODEL_LIMITS;
            size_t which = i % MODEL_LIMITS;

            state_close(&model->limits[policy][which],
                        &model->counters[subject][policy][which].state);
        }
    }
    free(model);
}

static void random_histories_agree_with_a_plain_model(void **state)
{
    uint64_t first_seed = random_seed();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + HISTORIES; seed++) {
        struct model *model = MEMORY_NEW(struct model);
        struct memory_table *table = memory_table_new(65536);
        struct memory_table *again = memory_table_new(65536);

        random_begin(seed);
        model->latest_us = START_US;
        for (size_t i = 0; i < MODEL_POLICIES * MODEL_LIMITS; i++)
            model->limits[i / MODEL_LIMITS][i % MODEL_LIMITS] = random_limit();
        for (size_t policy = 0; policy < MODEL_POLICIES; policy++)
            one_set_tell_apart(model->limits[policy], MODEL_LIMITS);
        for (int step = 0; step < HISTORY_STEPS; step++)
            history_step(model, table, again, seed);
        assert_int_equal(memory_table_usage(table).evictions, 0);
        memory_table_free(table);
        memory_table_free(again);
        model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_agree_with_a_plain_model),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
