/* SPDX-License-Identifier: MIT
 *
 * Policies as a catalogue keeps them: the canonical document, and the text that names its identity.
 * What the backends share. Any thread. */
#ifndef CATALOGUE_STORED_POLICY_H
#define CATALOGUE_STORED_POLICY_H

#include "base/error.h"
#include "catalogue/app.h"
#include "limit/policy.h"

/* More than any document has; a plain number, because Lua has it too. All of an app's together are
 * less than a reply of Redis may have. */
#define STORED_POLICY_BYTES_MAX 32768

/* The document that stored_policy_read() takes back, with id and version. */
struct text stored_policy_write(const struct policy *policy, struct arena *arena);

/* NULL, with the reason, when this Sluice cannot read it: a newer one may have written it. */
MUST_USE struct policy *stored_policy_read(struct text document, struct arena *arena,
                                           struct error *error);

/* Different identities have different names: a JSON array of its parts. */
struct text stored_policy_name(const struct policy_identity *identity, struct arena *arena);

/* For a policy that is new: random, never 0. */
uint64_t stored_policy_new_id(void);
/* The version after a stored one: 1 when that is no version, or the last one. */
int64_t stored_policy_next_version(int64_t stored);
/* Gives `policy` the id of the stored document and the next version; `new_id` and 1 when there is
 * none that can be read. */
void stored_policy_number(struct policy *policy, struct text stored, uint64_t new_id);

/* The policies of an app that is being loaded. */
struct stored_policies {
    struct app *app;
    size_t count;
    size_t skipped;
    struct error reason; /* of the first that was skipped */
    struct policy *at[POLICIES_PER_APP_MAX];
};

void stored_policies_begin(struct stored_policies *policies, struct app *app);
/* Adds one document; one that cannot be read is skipped, so that it costs its app that policy and
 * nothing else. */
void stored_policies_add(struct stored_policies *policies, struct text document);
/* Makes what was added the policies of the app; of those with one identity, which a damaged
 * catalogue may hold, the newest version. However many were skipped, they are one line of the
 * log. */
void stored_policies_finish(struct stored_policies *policies);

#endif
