/* SPDX-License-Identifier: MIT
 *
 * A ring that doubles when it is full and halves when three quarters of it are empty. Both `at_us`
 * and `before` rise along it, so bisection finds either. */
#include "limit/charge_log.h"

#include "base/memory.h"
#include "limit/limit.h"

#define CAPACITY_MIN 2

struct charge_log {
    struct charge *charges;
    size_t capacity;
    size_t first; /* the slot of the oldest */
    size_t count;
    int64_t total;
};

static void merge(struct charge_log *log, int64_t at_us);
static void begin_anew(struct charge_log *log, int64_t at_us);
static void drop_until(struct charge_log *log, int64_t over_us);
static void fit(struct charge_log *log);
static struct charge *slot_of(const struct charge_log *log, size_t rank);

void charge_log_free(struct charge_log *log)
{
    if (log == NULL)
        return;
    free(log->charges);
    free(log);
}

size_t charge_log_count(const struct charge_log *log)
{
    return log == NULL ? 0 : log->count;
}

struct charge charge_log_at(const struct charge_log *log, size_t rank)
{
    ASSERT(rank < charge_log_count(log));
    return *slot_of(log, rank);
}

int64_t charge_log_total(const struct charge_log *log)
{
    return log == NULL ? 0 : log->total;
}

size_t charge_log_rank_after(const struct charge_log *log, int64_t at_us)
{
    size_t low = 0;
    size_t high = charge_log_count(log);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (slot_of(log, middle)->at_us > at_us)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

size_t charge_log_rank_from(const struct charge_log *log, int64_t total)
{
    size_t low = 0;
    size_t high = charge_log_count(log);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (slot_of(log, middle)->before >= total)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void charge_log_add(struct charge_log **log, int64_t at_us, int64_t cost, int64_t over_us)
{
    if (*log == NULL)
        *log = MEMORY_NEW(struct charge_log);

    struct charge_log *grown = *log;

    ASSERT(cost > 0 && over_us < at_us);
    ASSERT(grown->count == 0 || at_us >= slot_of(grown, grown->count - 1)->at_us);
    drop_until(grown, over_us);
    if (grown->total > LIMIT_COST_MAX - cost)
        begin_anew(grown, at_us);
    fit(grown);
    *slot_of(grown, grown->count) = (struct charge){at_us, grown->total};
    grown->count++;
    grown->total += cost;
}

void charge_log_join(struct charge_log *log, int64_t cost, int64_t over_us)
{
    drop_until(log, over_us);
    ASSERT(cost > 0 && log->count > 0);
    if (log->total > LIMIT_COST_MAX - cost)
        begin_anew(log, slot_of(log, log->count - 1)->at_us);
    log->total += cost;
}

void charge_log_give_back(struct charge_log *log, int64_t cost, int64_t over_us)
{
    drop_until(log, over_us);
    ASSERT(cost > 0 && log->count > 0 && slot_of(log, 0)->before <= log->total - cost);

    const size_t newest = charge_log_left(log, cost);
    const bool leaves_any = slot_of(log, 0)->before < log->total - cost;
    const bool leaves_many = log->count - newest - 1 > CHARGE_LOG_LEAVE_MAX;

    log->total -= cost;
    if (!leaves_any) {
        log->count = 0;
        log->total = 0;
        return;
    }
    log->count = newest + 1;
    if (leaves_many)
        merge(log, slot_of(log, newest)->at_us);
}

size_t charge_log_left(const struct charge_log *log, int64_t cost)
{
    const size_t gone = charge_log_rank_from(log, log->total - cost);

    return gone == 0 ? 0 : gone - 1;
}

bool charge_log_move(struct charge_log *log, int64_t at_us)
{
    const size_t count = charge_log_count(log);
    size_t first = charge_log_rank_after(log, at_us);

    if (first == count)
        return false;
    if (count - first > CHARGE_LOG_LEAVE_MAX)
        first = 0;
    slot_of(log, first)->at_us = at_us;
    log->count = first + 1;
    return true;
}

size_t charge_log_bytes(const struct charge_log *log)
{
    return log == NULL ? 0 : sizeof *log + log->capacity * sizeof log->charges[0];
}

/* The charges become one. */
static void merge(struct charge_log *log, int64_t at_us)
{
    log->count = 1;
    slot_of(log, 0)->at_us = at_us;
}

/* The same, with no sum before it. */
static void begin_anew(struct charge_log *log, int64_t at_us)
{
    if (log->count == 0) {
        log->total = 0;
        return;
    }
    log->total -= slot_of(log, 0)->before;
    slot_of(log, 0)->before = 0;
    merge(log, at_us);
}

static void drop_until(struct charge_log *log, int64_t over_us)
{
    size_t over = charge_log_rank_after(log, over_us);

    log->count -= over;
    log->first = log->count == 0 ? 0 : (log->first + over) % log->capacity;
}

/* Makes room for one more. */
static void fit(struct charge_log *log)
{
    size_t capacity = log->capacity;

    if (log->count == capacity)
        capacity = capacity == 0 ? CAPACITY_MIN : capacity * 2;
    else if (log->count < capacity / 4)
        capacity = capacity / 2;
    if (capacity == log->capacity)
        return;

    struct charge *charges = memory_new(capacity, sizeof *charges);

    for (size_t rank = 0; rank < log->count; rank++)
        charges[rank] = *slot_of(log, rank);
    free(log->charges);
    log->charges = charges;
    log->capacity = capacity;
    log->first = 0;
}

static struct charge *slot_of(const struct charge_log *log, size_t rank)
{
    return &log->charges[(log->first + rank) % log->capacity];
}
