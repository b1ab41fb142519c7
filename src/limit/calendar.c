/* SPDX-License-Identifier: MIT */
#include "limit/calendar.h"

bool calendar_covers(const struct calendar *calendar, int64_t time_us)
{
    return time_us >= calendar->starts_us[0] && time_us < calendar->starts_us[CALENDAR_STARTS - 1];
}

size_t calendar_find(const struct calendar *calendar, int64_t time_us)
{
    size_t place = CALENDAR_STARTS - 2;

    while (place > 0 && calendar->starts_us[place] > time_us)
        place--;
    return place;
}

struct calendar calendar_narrow(const struct calendar *calendar, int64_t time_us)
{
    const size_t place = calendar_find(calendar, time_us);
    const int64_t start_us = calendar->starts_us[place];
    const int64_t end_us = calendar->starts_us[place + 1];

    return (struct calendar){{start_us, start_us, end_us, end_us}, calendar->ahead_us};
}
