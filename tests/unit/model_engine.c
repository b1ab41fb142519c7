/* SPDX-License-Identifier: MIT */
#include "model_engine.h"

#include "script_redis.h"
#include "store/store_memory.h"
#include "support/cmocka.h"

#define COUNTERS_MAX (1 << 15) /* so that no stripe is full */

static void *memory_open(void);
static void memory_close(void *context);
static void memory_ask(void *context, const struct operation *operation, struct outcome *outcome);
static bool memory_forget(void *context, const struct operation *operation);
static void memory_lose(void *context, const struct operation *operation, size_t which);
static void *script_open(void);
static void script_close(void *context);
static void script_ask(void *context, const struct operation *operation, struct outcome *outcome);
static bool script_forget(void *context, const struct operation *operation);
static void script_lose(void *context, const struct operation *operation, size_t which);
static void redis_close(void *context);
static void redis_ask(void *context, const struct operation *operation, struct outcome *outcome);
static bool redis_forget(void *context, const struct operation *operation);
static void redis_lose(void *context, const struct operation *operation, size_t which);

const struct model_engine model_memory = {
    .name = "the memory engine",
    .open = memory_open,
    .close = memory_close,
    .ask = memory_ask,
    .forget = memory_forget,
    .lose = memory_lose,
    .has_expiry = true,
    .is_by_process = true,
    .skew_us = STORE_MEMORY_SKEW_US,
};
const struct model_engine model_script = {
    .name = "the script",
    .open = script_open,
    .close = script_close,
    .ask = script_ask,
    .forget = script_forget,
    .lose = script_lose,
    .has_strings = true,
};
const struct model_engine model_redis = {
    .name = "redis by its clock",
    .open = script_open,
    .close = redis_close,
    .ask = redis_ask,
    .forget = redis_forget,
    .lose = redis_lose,
    .has_strings = true,
    .has_expiry = true,
    .is_in_ms = true,
};

static void *memory_open(void)
{
    return memory_table_new(COUNTERS_MAX);
}

static void memory_close(void *context)
{
    memory_table_free(context);
}

static void memory_ask(void *context, const struct operation *operation, struct outcome *outcome)
{
    memory_table_ask(context, operation, outcome);
}

static bool memory_forget(void *context, const struct operation *operation)
{
    struct operation forget = *operation;
    struct outcome outcome;

    forget.kind = OPERATION_FORGET;
    memory_table_ask(context, &forget, &outcome);
    assert_in_range(outcome.count, 0, operation->limit_count);
    return outcome.count > 0;
}

/* An eviction takes one counter away, as this does. */
static void memory_lose(void *context, const struct operation *operation, size_t which)
{
    struct operation one = *operation;

    one.limits = &operation->limits[which];
    one.limit_count = 1;
    (void)memory_forget(context, &one);
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

static void script_ask(void *context, const struct operation *operation, struct outcome *outcome)
{
    (void)context;
    script_redis_take(operation, outcome);
}

static bool script_forget(void *context, const struct operation *operation)
{
    (void)context;
    struct operation forget = *operation;
    struct take_arguments arguments;
    bool had_any = false;

    forget.kind = OPERATION_FORGET;
    take_arguments_write(&arguments, &forget);
    arguments.argv[0] = "EVAL";
    arguments.lengths[0] = strlen("EVAL");
    arguments.argv[1] = take_script_forget;
    arguments.lengths[1] = strlen(take_script_forget);
    redisReply *left_ms = script_redis_run(arguments.count, arguments.argv, arguments.lengths);
    assert_int_equal(left_ms->type, REDIS_REPLY_ARRAY);
    for (size_t i = 0; i < left_ms->elements; i++)
        had_any = had_any || left_ms->element[i]->integer >= 0;
    freeReplyObject(left_ms);
    return had_any;
}

/* Redis evicts whole keys. */
static void script_lose(void *context, const struct operation *operation, size_t which)
{
    (void)context;
    struct take_arguments arguments;

    take_arguments_write(&arguments, operation);
    (void)redis_server_command(server, "DEL %s", arguments.keys[arguments.key_of[which]]);
}

static void redis_close(void *context)
{
    script_close(context);
    redis_server_set_clock(server, 0);
}

static void redis_ask(void *context, const struct operation *operation, struct outcome *outcome)
{
    (void)context;
    redis_server_set_clock(server, operation->now_us);
    script_redis_take_by_its_clock(operation, outcome);
}

static bool redis_forget(void *context, const struct operation *operation)
{
    redis_server_set_clock(server, operation->now_us);
    return script_forget(context, operation);
}

static void redis_lose(void *context, const struct operation *operation, size_t which)
{
    redis_server_set_clock(server, operation->now_us);
    script_lose(context, operation, which);
}
