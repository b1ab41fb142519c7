/* SPDX-License-Identifier: MIT */
#include "limit/algorithm.h"

#include <math.h>

#define ROW(word, name, state_numbers, has_burst, has_delay)                                       \
    {#name,         (state_numbers) == 0 ? STATE_LOG : STATE_NUMBERS,                              \
     state_numbers, has_burst,                                                                     \
     has_delay,     name##_settle,                                                                 \
     name##_stamp,  name##_decide,                                                                 \
     name##_charge},
static const struct algorithm algorithms[] = {ALGORITHMS(ROW)};
#undef ROW

#define FITS(word, name, state_numbers, has_burst, has_delay)                                      \
    _Static_assert((state_numbers) <= LIMIT_STATE_NUMBERS, #name " needs more numbers");
ALGORITHMS(FITS)
#undef FITS

#define NAME(word, name, state_numbers, has_burst, has_delay) #name,
const char *const algorithm_names[ALGORITHM_COUNT + 1] = {ALGORITHMS(NAME) NULL};
#undef NAME

const struct algorithm *algorithm_of(enum algorithm_id id)
{
    return &algorithms[id];
}

enum state_kind algorithm_state(enum algorithm_id id)
{
    return algorithms[id].state;
}

int64_t algorithm_quota_max(enum algorithm_id id)
{
    if (algorithms[id].state == STATE_LOG)
        return LIMIT_LOG_QUOTA_MAX;
    return id == ALGORITHM_FIXED_WINDOW ? LIMIT_COST_MAX : LIMIT_QUOTA_MAX;
}

int64_t limit_capacity(const struct limit *limit)
{
    return limit->quota == 0 ? 0 : limit->burst;
}

int64_t limit_memory_us(const struct limit *limit)
{
    if (!algorithm_of(limit->algorithm)->has_burst)
        return limit->algorithm == ALGORITHM_SLIDING_WINDOW ? 2 * limit->window_us
                                                            : limit->window_us;
    if (limit->quota == 0)
        return 0;

    const double refill_us =
        ceil((double)limit->burst * (double)limit->window_us / (double)limit->quota);

    return refill_us < LIMIT_TIME_US_MAX ? (int64_t)refill_us : LIMIT_TIME_US_MAX;
}
