/* SPDX-License-Identifier: MIT */
#include "support/reference_pool.h"

#include "support/random.h"

#define ALL_SETS (1 << REFERENCE_SUBJECTS)
#define BY_USER  1
#define BY_IP    2
#define VALUES   (1U << REFERENCE_SUBJECTS)
#define COST_MAX INT64_C(9007199254740991)

static void limit_make(struct reference_pool *pool, struct reference_policy_limit *limit);
static void amounts_make(const struct reference_pool *pool, struct reference_policy_limit *limit);
static void headroom_make(const struct reference_pool *pool, struct reference_policy_limit *limit);
static int by_make(const struct reference_pool *pool);
static void limit_add(struct reference_pool *pool);
static void limit_remove(struct reference_pool *pool);
static void limits_swap(struct reference_pool *pool, size_t one, size_t other);
static char unused_name(const struct reference_pool *pool);
static int64_t cost_make(const struct reference_limit *limit);

void reference_pool_make(struct reference_pool *pool)
{
    pool->is_plain = random_one_in(3);
    pool->has_periods = !pool->is_plain && random_one_in(2);
    pool->has_headroom = !pool->is_plain && random_one_in(2);
    pool->lacks_users = random_one_in(3);
    pool->by = by_make(pool);
    for (size_t i = 0; i < REFERENCE_MEASURES; i++)
        pool->charges_max[i] = COST_MAX;
    for (size_t i = 0; i < REFERENCE_POOL; i++) {
        struct reference_policy_limit *limit = &pool->limits[i];
        const size_t twin = (size_t)random_below(REFERENCE_POOL);

        limit_make(pool, limit);
        if (twin < i && random_one_in(2)) { /* only the name tells it apart, or that it says `by` */
            *limit = pool->limits[twin];
            amounts_make(pool, limit);
            if (limit->by == REFERENCE_BY_ABSENT && random_one_in(2))
                limit->by = pool->lacks_users ? BY_IP : BY_USER;
        }
        limit->name = (char)('b' + 2 * i);
    }
    pool->count = 1 + (size_t)random_below(REFERENCE_POOL_POLICY);
}

struct reference_policy reference_pool_policy(const struct reference_pool *pool)
{
    struct reference_policy policy = {.count = pool->count};

    memcpy(policy.limits, pool->limits, pool->count * sizeof(policy.limits[0]));
    return policy;
}

void reference_pool_edit(struct reference_pool *pool)
{
    struct reference_policy_limit *limit = &pool->limits[random_below((int64_t)pool->count)];
    int64_t die = random_below(12);

    if (die < 3) {
        limit_add(pool);
    } else if (die < 6) {
        limit_remove(pool);
    } else if (die < 7) {
        limits_swap(pool, (size_t)random_below((int64_t)pool->count), 0);
    } else if (die < 10 || pool->changes == REFERENCE_POOL_CHANGES) {
        amounts_make(pool, limit);
    } else {
        pool->changes++;
        if (die < 11)
            limit_make(pool, limit);
        else
            limit->name = unused_name(pool);
    }
}

unsigned reference_pool_values(const struct reference_pool *pool)
{
    const unsigned values = random_one_in(2) ? 0 : (unsigned)random_below(VALUES);

    return values | (pool->lacks_users && random_one_in(2) ? REFERENCE_NO_USER : 0);
}

struct reference_terms reference_pool_terms(const struct reference_pool *pool)
{
    struct reference_terms terms = {0};

    if (pool->is_plain)
        return terms;
    terms.is_low = random_one_in(pool->has_headroom ? 2 : 8);
    terms.override_count = random_one_in(4) ? 1 + (size_t)random_below(REFERENCE_OVERRIDES_MAX) : 0;
    if (terms.override_count > pool->count)
        terms.override_count = pool->count;
    for (size_t i = 0; i < terms.override_count; i++) {
        struct reference_limit changed = pool->limits[i].limit;

        pool->amounts_make(&changed);
        terms.overrides[i].name = pool->limits[i].name;
        terms.overrides[i].algorithm = changed.algorithm;
        terms.overrides[i].window_us = changed.window_us;
        terms.overrides[i].quota = changed.quota;
    }
    return terms;
}

const struct reference_limit *reference_pool_choose(const struct reference_pool *pool)
{
    return &pool->limits[random_below((int64_t)pool->count)].limit;
}

void reference_pool_costs(const struct reference_pool *pool, int64_t costs[REFERENCE_MEASURES])
{
    for (size_t i = 0; i < pool->count; i++) {
        int64_t *cost = &costs[pool->limits[i].measure];

        if (*cost == 0 && !random_one_in(4))
            *cost = cost_make(&pool->limits[i].limit);
    }
}

/* Some are the largest that there may be, of a measure that no limit counts that is exact only for
 * small ones. */
void reference_pool_charges(const struct reference_pool *pool, int64_t costs[REFERENCE_MEASURES])
{
    for (size_t i = 0; i < pool->count; i++) {
        int64_t *cost = &costs[pool->limits[i].measure];
        const int64_t max = pool->charges_max[pool->limits[i].measure];

        if (*cost != 0 || random_one_in(4))
            continue;
        *cost = random_one_in(3) ? random_of_any_size(max) : cost_make(&pool->limits[i].limit);
        if (*cost > max || random_one_in(30))
            *cost = max;
        if (random_one_in(2))
            *cost = -*cost;
    }
}

/* It gets a window that no other limit has had. The name stays. */
static void limit_make(struct reference_pool *pool, struct reference_policy_limit *limit)
{
    limit->by = random_one_in(2) ? pool->by : by_make(pool);
    limit->measure = random_one_in(2) ? 0 : (size_t)random_below(REFERENCE_MEASURES);
    pool->windows++;
    pool->limit_make(pool, &limit->limit);
    headroom_make(pool, limit);

    const int64_t max = pool->charge_max(&limit->limit);

    if (pool->charges_max[limit->measure] > max)
        pool->charges_max[limit->measure] = max;
}

static void amounts_make(const struct reference_pool *pool, struct reference_policy_limit *limit)
{
    pool->amounts_make(&limit->limit);
    headroom_make(pool, limit);
}

static void headroom_make(const struct reference_pool *pool, struct reference_policy_limit *limit)
{
    const int64_t capacity = reference_capacity(&limit->limit);

    limit->headroom = 0;
    if (!pool->has_headroom || random_one_in(4))
        return;
    limit->is_percent = random_one_in(2);
    if (limit->is_percent)
        limit->headroom = 1 + random_below(random_one_in(4) ? 100 : 50);
    else if (random_one_in(4) || capacity < 3)
        limit->headroom = random_of_any_size(capacity);
    else
        limit->headroom = random_below(4);
}

static int by_make(const struct reference_pool *pool)
{
    const int by = random_one_in(3) ? REFERENCE_BY_ABSENT : (int)random_below(ALL_SETS);

    return by == REFERENCE_BY_ABSENT || !pool->lacks_users ? by : by & ~BY_USER;
}

static void limit_add(struct reference_pool *pool)
{
    if (pool->count == REFERENCE_POOL_POLICY)
        return;
    limits_swap(pool, pool->count,
                pool->count + (size_t)random_below((int64_t)(REFERENCE_POOL - pool->count)));
    limits_swap(pool, pool->count, (size_t)random_below((int64_t)pool->count + 1));
    pool->count++;
}

static void limit_remove(struct reference_pool *pool)
{
    if (pool->count == 1)
        return;
    pool->count--;
    limits_swap(pool, pool->count, (size_t)random_below((int64_t)pool->count + 1));
}

static void limits_swap(struct reference_pool *pool, size_t one, size_t other)
{
    const struct reference_policy_limit limit = pool->limits[one];

    pool->limits[one] = pool->limits[other];
    pool->limits[other] = limit;
}

/* Names of limits are every other letter at first, so a new one may come before or after any. */
static char unused_name(const struct reference_pool *pool)
{
    for (;;) {
        const char name = (char)('a' + random_below(2 * REFERENCE_POOL + 2));
        bool is_used = false;

        for (size_t i = 0; i < REFERENCE_POOL; i++)
            is_used = is_used || pool->limits[i].name == name;
        if (!is_used)
            return name;
    }
}

static int64_t cost_make(const struct reference_limit *limit)
{
    if (!random_one_in(5))
        return 1 + random_below(3);
    return random_below(limit->burst < COST_MAX - 2 ? limit->burst + 3 : COST_MAX);
}
