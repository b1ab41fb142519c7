/* SPDX-License-Identifier: MIT
 *
 * The time zones that the limits of a policy name. Any thread. */
#ifndef CATALOGUE_POLICY_ZONES_H
#define CATALOGUE_POLICY_ZONES_H

#include "limit/period.h"
#include "limit/policy.h"

/* Adds a fault for each zone that this machine does not know. If it is the first fault of all, the
 * nearest name that the machine knows is in it. `pointer` is the place of the policy. */
void policy_zones_check(const struct policy *policy, const char *pointer, struct faults *faults);

/* The first period whose zone this machine does not know; NULL if there is none. Asks for all
 * zones. */
const struct period *policy_zones_find_unknown(const struct policy *policy);

#endif
