/* SPDX-License-Identifier: MIT */
#include "limit/limit_state.h"

#include "limit/charge_log.h"

/* What is NULL has nothing to do. */
struct kind {
    void (*charge)(struct limit_state *state, int64_t window_us);
    void (*free)(const struct limit_state *state);
    size_t (*bytes)(const struct limit_state *state);
    bool (*shares)(const struct limit_state *a, const struct limit_state *b);
    bool is_apart;
};

static void log_charge(struct limit_state *state, int64_t window_us);
static void log_free(const struct limit_state *state);
static size_t log_bytes(const struct limit_state *state);
static bool log_shares(const struct limit_state *a, const struct limit_state *b);

static const struct kind kinds[] = {
    [STATE_NUMBERS] = {0},
    [STATE_LOG] = {log_charge, log_free, log_bytes, log_shares, .is_apart = true},
};

/* The state has no place for a flag, so the sign of the time is one. */
void limit_state_note(struct limit_state *state, int64_t at_us, int64_t cost, bool joins)
{
    state->logged.noted = joins ? -1 - at_us : at_us;
    state->logged.cost = cost;
}

int64_t limit_state_at(const struct limit_state *state)
{
    return limit_state_joins(state) ? -1 - state->logged.noted : state->logged.noted;
}

bool limit_state_joins(const struct limit_state *state)
{
    return state->logged.noted < 0;
}

void limit_state_charge(enum state_kind kind, struct limit_state *state, int64_t window_us)
{
    if (kinds[kind].charge != NULL)
        kinds[kind].charge(state, window_us);
}

void limit_state_free(enum state_kind kind, const struct limit_state *state)
{
    if (kinds[kind].free != NULL)
        kinds[kind].free(state);
}

size_t limit_state_bytes(enum state_kind kind, const struct limit_state *state)
{
    return kinds[kind].bytes == NULL ? 0 : kinds[kind].bytes(state);
}

bool limit_state_shares(enum state_kind kind, const struct limit_state *a,
                        const struct limit_state *b)
{
    return kinds[kind].shares != NULL && kinds[kind].shares(a, b);
}

bool state_kind_is_apart(enum state_kind kind)
{
    return kinds[kind].is_apart;
}

static void log_charge(struct limit_state *state, int64_t window_us)
{
    const int64_t at_us = limit_state_at(state);
    const int64_t cost = state->logged.cost;

    if (cost < 0)
        charge_log_give_back(state->logged.log, -cost, at_us - window_us);
    else if (limit_state_joins(state))
        charge_log_join(state->logged.log, cost, at_us - window_us);
    else
        charge_log_add(&state->logged.log, at_us, cost, at_us - window_us);
}

static void log_free(const struct limit_state *state)
{
    charge_log_free(state->logged.log);
}

static size_t log_bytes(const struct limit_state *state)
{
    return charge_log_bytes(state->logged.log);
}

static bool log_shares(const struct limit_state *a, const struct limit_state *b)
{
    return a->logged.log == b->logged.log;
}
