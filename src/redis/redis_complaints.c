/* SPDX-License-Identifier: MIT */
#include "redis/redis_complaints.h"

#include "base/duration.h"
#include "base/hash.h"

#define SILENCE_US SECOND_US

bool redis_complaints_allow(struct redis_complaints *complaints, const char *cause, int64_t now_us)
{
    const uint64_t hash = hash_text(text_of(cause));
    _Atomic(int64_t) *silent_until_us = &complaints->silent_until_us[hash % REDIS_COMPLAINTS];
    int64_t until_us = atomic_load(silent_until_us);

    return now_us >= until_us &&
           atomic_compare_exchange_strong(silent_until_us, &until_us, now_us + SILENCE_US);
}
