/* SPDX-License-Identifier: MIT */
#include "http/accept.h"

/* How closely a range names a type. */
enum fit { FIT_NONE, FIT_ALL, FIT_FAMILY, FIT_TYPE };

static enum fit range_fit(struct text range, struct text media_type);
static int range_weight(struct text parameters);

int accept_parse_weight(struct text weight)
{
    static const int worth[] = {ACCEPT_WEIGHT_MAX, 0, 100, 10, 1};
    int thousandths = 0;

    if (weight.length > ARRAY_COUNT(worth))
        return 0;
    for (size_t i = 0; i < weight.length; i++) {
        char c = weight.at[i];

        if (i == 1 ? c != '.' : c < '0' || c > '9')
            return 0;
        thousandths += (c - '0') * worth[i];
    }
    return thousandths <= ACCEPT_WEIGHT_MAX ? thousandths : 0;
}

int accept_weight(struct text accept, struct text media_type)
{
    struct text rest = accept;
    enum fit best = FIT_NONE;
    int weight = text_is_absent(accept) ? ACCEPT_WEIGHT_MAX : 0;

    while (!text_is_absent(rest)) {
        struct text parameters = text_cut(&rest, ',');
        const struct text range = text_trim(text_cut(&parameters, ';'));
        const enum fit fit = range_fit(range, media_type);

        if (fit == FIT_NONE || fit < best)
            continue;
        best = fit;
        weight = range_weight(parameters);
    }
    return weight;
}

static enum fit range_fit(struct text range, struct text media_type)
{
    struct text type = media_type;
    struct text family = range;
    const struct text family_of_type = text_cut(&type, '/');

    if (text_equal_ignoring_case(range, media_type))
        return FIT_TYPE;
    if (text_equal(range, TEXT("*/*")))
        return FIT_ALL;
    return text_equal_ignoring_case(text_cut(&family, '/'), family_of_type) &&
                   text_equal(family, TEXT("*"))
               ? FIT_FAMILY
               : FIT_NONE;
}

/* The weight is the parameter "q"; without it the range has the highest. */
static int range_weight(struct text parameters)
{
    struct text rest = parameters;

    while (!text_is_absent(rest)) {
        struct text value = text_trim(text_cut(&rest, ';'));
        const struct text name = text_trim(text_cut(&value, '='));

        if (text_equal_ignoring_case(name, TEXT("q")))
            return accept_parse_weight(text_trim(value));
    }
    return ACCEPT_WEIGHT_MAX;
}
