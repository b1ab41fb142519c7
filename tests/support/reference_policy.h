/* SPDX-License-Identifier: MIT
 *
 * The reference model of a policy: which counters its limits have for a check, directly from the
 * documentation. It shares no code with the service.
 *
 * A set of subjects is a word of bits, one for each name. The values of a check are such a word,
 * too: each subject has one of two values. One more bit says that the check has no user. */
#ifndef SUPPORT_REFERENCE_POLICY_H
#define SUPPORT_REFERENCE_POLICY_H

#include "support/reference_model.h"

#include <stdio.h>

#define REFERENCE_SUBJECTS      4
#define REFERENCE_NO_USER       (1U << REFERENCE_SUBJECTS)
#define REFERENCE_BY_ABSENT     (-1)
#define REFERENCE_MEASURES      3
#define REFERENCE_OVERRIDES_MAX 2

/* The first two are `user` and `ip`. A limit that does not say by whom counts by the first of these
 * that a check has. */
extern const char *const reference_subjects[REFERENCE_SUBJECTS];
/* The first is `requests`, which a limit counts that does not say what. */
extern const char *const reference_measures[REFERENCE_MEASURES];

struct reference_policy_limit {
    char name; /* unique in its policy */
    int by;    /* a set, or REFERENCE_BY_ABSENT */
    size_t measure;
    struct reference_limit limit;
    /* What checks of low priority leave: in units, or in percent of the capacity. */
    int64_t headroom;
    bool is_percent;
};

struct reference_policy {
    size_t count;
    struct reference_policy_limit limits[REFERENCE_LIMITS_MAX];
};

/* What a check may say of the limits. Each override is of another limit. If another version of the
 * policy has another limit of the name, the check does not say it there. */
struct reference_terms {
    bool is_low;
    size_t override_count;
    struct {
        char name;
        enum reference_algorithm algorithm;
        int64_t window_us;
        int64_t quota;
    } overrides[REFERENCE_OVERRIDES_MAX];
};

/* What a counter belongs to: two counters with the same place are one. */
struct reference_place {
    unsigned common; /* the subjects that all limits of the policy have in common */
    unsigned by;
    unsigned values; /* of the subjects in `by` */
    bool says_by;
    size_t measure;
    enum reference_algorithm algorithm;
    int64_t window_us;
    struct reference_period period;
    int name; /* 0 for the first by name of limits that are alike in all but the numbers */
};

/* Whether one of its limits cannot count a check without a user. */
bool reference_policy_needs_user(const struct reference_policy *policy);

/* The quota that the terms have for the limit; -1: none. */
int64_t reference_override_of(const struct reference_terms *terms,
                              const struct reference_policy_limit *limit);

/* The policy as a check with these terms finds it. */
struct reference_policy reference_policy_under(const struct reference_policy *policy,
                                               const struct reference_terms *terms);

/* The limit as a check of low priority finds it. */
struct reference_limit reference_limit_for_low(const struct reference_policy_limit *limit);

/* One place per limit. */
void reference_policy_places(const struct reference_policy *policy, unsigned values,
                             struct reference_place places[]);

bool reference_place_equal(const struct reference_place *a, const struct reference_place *b);

/* Whether they count for the same callers of the same policy: then their counters lie together. */
bool reference_place_is_beside(const struct reference_place *a, const struct reference_place *b);

/* The elements of `limits` in a policy's document, in single quotes. */
void reference_policy_write_quoted(const struct reference_policy *policy, FILE *out);

/* The value of a subject in a check with these values, as the service shows it. */
const char *reference_value(size_t subject, unsigned values);

/* The `subjects` in `set` of a check with these values, in single quotes. */
void reference_values_write_quoted(unsigned set, unsigned values, FILE *out);

#endif
