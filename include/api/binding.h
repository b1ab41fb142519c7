/* SPDX-License-Identifier: MIT
 *
 * Binds a rule to a check: whose counters its limits have, and what each is charged. */
#ifndef API_BINDING_H
#define API_BINDING_H

#include "api/decision.h"
#include "base/faults.h"
#include "store/operation.h"

/* Whether the check has every subject and every cost that the rule's limits need. Otherwise adds a
 * fault for each that it lacks, with the limit that needs it; `pointer` is the place of the check.
 * `faults` may be NULL. */
MUST_USE bool binding_fits(const struct decision *decision, const struct rule *rule,
                           const char *pointer, struct faults *faults);

/* Whether the check has the subjects of a rule's set. */
MUST_USE bool binding_has_set(const struct decision *decision, const struct by *set);

/* Fills *operation: what the store is asked for a check that fits the rule. To forget, it needs no
 * costs. */
void binding_operation(const struct decision *decision, const struct rule *rule,
                       enum operation_kind kind, struct operation *operation);

#endif
