/* SPDX-License-Identifier: MIT
 *
 * Sliding window log: exactly at most L in any time of length W, because every charge is kept until
 * it leaves (now - W, now]. What is used is the sum of all charges minus the sum before the oldest
 * that still counts: two look-ups, however long the log is. A denial is not kept, so a log has at
 * most L entries. L is bounded for this reason. Twin: lua/sliding_window_log.lua. */
#include "limit/algorithm.h"

#include "limit/charge_log.h"

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
    size_t count = charge_log_count(log);
    int64_t total = charge_log_total(log);
    int64_t last_us = count == 0 ? now_us : charge_log_at(log, count - 1).at_us;
    size_t oldest = charge_log_rank_after(log, now_us - limit->window_us);
    int64_t used = oldest == count ? 0 : total - charge_log_at(log, oldest).before;
    bool never = cost > limit->quota;
    bool allowed = used + cost <= limit->quota;

    if (allowed && cost > 0) {
        used = used + cost;
        last_us = now_us;
    }
    *outcome = (struct limit_outcome){
        .allowed = allowed,
        .never = never,
        .remaining = limit->quota > used ? limit->quota - used : 0,
        .reset_us = used > 0 ? last_us + limit->window_us - now_us : 0,
        .retry_us = allowed || never ? 0 : retry_us(limit, log, now_us, cost),
    };
    if (!allowed || cost == 0)
        return;
    state->logged.at_us = now_us;
    state->logged.cost = cost;
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
