/* SPDX-License-Identifier: MIT */
#include "store/probe.h"

#include "base/duration.h"
#include "store/take_script.h"

#include <pthread.h>

/* Of each slot: the number of its tag, which is the least one that has this slot. No number is
 * zero, because the tag of zeroes is that of a single server. */
static uint32_t number_of_slot[REDIS_SLOTS];

static void number_slots(void);
static struct digest numbered(uint32_t number);

struct operation probe_operation(const struct digest *tag, int64_t now_us)
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
        .tag = *tag,
        .set_count = 1,
        .sets = {*tag},
        .limit_count = 1,
        .limits = &limit,
        .costs = {1},
        .now_us = now_us,
    };
}

void probe_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, number_slots);
}

/* The tags are the same in each process, so all probe the same keys. */
struct digest probe_tag(uint16_t slot)
{
    ASSERT(number_of_slot[slot] != 0);
    return numbered(number_of_slot[slot]);
}

/* The tags are spread, so all slots are found after some 170,000. */
static void number_slots(void)
{
    size_t left = REDIS_SLOTS;

    for (uint32_t number = 1; left > 0; number++) {
        const struct digest tag = numbered(number);
        uint32_t *slot = &number_of_slot[take_script_slot(&tag)];

        left -= *slot == 0;
        if (*slot == 0)
            *slot = number;
    }
}

static struct digest numbered(uint32_t number)
{
    const uint64_t spread = number * UINT64_C(0x9e3779b97f4a7c15);
    struct digest tag = {0};

    memcpy(tag.bytes, &spread, sizeof(spread));
    return tag;
}
