/* SPDX-License-Identifier: MIT
 *
 * By which sets of subjects the limits of a rule count, and what these sets have in common. */
#ifndef LIMIT_RULE_SETS_H
#define LIMIT_RULE_SETS_H

#include "limit/rule.h"

/* Fills the rule's sets, `common`, `common_set` and `is_plain`, and each limit's `set`. `limits`
 * are the rule's. What is made lies in `arena`. */
void rule_sets_make(struct rule *rule, struct limit limits[], struct arena *arena);

#endif
