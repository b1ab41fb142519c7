/* SPDX-License-Identifier: MIT
 *
 * Policies as a catalogue keeps them: the canonical document, and a text that names its identity.
 * Both backends use it. Any thread. */
#ifndef CATALOGUE_STORED_POLICY_H
#define CATALOGUE_STORED_POLICY_H

#include "base/error.h"
#include "catalogue/app.h"
#include "limit/policy.h"

/* No document is as long. A plain number, because Lua code contains it, too. All documents of an
 * app together are shorter than a reply of Redis may be. */
#define STORED_POLICY_BYTES_MAX 32768

/* The document that stored_policy_read() can read, with id and version. */
struct text stored_policy_write(const struct policy *policy, struct arena *arena);

/* NULL, with the reason, when this version of Sluice cannot read it: a newer version may have
 * written it. */
MUST_USE struct policy *stored_policy_read(struct text document, struct arena *arena,
                                           struct error *error);

/* The name of the identity: a JSON array of its parts, so different identities have different
 * names. */
struct text stored_policy_name(const struct policy_identity *identity, struct arena *arena);

/* The id of a new policy: random, never 0. */
uint64_t stored_policy_new_id(void);
/* The version after a stored one; 1 if the stored one is no version, or the greatest one. */
int64_t stored_policy_next_version(int64_t stored);
/* Gives `policy` the id of the stored document and the next version; or `new_id` and version 1 if
 * there is no document that can be read. */
void stored_policy_number(struct policy *policy, struct text stored, uint64_t new_id);
/* Whether `policy`, which has its number and is to replace the stored document, uses none of the
 * counters that there are: it got `new_id`, or its limits have other subjects in common. */
bool stored_policy_starts_afresh(const struct policy *policy, struct text stored, uint64_t new_id);

/* The policies of an app that is being loaded. */
struct stored_policies {
    struct app *app;
    size_t count;
    size_t skipped;
    struct error reason; /* why the first was skipped */
    size_t zoneless;     /* those with a zone that is not known here; they are kept */
    struct text zone;    /* of the first of these */
    struct policy *at[POLICIES_PER_APP_MAX];
};

void stored_policies_begin(struct stored_policies *policies, struct app *app);
/* Adds one document. If it cannot be read, it is skipped, so that the app loses only that
 * policy. */
void stored_policies_add(struct stored_policies *policies, struct text document);
/* Makes the added policies those of the app. A damaged catalogue may hold several of one identity;
 * then the newest version is used. All skipped ones together make one line in the log, and so do
 * all with unknown zones. */
void stored_policies_finish(struct stored_policies *policies);

#endif
