/* SPDX-License-Identifier: MIT */
#include "state_copy.h"

#include "limit/algorithm.h"
#include "limit/charge_log.h"

static int64_t cost_at(const struct charge_log *log, size_t rank);

struct limit_state state_copy(const struct limit *limit, const struct limit_state *state)
{
    struct limit_state copy = *state;

    if (algorithm_state(limit->algorithm) != STATE_LOG)
        return copy;

    const struct charge_log *log = state->logged.log;
    struct charge_log *copied = NULL;

    for (size_t rank = 0; rank < charge_log_count(log); rank++) {
        int64_t at_us = charge_log_at(log, rank).at_us;

        charge_log_add(&copied, at_us, cost_at(log, rank), INT64_MIN);
    }
    copy.logged.log = copied;
    return copy;
}

void state_close(const struct limit *limit, struct limit_state *state)
{
    if (algorithm_state(limit->algorithm) == STATE_LOG)
        charge_log_free(state->logged.log);
    *state = (struct limit_state){0};
}

/* The totals may differ: only the times and the amounts of the charges count. */
bool state_equal(const struct limit *limit, const struct limit_state *a,
                 const struct limit_state *b)
{
    if (algorithm_state(limit->algorithm) != STATE_LOG)
        return memcmp(a, b, sizeof *a) == 0;

    const struct charge_log *one = a->logged.log;
    const struct charge_log *other = b->logged.log;

    if (charge_log_count(one) != charge_log_count(other))
        return false;
    for (size_t rank = 0; rank < charge_log_count(one); rank++) {
        if (charge_log_at(one, rank).at_us != charge_log_at(other, rank).at_us ||
            cost_at(one, rank) != cost_at(other, rank))
            return false;
    }
    return true;
}

static int64_t cost_at(const struct charge_log *log, size_t rank)
{
    bool is_last = rank + 1 == charge_log_count(log);
    int64_t after = is_last ? charge_log_total(log) : charge_log_at(log, rank + 1).before;

    return after - charge_log_at(log, rank).before;
}
