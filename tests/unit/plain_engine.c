/* SPDX-License-Identifier: MIT */
#include "plain_engine.h"

#include "limit/algorithm.h"
#include "state_copy.h"
#include "support/cmocka.h"
#include "support/decide_operation.h"
#include "support/one_set.h"

#include <sodium.h>

static void begin(struct plain_engine *engine, const struct operation *operation);

void plain_engine_ask(struct plain_engine *engine, const struct operation *operation,
                      struct outcome *outcome)
{
    int64_t keep_us[LIMITS_MAX] = {0};

    if (memcmp(&engine->set, &operation->tag, sizeof(engine->set)) != 0) {
        plain_engine_close(engine);
        begin(engine, operation);
    }
    decide_operation(operation, engine->states, operation->now_us, outcome, keep_us);
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
