/* SPDX-License-Identifier: MIT
 *
 * A slot of level k is 2^k units wide, and `index` counts such slots since time 0. Level k has the
 * slots from level_begin(k) to the first of level k + 1: seven or eight, and twice as many on level
 * 0. So the slot of a time depends only on that time and on the present time.
 *
 * Things in a slot count as ending in the slot's last unit. When the slot is divided, they go to
 * the latest part, which has the same last unit. So a thing's last unit is always the last unit of
 * a slot, of some level, that contains its end. */
#include "store/expiries.h"

_Static_assert(INT64_C(14) << (EXPIRIES_LEVELS - 1) >= EXPIRIES_LEFT_US_MAX / EXPIRIES_UNIT_US,
               "the slots reach as far as any life");

static void advance(struct expiries *expiries, int64_t now_us);
static void move(struct expiries *expiries, int64_t last, int32_t number);
static int32_t *slot_of(struct expiries *expiries, int64_t end);
static int64_t last_of(int level, int64_t end);
static int64_t unit_of(int64_t now_us, int64_t left_us);
static int level_of(int64_t unit, int64_t end);
static int64_t level_begin(int level, int64_t unit);
static int64_t level_end(int level, int64_t unit);
static size_t place_of(int level, int64_t index);

void expiries_add(struct expiries *expiries, int64_t left_us, int64_t now_us)
{
    const int64_t end = unit_of(now_us, left_us);

    advance(expiries, now_us);
    if (end < expiries->unit)
        return;
    ++*slot_of(expiries, end);
    expiries->live++;
}

/* Takes it out of the nearest of the places where it may be. If it was another thing that was
 * there, that thing now counts in this thing's place, which is not earlier. */
void expiries_take_out(struct expiries *expiries, int64_t left_us, int64_t now_us)
{
    const int64_t end = unit_of(now_us, left_us);

    advance(expiries, now_us);
    if (end < expiries->unit)
        return;
    for (int level = level_of(expiries->unit, end); level < EXPIRIES_LEVELS; level++) {
        int32_t *slot = slot_of(expiries, last_of(level, end));

        if (*slot == 0)
            continue;
        --*slot;
        expiries->live--;
        return;
    }
}

int64_t expiries_live(struct expiries *expiries, int64_t now_us)
{
    advance(expiries, now_us);
    return expiries->live;
}

int64_t expiries_next_us(struct expiries *expiries, int64_t now_us)
{
    advance(expiries, now_us);
    for (int level = 0; level < EXPIRIES_LEVELS; level++) {
        const int64_t end = level_end(level, expiries->unit);

        for (int64_t i = level_begin(level, expiries->unit); i < end; i++) {
            if (expiries->slots[place_of(level, i)] > 0)
                return ((i + 1) << level) * EXPIRIES_UNIT_US - now_us;
        }
    }
    return 0;
}

bool expiries_are_alike(int64_t left_us, int64_t other_left_us, int64_t now_us)
{
    const int64_t unit = unit_of(now_us, 0);
    const int64_t end = unit_of(now_us, left_us);
    const int64_t other_end = unit_of(now_us, other_left_us);
    const int level = level_of(unit, end);

    return level_of(unit, other_end) == level && end >> level == other_end >> level;
}

/* Threads read their clocks at different moments. */
static void advance(struct expiries *expiries, int64_t now_us)
{
    const int64_t unit = unit_of(now_us, 0);

    if (unit <= expiries->unit)
        return;

    const struct expiries old = *expiries;

    expiries->unit = unit;
    memset(expiries->slots, 0, sizeof(expiries->slots));
    for (int level = 0; level < EXPIRIES_LEVELS; level++) {
        const int64_t end = level_end(level, old.unit);

        for (int64_t i = level_begin(level, old.unit); i < end; i++)
            move(expiries, last_of(level, i << level), old.slots[place_of(level, i)]);
    }
}

/* Drops things whose slot has ended, or moves them into the slot that now has their last unit. */
static void move(struct expiries *expiries, int64_t last, int32_t number)
{
    if (number == 0)
        return;
    if (last < expiries->unit)
        expiries->live -= number;
    else
        *slot_of(expiries, last) += number;
}

static int32_t *slot_of(struct expiries *expiries, int64_t end)
{
    const int level = level_of(expiries->unit, end);

    return &expiries->slots[place_of(level, end >> level)];
}

/* The last unit of the slot of that level. */
static int64_t last_of(int level, int64_t end)
{
    return end | ((INT64_C(1) << level) - 1);
}

static int64_t unit_of(int64_t now_us, int64_t left_us)
{
    const int64_t counted_us = left_us < EXPIRIES_LEFT_US_MAX ? left_us : EXPIRIES_LEFT_US_MAX;

    return (now_us + (counted_us > 0 ? counted_us : 0)) / EXPIRIES_UNIT_US;
}

static int level_of(int64_t unit, int64_t end)
{
    int level = 0;

    while (level < EXPIRIES_LEVELS - 1 && end >> level >= level_end(level, unit))
        level++;
    return level;
}

static int64_t level_begin(int level, int64_t unit)
{
    return level == 0 ? unit : (unit >> level) + 8;
}

static int64_t level_end(int level, int64_t unit)
{
    return 2 * level_begin(level + 1, unit);
}

static size_t place_of(int level, int64_t index)
{
    return level == 0 ? (size_t)index % 16 : 8 + 8 * (size_t)level + (size_t)index % 8;
}
