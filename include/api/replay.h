/* SPDX-License-Identifier: MIT
 *
 * Replays entries of an app's log through one policy, by the entries' own times, on counters of its
 * own that are empty at first. Nothing live is read or charged. A replay is for one thread.
 *
 * The policy is tried as if it stood among the app's policies, in place of the one of the same
 * identity. Its rule is that of a check (api/binding.h), and its counters are those of the memory
 * engine. Its candidate is not tried. In shadow mode it denies what it would deny.
 *
 * So a policy that made the log, from counters that were empty, gives the same outcomes again. */
#ifndef API_REPLAY_H
#define API_REPLAY_H

#include "api/api.h"
#include "catalogue/app.h"
#include "journal/record.h"

/* What came of an entry. */
enum replay_end {
    REPLAY_DECIDED,
    REPLAY_CHARGED,
    /* It was left out: */
    REPLAY_OTHER_POLICY, /* another policy decides it */
    REPLAY_DEGRADED,     /* no shared counters have decided it */
    REPLAY_NO_TIME,      /* an older version logged it, without an exact time */
    REPLAY_UNFIT,        /* the policy would answer it 422: it lacks a subject or a cost, or so */
    REPLAY_ENDS
};

struct replay {
    struct api api; /* for bindings, and nothing else of it is set */
    struct app *app;
    const struct policy *policy;
    const struct policy *saved; /* the app's policy of the same identity, or NULL */
    struct memory_table *counters;
    int64_t ahead_us; /* Unix time minus the time by which the log's counters were decided */
};

struct replay_outcome {
    bool allowed; /* of REPLAY_DECIDED */
    bool denied_by[LIMITS_MAX];
};

/* `policy` and `app` are borrowed until replay_close(). */
void replay_init(struct replay *replay, const struct api *api, struct app *app,
                 const struct policy *policy);
void replay_close(struct replay *replay);

/* Entries must come in the order of log_entries_settle(). Takes some microseconds, and some tens if
 * the app's policies are as hard to find as can be. */
enum replay_end replay_entry(struct replay *replay, const struct record *record,
                             struct replay_outcome *outcome);

#endif
