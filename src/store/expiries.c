/* SPDX-License-Identifier: MIT
 *
 * A slot of level k is 2^k units wide, and `index` is which one it is since time 0. Level k has the
 * slots from level_begin(k) on, until those of level k + 1 begin: eight or seven, and twice as many
 * of level 0. So where something is counted depends on its end and the present time alone. */
#include "store/expiries.h"

static void count(struct expiries *expiries, int64_t left_us, int64_t now_us, int32_t change);
static void advance(struct expiries *expiries, int64_t now_us);
static void put(struct expiries *expiries, int level, int64_t index, int32_t number);
static int64_t unit_of(int64_t now_us, int64_t left_us);
static int level_of(int64_t unit, int64_t end);
static int64_t level_begin(int level, int64_t unit);
static int64_t level_end(int level, int64_t unit);
static size_t place_of(int level, int64_t index);

void expiries_add(struct expiries *expiries, int64_t left_us, int64_t now_us)
{
    count(expiries, left_us, now_us, 1);
}

void expiries_take_out(struct expiries *expiries, int64_t left_us, int64_t now_us)
{
    count(expiries, left_us, now_us, -1);
}

int64_t expiries_live(struct expiries *expiries, int64_t now_us)
{
    advance(expiries, now_us);
    return expiries->live;
}

bool expiries_are_over(struct expiries *expiries, int64_t now_us)
{
    advance(expiries, now_us);
    for (size_t i = 0; i < EXPIRIES_SLOTS; i++) {
        if (expiries->slots[i] != 0)
            return false;
    }
    return true;
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

static void count(struct expiries *expiries, int64_t left_us, int64_t now_us, int32_t change)
{
    advance(expiries, now_us);

    const int64_t end = unit_of(now_us, left_us > 0 ? left_us : 0);
    const int level = level_of(expiries->unit, end);
    const int64_t last = level_end(level, expiries->unit) - 1;
    const int64_t index = end >> level;

    expiries->live += change;
    put(expiries, level, index < last ? index : last, change);
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
            put(expiries, level, i, old.slots[place_of(level, i)]);
    }
}

/* Into its slot; what is nearer by now, into those that the slot is divided into. */
static void put(struct expiries *expiries, int level, int64_t index, int32_t number)
{
    if (number == 0)
        return;
    if ((index + 1) << level <= expiries->unit) {
        expiries->live -= number;
    } else if (index >= level_begin(level, expiries->unit)) {
        expiries->slots[place_of(level, index)] += number;
    } else {
        put(expiries, level - 1, 2 * index, number / 2);
        put(expiries, level - 1, 2 * index + 1, number - number / 2);
    }
}

static int64_t unit_of(int64_t now_us, int64_t left_us)
{
    return (now_us + left_us) / EXPIRIES_UNIT_US;
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
