/* SPDX-License-Identifier: MIT
 *
 * A policy: to whom it applies, its limits, and what it does. JSON to a validated value and back;
 * the HTTP body, the catalogue and the configuration file all pass through policy_read(). */
#ifndef LIMIT_POLICY_H
#define LIMIT_POLICY_H

#include "base/form.h"
#include "base/text.h"
#include "base/writer.h"
#include "limit/rule.h"

struct arena;

#define POLICY_ROUTE_BYTES_MAX       200
#define POLICY_ROLE_BYTES_MAX        64
#define POLICY_USER_BYTES_MAX        256
#define POLICY_DESCRIPTION_BYTES_MAX 500
#define POLICIES_PER_APP_MAX         1000
#define POLICY_VERSION_MAX           INT64_C(9007199254740991)
#define POLICY_ROLE_DEFAULT          "default"

enum policy_mode { POLICY_ENFORCE, POLICY_SHADOW };
enum policy_on_store_error { ON_STORE_ERROR_LOCAL, ON_STORE_ERROR_ALLOW, ON_STORE_ERROR_DENY };

/* Which policy a document is about: at most one policy of an app has a given identity. */
struct policy_identity {
    struct text route_key; /* exact, "prefix*" or "*" */
    struct text role;      /* absent in JSON: "default" */
    struct text user_id;   /* absent: everybody */
};

/* `rule` comes last: most have one limit, and the unused ones would lie in between. */
struct policy {
    uint64_t id;     /* random, given by the catalogue; new after a delete */
    int64_t version; /* from 1, given by the catalogue; one more at each save */
    struct policy_identity identity;
    enum policy_mode mode;
    bool is_active;
    enum policy_on_store_error on_store_error;
    struct text description;       /* absent when none was given */
    struct text rate_limit_policy; /* what rate_headers_policy() says of `rule`: made once, copied
                                    * for each answer, which may outlive it */
    const struct rule *candidate;  /* on trial: decided and logged, never answered; or NULL */
    struct rule rule;
};

/* The policy in `value`, which lies at `pointer`; its texts are copied into `arena`. NULL when
 * there are faults. The read-only members `id` (16 hex digits) and `version` are left 0 when they
 * are absent; a caller that serves strangers overwrites them. */
MUST_USE struct policy *policy_read(const json_t *value, const char *pointer, struct arena *arena,
                                    struct faults *faults);

/* Reads `route_key` (required), `role` and `user_id` from an open form, with the rules of
 * policy_read(); texts are borrowed from the form. */
bool policy_identity_read(struct form *form, struct policy_identity *identity);
bool policy_identity_equal(const struct policy_identity *a, const struct policy_identity *b);
/* By route, then role, then user: the stable order of GET /policy. */
int policy_identity_compare(const struct policy_identity *a, const struct policy_identity *b);

/* Writes the canonical document, which policy_read() takes back: rates as limit and window_seconds,
 * every default spelled out. */
void policy_write(const struct policy *policy, struct writer *writer, const char *key);

extern const char *const policy_mode_words[];           /* enum policy_mode, NULL-terminated */
extern const char *const policy_on_store_error_words[]; /* enum policy_on_store_error */

#endif
