/* SPDX-License-Identifier: MIT
 *
 * Several limits as one: charged all or none. Twin: lua/take_several.lua. */
#include "limit/algorithm.h"

static void charge_logs(const struct limit limits[], size_t count, struct limit_state states[]);

/* Replaces the outcomes of the limits that would have allowed by what they show when nothing is
 * charged. */
static void look_again(const struct limit limits[], size_t count, struct limit_state states[],
                       int64_t now_us, struct outcome *outcome);

void decide(const struct limit limits[], size_t count, struct limit_state states[], int64_t now_us,
            int64_t cost, struct outcome *outcome, int64_t keep_us[])
{
    struct limit_state charged[LIMITS_MAX];
    int64_t keep[LIMITS_MAX] = {0};

    ASSERT(count >= 1 && count <= LIMITS_MAX);
    memcpy(charged, states, count * sizeof(charged[0]));
    outcome->status = TAKE_DONE;
    outcome->count = count;
    outcome->allowed = true;
    for (size_t i = 0; i < count; i++) {
        algorithm_of(limits[i].algorithm)
            ->decide(&limits[i], &charged[i], now_us, cost, &outcome->at[i], &keep[i]);
        outcome->allowed = outcome->allowed && outcome->at[i].allowed;
    }
    if (!outcome->allowed) {
        look_again(limits, count, states, now_us, outcome);
        return;
    }
    if (cost == 0)
        return;
    charge_logs(limits, count, charged);
    memcpy(states, charged, count * sizeof(charged[0]));
    memcpy(keep_us, keep, count * sizeof(keep[0]));
}

int64_t decide_what_fits(const struct limit limits[], size_t count,
                         const struct limit_state states[], int64_t now_us, int64_t cost)
{
    for (size_t i = 0; i < count; i++) {
        struct limit_state state = states[i];
        struct limit_outcome look;
        int64_t keep_us;

        algorithm_of(limits[i].algorithm)->decide(&limits[i], &state, now_us, 0, &look, &keep_us);
        cost = look.remaining < cost ? look.remaining : cost;
    }
    return cost;
}

static void charge_logs(const struct limit limits[], size_t count, struct limit_state states[])
{
    for (size_t i = 0; i < count; i++) {
        if (algorithm_keeps_log(limits[i].algorithm))
            sliding_window_log_charge(&limits[i], &states[i]);
    }
}

static void look_again(const struct limit limits[], size_t count, struct limit_state states[],
                       int64_t now_us, struct outcome *outcome)
{
    int64_t keep_us;

    for (size_t i = 0; i < count; i++) {
        if (outcome->at[i].allowed)
            algorithm_of(limits[i].algorithm)
                ->decide(&limits[i], &states[i], now_us, 0, &outcome->at[i], &keep_us);
    }
}
