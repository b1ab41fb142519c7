/* SPDX-License-Identifier: MIT
 *
 * What a check costs, in each measure: requests (the member `cost`), and others by name (`costs`),
 * as {"tokens": 1500}. */
#ifndef LIMIT_COSTS_H
#define LIMIT_COSTS_H

#include "base/form.h"
#include "base/text.h"

struct arena;
struct limit;

#define COSTS_MAX        8
#define MEASURE_REQUESTS "requests"

struct measured {
    struct text measure; /* a word (limit/word.h), not `requests` */
    int64_t cost;        /* 0..LIMIT_COST_MAX; of a charge also down to -LIMIT_COST_MAX */
};

struct costs {
    int64_t requests; /* likewise */
    size_t count;
    const struct measured *at; /* in the order of text_compare(); no measure twice */
};

/* Reads `cost` (1 when absent) and `costs`. Names are borrowed from the form; the list lies in
 * `arena`. False when there was a fault. */
MUST_USE bool costs_read(struct form *form, struct arena *arena, struct costs *costs);
/* The same of a charge: `cost` is 0 when absent, and each may be negative. */
MUST_USE bool costs_read_charge(struct form *form, struct arena *arena, struct costs *costs);

/* False when the check does not say what it costs in this measure. */
MUST_USE bool costs_find(const struct costs *costs, struct text measure, int64_t *cost);
/* In the measure that the limit counts. */
MUST_USE bool costs_find_of(const struct costs *costs, const struct limit *limit, int64_t *cost);

#endif
