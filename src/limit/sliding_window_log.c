/* SPDX-License-Identifier: MIT
 *
 * Sliding window log: exactly at most L in any time of length W, because every charge is kept until
 * it leaves (now - W, now]. What is used is the sum of all charges minus the sum before the oldest
 * that still counts: two look-ups, however long the log is. A denial is not kept, so a log has at
 * most L entries. L is bounded for this reason. Twin: lua/sliding_window_log.lua. */
#include "limit/algorithm.h"

#include "limit/charge_log.h"

static int64_t used_at(const struct limit *limit, const struct charge_log *log, int64_t now_us);
static int64_t last_us(const struct charge_log *log, int64_t now_us);
/* What a look finds. */
static struct limit_outcome outcome_of(const struct limit *limit, int64_t used, int64_t last_us,
                                       int64_t now_us);
static int64_t retry_us(const struct limit *limit, const struct charge_log *log, int64_t now_us,
                        int64_t cost);

/* Only charge_log.h in this process writes a log, so its content can be trusted. */
enum settled sliding_window_log_settle(const struct limit *limit, struct limit_state *state,
                                       int64_t now_us)
{
    (void)limit;
    return charge_log_move(state->logged.log, now_us) ? SETTLED_MOVED : SETTLED_AS_IT_WAS;
}

double sliding_window_log_stamp(const struct limit_state *state)
{
    const struct charge_log *log = state->logged.log;
    size_t count = charge_log_count(log);

    return count == 0 ? 0 : (double)charge_log_at(log, count - 1).at_us;
}

void sliding_window_log_decide(const struct limit *limit, struct limit_state *state, int64_t now_us,
                               int64_t cost, struct limit_outcome *outcome)
{
    const struct charge_log *log = state->logged.log;
    int64_t used = used_at(limit, log, now_us);
    bool never = cost > limit->quota;
    bool allowed = used + cost <= limit->quota;
    bool is_charged = allowed && cost > 0;

    *outcome = outcome_of(limit, is_charged ? used + cost : used,
                          is_charged ? now_us : last_us(log, now_us), now_us);
    outcome->allowed = allowed;
    outcome->never = never;
    outcome->retry_us = allowed || never ? 0 : retry_us(limit, log, now_us, cost);
    if (is_charged)
        limit_state_note(state, now_us, cost, false);
}

/* A log that is at its limit does not get longer, whatever is charged. */
bool sliding_window_log_charge(const struct limit *limit, struct limit_state *state, int64_t now_us,
                               int64_t cost, struct limit_outcome *outcome)
{
    const struct charge_log *log = state->logged.log;
    int64_t before = used_at(limit, log, now_us);
    int64_t used = cost > LIMIT_COST_MAX - before ? LIMIT_COST_MAX : before + cost;
    bool joins = cost > 0 && before > 0 && before >= limit->quota;
    int64_t charged_us = last_us(log, now_us);

    used = used < 0 ? 0 : used;
    if (used > before && !joins)
        charged_us = now_us;
    else if (used < before)
        charged_us = charge_log_at(log, charge_log_left(log, before - used)).at_us;
    *outcome = outcome_of(limit, used, charged_us, now_us);
    if (used == before)
        return false;
    limit_state_note(state, now_us, used - before, joins);
    return true;
}

static int64_t used_at(const struct limit *limit, const struct charge_log *log, int64_t now_us)
{
    size_t oldest = charge_log_rank_after(log, now_us - limit->window_us);

    if (oldest == charge_log_count(log))
        return 0;
    return charge_log_total(log) - charge_log_at(log, oldest).before;
}

static int64_t last_us(const struct charge_log *log, int64_t now_us)
{
    size_t count = charge_log_count(log);

    return count == 0 ? now_us : charge_log_at(log, count - 1).at_us;
}

static struct limit_outcome outcome_of(const struct limit *limit, int64_t used, int64_t last_us,
                                       int64_t now_us)
{
    return (struct limit_outcome){
        .allowed = true,
        .remaining = limit->quota > used ? limit->quota - used : 0,
        .reset_us = used > 0 ? last_us + limit->window_us - now_us : 0,
    };
}

/* The last charge before which too little was charged has to leave. After that the use begins with
 * the next charge. */
static int64_t retry_us(const struct limit *limit, const struct charge_log *log, int64_t now_us,
                        int64_t cost)
{
    int64_t enough = charge_log_total(log) + cost - limit->quota;
    size_t leaves = charge_log_rank_from(log, enough) - 1;

    return charge_log_at(log, leaves).at_us + limit->window_us - now_us;
}
