/* SPDX-License-Identifier: MIT
 *
 * Units of time, the larger one first: SECOND_US is a second in microseconds. No other file says
 * how many there are. Any thread. */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <sys/time.h>

#define MICROSECOND_NS INT64_C(1000)
#define MILLISECOND_US INT64_C(1000)
#define SECOND_MS      INT64_C(1000)
#define SECOND_US      (SECOND_MS * MILLISECOND_US)
#define MINUTE_S       INT64_C(60)
#define MINUTE_US      (MINUTE_S * SECOND_US)
#define HOUR_MINUTES   INT64_C(60)
#define HOUR_S         (HOUR_MINUTES * MINUTE_S)
#define HOUR_US        (HOUR_S * SECOND_US)
#define DAY_HOURS      INT64_C(24)
#define DAY_MINUTES    (DAY_HOURS * HOUR_MINUTES)
#define DAY_S          (DAY_HOURS * HOUR_S)
#define YEAR_S         (365 * DAY_S)

/* How many units of `unit_us` cover `time_us` >= 0: a caller that waits so long is never too early.
 * Inline, so that the divisor is a constant. */
static inline int64_t duration_rounded_up(int64_t time_us, int64_t unit_us)
{
    return time_us / unit_us + (time_us % unit_us > 0 ? 1 : 0);
}

/* For poll(), which must not wake too early, for nothing; 0 when no time is left. */
static inline int duration_poll_ms(int64_t left_us)
{
    return left_us > 0 ? (int)duration_rounded_up(left_us, MILLISECOND_US) : 0;
}

/* As system calls take it; `time_us` >= 0. */
static inline struct timespec duration_timespec(int64_t time_us)
{
    return (struct timespec){.tv_sec = time_us / SECOND_US,
                             .tv_nsec = time_us % SECOND_US * MICROSECOND_NS};
}

static inline struct timeval duration_timeval(int64_t time_us)
{
    return (struct timeval){.tv_sec = time_us / SECOND_US, .tv_usec = time_us % SECOND_US};
}

#endif
