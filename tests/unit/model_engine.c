/* SPDX-License-Identifier: MIT */
#include "model_engine.h"

#include "script_redis.h"
#include "store/store_memory.h"
#include "support/cmocka.h"

#include <sodium.h>

#define SECOND         INT64_C(1000000)
#define EVICT_SUBJECTS 100 /* more than fit into a stripe of the smallest table */

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
static void redis_close(void *context);
static void redis_take(void *context, const struct take *take, struct outcome *outcome);
static bool redis_forget(void *context, const struct take *take);

const struct model_engine model_memory = {
    .name = "the memory engine",
    .open = memory_open,
    .close = memory_close,
    .take = memory_take,
    .forget = memory_forget,
    .evict = memory_evict,
    .has_expiry = true,
    .skew_us = STORE_MEMORY_SKEW_US,
};
const struct model_engine model_script = {
    .name = "the script",
    .open = script_open,
    .close = script_close,
    .take = script_take,
    .forget = script_forget,
    .evict = script_evict,
};
const struct model_engine model_redis = {
    .name = "redis by its clock",
    .open = script_open,
    .close = redis_close,
    .take = redis_take,
    .forget = redis_forget,
    .evict = script_evict,
    .has_expiry = true,
    .is_in_ms = true,
};

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

/* Fills the subject's stripe with other subjects of its tenant that live longer. */
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

/* Redis evicts whole keys. */
static void script_evict(void *context, const struct take *take, size_t which)
{
    (void)context;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t count = take_script_keys(take, keys);

    (void)redis_server_command(server, "DEL %s", keys[which % count]);
}

static void redis_close(void *context)
{
    script_close(context);
    redis_server_set_clock(server, 0);
}

static void redis_take(void *context, const struct take *take, struct outcome *outcome)
{
    (void)context;
    redis_server_set_clock(server, take->now_us);
    script_redis_take_by_its_clock(take, outcome);
}

static bool redis_forget(void *context, const struct take *take)
{
    redis_server_set_clock(server, take->now_us);
    return script_forget(context, take);
}
