/* SPDX-License-Identifier: MIT
 *
 * The tenants of a stripe are in a tree of tsearch(3) and in a list. Whenever one of them is
 * counted, the first of the list is checked. It moves to the end of the list, or is freed if it has
 * nothing left. */
#include "store/counter_budget.h"

#include "base/duration.h"
#include "base/memory.h"
#include "store/expiries.h"

#include <pthread.h>
#include <search.h>
#include <stdatomic.h>
#include <sys/queue.h>

#define STRIPES 16

struct tenant {
    uint32_t number; /* first, because the tree compares it */
    bool is_full;    /* has its maximum; counted in counter_budget.full */
    struct expiries expiries;
    TAILQ_ENTRY(tenant) next;
};

struct stripe {
    pthread_mutex_t lock;
    void *tree;
    TAILQ_HEAD(tenants, tenant) tenants;
    size_t count;
};

struct counter_budget {
    _Atomic(int64_t) counters_max;
    atomic_size_t full; /* full tenants; while there are none, no look-up is needed */
    struct stripe stripes[STRIPES];
};

static struct stripe *stripe_lock(struct counter_budget *budget, uint32_t number);
static struct tenant *tenant_find(const struct stripe *stripe, uint32_t number);
static struct tenant *tenant_of(struct stripe *stripe, uint32_t number);
static void tenant_weigh(struct counter_budget *budget, struct tenant *tenant, int64_t now_us);
static void tenant_set_full(struct counter_budget *budget, struct tenant *tenant, bool is_full);
static void stripe_sweep(struct counter_budget *budget, struct stripe *stripe, int64_t now_us);
static void tenant_remove(struct counter_budget *budget, struct stripe *stripe,
                          struct tenant *tenant);
static int number_compare(const void *a, const void *b);

struct counter_budget *counter_budget_new(int64_t counters_max)
{
    struct counter_budget *budget = MEMORY_NEW(struct counter_budget);

    counter_budget_set_max(budget, counters_max);
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&budget->stripes[i].lock, NULL);
        TAILQ_INIT(&budget->stripes[i].tenants);
    }
    return budget;
}

void counter_budget_free(struct counter_budget *budget)
{
    if (budget == NULL)
        return;
    counter_budget_clear(budget);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&budget->stripes[i].lock);
    free(budget);
}

void counter_budget_set_max(struct counter_budget *budget, int64_t counters_max)
{
    atomic_store_explicit(&budget->counters_max, counters_max, memory_order_relaxed);
}

void counter_budget_clear(struct counter_budget *budget)
{
    for (uint32_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = stripe_lock(budget, i);

        while (!TAILQ_EMPTY(&stripe->tenants))
            tenant_remove(budget, stripe, TAILQ_FIRST(&stripe->tenants));
        pthread_mutex_unlock(&stripe->lock);
    }
}

bool counter_budget_allows(struct counter_budget *budget, uint32_t tenant, int64_t now_us)
{
    if (budget == NULL || tenant == 0 ||
        atomic_load_explicit(&budget->full, memory_order_relaxed) == 0)
        return true;

    struct stripe *stripe = stripe_lock(budget, tenant);
    struct tenant *found = tenant_find(stripe, tenant);

    if (found != NULL)
        tenant_weigh(budget, found, now_us);
    const bool allows = found == NULL || !found->is_full;
    pthread_mutex_unlock(&stripe->lock);
    return allows;
}

void counter_budget_note(struct counter_budget *budget, uint32_t tenant,
                         const struct take_life *life, int64_t now_us)
{
    const bool is_new = life->was_us == 0;

    if (tenant == 0 || life->was_us == life->keep_us ||
        (!is_new && expiries_are_alike(life->was_us, life->keep_us, now_us)))
        return;

    struct stripe *stripe = stripe_lock(budget, tenant);
    struct tenant *noted = tenant_of(stripe, tenant);

    if (!is_new)
        expiries_take_out(&noted->expiries, life->was_us, now_us);
    expiries_add(&noted->expiries, life->keep_us, now_us);
    tenant_weigh(budget, noted, now_us);
    stripe_sweep(budget, stripe, now_us);
    pthread_mutex_unlock(&stripe->lock);
}

void counter_budget_give_back(struct counter_budget *budget, uint32_t tenant, int64_t left_us,
                              int64_t now_us)
{
    if (tenant == 0)
        return;

    struct stripe *stripe = stripe_lock(budget, tenant);
    struct tenant *found = tenant_find(stripe, tenant);

    if (found != NULL) {
        expiries_take_out(&found->expiries, left_us, now_us);
        tenant_weigh(budget, found, now_us);
        stripe_sweep(budget, stripe, now_us);
    }
    pthread_mutex_unlock(&stripe->lock);
}

int64_t counter_budget_room_us(struct counter_budget *budget, uint32_t tenant, int64_t now_us)
{
    struct stripe *stripe = stripe_lock(budget, tenant);
    struct tenant *found = tenant_find(stripe, tenant);
    const int64_t next_us = found == NULL ? 0 : expiries_next_us(&found->expiries, now_us);

    pthread_mutex_unlock(&stripe->lock);
    return next_us > SECOND_US ? next_us : SECOND_US;
}

int64_t counter_budget_live(struct counter_budget *budget, uint32_t tenant, int64_t now_us)
{
    struct stripe *stripe = stripe_lock(budget, tenant);
    struct tenant *found = tenant_find(stripe, tenant);
    const int64_t live = found == NULL ? 0 : expiries_live(&found->expiries, now_us);

    pthread_mutex_unlock(&stripe->lock);
    return live;
}

size_t counter_budget_tenants(struct counter_budget *budget)
{
    size_t count = 0;

    for (uint32_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = stripe_lock(budget, i);

        count += stripe->count;
        pthread_mutex_unlock(&stripe->lock);
    }
    return count;
}

static struct stripe *stripe_lock(struct counter_budget *budget, uint32_t number)
{
    struct stripe *stripe = &budget->stripes[number % STRIPES];

    pthread_mutex_lock(&stripe->lock);
    return stripe;
}

/* NULL: the tenant has nothing counted. */
static struct tenant *tenant_find(const struct stripe *stripe, uint32_t number)
{
    struct tenant **found = tfind(&number, &stripe->tree, number_compare);

    return found == NULL ? NULL : *found;
}

static struct tenant *tenant_of(struct stripe *stripe, uint32_t number)
{
    struct tenant *tenant = tenant_find(stripe, number);

    if (tenant != NULL)
        return tenant;
    tenant = MEMORY_NEW(struct tenant);
    tenant->number = number;
    const void *added = tsearch(tenant, &stripe->tree, number_compare);
    ASSERT(added != NULL);
    TAILQ_INSERT_TAIL(&stripe->tenants, tenant, next);
    stripe->count++;
    return tenant;
}

static void tenant_weigh(struct counter_budget *budget, struct tenant *tenant, int64_t now_us)
{
    const int64_t counters_max = atomic_load_explicit(&budget->counters_max, memory_order_relaxed);

    tenant_set_full(budget, tenant, expiries_live(&tenant->expiries, now_us) >= counters_max);
}

static void tenant_set_full(struct counter_budget *budget, struct tenant *tenant, bool is_full)
{
    if (is_full && !tenant->is_full)
        atomic_fetch_add_explicit(&budget->full, 1, memory_order_relaxed);
    if (!is_full && tenant->is_full)
        atomic_fetch_sub_explicit(&budget->full, 1, memory_order_relaxed);
    tenant->is_full = is_full;
}

static void stripe_sweep(struct counter_budget *budget, struct stripe *stripe, int64_t now_us)
{
    struct tenant *tenant = TAILQ_FIRST(&stripe->tenants);

    if (expiries_live(&tenant->expiries, now_us) == 0) {
        tenant_remove(budget, stripe, tenant);
        return;
    }
    tenant_weigh(budget, tenant, now_us);
    TAILQ_REMOVE(&stripe->tenants, tenant, next);
    TAILQ_INSERT_TAIL(&stripe->tenants, tenant, next);
}

static void tenant_remove(struct counter_budget *budget, struct stripe *stripe,
                          struct tenant *tenant)
{
    tenant_set_full(budget, tenant, false);
    (void)tdelete(tenant, &stripe->tree, number_compare);
    TAILQ_REMOVE(&stripe->tenants, tenant, next);
    stripe->count--;
    free(tenant);
}

static int number_compare(const void *a, const void *b)
{
    const uint32_t *one = a;
    const uint32_t *other = b;

    return (*one > *other) - (*one < *other);
}
