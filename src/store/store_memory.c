/* SPDX-License-Identifier: MIT
 *
 * Stripes, each a lock and a table of counters. The stripe follows from the set of subjects alone.
 * An operation locks the stripes of all its sets, in the order of the table, so no two operations
 * wait for each other. Then all its limits are decided and charged as one.
 *
 * A counter's id is the digest of its set, into which policy, limit and tag are mixed. It is still
 * a keyed hash, so no client can make ids collide in a slot or a stripe. */
#include "store/store_memory.h"

#include "base/memory.h"
#include "limit/algorithm.h"
#include "store/counter_table.h"

#include <pthread.h>

#define STRIPES            64
#define COUNTERS_MIN       1024
#define CACHE_LINE_PADDING 64

_Static_assert(COUNTERS_MIN / STRIPES >= COUNTER_TABLE_COUNT_MIN, "a stripe holds any operation");
_Static_assert(STRIPES <= 64, "a bit of a word for each stripe");

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

/* One operation: where its counters are. */
struct access {
    const struct operation *operation;
    struct stripe *stripes[LIMITS_MAX]; /* by limit */
    struct counter_id ids[LIMITS_MAX];
    struct counter *found[LIMITS_MAX]; /* NULL: not there */
    uint64_t locked;                   /* a bit for each stripe */
};

static void begin(struct memory_table *table, const struct operation *operation,
                  struct access *access);
static void end(struct memory_table *table, const struct access *access);
static void charge(struct access *access, struct outcome *outcome);
static void fit(const struct operation *operation, const struct limit_state states[],
                int64_t now_us, int64_t costs[]);
static void forget(struct access *access, struct outcome *outcome);
static struct counter_id id_of(const struct operation *operation, const struct limit *limit);
static bool counts(const struct counter *counter, const struct limit *limit, int64_t now_us);
static void keep(struct access *access, int64_t now_us, const struct limit_state states[],
                 const int64_t keep_us[]);
static void sweep(struct memory_table *table, const struct access *access);
static struct counter_use use_of(const struct access *access);
static int64_t expiry_of(const struct limit *limit, int64_t now_us, int64_t keep_us);
static enum store_answer engine_ask(struct store *store, const struct operation *operation,
                                    struct outcome *outcome, void *context, store_done_fn *done);
static void engine_serve(struct store *store);
static enum store_answer engine_look(struct store *store, struct store_look *look);
static bool engine_is_ready(const struct store *store);
static struct store_health engine_health(const struct store *store);
static void engine_free(struct store *store);

static const struct store_engine memory_engine = {
    .ask = engine_ask,
    .serve = engine_serve,
    .look = engine_look,
    .is_ready = engine_is_ready,
    .has_started = engine_is_ready,
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

void memory_table_ask(struct memory_table *table, const struct operation *operation,
                      struct outcome *outcome)
{
    WRITTEN_FIRST struct access access;

    begin(table, operation, &access);
    if (operation->kind == OPERATION_FORGET)
        forget(&access, outcome);
    else
        charge(&access, outcome);
    sweep(table, &access);
    end(table, &access);
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

/* Locks the stripes of all sets. */
static void begin(struct memory_table *table, const struct operation *operation,
                  struct access *access)
{
    ASSERT(operation->limit_count >= 1 && operation->limit_count <= LIMITS_MAX);
    access->operation = operation;
    access->locked = 0;
    for (size_t i = 0; i < operation->limit_count; i++) {
        const size_t stripe = operation->sets[operation->limits[i].set].bytes[0] % STRIPES;

        access->ids[i] = id_of(operation, &operation->limits[i]);
        access->stripes[i] = &table->stripes[stripe];
        access->locked |= UINT64_C(1) << stripe;
    }
    for (uint64_t left = access->locked; left != 0; left &= left - 1)
        pthread_mutex_lock(&table->stripes[__builtin_ctzll(left)].lock);
    for (size_t i = 0; i < operation->limit_count; i++)
        access->found[i] = counter_table_find(&access->stripes[i]->counters, access->ids[i]);
}

static void end(struct memory_table *table, const struct access *access)
{
    for (uint64_t left = access->locked; left != 0; left &= left - 1)
        pthread_mutex_unlock(&table->stripes[__builtin_ctzll(left)].lock);
}

/* What is charged, if anything: its costs, as far as they fit if it fills. */
static void charge(struct access *access, struct outcome *outcome)
{
    const struct operation *operation = access->operation;
    const size_t count = operation->limit_count;
    WRITTEN_FIRST struct limit_state states[LIMITS_MAX];
    WRITTEN_FIRST int64_t costs[LIMITS_MAX];
    WRITTEN_FIRST int64_t keep_us[LIMITS_MAX];

    ASSERT(count >= 1);
    for (size_t i = 0; i < count; i++) {
        const struct counter *found = access->found[i];
        const bool has_counter =
            found != NULL && counts(found, &operation->limits[i], operation->now_us);

        states[i] = has_counter ? found->state : (struct limit_state){0};
        costs[i] = operation->kind == OPERATION_LOOK ? 0 : operation->costs[i];
    }

    const int64_t now_us =
        decide_at(operation->limits, count, states, operation->now_us, STORE_MEMORY_SKEW_US);

    fit(operation, states, now_us, costs);
    if (operation->kind == OPERATION_CHARGE || operation->kind == OPERATION_FILL) {
        decide_charge(operation->limits, count, states, now_us, costs, outcome, keep_us);
    } else {
        decide(operation->limits, count, states, now_us, costs, outcome, keep_us);
        outcome->granted = outcome->allowed ? costs[0] : 0;
    }
    outcome->time_us = now_us + operation->ahead_us;
    access->stripes[0]->refused += outcome->refused;
    keep(access, now_us, states, keep_us);
}

/* Makes the costs what is to be charged, if they may be charged in part. */
static void fit(const struct operation *operation, const struct limit_state states[],
                int64_t now_us, int64_t costs[])
{
    const struct limit *limits = operation->limits;
    const size_t count = operation->limit_count;

    for (size_t i = 0; i < count && operation->kind == OPERATION_FILL; i++)
        costs[i] = decide_what_fits(&limits[i], &states[i], now_us, costs[i]);
    if (operation->kind == OPERATION_PART) {
        const int64_t part = decide_part(limits, count, states, now_us, costs[0]);

        for (size_t i = 0; i < count; i++)
            costs[i] = part;
    }
}

static void forget(struct access *access, struct outcome *outcome)
{
    const struct operation *operation = access->operation;

    *outcome = (struct outcome){.status = TAKE_DONE, .allowed = true};
    for (size_t i = 0; i < operation->limit_count; i++) {
        struct counter_table *counters = &access->stripes[i]->counters;
        /* A removal moves others. */
        struct counter *counter = counter_table_find(counters, access->ids[i]);

        if (counter == NULL)
            continue;
        outcome->count += counter->expires_us > operation->now_us;
        counter_table_remove(counters, counter);
    }
}

/* A limit's id is no secret, and an attacker can find many that are alike in some bits. A
 * multiplication by a secret odd number spreads them, and no two become equal. As in Redis, another
 * tag makes another counter. */
static struct counter_id id_of(const struct operation *operation, const struct limit *limit)
{
    struct counter_id set;
    struct counter_id tag;

    _Static_assert(sizeof set == sizeof operation->tag.bytes, "the digest fills the id");
    memcpy(&set, operation->sets[limit->set].bytes, sizeof set);
    memcpy(&tag, operation->tag.bytes, sizeof tag);
    return (struct counter_id){
        .low = (set.low ^ operation->policy_id ^ limit->id * (set.high | 1)) + 2 * tag.low,
        .high = (set.high ^ limit->id) + 2 * tag.high,
    };
}

/* Two ids are never equal in practice, but numbers must never be read as a log. */
static bool counts(const struct counter *counter, const struct limit *limit, int64_t now_us)
{
    return counter->expires_us > now_us && counter->kind == algorithm_state(limit->algorithm);
}

/* Limits that have a counter come first, because to add or refit a counter moves others. A state
 * that is kept without a charge was moved from the future, and its expiry moves with it. */
static void keep(struct access *access, int64_t now_us, const struct limit_state states[],
                 const int64_t keep_us[])
{
    const struct operation *operation = access->operation;
    const struct counter_use use = use_of(access);
    bool outgrown[LIMITS_MAX] = {0};

    for (size_t i = 0; i < operation->limit_count; i++) {
        struct counter *found = access->found[i];

        if (found == NULL || keep_us[i] == 0)
            continue;
        outgrown[i] =
            counter_table_set(found, &states[i], algorithm_state(operation->limits[i].algorithm));
        found->expires_us = expiry_of(&operation->limits[i], now_us, keep_us[i]);
    }
    for (size_t i = 0; i < operation->limit_count; i++) {
        struct counter_table *counters = &access->stripes[i]->counters;
        const struct counter counter = {
            .id = access->ids[i],
            .state = states[i],
            .expires_us = expiry_of(&operation->limits[i], now_us, keep_us[i]),
            .tenant = operation->tenant,
            .kind = (uint8_t)algorithm_state(operation->limits[i].algorithm),
        };

        if (keep_us[i] == 0)
            continue;
        if (access->found[i] == NULL)
            counter_table_add(counters, &counter, &use);
        else if (outgrown[i])
            counter_table_refit(counters, access->ids[i], &use);
    }
}

/* Comes last, because a sweep moves counters. */
static void sweep(struct memory_table *table, const struct access *access)
{
    const struct counter_use use = use_of(access);

    for (uint64_t left = access->locked; left != 0; left &= left - 1)
        counter_table_sweep(&table->stripes[__builtin_ctzll(left)].counters, &use);
}

static struct counter_use use_of(const struct access *access)
{
    return (struct counter_use){
        .now_us = access->operation->now_us,
        .spared = access->ids,
        .spared_count = access->operation->limit_count,
    };
}

/* Later than `now_us`, and without overflow. By this clock a period may last longer than it says,
 * because the clock on the wall may be set back. So its counter is kept for once more as long. */
static int64_t expiry_of(const struct limit *limit, int64_t now_us, int64_t keep_us)
{
    int64_t from_us = now_us < 0 ? 0 : now_us < LIMIT_TIME_US_MAX ? now_us : LIMIT_TIME_US_MAX;

    if (limit->calendar != NULL)
        from_us += limit->window_us;
    return from_us + (keep_us < 1 ? 1 : keep_us < LIMIT_TIME_US_MAX ? keep_us : LIMIT_TIME_US_MAX);
}

static enum store_answer engine_ask(struct store *store, const struct operation *operation,
                                    struct outcome *outcome, void *context, store_done_fn *done)
{
    (void)context;
    (void)done;
    memory_table_ask(CONTAINER_OF(store, struct store_memory, store)->table, operation, outcome);
    return STORE_NOW;
}

static void engine_serve(struct store *store)
{
    (void)store; /* every call was answered at once */
}

/* It always decides. */
static enum store_answer engine_look(struct store *store, struct store_look *look)
{
    (void)store;
    look->count = 1;
    look->nodes[0] = (struct store_seen){.decides = true};
    return STORE_NOW;
}

static bool engine_is_ready(const struct store *store)
{
    (void)store;
    return true;
}

static struct store_health engine_health(const struct store *store)
{
    (void)store;
    return (struct store_health){.nodes = 1, .links_connected = 1};
}

static void engine_free(struct store *store)
{
    free(CONTAINER_OF(store, struct store_memory, store));
}
