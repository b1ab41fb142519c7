/* SPDX-License-Identifier: MIT */
#include "redis_finder.h"

#include "base/clock.h"

#include <poll.h>

void redis_finder_wait(struct redis_finder *finder, int wake_fd, int64_t until_us)
{
    struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
    const int64_t left_us = until_us - clock_monotonic_us();

    (void)finder;
    if (left_us > 0)
        (void)poll(&wake, 1, (int)(left_us / MILLISECOND_US + 1));
}
