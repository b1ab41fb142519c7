/* SPDX-License-Identifier: MIT
 *
 * A rule: up to eight limits that are decided together, and charged all or none. A policy has one
 * rule. It may have a second rule on trial, its candidate. */
#ifndef LIMIT_RULE_H
#define LIMIT_RULE_H

#include "limit/by.h"
#include "limit/limit.h"

struct arena;

/* The use of a rule. The two uses have counters of their own. */
enum rule_use { RULE_LIVE, RULE_CANDIDATE };

/* Limits that count by the same subjects share a set. In a set, NULL stands for user, else ip. A
 * limit that does not say by whom it counts is in the set {user} if another limit needs a user. */
struct rule {
    enum rule_use use;
    bool is_listed;     /* given as `limits` */
    bool is_plain;      /* no limit says `by`, or `counts` other than requests */
    bool has_period;    /* a limit goes by a calendar */
    bool has_headroom;  /* a limit is smaller for low priority */
    size_t limit_count; /* 1..LIMITS_MAX */
    const struct limit *limits;
    size_t set_count; /* 1..limit_count */
    const struct by *const *sets;
    const struct by *common; /* what all sets have; NULL beside others has nothing */
    int common_set;          /* the set that is `common`; -1: none is */
};

/* Reads `limits` from an open form, or the members of one inline limit. The limits lie in `arena`,
 * and are the first that is allocated there. False when there was a fault. */
bool rule_read(struct form *form, enum rule_use use, struct arena *arena, struct rule *rule);

/* Writes the members of the canonical form into an object that the caller has begun: one limit
 * inline, several as `limits`. */
void rule_write(const struct rule *rule, struct writer *writer);

/* Whether the counters of one rule are not those of the other, because the subjects that all limits
 * have in common are others. Callers find no counter of theirs again. */
bool rule_counters_differ(const struct rule *one, const struct rule *other);

/* The limit of this name; NULL when there is none. */
const struct limit *rule_find_limit(const struct rule *rule, struct text name);

/* Whether one of its limits may delay what it lets in. */
bool rule_has_delay(const struct rule *rule);

#endif
