/* SPDX-License-Identifier: MIT */
#include "api/span.h"

#include "base/duration.h"

#define SPAN_BYTES_MAX 20

static const struct {
    char letter;
    int64_t minutes;
} units[] = {{'m', 1}, {'h', HOUR_MINUTES}, {'d', DAY_MINUTES}};

static bool parse(struct text text, int64_t minutes_max, int64_t *minutes);

void span_read(struct form *form, const char *name, int64_t days_max, int64_t *minutes)
{
    struct text text;

    if (form_text(form, name, FORM_OPTIONAL, 1, SPAN_BYTES_MAX, &text) &&
        !parse(text, days_max * DAY_MINUTES, minutes))
        form_fault(form, name, "must look like \"15m\": a number and m, h or d, from 1m to %dd",
                   (int)days_max);
}

/* Sets *minutes only if the value is in range. */
static bool parse(struct text text, int64_t minutes_max, int64_t *minutes)
{
    const char letter = text.at[text.length - 1];
    int64_t count;

    if (!text_parse_integer((struct text){text.at, text.length - 1}, &count))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (units[i].letter != letter)
            continue;
        if (count < 1 || count > minutes_max / units[i].minutes)
            return false;
        *minutes = count * units[i].minutes;
        return true;
    }
    return false;
}
