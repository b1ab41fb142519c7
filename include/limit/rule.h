/* SPDX-License-Identifier: MIT
 *
 * A rule: up to eight limits that are decided together, and charged all or none. A policy has one
 * rule. It may have a second rule on trial, its candidate. */
#ifndef LIMIT_RULE_H
#define LIMIT_RULE_H

#include "base/digest.h"
#include "limit/limit.h"

struct arena;

struct rule {
    struct digest layout; /* hash of use, algorithms and windows; a change starts afresh */
    size_t limit_count;   /* 1..LIMITS_MAX */
    const struct limit *limits;
};

/* The use of a rule. The two uses have counters of their own. */
enum rule_use { RULE_LIVE, RULE_CANDIDATE };

/* Reads `limits` from an open form, or the members of one inline limit. The limits lie in `arena`,
 * and are the first that is allocated there. False when there was a fault. */
bool rule_read(struct form *form, enum rule_use use, struct arena *arena, struct rule *rule);

/* Writes the members of the canonical form into an object that the caller has begun: one limit
 * inline, several as `limits`. */
void rule_write(const struct rule *rule, struct writer *writer);

/* Whether one of its limits may delay what it lets in. */
bool rule_has_delay(const struct rule *rule);

#endif
