/* SPDX-License-Identifier: MIT */
#include "limit/rate.h"

#include "base/duration.h"
#include "limit/limit.h"

static const struct {
    const char *word;
    int64_t seconds;
} units[] = {
    {"s", 1},          {"sec", 1},           {"second", 1}, {"m", MINUTE_S},
    {"min", MINUTE_S}, {"minute", MINUTE_S}, {"h", HOUR_S}, {"hour", HOUR_S},
    {"d", DAY_S},      {"day", DAY_S},
};

static bool window_parse(struct text text, int64_t *window_s, struct error *error);
static bool unit_find(struct text word, int64_t *seconds);

bool rate_parse(struct text text, int64_t quota_max, struct rate *rate, struct error *error)
{
    struct text window = text;
    struct text quota = text_cut(&window, '/');
    int64_t window_s = 0;
    int64_t units_allowed = 0;

    if (text_is_absent(window) || !text_parse_integer(quota, &units_allowed))
        return error_set(error, "must look like \"100/15m\": a quota per time");
    if (units_allowed < 0 || units_allowed > quota_max)
        return error_set(error, "must have a quota from 0 to %lld", (long long)quota_max);
    if (!window_parse(window, &window_s, error))
        return false;
    *rate = (struct rate){.quota = units_allowed, .window_s = window_s};
    return true;
}

/* "15m", "m" */
static bool window_parse(struct text text, int64_t *window_s, struct error *error)
{
    size_t digits = 0;
    int64_t count = 1;
    int64_t unit_s = 0;

    while (digits < text.length && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    if (!unit_find((struct text){text.at + digits, text.length - digits}, &unit_s))
        return error_set(error, "must end in a unit: s, sec, second, m, min, minute, h, hour, d "
                                "or day");
    if (digits > 0 && !text_parse_integer((struct text){text.at, digits}, &count))
        count = INT64_MAX;
    if (count < 1 || count > LIMIT_WINDOW_S_MAX / unit_s)
        return error_set(error, "must have a window from 1 second to %lld seconds",
                         (long long)LIMIT_WINDOW_S_MAX);
    *window_s = count * unit_s;
    return true;
}

static bool unit_find(struct text word, int64_t *seconds)
{
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (text_equal(text_of(units[i].word), word)) {
            *seconds = units[i].seconds;
            return true;
        }
    }
    return false;
}
