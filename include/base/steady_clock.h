/* SPDX-License-Identifier: MIT
 *
 * Whether the wall clock may be believed: it may jump, because somebody sets it or a machine begins
 * with a wrong one. Plain value; time is an argument. */
#ifndef BASE_STEADY_CLOCK_H
#define BASE_STEADY_CLOCK_H

struct steady_clock {
    int64_t offset_us; /* wall clock minus monotonic clock */
    int64_t from_us;   /* monotonic: from then on both went equally fast */
};

void steady_clock_init(struct steady_clock *clock, int64_t wall_us, int64_t monotonic_us);

/* For how long both clocks have gone equally fast. To be called now and then, because a step is
 * seen only between two calls. After a sleep of the machine the clocks differ, as after a step. */
int64_t steady_clock_look(struct steady_clock *clock, int64_t wall_us, int64_t monotonic_us);

#endif
