/* SPDX-License-Identifier: MIT
 *
 * Passes each call to the engine, after checks that every engine relies on. */
#include "store/store.h"

static void check_take(const struct take *take);

enum store_answer store_take(struct store *store, const struct take *take, struct outcome *outcome,
                             void *context, store_done_fn *done)
{
    check_take(take);
    return store->engine->take(store, take, outcome, context, done);
}

enum store_answer store_forget(struct store *store, const struct take *take,
                               struct outcome *outcome, void *context, store_done_fn *done)
{
    check_take(take);
    return store->engine->forget(store, take, outcome, context, done);
}

void store_serve(struct store *store)
{
    store->engine->serve(store);
}

bool store_is_ready(const struct store *store)
{
    return store->engine->is_ready(store);
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

static void check_take(const struct take *take)
{
    ASSERT(take->limit_count >= 1 && take->limit_count <= LIMITS_MAX);
    ASSERT(take->cost >= 0 && take->cost <= LIMIT_COST_MAX);
}
