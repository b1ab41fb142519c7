/* SPDX-License-Identifier: MIT
 *
 * A rate as people write it, like "100/15m": a quota per time. */
#ifndef LIMIT_RATE_H
#define LIMIT_RATE_H

#include "base/error.h"
#include "base/text.h"

struct rate {
    int64_t quota;    /* 0..LIMIT_QUOTA_MAX */
    int64_t window_s; /* 1..LIMIT_WINDOW_S_MAX */
};

/* `<n>/<count?><unit>`, the unit one of s sec second m min minute h hour d day. */
MUST_USE bool rate_parse(struct text text, struct rate *rate, struct error *error);

#endif
