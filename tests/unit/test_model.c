/* SPDX-License-Identifier: MIT
 *
 * Random histories of one subject, each answer compared with that of the reference model: against
 * the memory engine, and against the Lua script in a real Redis, both with a clock handed in.
 *
 * SLUICE_TEST_SEED replays a run, SLUICE_MODEL_HISTORIES sets how many histories there are. A
 * history that fails is printed with only those of its operations that it takes to fail.
 *
 * Answers are to be equal to the microsecond. */
#include "limit/algorithm.h"

#include "base/arena.h"
#include "base/duration.h"
#include "model_history.h"
#include "sample_policy.h"
#include "script_redis.h"
#include "store/store_memory.h"
#include "support/cmocka.h"
#include "support/random.h"
#include "support/reference_model.h"

#include <sodium.h>

#define HISTORIES        10000
#define SECOND           SECOND_US
#define POLICY_BYTES     512
#define DIFFERENCE_BYTES 512
#define EVICT_SUBJECTS   100 /* more than a stripe of the smallest table holds */

struct engine {
    const char *name;
    void *(*open)(void); /* for one history */
    void (*close)(void *context);
    void (*take)(void *context, const struct take *take, struct outcome *outcome);
    bool (*forget)(void *context, const struct take *take); /* whether there was anything */
    void (*evict)(void *context, const struct take *take, size_t which);
    bool has_expiry; /* on the clock handed in */
    int64_t skew_us; /* it takes a clock that is behind by this for one that is late */
};

/* An engine under test, and where it and the model differed last. */
struct trial {
    const struct engine *engine;
    char difference[DIFFERENCE_BYTES];
};

/* A history on its way through an engine and the model. */
struct run {
    struct trial *trial;
    void *context; /* the engine's */
    struct arena arena;
    struct limit wanted[MODEL_HISTORY_LIMITS];
    const struct policy *policy;
    struct take take;
    struct reference_limit limits[MODEL_HISTORY_LIMITS];
    struct reference_subject subject;
    int64_t clock_floor_us;
    bool is_evicted; /* since the last charge: something may be left to forget, or not */
};

static void histories_run(const struct engine *engine, uint64_t histories);
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
static bool forget_holds(struct run *run);
static bool evict_holds(struct run *run, size_t which);
static void limits_widen(const struct run *run, struct limit wide[],
                         struct reference_limit reference_wide[]);
static bool same_answer(const struct limit_outcome *is, const struct reference_answer *must);
static void clock_floor_raise(struct run *run, int64_t floor_us);

static void *memory_open(void);
static void memory_close(void *context);
static void memory_take(void *context, const struct take *take, struct outcome *outcome);
static bool memory_forget(void *context, const struct take *take);
static void memory_evict(void *context, const struct take *take, size_t which);
static void *script_open(void);
static void script_close(void *context);
static void script_take(void *context, const struct take *take, struct outcome *outcome);
static bool script_forget(void *context, const struct take *take);
static void script_evict(void *context, const struct take *take, size_t which);

/* The counters of the memory engine expire by the clock handed in, those of the script never: see
 * script_redis_take(). */
static const struct engine memory_engine = {
    "the memory engine", memory_open,  memory_close, memory_take,
    memory_forget,       memory_evict, true,         STORE_MEMORY_SKEW_US,
};
static const struct engine script_engine = {
    "the script", script_open, script_close, script_take, script_forget, script_evict, false, 0,
};

static void the_model_knows_every_algorithm(void **state)
{
    (void)state;

    for (size_t i = 0; algorithm_names[i] != NULL; i++)
        assert_true(reference_algorithm_of(algorithm_names[i]) < REFERENCE_ALGORITHM_COUNT);
}

static void the_memory_engine_answers_as_the_model(void **state)
{
    (void)state;

    histories_run(&memory_engine, histories_wanted());
}

static void the_script_answers_as_the_model(void **state)
{
    (void)state;

    histories_run(&script_engine, histories_wanted());
}

/* Each history has a seed of its own, so one that fails is replayed alone. */
static void histories_run(const struct engine *engine, uint64_t histories)
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
    run.take.now_us = history->start_us;
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
        run->take.now_us += operation->amount;
        run->take.now_us = run->take.now_us < floor_us ? floor_us : run->take.now_us;
        return true;
    }
    return false;
}

/* The limits as a policy has them; with other algorithms or windows its counters start afresh. */
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

/* As sample_policy() reads it. */
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

/* An engine may throw away what has expired, or not: from then on the clock does not go back behind
 * that. */
static void expire(struct run *run)
{
    for (size_t i = 0; i < run->take.limit_count; i++) {
        struct reference_counter *counter = &run->subject.counters[i];
        int64_t until_us = counter->kept_until_us;

        if (!run->trial->engine->has_expiry || run->take.now_us < until_us)
            continue;
        *counter = (struct reference_counter){0};
        clock_floor_raise(run, until_us);
    }
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

    if (reference_check(&run->subject, run->limits, run->take.limit_count, now_of(run),
                        run->take.cost, answers))
        run->is_evicted = false;
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

static bool forget_holds(struct run *run)
{
    bool was_charged = false;

    for (size_t i = 0; i < run->take.limit_count; i++)
        was_charged = was_charged || run->subject.counters[i].is_charged;
    run->subject = (struct reference_subject){0};
    bool is_forgotten = run->trial->engine->forget(run->context, &run->take);
    if (is_forgotten == was_charged || run->is_evicted)
        return true;
    (void)snprintf(run->trial->difference, DIFFERENCE_BYTES, "there was %s to forget",
                   was_charged ? "something" : "nothing");
    return false;
}

/* Counters go one by one, and which of them did is seen by looking: each is as it was, or as if it
 * had never been. Where that is the same, it is the same as long as the clock does not go back. */
static bool evict_holds(struct run *run, size_t which)
{
    struct limit wide[MODEL_HISTORY_LIMITS];
    struct reference_limit reference_wide[MODEL_HISTORY_LIMITS];
    struct reference_subject fresh = {0};
    struct reference_answer kept_answers[MODEL_HISTORY_LIMITS];
    struct reference_answer fresh_answers[MODEL_HISTORY_LIMITS];
    struct take look = run->take;
    struct outcome outcome;

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

/* Limits under which everything shows that was ever charged under the present ones. */
static void limits_widen(const struct run *run, struct limit wide[],
                         struct reference_limit reference_wide[])
{
    for (size_t i = 0; i < run->take.limit_count; i++) {
        const struct limit *limit = &run->take.limits[i];

        wide[i] = *limit;
        wide[i].quota = algorithm_quota_max(limit->algorithm);
        wide[i].burst = wide[i].quota;
        if (algorithm_of(limit->algorithm)->has_burst)
            wide[i].quota = 1; /* refilled as slowly as can be */
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

static void *memory_open(void)
{
    return memory_table_new(1024);
}

static void memory_close(void *context)
{
    memory_table_free(context);
}

static void memory_take(void *context, const struct take *take, struct outcome *outcome)
{
    memory_table_take(context, take, outcome);
}

static bool memory_forget(void *context, const struct take *take)
{
    struct outcome outcome;

    memory_table_forget(context, take, &outcome);
    assert_true(outcome.count == 0 || outcome.count == take->limit_count);
    return outcome.count > 0;
}

/* Fills the stripe of this subject with others of its tenant, which stay longer. */
static void memory_evict(void *context, const struct take *take, size_t which)
{
    struct limit year = {.quota = 1, .window_us = LIMIT_WINDOW_S_MAX * SECOND, .burst = 1};
    struct take flood = *take;
    struct outcome outcome;

    (void)which;
    flood.limits = &year;
    flood.limit_count = 1;
    flood.cost = 1;
    for (int i = 0; i < EVICT_SUBJECTS; i++) {
        randombytes_buf(flood.key.subject.bytes, sizeof(flood.key.subject.bytes) / 2);
        memory_table_take(context, &flood, &outcome);
    }
}

static void *script_open(void)
{
    return NULL;
}

static void script_close(void *context)
{
    (void)context;

    (void)redis_server_command(server, "FLUSHALL");
}

static void script_take(void *context, const struct take *take, struct outcome *outcome)
{
    (void)context;
    script_redis_take(take, outcome);
}

static bool script_forget(void *context, const struct take *take)
{
    (void)context;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t count = take_script_keys(take, keys);
    bool had_counters = false;

    for (size_t i = 0; i < count; i++) {
        const redisReply *deleted = redis_server_command(server, "DEL %s", keys[i]);

        had_counters = had_counters || deleted->integer > 0;
    }
    return had_counters;
}

/* Redis throws away whole keys. */
static void script_evict(void *context, const struct take *take, size_t which)
{
    (void)context;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t count = take_script_keys(take, keys);

    (void)redis_server_command(server, "DEL %s", keys[which % count]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_knows_every_algorithm),
        cmocka_unit_test(the_memory_engine_answers_as_the_model),
        cmocka_unit_test(the_script_answers_as_the_model),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_redis_close);
}
