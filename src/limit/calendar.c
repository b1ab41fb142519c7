/* SPDX-License-Identifier: MIT */
#include "limit/calendar.h"

bool calendar_covers(const struct calendar *calendar, int64_t time_us)
{
    const int64_t *starts = calendar->starts_us;
    const bool is_narrow = starts[0] == starts[1];

    return time_us >= starts[0] && time_us < starts[is_narrow ? 2 : CALENDAR_STARTS - 1];
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
    const int64_t *starts = &calendar->starts_us[place];
    const int64_t next_end_us = place + 2 < CALENDAR_STARTS ? starts[2] : starts[1];

    return (struct calendar){{starts[0], starts[0], starts[1], next_end_us}, calendar->ahead_us};
}
