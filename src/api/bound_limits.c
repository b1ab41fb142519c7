/* SPDX-License-Identifier: MIT */
#include "api/bound_limits.h"

#include "catalogue/calendars.h"
#include "limit/headroom.h"

static bool is_smaller(const struct limit *limit, bool is_low);
static bool calendar_make(const struct limit *limit, int64_t time_us, struct calendar *calendar);

bool bound_limits_differ(const struct rule *rule, bool is_low)
{
    return rule->has_period || (is_low && rule->has_headroom);
}

bool bound_limits_make(struct bound_limits *bound, const struct rule *rule, bool is_low,
                       int64_t now_us, int64_t ahead_us)
{
    bound->unknown = NULL;
    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct limit *limit = &rule->limits[i];

        bound->at[i] = is_smaller(limit, is_low) ? limit_for_low(limit) : *limit;
        if (limit->period == NULL)
            continue;
        bound->calendars[i].ahead_us = ahead_us;
        bound->at[i].calendar = &bound->calendars[i];
        if (!calendar_make(limit, now_us + ahead_us, &bound->calendars[i]) &&
            bound->unknown == NULL)
            bound->unknown = limit;
    }
    return bound->unknown == NULL;
}

void bound_limits_widen(const struct bound_limits *bound, const struct rule *rule,
                        struct limit whole[static LIMITS_MAX])
{
    for (size_t i = 0; i < rule->limit_count; i++) {
        whole[i] = rule->limits[i];
        whole[i].calendar = bound->at[i].calendar;
    }
}

static bool is_smaller(const struct limit *limit, bool is_low)
{
    return is_low && limit->headroom.amount > 0;
}

static bool calendar_make(const struct limit *limit, int64_t time_us, struct calendar *calendar)
{
    if (calendars_at(limit->period, time_us, calendar))
        return true;
    calendars_at_utc(limit->period, time_us, calendar);
    return false;
}
