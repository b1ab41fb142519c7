/* SPDX-License-Identifier: MIT */
#include "redis/redis_complaints.h"

#include "base/duration.h"

#define SILENCE_US SECOND_US

static uint32_t hash(const char *string);

bool redis_complaints_allow(struct redis_complaints *complaints, const char *cause, int64_t now_us)
{
    int64_t *silent_until_us = &complaints->silent_until_us[hash(cause) % REDIS_COMPLAINTS];

    if (now_us < *silent_until_us)
        return false;
    *silent_until_us = now_us + SILENCE_US;
    return true;
}

/* FNV-1a. */
static uint32_t hash(const char *string)
{
    uint32_t value = UINT32_C(2166136261);

    for (; *string != '\0'; string++)
        value = (value ^ (unsigned char)*string) * UINT32_C(16777619);
    return value;
}
