/* SPDX-License-Identifier: MIT
 *
 * The cases of tests/vectors/ run through decide(), the memory engine and the Lua script in a real
 * Redis. All three must give the answers that are written there.
 *
 * A case is a new subject. `limits` are as in a policy, and apply until a step brings others.
 * `expect` has one outcome per limit: an absent `never` is false, an absent `retry_us` or
 * `delay_us` is 0. */
#include "limit/algorithm.h"

#include "base/arena.h"
#include "base/document.h"
#include "base/form.h"
#include "plain_engine.h"
#include "script_redis.h"
#include "store/store_memory.h"
#include "support/cmocka.h"
#include "support/one_set.h"
#include "support/scratch.h"

/* `context` belongs to the engine. */
typedef void ask_fn(void *context, const struct operation *operation, struct outcome *outcome);

static void run_file(const char *name, ask_fn *ask, void *context);
static void run_case(json_t *document, ask_fn *ask, void *context);
static void step_check(const char *case_name, size_t step, const struct outcome *outcome,
                       json_t *expected);
static size_t limits_from(json_t *list, struct limit limits[LIMITS_MAX]);
static json_t *vectors_load(const char *name);

static void plain_ask(void *context, const struct operation *operation, struct outcome *outcome);
static void memory_ask(void *context, const struct operation *operation, struct outcome *outcome);
static void script_ask(void *context, const struct operation *operation, struct outcome *outcome);

static void vectors_run(ask_fn *ask, void *context)
{
    for (size_t i = 0; algorithm_names[i] != NULL; i++)
        run_file(algorithm_names[i], ask, context);
    run_file("several_limits", ask, context);
}

static void decide_gives_the_answers_of_the_vectors(void **state)
{
    (void)state;
    struct plain_engine engine = {0};

    vectors_run(plain_ask, &engine);

    plain_engine_close(&engine);
}

static void the_memory_engine_gives_the_answers_of_the_vectors(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(1 << 16);

    vectors_run(memory_ask, table);

    memory_table_free(table);
}

static void the_script_gives_the_answers_of_the_vectors(void **state)
{
    (void)state;

    vectors_run(script_ask, NULL);
}

static void run_file(const char *name, ask_fn *ask, void *context)
{
    json_t *cases = vectors_load(name);
    size_t count = json_array_size(cases);

    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        run_case(json_array_get(cases, i), ask, context);
    json_decref(cases);
}

static void run_case(json_t *document, ask_fn *ask, void *context)
{
    const char *name = json_string_value(json_object_get(document, "name"));
    json_t *steps = json_object_get(document, "steps");
    struct limit limits[LIMITS_MAX];

    assert_non_null(name);
    assert_true(json_array_size(steps) > 0);
    const size_t count = limits_from(json_object_get(document, "limits"), limits);
    struct operation operation = plain_operation_next(limits, count);

    for (size_t i = 0; i < json_array_size(steps); i++) {
        json_t *step = json_array_get(steps, i);
        json_t *changed = json_object_get(step, "limits");
        struct outcome outcome = {0};

        if (changed != NULL)
            assert_int_equal(limits_from(changed, limits), count);
        operation.now_us = json_integer_value(json_object_get(step, "at_us"));
        one_set_cost(&operation, json_integer_value(json_object_get(step, "cost")));
        ask(context, &operation, &outcome);

        assert_int_equal(outcome.status, TAKE_DONE);
        assert_int_equal(outcome.count, count);
        step_check(name, i, &outcome, json_object_get(step, "expect"));
    }
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
            is->retry_us != must.retry_us || is->delay_us != must.delay_us)
            fail_msg("\"%s\", step %zu, limit %zu: allowed %d, never %d, remaining %lld, reset_us "
                     "%lld, retry_us %lld, delay_us %lld",
                     case_name, step, i, is->allowed, is->never, (long long)is->remaining,
                     (long long)is->reset_us, (long long)is->retry_us, (long long)is->delay_us);
    }
    assert_int_equal(outcome->allowed, all_allowed);
}

static size_t limits_from(json_t *list, struct limit limits[LIMITS_MAX])
{
    struct faults faults = {0};
    struct arena arena = {0}; /* no vector has a text that a limit keeps */
    size_t count = json_array_size(list);

    assert_in_range(count, 1, LIMITS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct form form;

        assert_true(form_open(&form, json_array_get(list, i), "", &faults));
        assert_true(limit_read(&form, "default", &arena, &limits[i]));
        form_close(&form);
    }
    assert_int_equal(faults.count, 0);
    arena_close(&arena);
    one_set_tell_apart(limits, count);
    return count;
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
