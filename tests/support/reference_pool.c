/* SPDX-License-Identifier: MIT */
#include "support/reference_pool.h"

#include "support/random.h"

#define ALL_SETS (1 << REFERENCE_SUBJECTS)
#define BY_USER  1
#define COST_MAX INT64_C(9007199254740991)

static void limit_make(struct reference_pool *pool, struct reference_policy_limit *limit);
static int by_make(void);
static void limit_add(struct reference_pool *pool);
static void limit_remove(struct reference_pool *pool);
static void limits_swap(struct reference_pool *pool, size_t one, size_t other);
static char unused_name(const struct reference_pool *pool);
static int64_t cost_make(const struct reference_limit *limit);

void reference_pool_make(struct reference_pool *pool)
{
    pool->by = by_make();
    for (size_t i = 0; i < REFERENCE_POOL; i++) {
        struct reference_policy_limit *limit = &pool->limits[i];
        const size_t twin = (size_t)random_below(REFERENCE_POOL);

        limit_make(pool, limit);
        if (twin < i && random_one_in(2)) { /* only the name tells it apart, or that it says `by` */
            *limit = pool->limits[twin];
            pool->amounts_make(&limit->limit);
            if (limit->by == REFERENCE_BY_ABSENT && random_one_in(2))
                limit->by = BY_USER;
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
        pool->amounts_make(&limit->limit);
    } else {
        pool->changes++;
        if (die < 11)
            limit_make(pool, limit);
        else
            limit->name = unused_name(pool);
    }
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

/* It gets a window that no other limit has had. The name stays. */
static void limit_make(struct reference_pool *pool, struct reference_policy_limit *limit)
{
    limit->by = random_one_in(2) ? pool->by : by_make();
    limit->measure = random_one_in(2) ? 0 : (size_t)random_below(REFERENCE_MEASURES);
    pool->limit_make(&limit->limit, ++pool->windows);
}

static int by_make(void)
{
    return random_one_in(3) ? REFERENCE_BY_ABSENT : (int)random_below(ALL_SETS);
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
