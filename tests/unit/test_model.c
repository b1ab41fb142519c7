/* SPDX-License-Identifier: MIT
 *
 * Random histories of a policy and a few callers, who have several subjects and cost in several
 * measures. The policy gains, loses, reorders and changes limits, and the version before the last
 * edit goes on deciding some checks. Each answer is compared with the reference model's, to the
 * microsecond. Three engines are compared: the memory engine and the Lua script in a real Redis,
 * both with the time as an argument; and Redis with its own clock, which the test moves.
 *
 * SLUICE_TEST_SEED replays a run. SLUICE_MODEL_HISTORIES sets the number of histories. A history
 * that fails is printed, with only the operations that it needs to fail. */
#include "limit/algorithm.h"

#include "base/arena.h"
#include "base/memory.h"
#include "model_engine.h"
#include "model_history.h"
#include "model_kept.h"
#include "model_use.h"
#include "model_version.h"
#include "script_redis.h"
#include "support/cmocka.h"
#include "support/random.h"

#define HISTORIES        10000
#define DIFFERENCE_BYTES 512

/* An engine under test, and the last difference between it and the model. */
struct trial {
    const struct model_engine *engine;
    struct model_kept *kept; /* by the model, in the present run */
    char difference[DIFFERENCE_BYTES];
};

/* A history that runs through an engine and the model. */
struct run {
    struct trial *trial;
    void *context; /* the engine's */
    struct arena arena;
    struct model_version version;
    struct model_version version_before; /* the last edit */
    int64_t now_us;
    int64_t clock_floor_us;
};

static void histories_run(const struct model_engine *engine, uint64_t histories);
static uint64_t histories_wanted(void);

static size_t history_failure(void *context, const struct model_history *history);
static bool operation_holds(struct run *run, const struct model_operation *operation);
static void clock_step(struct run *run, int64_t step_us);
static int64_t time_of(const struct run *run, int64_t time_us);
static struct operation operation_bind(struct run *run, const struct model_operation *made,
                                       struct model_use *use);
static bool decision_holds(struct run *run, const struct model_operation *made);
static bool outcome_holds(struct run *run, const struct operation *operation,
                          const struct outcome *outcome, const struct reference_answer answers[]);
static bool answer_holds(struct run *run, const struct limit *limit, const struct limit_outcome *is,
                         const struct reference_answer *must);
static bool forget_holds(struct run *run, const struct model_operation *made);
static void lose(struct run *run, const struct model_operation *made);

static void the_model_knows_every_algorithm(void **state)
{
    (void)state;

    for (size_t i = 0; algorithm_names[i] != NULL; i++)
        assert_true(reference_algorithm_of(algorithm_names[i]) < REFERENCE_ALGORITHM_COUNT);
}

static void the_memory_engine_answers_as_the_model(void **state)
{
    (void)state;

    histories_run(&model_memory, histories_wanted());
}

static void the_script_answers_as_the_model(void **state)
{
    (void)state;

    histories_run(&model_script, histories_wanted());
}

/* TIME steps forward and back, and the counters expire by the same clock. */
static void redis_answers_as_the_model_while_its_clock_steps(void **state)
{
    (void)state;

    histories_run(&model_redis, (histories_wanted() + 3) / 4); /* the slowest */
}

/* Each history has a seed of its own, so one that fails is replayed alone. */
static void histories_run(const struct model_engine *engine, uint64_t histories)
{
    struct trial trial = {.engine = engine, .kept = MEMORY_NEW(struct model_kept)};
    uint64_t seed = random_seed();

    for (uint64_t i = 0; i < histories; i++) {
        struct model_history history;

        random_begin(seed + i);
        model_history_make(&history);
        if (history_failure(&trial, &history) == 0)
            continue;
        model_history_shrink(&history, history_failure, &trial);
        model_history_print(&history);
        fail_msg("%s differs from the model: %s\n"
                 "replay with SLUICE_TEST_SEED=%llu SLUICE_MODEL_HISTORIES=1",
                 engine->name, trial.difference, (unsigned long long)(seed + i));
    }
    free(trial.kept);
}

static uint64_t histories_wanted(void)
{
    const char *given = getenv("SLUICE_MODEL_HISTORIES");

    return given == NULL ? HISTORIES : strtoull(given, NULL, 10);
}

/* A model_history_failure_fn; `context` is a trial. */
static size_t history_failure(void *context, const struct model_history *history)
{
    struct trial *trial = context;
    struct run run = {.trial = trial, .context = trial->engine->open()};
    size_t failed = 0;

    model_kept_begin(trial->kept, trial->engine);
    run.clock_floor_us = trial->engine->is_in_ms ? SECOND_US : 0; /* 0 is the real clock */
    run.now_us = time_of(&run, history->start_us + run.clock_floor_us);
    run.version = run.version_before = model_version_of(&history->policy, &run.arena);
    for (size_t i = 0; i < history->count && failed == 0; i++) {
        if (!operation_holds(&run, &history->operations[i]))
            failed = i + 1;
    }
    arena_close(&run.arena);
    trial->engine->close(run.context);
    return failed;
}

static bool operation_holds(struct run *run, const struct model_operation *operation)
{
    switch (operation->kind) {
    case MODEL_TAKE:
    case MODEL_LOOK:
    case MODEL_FILL:
        return decision_holds(run, operation);
    case MODEL_FORGET:
        return forget_holds(run, operation);
    case MODEL_LOSE:
        lose(run, operation);
        return true;
    case MODEL_EDIT:
        run->version_before = run->version;
        run->version = model_version_of(&operation->policy, &run->arena);
        return true;
    case MODEL_CLOCK:
        clock_step(run, operation->step_us);
        return true;
    }
    return false;
}

static void clock_step(struct run *run, int64_t step_us)
{
    run->now_us += time_of(run, step_us);
    if (run->now_us < run->clock_floor_us)
        run->now_us = run->clock_floor_us;
}

/* Rounds down to a whole millisecond, if the engine counts in those. */
static int64_t time_of(const struct run *run, int64_t time_us)
{
    return run->trial->engine->is_in_ms ? time_us / 1000 * 1000 : time_us;
}

/* What is asked of the engine, without costs; and the model's counters for it. */
static struct operation operation_bind(struct run *run, const struct model_operation *made,
                                       struct model_use *use)
{
    const struct model_version *version = made->is_late ? &run->version_before : &run->version;
    struct operation operation = model_version_bind(version, made->values);
    struct reference_place places[REFERENCE_LIMITS_MAX];
    const int64_t expired_us = model_kept_expire(run->trial->kept, run->now_us);

    if (run->clock_floor_us < expired_us)
        run->clock_floor_us = expired_us;
    reference_policy_places(&version->reference, made->values, places);
    *use = (struct model_use){.count = version->reference.count};
    for (size_t i = 0; i < use->count; i++) {
        use->limits[i] = version->reference.limits[i].limit;
        use->counters[i] = model_kept_find(run->trial->kept, &places[i]);
        if (made->kind <= MODEL_FILL)
            operation.costs[i] = made->costs[places[i].measure];
    }
    operation.now_us = run->now_us;
    return operation;
}

static bool decision_holds(struct run *run, const struct model_operation *made)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_LOOK, OPERATION_FILL};
    struct model_use use;
    struct reference_answer answers[REFERENCE_LIMITS_MAX];
    struct outcome outcome = {.status = TAKE_BROKEN};
    struct operation operation = operation_bind(run, made, &use);
    struct operation charged = operation;
    const int64_t now_us = model_use_now(&use, run->now_us, run->trial->engine->skew_us);

    operation.kind = kinds[made->kind];
    if (made->kind == MODEL_LOOK)
        memset(charged.costs, 0, sizeof(charged.costs));
    else if (made->kind == MODEL_FILL)
        model_use_fill(&use, now_us, charged.costs);
    model_use_check(&use, now_us, charged.costs, answers);
    model_kept_write(run->trial->kept, &use, now_us);

    run->trial->engine->ask(run->context, &operation, &outcome);
    return outcome_holds(run, &operation, &outcome, answers);
}

static bool outcome_holds(struct run *run, const struct operation *operation,
                          const struct outcome *outcome, const struct reference_answer answers[])
{
    bool all_allow = true;

    for (size_t i = 0; i < operation->limit_count; i++) {
        if (!answer_holds(run, &operation->limits[i], &outcome->at[i], &answers[i]))
            return false;
        all_allow = all_allow && answers[i].allowed;
    }
    if (outcome->status == TAKE_DONE && outcome->count == operation->limit_count &&
        outcome->allowed == all_allow)
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES,
                   "status %d of %zu limits, allowed %d; must be %d of %zu limits, allowed %d",
                   outcome->status, outcome->count, outcome->allowed, TAKE_DONE,
                   operation->limit_count, all_allow);
    return false;
}

static bool answer_holds(struct run *run, const struct limit *limit, const struct limit_outcome *is,
                         const struct reference_answer *must)
{
    if (is->allowed == must->allowed && is->never == must->never &&
        is->remaining == must->remaining && is->reset_us == must->reset_us &&
        is->retry_us == must->retry_us && is->delay_us == must->delay_us)
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES,
                   "limit %s (%s) at %lld: allowed %d, never %d, remaining %lld, reset_us %lld, "
                   "retry_us %lld, delay_us %lld; must be %d, %d, %lld, %lld, %lld, %lld",
                   limit->name, algorithm_of(limit->algorithm)->name, (long long)run->now_us,
                   is->allowed, is->never, (long long)is->remaining, (long long)is->reset_us,
                   (long long)is->retry_us, (long long)is->delay_us, must->allowed, must->never,
                   (long long)must->remaining, (long long)must->reset_us, (long long)must->retry_us,
                   (long long)must->delay_us);
    return false;
}

/* Forgets the limits that count by given subjects, as a reset does. */
static bool forget_holds(struct run *run, const struct model_operation *made)
{
    struct model_use use;
    struct operation operation = operation_bind(run, made, &use);
    struct limit limits[LIMITS_MAX];
    bool was_charged = false;
    bool may_keep_log = false; /* in Redis a log stays for a while after its last charge has left */
    size_t count = 0;

    for (size_t i = 0; i < use.count; i++) {
        const struct reference_place *place = &use.counters[i]->place;

        if ((place->by & ~made->given) != 0)
            continue;
        limits[count++] = operation.limits[i];
        was_charged = model_kept_forget(run->trial->kept, use.counters[i]) || was_charged;
        may_keep_log = may_keep_log || (run->trial->engine->is_in_ms &&
                                        place->algorithm == REFERENCE_SLIDING_WINDOW_LOG);
    }
    if (count == 0)
        return true;
    operation.limits = limits;
    operation.limit_count = count;

    const bool is_forgotten = run->trial->engine->forget(run->context, &operation);

    if (is_forgotten == was_charged || (is_forgotten && may_keep_log))
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES, "there was %s to forget",
                   was_charged ? "something" : "nothing");
    return false;
}

static void lose(struct run *run, const struct model_operation *made)
{
    struct model_use use;
    const struct operation operation = operation_bind(run, made, &use);

    ASSERT(use.count > 0);
    const size_t which = made->which % use.count;

    (void)model_kept_forget(run->trial->kept, use.counters[which]);
    run->trial->engine->lose(run->context, &operation, which);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_knows_every_algorithm),
        cmocka_unit_test(the_memory_engine_answers_as_the_model),
        cmocka_unit_test(the_script_answers_as_the_model),
        cmocka_unit_test(redis_answers_as_the_model_while_its_clock_steps),
    };

    return cmocka_run_group_tests(tests, script_redis_open_clocked, script_redis_close);
}
