/* SPDX-License-Identifier: MIT
 *
 * One decision, as the log keeps it and shows it; or one charge, which is no decision. */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include "base/text.h"
#include "base/writer.h"
#include "limit/costs.h"
#include "limit/rule.h"
#include "limit/subjects.h"
#include "limit/terms.h"

#include <jansson.h>

struct arena;

/* The decision of the policy's candidate. */
struct record_candidate {
    bool is_there; /* the policy has one, and it was decided */
    bool allowed;
    const char *reason; /* as in struct record */
    int64_t remaining;
};

/* The names of limits. */
struct record_limits {
    size_t count; /* 0..LIMITS_MAX */
    const struct text *at;
};

struct record {
    int64_t time_us; /* Unix time by the clock that decided; if none did, that of this instance */
    bool time_is_rounded; /* to ms: it was read from an entry of an older version; not in the log */
    /* Unix time by the clock of this instance; not in the log. Usage counts by it, because usage is
     * asked for by it. A store's clock may be hours off, and each node of a cluster has its own. */
    int64_t counted_us;
    struct subjects subjects;
    struct text route;
    struct text role;
    struct costs costs;                     /* of a charge they may be negative */
    const struct limit_override *overrides; /* of limits that the policy has */
    size_t override_count;                  /* 0..LIMITS_MAX */
    bool is_low;                            /* of low priority */
    bool is_partial; /* a part of the cost was enough, and `granted` is that part */
    int64_t granted;
    struct text granted_of; /* the measure of `granted`; not in the log */
    bool is_charge;         /* then it was neither allowed nor denied, whatever `allowed` is */
    bool allowed;
    /* Whose limits were charged its costs, or what was granted; NULL: none were. Not in the log. */
    const struct rule *charged;
    bool would_deny;    /* shadow mode: allowed, although the limits deny; not in the log */
    const char *reason; /* NULL: none; else a literal, or in the reader's arena */
    int64_t remaining;  /* -1: unknown, written as null */
    int64_t policy_version;
    const char *mode; /* "enforce" or "shadow"; like reason */
    bool degraded;
    struct record_limits denied_by; /* as the answer names them */
    struct record_candidate candidate;
};

/* Which entries are asked for. */
struct record_filter {
    int64_t limit; /* 1..JOURNAL_RECORDS; for record_filter_takes() it does not matter */
    enum { RECORD_ANY, RECORD_ALLOWED, RECORD_DENIED } allowed; /* a charge is neither */
    enum { RECORD_ANY_KIND, RECORD_CHARGE, RECORD_DECISION } kind;
    struct text route_key;    /* absent: any */
    struct text role;         /* likewise */
    struct subjects subjects; /* an entry has all of them, with these values */
};

bool record_filter_takes(const struct record_filter *filter, const struct record *record);

/* Writes the log entry's object: id (unless absent), timestamp (s), time (RFC 3339, ms), time_us,
 * user_id, ip, subjects, route, role, cost, costs, limit_overrides, priority, charge, allowed,
 * granted, reason, denied_by, remaining, policy_version, mode, degraded. The subjects `user` and
 * `ip` are user_id and ip. If there is another subject, `subjects` has all. costs, limit_overrides
 * and denied_by are there unless empty; priority if it is low, charge if it is one, granted if a
 * part was enough. If there is a candidate, `candidate` has its allowed, reason and remaining. An
 * entry with an id is for an answer, where the route is also called route_key, as in a check; what
 * is stored has the older name alone. */
void record_write(const struct record *record, struct text id, struct writer *writer);

/* Reads what record_write() of any version wrote; unknown members are skipped. False when it is no
 * log entry, or its time is none that a store tells. Texts are copied into `arena`. An entry of an
 * older version has no time_us: then it is in whole ms, as it is if it is not in the millisecond
 * that `time` says. */
MUST_USE bool record_read(const json_t *entry, struct arena *arena, struct record *record);

#endif
