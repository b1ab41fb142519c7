/* SPDX-License-Identifier: MIT
 *
 * Whom a policy may be for that decides a check: each of the check's subjects with each role. For
 * policy_set.c. */
#ifndef LIMIT_CALLERS_H
#define LIMIT_CALLERS_H

#include "limit/policy.h"

#define CALLER_ROLES_MAX 2 /* the role asked for, and the default one */
#define CALLERS_MAX      (CALLER_ROLES_MAX * (SUBJECTS_MAX + 1))

/* Borrows its texts. */
struct caller {
    struct text role;
    const struct subject *subject; /* absent: everybody */
    uint64_t hash;                 /* of both */
};

/* The most specific first. */
struct callers {
    size_t count;
    struct caller at[CALLERS_MAX];
};

/* Names of subjects, except `user`, in the order of text_compare(). */
struct caller_names {
    size_t count;
    const struct text *at;
};

/* The names that policies have. The list lies in `arena`. */
struct caller_names caller_names_of(const struct policy *const policies[], size_t count,
                                    struct arena *arena);

/* Lists the user, then the other subjects by name, then the address, then nobody in particular;
 * each of them with the role, if there is one, and with the default role. Of the other subjects and
 * the address only those whose name is among `names`. */
void callers_list(struct callers *callers, struct text role, const struct subjects *subjects,
                  const struct caller_names *names);

/* Whom a policy is for. */
struct caller caller_of(const struct policy_identity *identity);

#endif
