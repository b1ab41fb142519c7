/* SPDX-License-Identifier: MIT */
#include "api/local_limit.h"

#include "base/duration.h"
#include "store/store_memory.h"

struct limit_outcome local_limit_take(struct api *api, enum local_limit limit, struct text subject,
                                      struct rate rate, int64_t cost)
{
    struct limit fixed_window = {
        .name = "default",
        .algorithm = ALGORITHM_FIXED_WINDOW,
        .quota = rate.quota,
        .window_us = rate.window_s * SECOND_US,
        .burst = rate.quota,
    };
    struct take take = {
        .key = {.subject = digest_of(&api->local_key, &subject, 1),
                .policy_id = limit,
                .tenant = limit},
        .limits = &fixed_window,
        .limit_count = 1,
        .cost = cost,
        .now_us = api->now_us,
    };
    struct outcome outcome;

    memory_table_take(api->own_limits, &take, &outcome);
    return outcome.at[0];
}
