/* SPDX-License-Identifier: MIT */
#include "base/wall_ahead.h"

#include "base/clock.h"

static struct wall_look look_now(void);
static bool is_step(int64_t ahead_us, int64_t seen_us);

void wall_ahead_init(struct wall_ahead *ahead)
{
    const struct wall_look look = look_now();

    atomic_init(&ahead->us, look.wall_us - look.before_us);
}

/* A thread that was kept waiting between both clocks sees a step, too, so it looks again. */
int64_t wall_ahead_now(struct wall_ahead *ahead, int64_t now_us)
{
    const int64_t known_us = atomic_load_explicit(&ahead->us, memory_order_relaxed);

    if (!is_step(known_us, clock_wall_us() - now_us))
        return known_us;

    const struct wall_look look = look_now();

    return wall_ahead_follow(ahead, &look);
}

/* Threads that see the same step at the same time agree on what the first of them has seen. */
int64_t wall_ahead_follow(struct wall_ahead *ahead, const struct wall_look *look)
{
    const int64_t seen_us = look->wall_us - look->before_us;
    int64_t known_us = atomic_load_explicit(&ahead->us, memory_order_relaxed);

    if (look->after_us - look->before_us > WALL_AHEAD_LOOK_US || !is_step(known_us, seen_us))
        return known_us;
    return atomic_compare_exchange_strong(&ahead->us, &known_us, seen_us) ? seen_us : known_us;
}

static struct wall_look look_now(void)
{
    struct wall_look look;

    look.before_us = clock_monotonic_us();
    look.wall_us = clock_wall_us();
    look.after_us = clock_monotonic_us();
    return look;
}

static bool is_step(int64_t ahead_us, int64_t seen_us)
{
    return seen_us - ahead_us > WALL_AHEAD_STEP_US || ahead_us - seen_us > WALL_AHEAD_STEP_US;
}
