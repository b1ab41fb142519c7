/* SPDX-License-Identifier: MIT */
#include "plain_engine.h"

#include "limit/algorithm.h"
#include "state_copy.h"
#include "support/cmocka.h"
#include "support/one_set.h"

#include <sodium.h>

static void begin(struct plain_engine *engine, const struct operation *operation);
static void operate(struct plain_engine *engine, const struct operation *operation,
                    struct outcome *outcome, int64_t keep_us[]);

void plain_engine_ask(struct plain_engine *engine, const struct operation *operation,
                      struct outcome *outcome)
{
    int64_t keep_us[LIMITS_MAX] = {0};

    if (memcmp(&engine->set, &operation->tag, sizeof(engine->set)) != 0) {
        plain_engine_close(engine);
        begin(engine, operation);
    }
    operate(engine, operation, outcome, keep_us);
    for (size_t i = 0; i < operation->limit_count; i++) {
        const bool must_change = operation->kind != OPERATION_CHARGE && outcome->allowed;

        assert_true(keep_us[i] > 0 || !must_change || operation->costs[i] == 0);
        if (keep_us[i] > 0)
            engine->ends_us[i] = operation->now_us + keep_us[i];
    }
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

static void operate(struct plain_engine *engine, const struct operation *operation,
                    struct outcome *outcome, int64_t keep_us[])
{
    const struct limit *limits = operation->limits;
    const size_t count = operation->limit_count;
    int64_t costs[LIMITS_MAX];

    memcpy(costs, operation->costs, sizeof(costs));
    if (operation->kind == OPERATION_CHARGE) {
        decide_charge(limits, count, engine->states, operation->now_us, costs, outcome, keep_us);
        return;
    }
    if (operation->kind == OPERATION_PART && costs[0] > 0) {
        const int64_t part =
            decide_part(limits, count, engine->states, operation->now_us, costs[0]);

        for (size_t i = 0; i < count; i++)
            costs[i] = part > 0 ? part : 1;
    }
    decide(limits, count, engine->states, operation->now_us, costs, outcome, keep_us);
    outcome->granted = outcome->allowed ? costs[0] : 0;
}
