/* SPDX-License-Identifier: MIT
 *
 * Some limits of a rule, as a rule of their own: those of some of its sets. It has the same
 * counters, because what all sets of the whole rule have in common stays in the name of each. */
#ifndef LIMIT_RULE_PART_H
#define LIMIT_RULE_PART_H

#include "limit/rule.h"

/* Borrows from the whole rule. Must not be moved. */
struct rule_part {
    struct rule rule; /* without limits and sets if none was taken */
    struct limit limits[LIMITS_MAX];
    const struct by *sets[LIMITS_MAX];
};

/* Whether the limits of this set belong to the part. */
typedef bool rule_part_takes_fn(const void *context, const struct by *set);

/* Asks once for each set, and keeps the order of the limits. */
void rule_part_choose(struct rule_part *part, const struct rule *rule, const void *context,
                      rule_part_takes_fn *takes);

#endif
