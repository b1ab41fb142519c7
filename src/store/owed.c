/* SPDX-License-Identifier: MIT */
#include "owed.h"

#include "limit/algorithm.h"

static void own(struct owed *owed);
static void forget(struct owed *owed, int64_t now_us);
static int64_t memory_us(const struct owed *owed, size_t i);
static void turn_over(struct owed *owed, const struct owed *later);
static bool is_present(const struct calendar *charged, const struct calendar *present);
static bool is_larger(const struct owed *owed, const struct owed *later, size_t i);
static int64_t sum(int64_t a, int64_t b);

void owed_init(struct owed *owed, const struct operation *operation)
{
    owed->operation = *operation;
    if (operation->kind != OPERATION_CHARGE)
        owed->operation.kind = OPERATION_FILL;
    owed->noted_us = operation->now_us;
    memcpy(owed->limits, operation->limits, operation->limit_count * sizeof(owed->limits[0]));
    for (size_t i = 0; i < operation->limit_count; i++) {
        const struct calendar *calendar = operation->limits[i].calendar;

        if (calendar != NULL)
            owed->calendars[i] = calendar_narrow(calendar, operation->now_us + calendar->ahead_us);
    }
    own(owed);
}

void owed_copy(struct owed *to, const struct owed *from)
{
    *to = *from;
    own(to);
}

int64_t owed_add(struct owed *owed, const struct owed *later)
{
    const int64_t cost = owed_cost(owed);

    forget(owed, later->noted_us);
    turn_over(owed, later);

    const int64_t left = owed_cost(owed);

    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (is_larger(owed, later, i))
            owed->limits[i] = later->limits[i];
        owed->operation.costs[i] = sum(owed->operation.costs[i], later->operation.costs[i]);
    }
    own(owed);
    owed->noted_us = later->noted_us;
    return cost - left;
}

int64_t owed_let_go(struct owed *owed, int64_t now_us)
{
    const int64_t cost = owed_cost(owed);

    forget(owed, now_us);
    return cost - owed_cost(owed);
}

bool owed_leave(struct owed *owed, int64_t time_us)
{
    bool leaves = false;

    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (owed->operation.costs[i] == 0 || owed->limits[i].calendar == NULL ||
            calendar_covers(&owed->calendars[i], time_us))
            continue;
        owed->operation.costs[i] = 0;
        leaves = true;
    }
    return leaves;
}

bool owed_is_nothing(const struct owed *owed)
{
    return !operation_charges(&owed->operation);
}

void owed_operation(const struct owed *owed, int64_t now_us, struct limit limits[LIMITS_MAX],
                    struct operation *operation)
{
    *operation = owed->operation;
    operation->now_us = now_us;
    operation->limits = limits;
    operation->limit_count = 0;
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (owed->operation.costs[i] == 0)
            continue;
        limits[operation->limit_count] = owed->limits[i];
        operation->costs[operation->limit_count++] = owed->operation.costs[i];
    }
}

int64_t owed_cost(const struct owed *owed)
{
    int64_t most = 0;

    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        const int64_t cost = llabs(owed->operation.costs[i]);

        most = cost > most ? cost : most;
    }
    return most;
}

/* The policy may be gone when its limits are used. */
static void own(struct owed *owed)
{
    owed->operation.limits = owed->limits;
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        owed->limits[i].by = NULL;
        owed->limits[i].counts = NULL;
        owed->limits[i].period = NULL;
        if (owed->limits[i].calendar != NULL)
            owed->limits[i].calendar = &owed->calendars[i];
    }
}

static void forget(struct owed *owed, int64_t now_us)
{
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (now_us - owed->noted_us >= memory_us(owed, i))
            owed->operation.costs[i] = 0;
    }
}

/* A bucket remembers a charge until it is paid off, which may come after the debt of an empty
 * bucket. It lacks then as much as an empty one that is larger by the charge. */
static int64_t memory_us(const struct owed *owed, size_t i)
{
    struct limit limit = owed->limits[i];

    if (owed->operation.kind == OPERATION_CHARGE)
        limit.burst += llabs(owed->operation.costs[i]);
    return limit_memory_us(&limit);
}

static void turn_over(struct owed *owed, const struct owed *later)
{
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (later->limits[i].calendar == NULL ||
            is_present(&owed->calendars[i], &later->calendars[i]))
            continue;
        owed->operation.costs[i] = 0;
        owed->calendars[i] = later->calendars[i];
    }
}

/* Also if it is the next one: the clock was set back, but local counters stayed in their period. */
static bool is_present(const struct calendar *charged, const struct calendar *present)
{
    return charged->starts_us[0] == present->starts_us[0] ||
           charged->starts_us[0] == present->starts_us[2];
}

/* Checks of one counter may have limits of different sizes: by an override, a low priority or an
 * edit. Each charge was allowed by its own, so what was used is at most the largest. With a smaller
 * one the store would lose some of it, and allow that much again. */
static bool is_larger(const struct owed *owed, const struct owed *later, size_t i)
{
    if (owed->operation.costs[i] == 0 || later->operation.costs[i] == 0)
        return owed->operation.costs[i] == 0;
    return limit_capacity(&later->limits[i]) >= limit_capacity(&owed->limits[i]);
}

/* Within +-LIMIT_COST_MAX, as both are. */
static int64_t sum(int64_t a, int64_t b)
{
    if (a + b > LIMIT_COST_MAX)
        return LIMIT_COST_MAX;
    return a + b < -LIMIT_COST_MAX ? -LIMIT_COST_MAX : a + b;
}
