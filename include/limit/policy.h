/* SPDX-License-Identifier: MIT
 *
 * A policy: to whom it applies, its limits, and what it does. Reads JSON into a validated value,
 * and writes it back. The HTTP body, the catalogue and the configuration file all pass through
 * policy_read(). */
#ifndef LIMIT_POLICY_H
#define LIMIT_POLICY_H

#include "base/form.h"
#include "base/text.h"
#include "base/writer.h"
#include "limit/rule.h"
#include "limit/subjects.h"

struct arena;

#define POLICY_ROUTE_BYTES_MAX       200
#define POLICY_ROLE_BYTES_MAX        64
#define POLICY_DESCRIPTION_BYTES_MAX 500
#define POLICIES_PER_APP_MAX         1000
#define POLICY_VERSION_MAX           INT64_C(9007199254740991)
#define POLICY_ROLE_DEFAULT          "default"

enum policy_mode { POLICY_ENFORCE, POLICY_SHADOW };
enum policy_on_store_error { ON_STORE_ERROR_LOCAL, ON_STORE_ERROR_ALLOW, ON_STORE_ERROR_DENY };

/* The identity of a policy: no two policies of an app have the same. */
struct policy_identity {
    struct text route_key;  /* exact, "prefix*" or "*" */
    struct text role;       /* absent in JSON: "default" */
    struct subject subject; /* absent: everybody */
};

/* The limits of `rule` lie right behind the policy, where the arena has room for both. */
struct policy {
    uint64_t id;     /* random, chosen by the catalogue; a new one after a delete */
    int64_t version; /* set by the catalogue: 1, and one more with each save */
    struct policy_identity identity;
    enum policy_mode mode;
    bool is_active;
    enum policy_on_store_error on_store_error;
    struct text description; /* absent when none was given */
    /* rate_headers_policy() of `rule`: made once; answers copy it because they may outlive the
     * policy */
    struct text rate_limit_policy;
    const struct rule *candidate; /* on trial: decided and logged, but not enforced; or NULL */
    struct rule rule;
};

/* Reads the policy in `value`, which is at `pointer` in its document; its texts are copied into
 * `arena`. NULL when there are faults. The read-only members `id` (16 hex digits) and `version` are
 * 0 when they are absent. A caller that reads from clients overwrites them. */
MUST_USE struct policy *policy_read(const json_t *value, const char *pointer, struct arena *arena,
                                    struct faults *faults);

/* Reads a member that is a policy's id. False when it is absent, or had a fault. */
bool policy_id_read(struct form *form, const char *member, uint64_t *id);
void policy_id_write(uint64_t id, struct writer *writer, const char *key);

/* Reads `route_key` (required), `role`, and `user_id` or `subject` from an open form, with the
 * rules of policy_read(); texts are borrowed from the form or lie in `arena`. */
bool policy_identity_read(struct form *form, struct arena *arena, struct policy_identity *identity);
bool policy_identity_equal(const struct policy_identity *a, const struct policy_identity *b);
/* Whether it is for everybody, or for one of these subjects. */
bool policy_identity_is_for(const struct policy_identity *identity,
                            const struct subjects *subjects);
/* By route, then role, then subject: the stable order of GET /policy. */
int policy_identity_compare(const struct policy_identity *a, const struct policy_identity *b);
/* Writes `user_id`, and `subject` if it is another one than a user: as members, so that a policy of
 * everybody or of a user is written as ever. */
void policy_identity_write_subject(const struct subject *subject, struct writer *writer);

/* Writes the canonical document, which policy_read() can read again: rates as limit and
 * window_seconds, with every default written. */
void policy_write(const struct policy *policy, struct writer *writer, const char *key);
/* Writes only the members that say which policy it is: id, version, and the identity's. */
void policy_write_head(const struct policy *policy, struct writer *writer);

extern const char *const policy_mode_words[];           /* enum policy_mode, NULL-terminated */
extern const char *const policy_on_store_error_words[]; /* enum policy_on_store_error */

#endif
