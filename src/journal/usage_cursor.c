/* SPDX-License-Identifier: MIT */
#include "journal/usage_cursor.h"

#include "base/duration.h"

const int64_t usage_stretch_minutes[USAGE_SPANS] = {
    [USAGE_MINUTE] = HOUR_MINUTES,
    [USAGE_HOUR] = DAY_MINUTES,
};

struct usage_cursor usage_cursor_at(enum usage_span span, int64_t minute)
{
    return (struct usage_cursor){span, minute - minute % usage_stretch_minutes[span]};
}

struct usage_cursor usage_cursor_start(const struct usage_report *report)
{
    return usage_cursor_at(USAGE_HOUR, report->tops_since);
}

bool usage_cursor_is_at_start(const struct usage_cursor *cursor, const struct usage_report *report)
{
    const struct usage_cursor start = usage_cursor_start(report);

    return cursor->span == start.span && cursor->minute == start.minute;
}

bool usage_cursor_has_more(struct usage_cursor *cursor, const struct usage_report *report)
{
    const int64_t minutes_from =
        report->hourly_before > report->from ? report->hourly_before : report->from;

    if (cursor->span == USAGE_HOUR && cursor->minute >= report->to)
        *cursor = usage_cursor_at(USAGE_MINUTE, minutes_from);
    return cursor->minute < report->to;
}

void usage_cursor_advance(struct usage_cursor *cursor)
{
    cursor->minute += usage_stretch_minutes[cursor->span];
}
