/* SPDX-License-Identifier: MIT
 *
 * Stripes, each a lock and a table of counters. The stripe follows from the subject alone, so all
 * limits of a take are decided and charged under one lock.
 *
 * A counter's id is the subject's digest XORed with the name of the limit. It is still a keyed
 * hash, so no client can make ids collide in a slot or a stripe. */
#include "store/store_memory.h"

#include "base/memory.h"
#include "limit/algorithm.h"
#include "store/counter_table.h"

#include <pthread.h>

#define STRIPES            64
#define COUNTERS_MIN       1024
#define CACHE_LINE_PADDING 64

_Static_assert(COUNTERS_MIN / STRIPES >= COUNTER_TABLE_COUNT_MIN, "a stripe holds any one take");

struct stripe {
    pthread_mutex_t lock;
    struct counter_table counters;  /* guarded by `lock`, as `refused` */
    uint64_t refused;               /* impossible states */
    char apart[CACHE_LINE_PADDING]; /* so that no two locks share a cache line */
};

struct memory_table {
    struct stripe stripes[STRIPES];
};

struct store_memory {
    struct store store;
    struct memory_table *table; /* borrowed */
};

static struct stripe *stripe_of(struct memory_table *table, const struct take *take,
                                struct counter_id ids[static LIMITS_MAX]);
static bool counts(const struct counter *counter, const struct limit *limit, int64_t now_us);
static void keep(struct counter_table *counters, const struct take *take, int64_t now_us,
                 const struct counter_id ids[], struct counter *const found[],
                 const struct limit_state states[], const int64_t keep_us[]);
static int64_t expiry_of(int64_t now_us, int64_t keep_us);
static enum store_answer engine_take(struct store *store, const struct take *take,
                                     struct outcome *outcome, void *context, store_done_fn *done);
static enum store_answer engine_forget(struct store *store, const struct take *take,
                                       struct outcome *outcome, void *context, store_done_fn *done);
static void engine_serve(struct store *store);
static bool engine_is_ready(const struct store *store);
static struct store_health engine_health(const struct store *store);
static void engine_free(struct store *store);

static const struct store_engine memory_engine = {
    .take = engine_take,
    .forget = engine_forget,
    .serve = engine_serve,
    .is_ready = engine_is_ready,
    .health = engine_health,
    .free = engine_free,
};

struct memory_table *memory_table_new(size_t counters_max)
{
    ASSERT(counters_max >= COUNTERS_MIN);
    ASSERT(counters_max / STRIPES <= COUNTER_TABLE_COUNT_MAX);

    struct memory_table *table = MEMORY_NEW(struct memory_table);

    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&table->stripes[i].lock, NULL);
        counter_table_init(&table->stripes[i].counters, (uint32_t)(counters_max / STRIPES));
    }
    return table;
}

void memory_table_free(struct memory_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < STRIPES; i++) {
        counter_table_close(&table->stripes[i].counters);
        pthread_mutex_destroy(&table->stripes[i].lock);
    }
    free(table);
}

void memory_table_take(struct memory_table *table, const struct take *take, struct outcome *outcome)
{
    struct counter_id ids[LIMITS_MAX];
    struct counter *found[LIMITS_MAX];
    struct limit_state states[LIMITS_MAX] = {0};
    int64_t keep_us[LIMITS_MAX];
    int64_t cost = take->cost;
    struct stripe *stripe = stripe_of(table, take, ids);

    pthread_mutex_lock(&stripe->lock);
    for (size_t i = 0; i < take->limit_count; i++) {
        found[i] = counter_table_find(&stripe->counters, ids[i]);
        if (found[i] != NULL && counts(found[i], &take->limits[i], take->now_us))
            states[i] = found[i]->state;
    }
    int64_t now_us =
        decide_at(take->limits, take->limit_count, states, take->now_us, STORE_MEMORY_SKEW_US);
    if (take->fills)
        cost = decide_what_fits(take->limits, take->limit_count, states, now_us, cost);
    decide(take->limits, take->limit_count, states, now_us, cost, outcome, keep_us);
    stripe->refused += outcome->refused;
    keep(&stripe->counters, take, now_us, ids, found, states, keep_us);
    pthread_mutex_unlock(&stripe->lock);
}

void memory_table_forget(struct memory_table *table, const struct take *take,
                         struct outcome *outcome)
{
    struct counter_id ids[LIMITS_MAX];
    struct stripe *stripe = stripe_of(table, take, ids);
    bool had_counters = false;

    pthread_mutex_lock(&stripe->lock);
    for (size_t i = 0; i < take->limit_count; i++) {
        struct counter *counter = counter_table_find(&stripe->counters, ids[i]);

        if (counter == NULL)
            continue;
        had_counters |= counter->expires_us > take->now_us;
        counter_table_remove(&stripe->counters, counter);
    }
    pthread_mutex_unlock(&stripe->lock);
    *outcome = (struct outcome){
        .status = TAKE_DONE, .allowed = true, .count = had_counters ? take->limit_count : 0};
}

struct memory_table_usage memory_table_usage(struct memory_table *table)
{
    struct memory_table_usage usage = {.bytes = sizeof *table};

    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &table->stripes[i];

        pthread_mutex_lock(&stripe->lock);
        usage.counters += stripe->counters.count;
        usage.bytes += counter_table_bytes(&stripe->counters);
        usage.evictions += stripe->counters.evictions;
        usage.refused += stripe->refused;
        pthread_mutex_unlock(&stripe->lock);
    }
    return usage;
}

struct store *store_memory_new(struct memory_table *table)
{
    struct store_memory *memory = MEMORY_NEW(struct store_memory);

    memory->store.engine = &memory_engine;
    memory->table = table;
    return &memory->store;
}

/* Also sets the counters' ids. The limits of a take differ only in `high`, so they begin at the
 * same slot and lie side by side. A layout is no secret, and an attacker can find many that are
 * alike in some bits. A multiplication by a secret odd number spreads them, and no two become
 * equal. */
static struct stripe *stripe_of(struct memory_table *table, const struct take *take,
                                struct counter_id ids[static LIMITS_MAX])
{
    const struct counter_key *key = &take->key;
    struct counter_id subject;
    struct counter_id layout;

    ASSERT(take->limit_count <= LIMITS_MAX);
    _Static_assert(sizeof subject == sizeof key->subject.bytes, "the digest fills the id");
    memcpy(&subject, key->subject.bytes, sizeof subject);
    memcpy(&layout, key->layout.bytes, sizeof layout);
    for (size_t i = 0; i < take->limit_count; i++) {
        ids[i].low = subject.low ^ key->policy_id ^ layout.low * (subject.high | 1);
        ids[i].high = subject.high ^ layout.high ^ i;
    }
    return &table->stripes[subject.high % STRIPES];
}

/* Two layouts are never equal in practice, but numbers must never be read as a log. */
static bool counts(const struct counter *counter, const struct limit *limit, int64_t now_us)
{
    return counter->expires_us > now_us && counter->kind == algorithm_state(limit->algorithm);
}

/* Limits that have a counter come first, because to add or refit a counter moves others. A state
 * that is kept without a charge was moved from the future, and its expiry moves with it. Expired
 * counters are swept last, because that moves others, too. */
static void keep(struct counter_table *counters, const struct take *take, int64_t now_us,
                 const struct counter_id ids[], struct counter *const found[],
                 const struct limit_state states[], const int64_t keep_us[])
{
    struct counter_use use = {
        .now_us = take->now_us, .spared = ids, .spared_count = take->limit_count};
    bool outgrown[LIMITS_MAX] = {0};

    for (size_t i = 0; i < take->limit_count; i++) {
        if (found[i] == NULL || keep_us[i] == 0)
            continue;
        outgrown[i] =
            counter_table_set(found[i], &states[i], algorithm_state(take->limits[i].algorithm));
        found[i]->expires_us = expiry_of(now_us, keep_us[i]);
    }
    for (size_t i = 0; i < take->limit_count; i++) {
        struct counter counter = {
            .id = ids[i],
            .state = states[i],
            .expires_us = expiry_of(now_us, keep_us[i]),
            .tenant = take->key.tenant,
            .kind = (uint8_t)algorithm_state(take->limits[i].algorithm),
        };

        if (keep_us[i] == 0)
            continue;
        if (found[i] == NULL)
            counter_table_add(counters, &counter, &use);
        else if (outgrown[i])
            counter_table_refit(counters, ids[i], &use);
    }
    counter_table_sweep(counters, &use);
}

/* Later than `now_us`, and without overflow. */
static int64_t expiry_of(int64_t now_us, int64_t keep_us)
{
    int64_t from_us = now_us < 0 ? 0 : now_us < LIMIT_TIME_US_MAX ? now_us : LIMIT_TIME_US_MAX;

    return from_us + (keep_us < 1 ? 1 : keep_us < LIMIT_TIME_US_MAX ? keep_us : LIMIT_TIME_US_MAX);
}

static enum store_answer engine_take(struct store *store, const struct take *take,
                                     struct outcome *outcome, void *context, store_done_fn *done)
{
    (void)context;
    (void)done;
    memory_table_take(CONTAINER_OF(store, struct store_memory, store)->table, take, outcome);
    return STORE_NOW;
}

static enum store_answer engine_forget(struct store *store, const struct take *take,
                                       struct outcome *outcome, void *context, store_done_fn *done)
{
    (void)context;
    (void)done;
    memory_table_forget(CONTAINER_OF(store, struct store_memory, store)->table, take, outcome);
    return STORE_NOW;
}

static void engine_serve(struct store *store)
{
    (void)store; /* every call was answered at once */
}

static bool engine_is_ready(const struct store *store)
{
    (void)store;
    return true;
}

static struct store_health engine_health(const struct store *store)
{
    (void)store;
    return (struct store_health){.is_connected = true};
}

static void engine_free(struct store *store)
{
    free(CONTAINER_OF(store, struct store_memory, store));
}
