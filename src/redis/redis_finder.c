/* SPDX-License-Identifier: MIT */
#include "redis_finder.h"

#include "base/clock.h"

#include <poll.h>

int64_t redis_finder_rest_us(int64_t before_us, bool was_doubted, bool has_changed)
{
    if (has_changed || !was_doubted)
        return REDIS_TOPOLOGY_REST_US;
    return before_us < REDIS_TOPOLOGY_REST_MAX_US ? 2 * before_us : before_us;
}

void redis_finder_wait(struct redis_finder *finder, int wake_fd, int64_t until_us)
{
    struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
    const int64_t left_us = until_us - clock_monotonic_us();

    (void)finder;
    if (left_us > 0)
        (void)poll(&wake, 1, (int)(left_us / MILLISECOND_US + 1));
}
