/* SPDX-License-Identifier: MIT
 *
 * Passes each call to the engine, after checks that every engine relies on. */
#include "store/store.h"

static void check(const struct operation *operation);

enum store_answer store_ask(struct store *store, const struct operation *operation,
                            struct outcome *outcome, void *context, store_done_fn *done)
{
    check(operation);
    return store->engine->ask(store, operation, outcome, context, done);
}

enum store_answer store_look(struct store *store, struct store_look *look)
{
    look->count = 0;
    look->out = 0;
    return store->engine->look(store, look);
}

bool store_look_is_good(const struct store_look *look)
{
    for (size_t i = 0; i < look->count; i++) {
        if (!look->nodes[i].decides)
            return false;
    }
    return look->count > 0;
}

uint16_t store_place(const struct store *store, const struct operation *operation)
{
    return store->engine->place == NULL ? 0 : store->engine->place(store, operation);
}

void store_serve(struct store *store)
{
    store->engine->serve(store);
}

bool store_is_ready(const struct store *store)
{
    return store->engine->is_ready(store);
}

bool store_has_started(const struct store *store)
{
    return store->engine->has_started(store);
}

struct store_health store_health(const struct store *store)
{
    return store->engine->health(store);
}

void store_free(struct store *store)
{
    if (store != NULL)
        store->engine->free(store);
}

static void check(const struct operation *operation)
{
    const struct limit *limits = operation->limits;
    const int64_t least = operation->kind == OPERATION_CHARGE ? -LIMIT_COST_MAX : 0;

    ASSERT(operation->limit_count >= 1 && operation->limit_count <= LIMITS_MAX);
    ASSERT(operation->set_count >= 1 && operation->set_count <= LIMITS_MAX);
    for (size_t i = 0; i < operation->limit_count; i++) {
        ASSERT(limits[i].set < operation->set_count);
        ASSERT(operation->costs[i] >= least && operation->costs[i] <= LIMIT_COST_MAX);
        for (size_t before = 0; before < i; before++)
            ASSERT(limits[before].set != limits[i].set || limits[before].id != limits[i].id);
    }
}
