/* SPDX-License-Identifier: MIT
 *
 * The reference model of a policy: which counters its limits have for a check, directly from the
 * documentation. It shares no code with the service.
 *
 * A set of subjects is a word of bits, one for each name. The values of a check are such a word,
 * too: each subject has one of two values. */
#ifndef SUPPORT_REFERENCE_POLICY_H
#define SUPPORT_REFERENCE_POLICY_H

#include "support/reference_model.h"

#include <stdio.h>

#define REFERENCE_SUBJECTS  3
#define REFERENCE_BY_ABSENT (-1)
#define REFERENCE_MEASURES  3

/* The first is `user`, for which a limit counts that does not say by whom. */
extern const char *const reference_subjects[REFERENCE_SUBJECTS];
/* The first is `requests`, which a limit counts that does not say what. */
extern const char *const reference_measures[REFERENCE_MEASURES];

struct reference_policy_limit {
    char name; /* unique in its policy */
    int by;    /* a set, or REFERENCE_BY_ABSENT */
    size_t measure;
    struct reference_limit limit;
};

struct reference_policy {
    size_t count;
    struct reference_policy_limit limits[REFERENCE_LIMITS_MAX];
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
    int name; /* 0 for the first by name of limits that are alike in all but the numbers */
};

/* One place per limit. */
void reference_policy_places(const struct reference_policy *policy, unsigned values,
                             struct reference_place places[]);

bool reference_place_equal(const struct reference_place *a, const struct reference_place *b);

/* Whether they count for the same callers of the same policy: then their counters lie together. */
bool reference_place_is_beside(const struct reference_place *a, const struct reference_place *b);

/* The elements of `limits` in a policy's document, in single quotes. */
void reference_policy_write_quoted(const struct reference_policy *policy, FILE *out);

/* The `subjects` of a check with these values, in single quotes. */
void reference_values_write_quoted(unsigned values, FILE *out);

#endif
