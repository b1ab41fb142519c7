/* SPDX-License-Identifier: MIT
 *
 * Whom a check is about: a user or an IP address. */
#ifndef LIMIT_SUBJECT_H
#define LIMIT_SUBJECT_H

#include "base/digest.h"
#include "base/form.h"
#include "base/text.h"

struct arena;

#define SUBJECT_BYTES_MAX 256

enum subject_kind { SUBJECT_USER, SUBJECT_IP };

struct sole_subject {
    enum subject_kind kind;
    struct text name; /* the user's id, or the canonical address: IPv4, or "2001:db8::/64" */
};

/* Reads exactly one of `user_id` and `ip` from the form. An address is widened to its site: see
 * base/ip_address.h. `name` is borrowed from the form or lies in `arena`. */
bool subject_read(struct form *form, struct arena *arena, struct sole_subject *subject);

/* The name of this subject's counters within one app. It contains no user data. */
struct digest subject_digest(const struct digest_key *key, struct text app_id,
                             const struct sole_subject *subject);

#endif
