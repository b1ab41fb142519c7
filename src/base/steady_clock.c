/* SPDX-License-Identifier: MIT */
#include "base/steady_clock.h"

#include "base/duration.h"

#define STEP_US (60 * SECOND_US)

void steady_clock_init(struct steady_clock *clock, int64_t wall_us, int64_t monotonic_us)
{
    *clock = (struct steady_clock){wall_us - monotonic_us, monotonic_us};
}

int64_t steady_clock_look(struct steady_clock *clock, int64_t wall_us, int64_t monotonic_us)
{
    const int64_t offset_us = wall_us - monotonic_us;
    const int64_t step_us = offset_us - clock->offset_us;

    clock->offset_us = offset_us;
    if (step_us > STEP_US || step_us < -STEP_US)
        clock->from_us = monotonic_us;
    return monotonic_us - clock->from_us;
}
