/* SPDX-License-Identifier: MIT
 *
 * One decision, as the log keeps it and shows it. */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include "base/text.h"
#include "base/writer.h"

#include <jansson.h>

struct arena;

/* The decision of the policy's candidate. */
struct record_candidate {
    bool is_there; /* the policy has one, and it was decided */
    bool allowed;
    const char *reason; /* as in struct record */
    int64_t remaining;
};

struct record {
    int64_t time_us;     /* wall clock */
    struct text subject; /* the user's id or the canonical address */
    bool subject_is_ip;
    struct text route;
    struct text role;
    int64_t cost;
    bool allowed;
    bool would_deny;    /* shadow mode: allowed, although the limits deny; not in the log */
    const char *reason; /* NULL: none; else a literal, or in the reader's arena */
    int64_t remaining;  /* -1: unknown, written as null */
    int64_t policy_version;
    const char *mode; /* "enforce" or "shadow"; like reason */
    bool degraded;
    struct record_candidate candidate;
};

/* Which entries GET /logs/latest asks for. */
struct record_filter {
    int64_t limit; /* 1..JOURNAL_RECORDS */
    enum { RECORD_ANY, RECORD_ALLOWED, RECORD_DENIED } allowed;
    struct text route_key; /* absent: any */
    struct text user_id;   /* absent: any */
};

bool record_filter_takes(const struct record_filter *filter, const struct record *record);

/* Writes the log entry's object: id (unless absent), timestamp (s), time (RFC 3339, ms), user_id,
 * route, role, cost, allowed, reason, remaining, policy_version, mode, degraded. If the subject is
 * an IP address, `ip` is in place of user_id. If there is a candidate, `candidate` has its allowed,
 * reason and remaining. An entry with an id is for an answer, where the route is also called
 * route_key, as in a check; what is stored has the older name alone. */
void record_write(const struct record *record, struct text id, struct writer *writer);

/* Reads what record_write() of any version wrote; unknown members are skipped. False when it is no
 * log entry. Texts are copied into `arena`; time_us is in whole ms. */
MUST_USE bool record_read(const json_t *entry, struct arena *arena, struct record *record);

#endif
