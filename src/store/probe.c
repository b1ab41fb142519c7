/* SPDX-License-Identifier: MIT */
#include "store/probe.h"

#include "base/duration.h"

struct take probe_take(int64_t now_us)
{
    static const struct limit limit = {
        .name = "default",
        .algorithm = ALGORITHM_FIXED_WINDOW,
        .quota = LIMIT_QUOTA_MAX,
        .window_us = SECOND_US,
        .burst = LIMIT_QUOTA_MAX,
    };

    return (struct take){.limits = &limit, .limit_count = 1, .cost = 1, .now_us = now_us};
}
