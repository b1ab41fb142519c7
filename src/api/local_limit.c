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
    const struct operation operation = {
        .kind = OPERATION_TAKE,
        .tenant = limit,
        .policy_id = limit,
        .set_count = 1,
        .sets = {digest_of(&api->local_key, &subject, 1)},
        .limit_count = 1,
        .limits = &fixed_window,
        .costs = {cost},
        .now_us = api->now_us,
    };
    struct outcome outcome;

    memory_table_ask(api->own_limits, &operation, &outcome);
    return outcome.at[0];
}
