/* SPDX-License-Identifier: MIT
 *
 * Random histories of one subject. Each answer is compared with the reference model's, to the
 * microsecond. Three engines are compared: the memory engine and the Lua script in a real Redis,
 * both with the time as an argument; and Redis with its own clock, which the test moves.
 *
 * SLUICE_TEST_SEED replays a run. SLUICE_MODEL_HISTORIES sets the number of histories. A history
 * that fails is printed, with only the operations that it needs to fail. */
#include "limit/algorithm.h"

#include "base/arena.h"
#include "base/duration.h"
#include "model_engine.h"
#include "model_history.h"
#include "sample_policy.h"
#include "script_redis.h"
#include "support/cmocka.h"
#include "support/random.h"
#include "support/reference_model.h"

#include <sodium.h>

#define HISTORIES        10000
#define SECOND           SECOND_US
#define POLICY_BYTES     512
#define DIFFERENCE_BYTES 512

/* An engine under test, and the last difference between it and the model. */
struct trial {
    const struct model_engine *engine;
    char difference[DIFFERENCE_BYTES];
};

/* A history that runs through an engine and the model. */
struct run {
    struct trial *trial;
    void *context; /* the engine's */
    struct arena arena;
    struct limit wanted[MODEL_HISTORY_LIMITS];
    const struct policy *policy;
    struct take take;
    struct reference_limit limits[MODEL_HISTORY_LIMITS];
    struct reference_subject subject;
    int64_t packed_until_us; /* is_in_ms: when all states but logs expire */
    int64_t clock_floor_us;
    bool is_evicted; /* since the last charge: so there may be nothing to forget */
};

static void histories_run(const struct model_engine *engine, uint64_t histories);
static uint64_t histories_wanted(void);

static size_t history_failure(void *context, const struct model_history *history);
static bool operation_holds(struct run *run, const struct model_operation *operation);
static void policy_apply(struct run *run, size_t limit_count);
static void policy_write_quoted(const struct limit limits[], size_t count,
                                char text[static POLICY_BYTES]);
static void expire(struct run *run);
static bool check_holds(struct run *run);
static int64_t now_of(const struct run *run);
static bool answer_holds(struct run *run, size_t which, const struct limit_outcome *is,
                         const struct reference_answer *must);
static bool may_keep_log(const struct run *run);
static bool forget_holds(struct run *run);
static bool evict_holds(struct run *run, size_t which);
static void limits_widen(const struct run *run, struct limit wide[],
                         struct reference_limit reference_wide[]);
static bool same_answer(const struct limit_outcome *is, const struct reference_answer *must);
static void clock_floor_raise(struct run *run, int64_t floor_us);
static int64_t in_ms(int64_t until_us);
static int64_t kept_until_us(const struct run *run, size_t which);
static int64_t time_of(const struct run *run, int64_t time_us);
static bool is_any_ahead(const struct run *run);
static void packed_keep(struct run *run, bool is_charge, const struct reference_answer answers[]);

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
    struct trial trial = {.engine = engine};
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

    randombytes_buf(run.take.key.subject.bytes, sizeof(run.take.key.subject.bytes));
    run.clock_floor_us = trial->engine->is_in_ms ? SECOND : 0; /* 0 is the real clock */
    run.take.now_us = time_of(&run, history->start_us + run.clock_floor_us);
    memcpy(run.wanted, history->limits, sizeof(run.wanted));
    policy_apply(&run, history->limit_count);
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
    int64_t floor_us = run->clock_floor_us;

    switch (operation->kind) {
    case MODEL_CHECK:
        run->take.cost = operation->amount;
        expire(run);
        return check_holds(run);
    case MODEL_FORGET:
        expire(run);
        return forget_holds(run);
    case MODEL_EVICT:
        expire(run);
        return evict_holds(run, operation->which);
    case MODEL_EDIT:
        run->wanted[operation->which] = operation->limit;
        policy_apply(run, run->take.limit_count);
        return true;
    case MODEL_CLOCK:
        run->take.now_us += time_of(run, operation->amount);
        run->take.now_us = run->take.now_us < floor_us ? floor_us : run->take.now_us;
        return true;
    }
    return false;
}

/* Gives the limits to a policy. A limit with another algorithm or window starts with a new
 * counter. */
static void policy_apply(struct run *run, size_t limit_count)
{
    char text[POLICY_BYTES];

    policy_write_quoted(run->wanted, limit_count, text);
    const struct policy *policy = sample_policy(&run->arena, text);
    if (run->policy != NULL && memcmp(policy->rule.layout.bytes, run->policy->rule.layout.bytes,
                                      sizeof(policy->rule.layout.bytes)) != 0)
        run->subject = (struct reference_subject){0};
    run->policy = policy;
    run->take.key.layout = policy->rule.layout;
    run->take.limits = policy->rule.limits;
    run->take.limit_count = policy->rule.limit_count;
    for (size_t i = 0; i < limit_count; i++) {
        const struct limit *limit = &run->wanted[i];

        run->limits[i] = (struct reference_limit){
            .algorithm = reference_algorithm_of(algorithm_of(limit->algorithm)->name),
            .quota = limit->quota,
            .window_us = limit->window_us,
            .burst = limit->burst,
        };
    }
}

/* Written for sample_policy(). */
static void policy_write_quoted(const struct limit limits[], size_t count,
                                char text[static POLICY_BYTES])
{
    size_t length = (size_t)snprintf(text, POLICY_BYTES, "{'route_key': '*', 'limits': [");

    for (size_t i = 0; i < count; i++) {
        const struct limit *limit = &limits[i];
        const struct algorithm *algorithm = algorithm_of(limit->algorithm);

        length += (size_t)snprintf(text + length, POLICY_BYTES - length,
                                   "{'algorithm': '%s', 'limit': %lld, 'window_seconds': %lld",
                                   algorithm->name, (long long)limit->quota,
                                   (long long)(limit->window_us / SECOND));
        if (algorithm->has_burst)
            length += (size_t)snprintf(text + length, POLICY_BYTES - length, ", 'burst': %lld",
                                       (long long)limit->burst);
        length +=
            (size_t)snprintf(text + length, POLICY_BYTES - length, i + 1 < count ? "}, " : "}]}");
    }
}

/* An engine may or may not drop what has expired. So the clock does not go back behind an expiry
 * that has passed. */
static void expire(struct run *run)
{
    for (size_t i = 0; i < run->take.limit_count; i++) {
        struct reference_counter *counter = &run->subject.counters[i];
        int64_t until_us = kept_until_us(run, i);

        if (!run->trial->engine->has_expiry || run->take.now_us < until_us)
            continue;
        *counter = (struct reference_counter){0};
        clock_floor_raise(run, until_us);
    }
}

/* An expired counter stays for the rest of its last millisecond. */
static int64_t in_ms(int64_t until_us)
{
    return ((until_us + 999) / 1000 + 1) * 1000;
}

static int64_t kept_until_us(const struct run *run, size_t which)
{
    const int64_t until_us = run->subject.counters[which].kept_until_us;

    if (!run->trial->engine->is_in_ms)
        return until_us;
    return algorithm_state(run->take.limits[which].algorithm) == STATE_LOG ? in_ms(until_us)
                                                                           : run->packed_until_us;
}

/* Rounds down to a whole millisecond, if the engine counts in those. */
static int64_t time_of(const struct run *run, int64_t time_us)
{
    return run->trial->engine->is_in_ms ? time_us / 1000 * 1000 : time_us;
}

/* Whether the state of a limit, other than a log, will be moved. */
static bool is_any_ahead(const struct run *run)
{
    bool is_any = false;

    for (size_t i = 0; i < run->take.limit_count; i++) {
        const struct limit *limit = &run->take.limits[i];
        const struct reference_counter *counter = &run->subject.counters[i];
        const bool counts = counter->is_charged && algorithm_state(limit->algorithm) != STATE_LOG &&
                            !(algorithm_of(limit->algorithm)->has_burst && limit->quota == 0);

        is_any = is_any || (counts && counter->since_us > run->take.now_us);
    }
    return is_any;
}

/* All states but logs are kept as long as the one that lasts longest. If they are moved and nothing
 * is charged, they are kept as long as any limit needs. */
static void packed_keep(struct run *run, bool is_charge, const struct reference_answer answers[])
{
    int64_t until_us = run->take.now_us;

    for (size_t i = 0; i < run->take.limit_count; i++) {
        const int64_t own_us = run->take.now_us + answers[i].reset_us;
        const bool counts =
            !is_charge || algorithm_state(run->take.limits[i].algorithm) != STATE_LOG;

        until_us = counts && own_us > until_us ? own_us : until_us;
    }
    run->packed_until_us = in_ms(until_us);
}

static void clock_floor_raise(struct run *run, int64_t floor_us)
{
    if (run->clock_floor_us < floor_us)
        run->clock_floor_us = floor_us;
}

static bool check_holds(struct run *run)
{
    struct reference_answer answers[MODEL_HISTORY_LIMITS];
    struct outcome outcome = {.status = TAKE_BROKEN};
    bool all_allow = true;
    const bool is_ahead = is_any_ahead(run);
    const bool is_charge = reference_check(&run->subject, run->limits, run->take.limit_count,
                                           now_of(run), run->take.cost, answers);

    if (is_charge)
        run->is_evicted = false;
    if (is_charge || is_ahead)
        packed_keep(run, is_charge, answers);
    run->trial->engine->take(run->context, &run->take, &outcome);
    for (size_t i = 0; i < run->take.limit_count; i++) {
        if (!answer_holds(run, i, &outcome.at[i], &answers[i]))
            return false;
        all_allow = all_allow && answers[i].allowed;
    }
    if (outcome.status == TAKE_DONE && outcome.count == run->take.limit_count &&
        outcome.allowed == all_allow)
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES,
                   "status %d of %zu limits, allowed %d; must be %d of %zu limits, allowed %d",
                   outcome.status, outcome.count, outcome.allowed, TAKE_DONE, run->take.limit_count,
                   all_allow);
    return false;
}

static int64_t now_of(const struct run *run)
{
    return reference_now(&run->subject, run->take.limit_count, run->take.now_us,
                         run->trial->engine->skew_us);
}

static bool answer_holds(struct run *run, size_t which, const struct limit_outcome *is,
                         const struct reference_answer *must)
{
    if (same_answer(is, must))
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES,
                   "limit %zu (%s) at %lld: allowed %d, never %d, remaining %lld, reset_us %lld, "
                   "retry_us %lld, delay_us %lld; must be %d, %d, %lld, %lld, %lld, %lld",
                   which, algorithm_of(run->take.limits[which].algorithm)->name,
                   (long long)run->take.now_us, is->allowed, is->never, (long long)is->remaining,
                   (long long)is->reset_us, (long long)is->retry_us, (long long)is->delay_us,
                   must->allowed, must->never, (long long)must->remaining,
                   (long long)must->reset_us, (long long)must->retry_us, (long long)must->delay_us);
    return false;
}

/* In Redis a log stays stored for a while after its last charge has left. */
static bool may_keep_log(const struct run *run)
{
    bool keeps_log = false;

    for (size_t i = 0; i < run->take.limit_count; i++)
        keeps_log = keeps_log || algorithm_state(run->take.limits[i].algorithm) == STATE_LOG;
    return run->trial->engine->is_in_ms && keeps_log;
}

static bool forget_holds(struct run *run)
{
    bool was_charged = false;

    for (size_t i = 0; i < run->take.limit_count; i++)
        was_charged = was_charged || run->subject.counters[i].is_charged;
    run->subject = (struct reference_subject){0};
    bool is_forgotten = run->trial->engine->forget(run->context, &run->take);
    if (is_forgotten == was_charged || run->is_evicted || (is_forgotten && may_keep_log(run)))
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES, "there was %s to forget",
                   was_charged ? "something" : "nothing");
    return false;
}

/* Counters are evicted one by one, and a look shows which: each is either as before or as if it
 * were new. If both look the same, they stay the same until the clock goes back. */
static bool evict_holds(struct run *run, size_t which)
{
    struct limit wide[MODEL_HISTORY_LIMITS];
    struct reference_limit reference_wide[MODEL_HISTORY_LIMITS];
    struct reference_subject fresh = {0};
    struct reference_answer kept_answers[MODEL_HISTORY_LIMITS];
    struct reference_answer fresh_answers[MODEL_HISTORY_LIMITS];
    struct take look = run->take;
    struct outcome outcome;

    run->take.cost = 0;
    if (!check_holds(run)) /* first moves the states that are in the future */
        return false;
    run->trial->engine->evict(run->context, &run->take, which);
    run->is_evicted = true;
    limits_widen(run, wide, reference_wide);
    look.limits = wide;
    look.cost = 0;
    run->trial->engine->take(run->context, &look, &outcome);
    int64_t now_us = now_of(run);
    reference_check(&run->subject, reference_wide, look.limit_count, now_us, 0, kept_answers);
    reference_check(&fresh, reference_wide, look.limit_count, now_us, 0, fresh_answers);
    for (size_t i = 0; i < run->take.limit_count; i++) {
        bool is_kept = same_answer(&outcome.at[i], &kept_answers[i]);
        bool is_fresh = same_answer(&outcome.at[i], &fresh_answers[i]);

        if (!is_kept && !is_fresh)
            return answer_holds(run, i, &outcome.at[i], &kept_answers[i]);
        if (!is_fresh)
            continue;
        run->subject.counters[i] = (struct reference_counter){0};
        if (is_kept)
            clock_floor_raise(run, run->take.now_us);
    }
    return true;
}

/* Makes limits so wide that each charge under the present ones can be seen. */
static void limits_widen(const struct run *run, struct limit wide[],
                         struct reference_limit reference_wide[])
{
    for (size_t i = 0; i < run->take.limit_count; i++) {
        const struct limit *limit = &run->take.limits[i];

        wide[i] = *limit;
        wide[i].quota = algorithm_quota_max(limit->algorithm);
        wide[i].burst = wide[i].quota;
        if (algorithm_of(limit->algorithm)->has_burst)
            wide[i].quota = 1; /* refilled as slowly as possible */
        reference_wide[i] = run->limits[i];
        reference_wide[i].quota = wide[i].quota;
        reference_wide[i].burst = wide[i].burst;
    }
}

static bool same_answer(const struct limit_outcome *is, const struct reference_answer *must)
{
    return is->allowed == must->allowed && is->never == must->never &&
           is->remaining == must->remaining && is->reset_us == must->reset_us &&
           is->retry_us == must->retry_us && is->delay_us == must->delay_us;
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
