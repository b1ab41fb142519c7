/* SPDX-License-Identifier: MIT */
#include "owed.h"

#include "limit/algorithm.h"

/* In this order. What was given back after all checks has lowered what they are owed. So where
 * something is still owed to both, the checks came after it. What was charged goes past the limit,
 * so it leaves no room for what is to fit. */
enum step { GIVE_BACK, FILL, CHARGE, STEPS };

static void own(struct owed *owed);
static void forget(struct owed *owed, int64_t now_us);
static int64_t memory_us(const struct owed *owed, size_t i);
static void turn_over(struct owed *owed, const struct owed *later);
static bool is_present(const struct calendar *charged, const struct calendar *present);
static bool is_larger(const struct owed *owed, const struct owed *later, size_t i);
static bool has_set(const struct operation *operation, const struct digest *set);
static void add(struct owed *owed, const struct owed *later, size_t i);
static int64_t sum(int64_t a, int64_t b);
static void drop(struct owed *owed, size_t i);
static bool owes(const struct owed *owed, size_t i);
static enum step next_step(const struct owed *owed);
static int64_t step_cost(const struct owed *owed, enum step step);
static int64_t cost_at(const struct owed *owed, enum step step, size_t i);

void owed_init(struct owed *owed, const struct operation *operation)
{
    const bool is_charge = operation->kind == OPERATION_CHARGE;

    owed->operation = *operation;
    owed->operation.kind = OPERATION_FILL;
    owed->operation.owner = NULL;
    owed->noted_us = operation->now_us;
    memcpy(owed->limits, operation->limits, operation->limit_count * sizeof(owed->limits[0]));
    for (size_t i = 0; i < operation->limit_count; i++) {
        const struct calendar *calendar = operation->limits[i].calendar;

        owed->charged[i] = is_charge ? operation->costs[i] : 0;
        owed->operation.costs[i] = is_charge ? 0 : operation->costs[i];
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
        add(owed, later, i);
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
        const struct calendar *calendar = owed->limits[i].calendar;

        if (calendar == NULL || !owes(owed, i) || time_us < calendar->starts_us[0] ||
            calendar_covers(calendar, time_us))
            continue;
        drop(owed, i);
        leaves = true;
    }
    return leaves;
}

bool owed_is_early(const struct owed *owed, int64_t time_us)
{
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        const struct calendar *calendar = owed->limits[i].calendar;

        if (calendar != NULL && owes(owed, i) && time_us < calendar->starts_us[0])
            return true;
    }
    return false;
}

/* All that lies with the counters of a set is forgotten with them. */
uint32_t owed_find_forgotten(const struct owed *owed, const struct operation *forget)
{
    uint32_t places = 0;

    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        const struct digest *set = &owed->operation.sets[owed->limits[i].set];

        if (owed->operation.policy_id == forget->policy_id && has_set(forget, set))
            places |= UINT32_C(1) << i;
    }
    return places;
}

int64_t owed_drop(struct owed *owed, uint32_t places)
{
    const int64_t cost = owed_cost(owed);

    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if ((places >> i & 1) != 0)
            drop(owed, i);
    }
    return cost - owed_cost(owed);
}

bool owed_is_nothing(const struct owed *owed)
{
    return next_step(owed) == STEPS;
}

void owed_operation(const struct owed *owed, int64_t now_us, struct limit limits[LIMITS_MAX],
                    struct operation *operation)
{
    const enum step step = next_step(owed);

    *operation = owed->operation;
    operation->kind = step == FILL ? OPERATION_FILL : OPERATION_CHARGE;
    operation->comes_again = true;
    operation->now_us = now_us;
    operation->limits = limits;
    operation->limit_count = 0;
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        const int64_t cost = cost_at(owed, step, i);

        if (cost == 0)
            continue;
        limits[operation->limit_count] = owed->limits[i];
        operation->costs[operation->limit_count++] = cost;
    }
}

int64_t owed_settle(struct owed *owed)
{
    const enum step step = next_step(owed);
    const int64_t cost = step_cost(owed, step);

    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (cost_at(owed, step, i) == 0)
            continue;
        if (step == FILL)
            owed->operation.costs[i] = 0;
        else
            owed->charged[i] = 0;
    }
    return cost;
}

int64_t owed_cost(const struct owed *owed)
{
    int64_t cost = 0;

    for (enum step step = 0; step < STEPS; step++)
        cost += step_cost(owed, step);
    return cost;
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
            drop(owed, i);
    }
}

/* A bucket remembers a charge until it is paid off, which may come after the debt of an empty
 * bucket. It lacks then as much as an empty one that is larger by the charge. */
static int64_t memory_us(const struct owed *owed, size_t i)
{
    struct limit limit = owed->limits[i];

    limit.burst += llabs(owed->charged[i]);
    return limit_memory_us(&limit);
}

static void turn_over(struct owed *owed, const struct owed *later)
{
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (later->limits[i].calendar == NULL ||
            is_present(&owed->calendars[i], &later->calendars[i]))
            continue;
        drop(owed, i);
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
    if (!owes(owed, i) || !owes(later, i))
        return !owes(owed, i);
    return limit_capacity(&later->limits[i]) >= limit_capacity(&owed->limits[i]);
}

static bool has_set(const struct operation *operation, const struct digest *set)
{
    for (size_t i = 0; i < operation->set_count; i++) {
        if (memcmp(&operation->sets[i], set, sizeof(*set)) == 0)
            return true;
    }
    return false;
}

static void add(struct owed *owed, const struct owed *later, size_t i)
{
    int64_t *granted = &owed->operation.costs[i];
    const int64_t given_back = later->charged[i] < 0 ? -later->charged[i] : 0;
    const int64_t less = given_back < *granted ? given_back : *granted;

    *granted = sum(*granted - less, later->operation.costs[i]);
    owed->charged[i] = sum(owed->charged[i], later->charged[i] + less);
}

/* Within +-LIMIT_COST_MAX, as both are. */
static int64_t sum(int64_t a, int64_t b)
{
    if (a + b > LIMIT_COST_MAX)
        return LIMIT_COST_MAX;
    return a + b < -LIMIT_COST_MAX ? -LIMIT_COST_MAX : a + b;
}

static void drop(struct owed *owed, size_t i)
{
    owed->operation.costs[i] = 0;
    owed->charged[i] = 0;
}

static bool owes(const struct owed *owed, size_t i)
{
    return owed->operation.costs[i] != 0 || owed->charged[i] != 0;
}

/* STEPS when nothing is left. */
static enum step next_step(const struct owed *owed)
{
    enum step step = 0;

    while (step < STEPS && step_cost(owed, step) == 0)
        step++;
    return step;
}

static int64_t step_cost(const struct owed *owed, enum step step)
{
    int64_t most = 0;

    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        const int64_t cost = llabs(cost_at(owed, step, i));

        most = cost > most ? cost : most;
    }
    return most;
}

/* What is given back is not asked apart, where the checks are owed nothing. */
static int64_t cost_at(const struct owed *owed, enum step step, size_t i)
{
    const int64_t granted = owed->operation.costs[i];
    const int64_t charged = owed->charged[i];
    const bool goes_first = granted > 0 && charged < 0;

    if (step == FILL)
        return granted;
    return goes_first == (step == GIVE_BACK) ? charged : 0;
}
