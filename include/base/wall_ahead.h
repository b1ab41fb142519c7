/* SPDX-License-Identifier: MIT
 *
 * How far the clock on the wall is ahead of the monotonic one: one number for all threads of a
 * process. It stays the same until the wall is stepped. So Unix times that are made of times of
 * clock_monotonic_us() differ by exactly as much as those do, whichever threads made them.
 *
 * The system corrects the rate of both clocks alike. They only part when somebody sets the wall, or
 * when the machine was asleep. Any thread. */
#ifndef BASE_WALL_AHEAD_H
#define BASE_WALL_AHEAD_H

#include "base/duration.h"

#include <stdatomic.h>

/* If both clocks have parted by more than this, the wall has been stepped. */
#define WALL_AHEAD_STEP_US (10 * MILLISECOND_US)
/* A thread that was kept waiting in the middle of a look for longer than this has seen nothing. */
#define WALL_AHEAD_LOOK_US INT64_C(100)

struct wall_ahead {
    _Atomic(int64_t) us;
};

/* What the clocks showed, in this order. */
struct wall_look {
    int64_t before_us; /* clock_monotonic_us() */
    int64_t wall_us;   /* clock_wall_us() */
    int64_t after_us;  /* clock_monotonic_us() */
};

/* Before other threads use it. */
void wall_ahead_init(struct wall_ahead *ahead);

/* How far it is ahead, as of now. `now_us` is clock_monotonic_us(), read just before. Reads another
 * clock, so once a turn is enough. */
int64_t wall_ahead_now(struct wall_ahead *ahead, int64_t now_us);

/* The same, by a look that the caller has made. */
int64_t wall_ahead_follow(struct wall_ahead *ahead, const struct wall_look *look);

#endif
