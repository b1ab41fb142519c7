/* SPDX-License-Identifier: MIT
 *
 * A rule: up to eight limits that are decided together and charged all or none. A policy has one,
 * and may have a second one on trial, its candidate. */
#ifndef LIMIT_RULE_H
#define LIMIT_RULE_H

#include "base/digest.h"
#include "limit/limit.h"

struct rule {
    struct digest layout; /* of use, algorithms and windows: a changed one starts afresh */
    size_t limit_count;   /* 1..LIMITS_MAX */
    struct limit limits[LIMITS_MAX];
};

/* What a rule is used for: the counters of the two never meet. */
enum rule_use { RULE_LIVE, RULE_CANDIDATE };

/* Reads from an open form `limits`, or the members of one limit that stand there inline. False when
 * there was a fault. */
bool rule_read(struct form *form, enum rule_use use, struct rule *rule);

/* Writes the members of the canonical form into an object that the caller has begun: one limit
 * inline, several as `limits`. */
void rule_write(const struct rule *rule, struct writer *writer);

#endif
