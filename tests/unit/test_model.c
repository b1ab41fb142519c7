/* SPDX-License-Identifier: MIT
 *
 * Random histories of a policy and a few callers, who have several subjects and cost in several
 * measures. Their checks may change quotas, may be of low priority, or take a part; and there are
 * charges after the fact. Some windows are periods of a calendar. The policy gains, loses, reorders
 * and changes limits, and the version before the last edit goes on deciding some checks. Each
 * answer is compared with the reference model's, to the microsecond. Three engines are compared:
 * the memory engine and the Lua script in a real Redis, both with the time as an argument; and
 * Redis with its own clock, which the test moves.
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
#define WALL_MIN_US      INT64_C(600000000000000)  /* 1989 */
#define WALL_MAX_US      INT64_C(2051222400000000) /* 2035 */

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
    int64_t ahead_us; /* the clock on the wall minus that which decides; 0 if it is the same */
    bool has_periods;
    int64_t wrong_us; /* how far the caller's clock on the wall is ahead of the store's */
};

static void histories_run(const struct model_engine *engine, uint64_t histories);
static uint64_t histories_wanted(void);

static size_t history_failure(void *context, const struct model_history *history);
static bool operation_holds(struct run *run, const struct model_operation *operation);
static const struct model_version *version_of(const struct run *run,
                                              const struct model_operation *made);
static void clock_step(struct run *run, const struct model_operation *made);
static int64_t step_of(const struct run *run, const struct model_operation *made);
static int64_t time_of(const struct run *run, int64_t time_us);
static void wall_step(struct run *run, const struct model_operation *made);
static bool is_in_reach(const struct run *run, int64_t wall_us);
static struct operation operation_bind(struct run *run, const struct model_operation *made,
                                       int64_t wrong_us, struct model_bound *bound,
                                       struct model_use *use);
static bool elsewhen_holds(struct run *run, const struct operation *operation);
static bool part_holds(struct run *run, const struct operation *charged, int64_t cost,
                       const struct outcome *outcome);
static bool decision_holds(struct run *run, const struct model_operation *made);
static bool outcome_holds(struct run *run, const struct operation *operation, int64_t now_us,
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
    /* Redis takes 0 for the real clock, and a window that is not used must have a start. */
    run.clock_floor_us = trial->engine->is_in_ms ? SECOND_US : 1;
    run.now_us = time_of(&run, history->start_us + run.clock_floor_us);
    if (history->wall_us > 0 && trial->engine->is_by_process)
        run.ahead_us = history->wall_us - run.now_us;
    else if (history->wall_us > 0)
        run.now_us = time_of(&run, history->wall_us);
    run.has_periods = history->wall_us > 0;
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
    case MODEL_PART:
    case MODEL_CHARGE:
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
        clock_step(run, operation);
        return true;
    case MODEL_WALL:
        wall_step(run, operation);
        return true;
    }
    return false;
}

static const struct model_version *version_of(const struct run *run,
                                              const struct model_operation *made)
{
    return made->is_late ? &run->version_before : &run->version;
}

static void clock_step(struct run *run, const struct model_operation *made)
{
    int64_t now_us = run->now_us + time_of(run, step_of(run, made));

    if (now_us < run->clock_floor_us)
        now_us = run->clock_floor_us;
    if (is_in_reach(run, now_us + run->ahead_us))
        run->now_us = now_us;
}

static int64_t step_of(const struct run *run, const struct model_operation *made)
{
    const struct reference_policy *policy = &run->version.reference;
    const struct reference_limit *limit = &policy->limits[made->which % policy->count].limit;
    const int64_t wall_us = run->now_us + run->ahead_us;

    if (!made->is_from_end)
        return made->step_us;
    if (limit->period.unit == REFERENCE_NO_PERIOD)
        return 0;
    return reference_period_end(&limit->period, wall_us) - wall_us + made->step_us;
}

static void wall_step(struct run *run, const struct model_operation *made)
{
    if (!run->trial->engine->is_by_process)
        run->wrong_us = made->step_us;
    else if (is_in_reach(run, run->now_us + run->ahead_us + made->step_us))
        run->ahead_us += made->step_us;
}

/* Where the model knows the zones. */
static bool is_in_reach(const struct run *run, int64_t wall_us)
{
    return !run->has_periods || (wall_us > WALL_MIN_US && wall_us < WALL_MAX_US);
}

/* Rounds down to a whole millisecond, if the engine counts in those. */
static int64_t time_of(const struct run *run, int64_t time_us)
{
    return run->trial->engine->is_in_ms ? time_us / 1000 * 1000 : time_us;
}

/* What is asked of the engine, without costs; and the model's counters for it. */
static struct operation operation_bind(struct run *run, const struct model_operation *made,
                                       int64_t wrong_us, struct model_bound *bound,
                                       struct model_use *use)
{
    const struct model_version *version = version_of(run, made);
    const struct model_caller caller = {
        .values = made->values,
        .terms = &made->terms,
        .wall_us = run->now_us + run->ahead_us + wrong_us,
        .ahead_us = run->ahead_us,
    };
    struct reference_place places[REFERENCE_LIMITS_MAX];
    const int64_t expired_us = model_kept_expire(run->trial->kept, run->now_us);

    if (run->clock_floor_us < expired_us)
        run->clock_floor_us = expired_us;
    model_version_limits(version, &caller, &run->arena, bound);
    struct operation operation = model_version_bind(version, made->values, bound);
    reference_policy_places(&version->reference, made->values, places);
    *use = (struct model_use){.count = version->reference.count};
    for (size_t i = 0; i < use->count; i++) {
        use->limits[i] = bound->reference[i];
        use->counters[i] = model_kept_find(run->trial->kept, &places[i]);
        operation.costs[i] = made->costs[made->kind == MODEL_PART ? 0 : places[i].measure];
    }
    operation.now_us = run->now_us;
    return operation;
}

static bool decision_holds(struct run *run, const struct model_operation *made)
{
    static const enum operation_kind kinds[] = {
        [MODEL_TAKE] = OPERATION_TAKE,     [MODEL_LOOK] = OPERATION_LOOK,
        [MODEL_FILL] = OPERATION_FILL,     [MODEL_PART] = OPERATION_PART,
        [MODEL_CHARGE] = OPERATION_CHARGE,
    };
    const int64_t wall_us = run->now_us + run->ahead_us;
    const int64_t wrong_us = is_in_reach(run, wall_us + run->wrong_us) ? run->wrong_us : 0;
    struct model_use use;
    struct model_bound bound;
    struct reference_answer answers[REFERENCE_LIMITS_MAX];
    struct outcome outcome = {.status = TAKE_BROKEN};
    struct operation operation = operation_bind(run, made, wrong_us, &bound, &use);

    operation.kind = kinds[made->kind];
    if (!model_bound_knows(&bound, wall_us)) {
        if (!elsewhen_holds(run, &operation))
            return false;
        operation = operation_bind(run, made, 0, &bound, &use);
        operation.kind = kinds[made->kind];
    }

    struct operation charged = operation;
    const int64_t now_us = model_use_now(&use, run->now_us, run->trial->engine->skew_us);

    if (made->kind == MODEL_LOOK)
        memset(charged.costs, 0, sizeof(charged.costs));
    else if (made->kind == MODEL_FILL)
        model_use_fill(&use, now_us, charged.costs);
    else if (made->kind == MODEL_PART)
        model_use_part(&use, now_us, charged.costs);
    if (made->kind == MODEL_CHARGE || made->kind == MODEL_FILL)
        model_use_charge(&use, now_us, charged.costs, answers);
    else
        model_use_check(&use, now_us, charged.costs, answers);
    model_kept_write(run->trial->kept, &use, now_us);

    run->trial->engine->ask(run->context, &operation, &outcome);
    return outcome_holds(run, &operation, now_us, &outcome, answers) &&
           (made->kind != MODEL_PART || part_holds(run, &charged, operation.costs[0], &outcome));
}

/* The store's time is outside of the caller's calendars: it does nothing, and says the time. */
static bool elsewhen_holds(struct run *run, const struct operation *operation)
{
    struct outcome outcome = {.status = TAKE_BROKEN};

    run->trial->engine->ask(run->context, operation, &outcome);
    if (outcome.status == TAKE_ELSEWHEN && outcome.time_us == run->now_us)
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES,
                   "status %d at %lld; must be %d, because the time is %lld", outcome.status,
                   (long long)outcome.time_us, TAKE_ELSEWHEN, (long long)run->now_us);
    return false;
}

/* `charged` has what the model grants, or 1 if it grants nothing. */
static bool part_holds(struct run *run, const struct operation *charged, int64_t cost,
                       const struct outcome *outcome)
{
    const int64_t granted = outcome->allowed && cost > 0 ? charged->costs[0] : 0;

    if (outcome->granted == granted)
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES, "granted %lld of %lld; must be %lld",
                   (long long)outcome->granted, (long long)cost, (long long)granted);
    return false;
}

static bool outcome_holds(struct run *run, const struct operation *operation, int64_t now_us,
                          const struct outcome *outcome, const struct reference_answer answers[])
{
    bool all_allow = true;

    for (size_t i = 0; i < operation->limit_count; i++) {
        if (!answer_holds(run, &operation->limits[i], &outcome->at[i], &answers[i]))
            return false;
        all_allow = all_allow && answers[i].allowed;
    }
    if (outcome->status == TAKE_DONE && outcome->count == operation->limit_count &&
        outcome->allowed == all_allow && outcome->time_us == now_us)
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES,
                   "status %d of %zu limits, allowed %d, at %lld; must be %d of %zu limits, "
                   "allowed %d, at %lld",
                   outcome->status, outcome->count, outcome->allowed, (long long)outcome->time_us,
                   TAKE_DONE, operation->limit_count, all_allow, (long long)now_us);
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
    struct model_bound bound;
    struct operation operation = operation_bind(run, made, 0, &bound, &use);
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
    struct model_bound bound;
    const struct operation operation = operation_bind(run, made, 0, &bound, &use);

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

    return cmocka_run_group_tests(tests, script_redis_open, script_redis_close);
}
