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
#include "limit/charge_log.h"
#include "script_redis.h"
#include "state_copy.h"
#include "store/store_memory.h"
#include "support/cmocka.h"
#include "support/one_set.h"
#include "support/scratch.h"

#include <sodium.h>

#define RANDOM_HISTORIES           200
#define RANDOM_HISTORIES_IN_C_ONLY 20000
#define RANDOM_STEPS               60

/* `context` belongs to the engine. */
typedef void ask_fn(void *context, const struct operation *operation, struct outcome *outcome);

/* The states of the subject that asked last. */
struct plain_engine {
    struct digest set;
    size_t limit_count;
    struct limit limits[LIMITS_MAX];
    struct limit_state states[LIMITS_MAX];
    int64_t ends_us[LIMITS_MAX];
};

/* The life of one subject whose limits sometimes change. */
struct history {
    struct limit limits[LIMITS_MAX];
    struct plain_engine plain;
    struct operation operation;
};

static void run_file(const char *name, ask_fn *ask, void *context);
static void run_case(json_t *document, ask_fn *ask, void *context);
static void step_check(const char *case_name, size_t step, const struct outcome *outcome,
                       json_t *expected);
static size_t limits_from(json_t *list, struct limit limits[LIMITS_MAX]);
static struct operation operation_next(const struct limit limits[], size_t count);
static json_t *vectors_load(const char *name);

static void plain_begin(struct plain_engine *engine, const struct operation *operation);
static void plain_end(struct plain_engine *engine);
static void plain_ask(void *context, const struct operation *operation, struct outcome *outcome);
static void memory_ask(void *context, const struct operation *operation, struct outcome *outcome);
static void script_ask(void *context, const struct operation *operation, struct outcome *outcome);

static void random_seed(void);
static void history_begin(struct history *history);
static void history_step(struct history *history, struct outcome *in_c);
static void history_end(struct history *history);
static size_t random_limits(struct limit limits[LIMITS_MAX]);
static int64_t random_quota(enum algorithm_id algorithm);
static int64_t random_cost(const struct limit *limit);
static void random_room(struct limit *limit);
static int64_t random_step_back(void);
static void outcomes_equal(const struct outcome *a, const struct outcome *b);
static void stored_equal(const struct operation *operation, const struct plain_engine *engine);
static void logs_equal(const struct take_arguments *arguments, const struct operation *operation,
                       const struct limit_state states[]);

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

    plain_end(&engine);
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

static void random_histories_leave_the_same_bits_in_c_and_lua(void **state)
{
    (void)state;
    random_seed();

    for (int i = 0; i < RANDOM_HISTORIES; i++) {
        struct history history;

        history_begin(&history);
        for (int step = 0; step < RANDOM_STEPS; step++) {
            struct outcome in_c = {0};
            struct outcome in_lua = {0};

            history_step(&history, &in_c);
            script_redis_take(&history.operation, &in_lua);

            outcomes_equal(&in_c, &in_lua);
            stored_equal(&history.operation, &history.plain);
        }
        history_end(&history);
    }
}

/* So no answer of the script is taken for one that a flipped bit has made. */
static void random_decisions_are_explained_by_what_was_asked(void **state)
{
    (void)state;
    random_seed();

    for (int i = 0; i < RANDOM_HISTORIES_IN_C_ONLY; i++) {
        struct history history;

        history_begin(&history);
        for (int step = 0; step < RANDOM_STEPS; step++) {
            struct take_arguments arguments;
            struct outcome outcome = {0};

            history_step(&history, &outcome);
            take_arguments_write(&arguments, &history.operation);

            assert_true(take_script_explains(&arguments, &outcome));
        }
        history_end(&history);
    }
}

static void random_seed(void)
{
    unsigned seed = (unsigned)randombytes_random();
    const char *given = getenv("SLUICE_TEST_SEED");

    if (given != NULL)
        seed = (unsigned)strtoul(given, NULL, 10);
    print_message("SLUICE_TEST_SEED=%u\n", seed);
    srand(seed);
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
    struct operation operation = operation_next(limits, count);

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

/* Of a subject that is new. */
static struct operation operation_next(const struct limit limits[], size_t count)
{
    static uint64_t last;
    struct operation operation = one_set_take(0, limits, count, 0);

    operation.policy_id = ++last;
    randombytes_buf(operation.tag.bytes, sizeof(operation.tag.bytes));
    operation.sets[0] = operation.tag;
    return operation;
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
    struct plain_engine *engine = context;
    int64_t keep_us[LIMITS_MAX] = {0};

    if (memcmp(&engine->set, &operation->tag, sizeof(engine->set)) != 0) {
        plain_end(engine);
        plain_begin(engine, operation);
    }
    decide(operation->limits, operation->limit_count, engine->states, operation->now_us,
           operation->costs, outcome, keep_us);
    for (size_t i = 0; i < operation->limit_count; i++) {
        assert_true(keep_us[i] > 0 || !outcome->allowed || operation->costs[i] == 0);
        if (keep_us[i] > 0)
            engine->ends_us[i] = operation->now_us + keep_us[i];
    }
}

static void plain_begin(struct plain_engine *engine, const struct operation *operation)
{
    engine->set = operation->tag;
    engine->limit_count = operation->limit_count;
    memcpy(engine->limits, operation->limits,
           operation->limit_count * sizeof(operation->limits[0]));
}

static void plain_end(struct plain_engine *engine)
{
    for (size_t i = 0; i < engine->limit_count; i++) {
        state_close(&engine->limits[i], &engine->states[i]);
        engine->ends_us[i] = 0;
    }
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

static void history_begin(struct history *history)
{
    *history = (struct history){0};
    history->operation = operation_next(history->limits, random_limits(history->limits));
    history->operation.now_us = rand() % 2 == 0 ? 0 : INT64_C(1763735373123457);
}

/* Makes the next operation, and decides it in C. */
static void history_step(struct history *history, struct outcome *in_c)
{
    struct operation *operation = &history->operation;
    size_t which = (size_t)rand() % operation->limit_count;

    if (rand() % 10 == 0)
        random_room(&history->limits[which]);
    one_set_cost(operation, random_cost(&history->limits[which]));
    if (rand() % 4 == 0)
        operation->costs[which] = random_cost(&history->limits[which]);
    operation->now_us += rand() % 8 == 0 ? -random_step_back() : rand() % (1 << (rand() % 30));
    operation->now_us = operation->now_us < 0 ? 0 : operation->now_us;
    plain_ask(&history->plain, operation, in_c);
}

static void history_end(struct history *history)
{
    plain_end(&history->plain);
}

static size_t random_limits(struct limit limits[LIMITS_MAX])
{
    size_t count = rand() % 2 == 0 ? 1 : 1 + (size_t)rand() % LIMITS_MAX;

    for (size_t i = 0; i < count; i++) {
        enum algorithm_id algorithm = (enum algorithm_id)(rand() % ALGORITHM_COUNT);

        limits[i] = (struct limit){
            .algorithm = algorithm,
            .window_us = INT64_C(1000000) * (1 + rand() % (1 << (rand() % 25))),
        };
        random_room(&limits[i]);
    }
    one_set_tell_apart(limits, count);
    return count;
}

static void random_room(struct limit *limit)
{
    limit->quota = random_quota(limit->algorithm);
    limit->burst =
        algorithm_of(limit->algorithm)->has_burst ? random_quota(limit->algorithm) : limit->quota;
}

/* As by a thread that is late, or by a corrected clock. */
static int64_t random_step_back(void)
{
    return rand() % 2 == 0 ? rand() % 1000000 : INT64_C(10000) * (rand() % 1000000);
}

/* Often small, to meet the edges often, but of every size. */
static int64_t random_quota(enum algorithm_id algorithm)
{
    int64_t max = algorithm_quota_max(algorithm);
    int64_t quota = rand() % 2 == 0 ? rand() % 20 : rand() % (1 << (rand() % 30));

    return rand() % 20 == 0 || quota > max ? max : quota;
}

static int64_t random_cost(const struct limit *limit)
{
    if (rand() % 40 == 0)
        return LIMIT_COST_MAX;
    if (rand() % 4 == 0)
        return 0;
    return rand() % 2 == 0 ? 1 : rand() % (limit->burst + 2);
}

static void outcomes_equal(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->allowed, b->allowed);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->at[i].allowed, b->at[i].allowed);
        assert_int_equal(a->at[i].never, b->at[i].never);
        assert_int_equal(a->at[i].remaining, b->at[i].remaining);
        assert_int_equal(a->at[i].reset_us, b->at[i].reset_us);
        assert_int_equal(a->at[i].retry_us, b->at[i].retry_us);
        assert_int_equal(a->at[i].delay_us, b->at[i].delay_us);
    }
}

/* The machine must be little-endian, because the stored doubles are. */
static void stored_equal(const struct operation *operation, const struct plain_engine *engine)
{
    double entries[LIMITS_MAX * (1 + LIMIT_STATE_NUMBERS)] = {0};
    struct take_arguments arguments;
    size_t count = 0;
    bool untouched = true;

    for (size_t i = 0; i < operation->limit_count; i++) {
        const size_t numbers = algorithm_of(operation->limits[i].algorithm)->state_numbers;

        if (numbers == 0)
            continue;
        entries[count++] = (double)engine->ends_us[i];
        memcpy(&entries[count], engine->states[i].number, numbers * sizeof(entries[0]));
        count += numbers;
        untouched = untouched && engine->ends_us[i] == 0;
    }

    take_arguments_write(&arguments, operation);
    logs_equal(&arguments, operation, engine->states);
    if (arguments.string_count == 0)
        return;
    const redisReply *reply = redis_server_command(server, "GET %s", arguments.keys[0]);
    if (untouched) {
        assert_int_equal(reply->type, REDIS_REPLY_NIL);
    } else {
        const size_t head_bytes = 1 + (size_t)arguments.heads[0] * TAKE_SCRIPT_ID_BYTES;

        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        assert_int_equal(reply->len, head_bytes + count * sizeof(entries[0]));
        assert_memory_equal(reply->str, arguments.heads, head_bytes);
        assert_memory_equal(reply->str + head_bytes, entries, count * sizeof(entries[0]));
    }
}

/* Compares the time and the amount of each charge. */
static void logs_equal(const struct take_arguments *arguments, const struct operation *operation,
                       const struct limit_state states[])
{
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (algorithm_state(operation->limits[i].algorithm) != STATE_LOG)
            continue;
        const struct charge_log *log = states[i].logged.log;
        const redisReply *reply = redis_server_command(server, "ZRANGE %s 0 -1 WITHSCORES",
                                                       arguments->keys[arguments->key_of[i]]);

        assert_int_equal(reply->elements, 2 * charge_log_count(log));
        for (size_t rank = 0; rank < charge_log_count(log); rank++) {
            const struct charge charge = charge_log_at(log, rank);
            const char *member = reply->element[2 * rank]->str;

            assert_int_equal(strtoll(member, NULL, 10), charge.before);
            assert_int_equal(strtoll(reply->element[2 * rank + 1]->str, NULL, 10), charge.at_us);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_gives_the_answers_of_the_vectors),
        cmocka_unit_test(the_memory_engine_gives_the_answers_of_the_vectors),
        cmocka_unit_test(the_script_gives_the_answers_of_the_vectors),
        cmocka_unit_test(random_histories_leave_the_same_bits_in_c_and_lua),
        cmocka_unit_test(random_decisions_are_explained_by_what_was_asked),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_redis_close);
}
