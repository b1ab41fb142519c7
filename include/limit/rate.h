/* SPDX-License-Identifier: MIT
 *
 * A rate as people write it, like "100/15m": a quota per time. */
#ifndef LIMIT_RATE_H
#define LIMIT_RATE_H

#include "base/error.h"
#include "base/text.h"

struct rate {
    int64_t quota;
    int64_t window_s; /* 1..LIMIT_WINDOW_S_MAX */
};

/* `<n>/<count?><unit>`, the unit one of s sec second m min minute h hour d day. The quota is at
 * most `quota_max`. */
MUST_USE bool rate_parse(struct text text, int64_t quota_max, struct rate *rate,
                         struct error *error);

#endif
