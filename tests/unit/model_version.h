/* SPDX-License-Identifier: MIT
 *
 * One version of a history's policy: the model's, and what the service makes of its document. */
#ifndef UNIT_MODEL_VERSION_H
#define UNIT_MODEL_VERSION_H

#include "limit/policy.h"
#include "store/operation.h"
#include "support/reference_policy.h"

struct arena;

struct model_version {
    struct reference_policy reference;
    const struct policy *policy;
};

/* It is read by the service, as every policy is, and lies in `arena`. */
struct model_version model_version_of(const struct reference_policy *reference,
                                      struct arena *arena);

/* An operation on all limits for the caller with these values. It costs nothing, and happens at the
 * time 0. The limits are the version's. */
struct operation model_version_bind(const struct model_version *version, unsigned values);

#endif
