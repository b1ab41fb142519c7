/* SPDX-License-Identifier: MIT
 *
 * For `"explain": true`: tells people why a check was decided as it was. Other checks do none of
 * this. */
#ifndef API_EXPLAIN_H
#define API_EXPLAIN_H

#include "base/buffer.h"
#include "base/writer.h"
#include "limit/costs.h"
#include "limit/policy_set.h"
#include "limit/terms.h"
#include "limit/verdict.h"

/* The first identities tried, and the one that exists, as a JSON array. Lies in a request's
 * arena. */
struct explain {
    unsigned listed;
    unsigned omitted;
    struct buffer considered;
    struct writer writer;
};

/* Finds the policy like policy_set_match(), and remembers what was tried. */
struct explain *explain_match(const struct policy_set *set, struct text route_key, struct text role,
                              const struct subjects *subjects, struct arena *arena,
                              const struct policy **policy);

/* Writes the member `explain`: the policies looked for, in order, and how many are not listed; the
 * chosen one, and why; if counters were asked, each limit's numbers before and after this check,
 * and what the check's terms made of it; and the same for the candidate, which may be NULL. `costs`
 * and `terms` are the check's. */
void explain_write(const struct explain *explain, const struct verdict *verdict,
                   const struct verdict *candidate, const struct costs *costs,
                   const struct terms *terms, struct writer *writer);

/* Writes the member `explain` if no policy was found: only the policies looked for. */
void explain_write_none(const struct explain *explain, struct writer *writer);

#endif
