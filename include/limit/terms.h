/* SPDX-License-Identifier: MIT
 *
 * What a check may say about its limits: quotas of its own, a low priority, that a part is enough.
 * A check that says nothing has all-zero terms. */
#ifndef LIMIT_TERMS_H
#define LIMIT_TERMS_H

#include "base/form.h"
#include "base/text.h"
#include "limit/rule.h"

struct arena;

/* The quota of a named limit, for one check. */
struct limit_override {
    struct text limit; /* NUL-terminated; limit_name_is() */
    int64_t quota;     /* 0..algorithm_quota_max() */
};

struct terms {
    bool is_low;     /* "priority": "low" */
    bool is_partial; /* "partial": true */
    size_t override_count;
    const struct limit_override *overrides; /* in the order of text_compare() */
};

extern const char *const priority_words[]; /* normal, low; NULL-terminated */

/* Reads `limit_overrides`, `priority` and `partial`. Names are borrowed from the form; the list
 * lies in `arena`. False when there was a fault. */
MUST_USE bool terms_read(struct form *form, struct arena *arena, struct terms *terms);
/* The same of a charge, which is never partial. */
MUST_USE bool terms_read_charge(struct form *form, struct arena *arena, struct terms *terms);

/* The rule under these terms: itself, or a copy in `arena` whose limits have the quotas given. A
 * bucket has the quota as its burst, too, if its burst equals its own quota. Adds faults for names
 * that the rule does not have and quotas that its limits cannot have; `pointer` is the place of the
 * check. Then, or if `faults` is NULL and there would be some, returns NULL. */
const struct rule *terms_apply(const struct terms *terms, const struct rule *rule,
                               const char *pointer, struct faults *faults, struct arena *arena);

#endif
