/* SPDX-License-Identifier: MIT
 *
 * The cases of tests/vectors/ run through decide(), the memory engine and the Lua script in a real
 * Redis. All three must give the answers that are written there.
 *
 * A case is a new subject. `limits` are as in a policy, and apply until a step brings others. A
 * limit with `starts_us` has a calendar, and its window is the longest of its periods; a step with
 * `starts_us` changes the calendar of all such limits. `at_us` is Unix time then.
 *
 * A step takes its `cost`; with `part`, what fits of it, which must be `granted`. Or it charges its
 * `charge`, which may be negative. It does so `times` times, or once. `expect` has one outcome per
 * limit: an absent `never` is false, an absent `retry_us` or `delay_us` is 0. If a step says
 * `elsewhere`, its time is outside of the calendar. A store with a clock of its own says so, and
 * nothing changes. The others are always asked in time. */
#include "limit/algorithm.h"

#include "base/arena.h"
#include "base/document.h"
#include "base/form.h"
#include "limit/calendar.h"
#include "plain_engine.h"
#include "script_redis.h"
#include "store/store_memory.h"
#include "support/cmocka.h"
#include "support/one_set.h"
#include "support/scratch.h"

struct engine {
    void (*ask)(void *context, const struct operation *operation, struct outcome *outcome);
    void *context;
    bool has_clock; /* it may say TAKE_ELSEWHEN */
};

/* The limits of a case. */
struct bound {
    size_t count;
    struct limit limits[LIMITS_MAX];
    struct calendar calendars[LIMITS_MAX];
};

static void run_file(const char *name, const struct engine *engine);
static void run_case(json_t *document, const struct engine *engine);
static void run_step(const char *case_name, size_t number, json_t *step,
                     const struct engine *engine, struct operation *operation);
static void operation_from(json_t *step, struct operation *operation);
static void step_check(const char *case_name, size_t step, const struct outcome *outcome,
                       json_t *expected);
static void limits_from(json_t *list, struct bound *bound);
static void calendar_from(json_t *starts, struct calendar *calendar);
static json_t *vectors_load(const char *name);

static void plain_ask(void *context, const struct operation *operation, struct outcome *outcome);
static void memory_ask(void *context, const struct operation *operation, struct outcome *outcome);
static void script_ask(void *context, const struct operation *operation, struct outcome *outcome);

static void vectors_run(const struct engine *engine)
{
    for (size_t i = 0; algorithm_names[i] != NULL; i++)
        run_file(algorithm_names[i], engine);
    run_file("several_limits", engine);
    run_file("charges", engine);
    run_file("parts", engine);
    run_file("periods", engine);
}

static void decide_gives_the_answers_of_the_vectors(void **state)
{
    (void)state;
    struct plain_engine plain = {0};

    vectors_run(&(struct engine){.ask = plain_ask, .context = &plain});

    plain_engine_close(&plain);
}

static void the_memory_engine_gives_the_answers_of_the_vectors(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(1 << 16);

    vectors_run(&(struct engine){.ask = memory_ask, .context = table});

    memory_table_free(table);
}

static void the_script_gives_the_answers_of_the_vectors(void **state)
{
    (void)state;

    vectors_run(&(struct engine){.ask = script_ask, .has_clock = true});
}

static void run_file(const char *name, const struct engine *engine)
{
    json_t *cases = vectors_load(name);
    size_t count = json_array_size(cases);

    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        run_case(json_array_get(cases, i), engine);
    json_decref(cases);
}

static void run_case(json_t *document, const struct engine *engine)
{
    const char *name = json_string_value(json_object_get(document, "name"));
    json_t *steps = json_object_get(document, "steps");
    struct bound bound;

    assert_non_null(name);
    assert_true(json_array_size(steps) > 0);
    limits_from(json_object_get(document, "limits"), &bound);
    struct operation operation = plain_operation_next(bound.limits, bound.count);

    for (size_t i = 0; i < json_array_size(steps); i++) {
        json_t *step = json_array_get(steps, i);
        json_t *changed = json_object_get(step, "limits");
        json_t *starts = json_object_get(step, "starts_us");

        if (changed != NULL)
            limits_from(changed, &bound);
        assert_int_equal(bound.count, operation.limit_count);
        for (size_t limit = 0; limit < bound.count && starts != NULL; limit++)
            calendar_from(starts, &bound.calendars[limit]);
        run_step(name, i, step, engine, &operation);
    }
}

static void run_step(const char *case_name, size_t number, json_t *step,
                     const struct engine *engine, struct operation *operation)
{
    const bool is_elsewhere = json_is_true(json_object_get(step, "elsewhere"));
    struct outcome outcome = {0};

    if (is_elsewhere && !engine->has_clock)
        return;
    operation_from(step, operation);
    for (json_int_t times = json_integer_value(json_object_get(step, "times")); times > 1; times--)
        engine->ask(engine->context, operation, &outcome);
    engine->ask(engine->context, operation, &outcome);

    assert_int_equal(outcome.status, is_elsewhere ? TAKE_ELSEWHEN : TAKE_DONE);
    if (engine->has_clock)
        assert_int_equal(outcome.time_us, operation->now_us);
    if (is_elsewhere)
        return;
    assert_int_equal(outcome.count, operation->limit_count);
    step_check(case_name, number, &outcome, json_object_get(step, "expect"));
    if (operation->kind == OPERATION_PART)
        assert_int_equal(outcome.granted, json_integer_value(json_object_get(step, "granted")));
}

static void operation_from(json_t *step, struct operation *operation)
{
    json_t *charge = json_object_get(step, "charge");
    json_t *cost = charge == NULL ? json_object_get(step, "cost") : charge;

    assert_true(json_is_integer(cost));
    operation->kind = charge != NULL ? OPERATION_CHARGE : OPERATION_TAKE;
    if (json_is_true(json_object_get(step, "part")))
        operation->kind = OPERATION_PART;
    operation->now_us = json_integer_value(json_object_get(step, "at_us"));
    one_set_cost(operation, json_integer_value(cost));
}

static void step_check(const char *case_name, size_t step, const struct outcome *outcome,
                       json_t *expected)
{
    bool all_allowed = true;

    assert_int_equal(json_array_size(expected), outcome->count);
    for (size_t i = 0; i < outcome->count; i++) {
        const struct limit_outcome *is = &outcome->at[i];
        json_t *expect = json_array_get(expected, i);
        struct limit_outcome must = {
            .allowed = json_is_true(json_object_get(expect, "allowed")),
            .never = json_is_true(json_object_get(expect, "never")),
            .remaining = json_integer_value(json_object_get(expect, "remaining")),
            .reset_us = json_integer_value(json_object_get(expect, "reset_us")),
            .retry_us = json_integer_value(json_object_get(expect, "retry_us")),
            .delay_us = json_integer_value(json_object_get(expect, "delay_us")),
        };

        all_allowed = all_allowed && must.allowed;
        if (is->allowed != must.allowed || is->never != must.never ||
            is->remaining != must.remaining || is->reset_us != must.reset_us ||
            is->retry_us != must.retry_us || is->delay_us != must.delay_us) {
            fail_msg("\"%s\", step %zu, limit %zu: allowed %d, never %d, remaining %lld, reset_us "
                     "%lld, retry_us %lld, delay_us %lld",
                     case_name, step, i, is->allowed, is->never, (long long)is->remaining,
                     (long long)is->reset_us, (long long)is->retry_us, (long long)is->delay_us);
        }
    }
    assert_int_equal(outcome->allowed, all_allowed);
}

static void limits_from(json_t *list, struct bound *bound)
{
    struct faults faults = {0};
    struct arena arena = {0}; /* no vector has a text that a limit keeps */

    bound->count = json_array_size(list);
    assert_in_range(bound->count, 1, LIMITS_MAX);
    for (size_t i = 0; i < bound->count; i++) {
        json_t *document = json_copy(json_array_get(list, i));
        json_t *starts = json_object_get(json_array_get(list, i), "starts_us");
        struct limit *limit = &bound->limits[i];
        struct form form;

        (void)json_object_del(document, "starts_us");
        assert_true(form_open(&form, document, "", &faults));
        assert_true(limit_read(&form, "default", &arena, limit));
        form_close(&form);
        json_decref(document);
        if (starts == NULL)
            continue;
        calendar_from(starts, &bound->calendars[i]);
        limit->calendar = &bound->calendars[i];
    }
    assert_int_equal(faults.count, 0);
    arena_close(&arena);
    one_set_tell_apart(bound->limits, bound->count);
}

static void calendar_from(json_t *starts, struct calendar *calendar)
{
    *calendar = (struct calendar){0};
    assert_int_equal(json_array_size(starts), CALENDAR_STARTS);
    for (size_t i = 0; i < CALENDAR_STARTS; i++)
        calendar->starts_us[i] = json_integer_value(json_array_get(starts, i));
}

static json_t *vectors_load(const char *name)
{
    char path[512];
    struct error error = {0};

    snprintf(path, sizeof(path), "%s/%s.json", VECTORS_DIRECTORY, name);
    char *text = scratch_read(path);
    if (text == NULL)
        fail_msg("%s is missing", path);
    json_t *cases = document_parse(text_of(text), &error);
    if (cases == NULL)
        fail_msg("%s: %s", path, error.message);
    free(text);
    return cases;
}

static void plain_ask(void *context, const struct operation *operation, struct outcome *outcome)
{
    plain_engine_ask(context, operation, outcome);
}

static void memory_ask(void *context, const struct operation *operation, struct outcome *outcome)
{
    memory_table_ask(context, operation, outcome);
}

static void script_ask(void *context, const struct operation *operation, struct outcome *outcome)
{
    (void)context;
    script_redis_take(operation, outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_gives_the_answers_of_the_vectors),
        cmocka_unit_test(the_memory_engine_gives_the_answers_of_the_vectors),
        cmocka_unit_test(the_script_gives_the_answers_of_the_vectors),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_redis_close);
}
