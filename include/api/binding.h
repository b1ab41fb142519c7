/* SPDX-License-Identifier: MIT
 *
 * Binds a rule to a check: whose counters its limits have, and what each is charged. */
#ifndef API_BINDING_H
#define API_BINDING_H

#include "api/bound_limits.h"
#include "api/decision.h"
#include "base/faults.h"
#include "store/operation.h"

/* What the store is asked, and what that borrows. It must not move. */
struct binding {
    struct operation operation;
    struct bound_limits limits;
};

/* Whether the check has every subject and every cost that the rule's limits need and, if it is
 * partial, all of them count one measure. Otherwise adds a fault for each that is lacking, with the
 * limit that needs it; `pointer` is the place of the check. `faults` may be NULL. */
MUST_USE bool binding_fits(const struct decision *decision, const struct rule *rule,
                           const char *pointer, struct faults *faults);

/* Whether the check has the subjects of a rule's set. */
MUST_USE bool binding_has_set(const struct decision *decision, const struct by *set);

/* What a check asks of a store. */
enum operation_kind binding_kind(const struct decision *decision);

/* What the verdict on it is about. */
struct question binding_question(const struct decision *decision, const struct rule *rule);

/* Fills *binding for a check that fits the rule. To forget or to look, it needs no costs. False:
 * the zone of a period is not known here. Then that period goes by UTC, which is good enough for
 * counters of this process, but not for the store. */
MUST_USE bool binding_make(const struct decision *decision, const struct rule *rule,
                           enum operation_kind kind, struct binding *binding);

#endif
