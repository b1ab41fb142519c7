/* SPDX-License-Identifier: MIT */
#include "plain_engine.h"

#include "limit/algorithm.h"
#include "state_copy.h"
#include "support/cmocka.h"
#include "support/decide_operation.h"
#include "support/one_set.h"

#include <sodium.h>

static void begin(struct plain_engine *engine, const struct operation *operation);
static bool has_ended(const struct plain_engine *engine, size_t i, int64_t now_us);

void plain_engine_ask(struct plain_engine *engine, const struct operation *operation,
                      struct outcome *outcome)
{
    int64_t keep_us[LIMITS_MAX] = {0};
    struct limit_state before[LIMITS_MAX];

    if (memcmp(&engine->set, &operation->tag, sizeof(engine->set)) != 0) {
        plain_engine_close(engine);
        begin(engine, operation);
    }
    memcpy(before, engine->states, sizeof(before));
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (has_ended(engine, i, operation->now_us))
            engine->states[i] = (struct limit_state){0};
    }
    decide_operation(operation, engine->states, operation->now_us, outcome, keep_us);
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (keep_us[i] == 0 && has_ended(engine, i, operation->now_us))
            engine->states[i] = before[i];
        const bool must_change = operation->kind != OPERATION_CHARGE && outcome->allowed;

        assert_true(keep_us[i] > 0 || !must_change || operation->costs[i] == 0);
        if (keep_us[i] > 0)
            engine->ends_us[i] = operation->now_us + keep_us[i];
    }
}

/* A bucket that has ended is full at any rate. It lies there until something else is kept. */
static bool has_ended(const struct plain_engine *engine, size_t i, int64_t now_us)
{
    return algorithm_of(engine->limits[i].algorithm)->has_burst && engine->ends_us[i] <= now_us;
}

void plain_engine_close(struct plain_engine *engine)
{
    for (size_t i = 0; i < engine->limit_count; i++) {
        state_close(&engine->limits[i], &engine->states[i]);
        engine->ends_us[i] = 0;
    }
}

struct operation plain_operation_next(const struct limit limits[], size_t count)
{
    static uint64_t last;
    struct operation operation = one_set_take(0, limits, count, 0);

    operation.policy_id = ++last;
    randombytes_buf(operation.tag.bytes, sizeof(operation.tag.bytes));
    operation.sets[0] = operation.tag;
    return operation;
}

static void begin(struct plain_engine *engine, const struct operation *operation)
{
    engine->set = operation->tag;
    engine->limit_count = operation->limit_count;
    memcpy(engine->limits, operation->limits,
           operation->limit_count * sizeof(operation->limits[0]));
}
