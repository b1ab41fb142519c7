/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include "base/duration.h"

static int64_t clock_read_us(clockid_t clock);

int64_t clock_monotonic_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
    return clock_read_us(CLOCK_REALTIME);
}

void clock_write_rfc3339(int64_t wall_us, char out[static CLOCK_RFC3339_BYTES])
{
    /* 9999-12-31T23:59:59.999999Z, the last time whose year has four digits. */
    const int64_t last_us = INT64_C(253402300799999999);
    int64_t shown_us = wall_us < 0 ? 0 : wall_us > last_us ? last_us : wall_us;
    time_t seconds = shown_us / SECOND_US;
    unsigned milliseconds = (unsigned)(shown_us / MILLISECOND_US % SECOND_MS);
    struct tm date;

    gmtime_r(&seconds, &date);
    size_t length = strftime(out, CLOCK_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%S", &date);
    snprintf(out + length, CLOCK_RFC3339_BYTES - length, ".%03uZ", milliseconds);
}

static int64_t clock_read_us(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);

    ASSERT(!failed);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / MICROSECOND_NS;
}
