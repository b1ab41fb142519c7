/* SPDX-License-Identifier: MIT */
#include "redis/redis_complaints.h"

#include "base/duration.h"
#include "base/hash.h"

#define SILENCE_US SECOND_US

bool redis_complaints_allow(struct redis_complaints *complaints, const char *cause, int64_t now_us)
{
    const uint64_t hash = hash_text(HASH_START, text_of(cause));
    int64_t *silent_until_us = &complaints->silent_until_us[hash % REDIS_COMPLAINTS];

    if (now_us < *silent_until_us)
        return false;
    *silent_until_us = now_us + SILENCE_US;
    return true;
}
