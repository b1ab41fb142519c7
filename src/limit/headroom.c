/* SPDX-License-Identifier: MIT */
#include "limit/headroom.h"

#include "limit/algorithm.h"

#include <inttypes.h>

#define WHOLE_PERCENT     100
#define PERCENT_BYTES_MAX (sizeof("100%") - 1)

static bool percent_parse(struct text text, int64_t *percent);

void headroom_read(struct form *form, struct limit *limit)
{
    struct headroom *headroom = &limit->headroom;
    const int64_t units_max = limit_capacity(limit);
    struct text text;
    bool is_right = false;

    if (!form_has(form, "headroom"))
        return;
    headroom->is_percent = form_has_text(form, "headroom");
    if (headroom->is_percent)
        is_right = form_text(form, "headroom", FORM_REQUIRED, 0, SIZE_MAX, &text) &&
                   percent_parse(text, &headroom->amount);
    else if (form_has_integer(form, "headroom"))
        is_right = form_integer(form, "headroom", FORM_REQUIRED, INT64_MIN, INT64_MAX,
                                &headroom->amount) &&
                   headroom->amount >= 0 && headroom->amount <= units_max;
    if (!is_right)
        form_fault(form, "headroom",
                   "must be an integer from 0 to %" PRId64 ", or a text from \"0%%\" to \"100%%\"",
                   units_max);
}

void headroom_write(const struct limit *limit, struct writer *writer)
{
    const struct headroom *headroom = &limit->headroom;
    char percent[PERCENT_BYTES_MAX + 1];

    if (headroom->amount == 0)
        return;
    if (!headroom->is_percent) {
        writer_integer(writer, "headroom", headroom->amount);
        return;
    }
    (void)snprintf(percent, sizeof(percent), "%" PRId64 "%%", headroom->amount);
    writer_string(writer, "headroom", percent);
}

int64_t headroom_units(const struct limit *limit)
{
    const struct headroom *headroom = &limit->headroom;
    const int64_t capacity = limit_capacity(limit);

    if (headroom->is_percent)
        return (capacity * headroom->amount + WHOLE_PERCENT - 1) / WHOLE_PERCENT;
    return headroom->amount < capacity ? headroom->amount : capacity;
}

/* A bucket fills as fast as ever. Where there is no burst, it equals the quota. */
struct limit limit_for_low(const struct limit *limit)
{
    struct limit low = *limit;

    low.burst -= headroom_units(limit);
    if (!algorithm_of(limit->algorithm)->has_burst)
        low.quota = low.burst;
    return low;
}

/* Without a sign or leading zeros. */
static bool percent_parse(struct text text, int64_t *percent)
{
    if (text.length < 2 || text.length > PERCENT_BYTES_MAX || text.at[text.length - 1] != '%')
        return false;

    const struct text digits = {text.at, text.length - 1};
    const bool is_bare = digits.at[0] != '-' && (digits.at[0] != '0' || digits.length == 1);

    return is_bare && text_parse_integer(digits, percent) && *percent <= WHOLE_PERCENT;
}
