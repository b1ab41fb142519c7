/* SPDX-License-Identifier: MIT
 *
 * Several limits decided as one: all are charged, or none. Twin: lua/take_several.lua. */
#include "limit/algorithm.h"

static void begin(const struct limit limits[], size_t count, struct limit_state states[],
                  int64_t now_us, bool moved[], struct outcome *outcome);
static void charge(const struct limit limits[], size_t count, struct limit_state states[],
                   const int64_t costs[]);

/* For limits that would have allowed: replaces their outcomes by those of a look, because nothing
 * is charged. */
static void look_again(const struct limit limits[], size_t count, struct limit_state states[],
                       int64_t now_us, struct outcome *outcome);

void decide(const struct limit limits[], size_t count, struct limit_state states[], int64_t now_us,
            const int64_t costs[], struct outcome *outcome, int64_t keep_us[])
{
    WRITTEN_FIRST struct limit_state charged[LIMITS_MAX];
    bool moved[LIMITS_MAX];

    begin(limits, count, states, now_us, moved, outcome);
    memcpy(charged, states, count * sizeof(charged[0]));
    for (size_t i = 0; i < count; i++) {
        algorithm_of(limits[i].algorithm)
            ->decide(&limits[i], &charged[i], now_us, costs[i], &outcome->at[i]);
        outcome->allowed = outcome->allowed && outcome->at[i].allowed;
    }
    if (outcome->allowed) {
        charge(limits, count, charged, costs);
        memcpy(states, charged, count * sizeof(charged[0]));
    } else {
        look_again(limits, count, states, now_us, outcome);
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_charged = outcome->allowed && costs[i] > 0;

        keep_us[i] = is_charged || moved[i] ? outcome->at[i].reset_us : 0;
    }
}

void decide_charge(const struct limit limits[], size_t count, struct limit_state states[],
                   int64_t now_us, const int64_t costs[], struct outcome *outcome,
                   int64_t keep_us[])
{
    bool changed[LIMITS_MAX];

    begin(limits, count, states, now_us, changed, outcome);
    for (size_t i = 0; i < count; i++) {
        const struct algorithm *algorithm = algorithm_of(limits[i].algorithm);
        const bool is_charged =
            algorithm->charge(&limits[i], &states[i], now_us, costs[i], &outcome->at[i]);

        if (is_charged)
            limit_state_charge(algorithm->state, &states[i], limits[i].window_us);
        changed[i] = changed[i] || is_charged;
        /* A state of which nothing is used has to replace what is stored. */
        const int64_t reset_us = outcome->at[i].reset_us;
        keep_us[i] = !changed[i] ? 0 : reset_us > 0 ? reset_us : 1;
    }
}

int64_t decide_part(const struct limit limits[], size_t count, const struct limit_state states[],
                    int64_t now_us, int64_t cost)
{
    int64_t part = cost;

    for (size_t i = 0; i < count; i++)
        part = decide_what_fits(&limits[i], &states[i], now_us, part);
    return part > 0 || cost == 0 ? part : 1;
}

int64_t decide_at(const struct limit limits[], size_t count, const struct limit_state states[],
                  int64_t now_us, int64_t skew_us)
{
    double latest = (double)now_us;

    for (size_t i = 0; i < count; i++) {
        if (limits[i].calendar != NULL)
            continue;
        double stamp = algorithm_of(limits[i].algorithm)->stamp(&states[i]);

        if (stamp > latest && stamp <= (double)(now_us + skew_us))
            latest = stamp;
    }
    return (int64_t)latest;
}

int64_t decide_what_fits(const struct limit *limit, const struct limit_state *state, int64_t now_us,
                         int64_t cost)
{
    const struct algorithm *algorithm = algorithm_of(limit->algorithm);
    struct limit_state looked_at = *state;
    struct limit_outcome look;

    /* A log has no copy, and the decision must still find that it is to be moved. */
    if (algorithm->state == STATE_NUMBERS)
        (void)algorithm->settle(limit, &looked_at, now_us);
    algorithm->decide(limit, &looked_at, now_us, 0, &look);
    return look.remaining < cost ? look.remaining : cost;
}

/* Settles the states. */
static void begin(const struct limit limits[], size_t count, struct limit_state states[],
                  int64_t now_us, bool moved[], struct outcome *outcome)
{
    ASSERT(count >= 1 && count <= LIMITS_MAX);
    outcome->status = TAKE_DONE;
    outcome->count = count;
    outcome->allowed = true;
    outcome->refused = 0;
    for (size_t i = 0; i < count; i++) {
        enum settled settled =
            algorithm_of(limits[i].algorithm)->settle(&limits[i], &states[i], now_us);

        moved[i] = settled == SETTLED_MOVED;
        outcome->refused += settled == SETTLED_REFUSED;
    }
}

static void charge(const struct limit limits[], size_t count, struct limit_state states[],
                   const int64_t costs[])
{
    for (size_t i = 0; i < count; i++) {
        if (costs[i] > 0)
            limit_state_charge(algorithm_state(limits[i].algorithm), &states[i],
                               limits[i].window_us);
    }
}

static void look_again(const struct limit limits[], size_t count, struct limit_state states[],
                       int64_t now_us, struct outcome *outcome)
{
    for (size_t i = 0; i < count; i++) {
        if (outcome->at[i].allowed)
            algorithm_of(limits[i].algorithm)
                ->decide(&limits[i], &states[i], now_us, 0, &outcome->at[i]);
    }
}
