/* SPDX-License-Identifier: MIT */
#include "store/probe.h"

#include "base/duration.h"

struct operation probe_operation(int64_t now_us)
{
    static const struct limit limit = {
        .name = "default",
        .algorithm = ALGORITHM_FIXED_WINDOW,
        .quota = LIMIT_QUOTA_MAX,
        .window_us = SECOND_US,
        .burst = LIMIT_QUOTA_MAX,
    };

    return (struct operation){
        .kind = OPERATION_TAKE,
        .set_count = 1,
        .limit_count = 1,
        .limits = &limit,
        .costs = {1},
        .now_us = now_us,
    };
}
