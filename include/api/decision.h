/* SPDX-License-Identifier: MIT
 *
 * One check from its JSON to its verdict. /check does this once, and /check/batch many times.
 * /reset does only the first steps, to find out which counters are meant. /charge does all of them
 * after the fact.
 *
 * While the store is asked, the request is suspended. The store always answers within its deadline
 * (store/store_redis.h). The answer becomes a verdict here: a decision as it is, and a failure by
 * the policy's on_store_error. `local` decides with this process' own counters, `allow` and `deny`
 * without any (limit/verdict.h). The client gets an ordinary answer that says `degraded`.
 *
 * A limit by periods of a calendar needs the store's time. If the periods around the time here do
 * not cover it, the store charges nothing and tells it, and is asked a second time. Then there are
 * two deadlines, one after the other. The difference of the clocks is remembered, so that later
 * checks are asked once. A zone that is not known here is a failure of the store.
 *
 * A charge is no decision: it is made whatever on_store_error says. If the store has surely not
 * made it, the local counters are charged, and it is noted to be handed back. If it cannot be
 * noted, or if nobody knows whether the store has made it, the client gets a problem.
 *
 * If the check needs a new counter and the app may have no more, that is not a failure of the
 * store. Then, under any policy, nothing is decided, charged or recorded, and the client gets a
 * problem. */
#ifndef API_DECISION_H
#define API_DECISION_H

#include "api/api.h"
#include "api/explain.h"
#include "base/form.h"
#include "catalogue/app.h"
#include "http/request.h"
#include "limit/costs.h"
#include "limit/subjects.h"
#include "limit/terms.h"
#include "limit/verdict.h"
#include "store/store.h"

struct decision;

/* What is asked of the store: by the live rule of a policy, or by its candidate. */
struct take {
    struct decision *decision;
    const struct rule *rule; /* under the terms of the check; NULL: the check does not fit it */
    bool is_second;          /* asked around the store's time */
};

/* How it ended. */
enum decision_end {
    DECISION_OPEN,      /* not yet */
    DECISION_MADE,      /* with a verdict */
    DECISION_NO_ROOM,   /* PROBLEM_QUOTA: the app may have no more counters */
    DECISION_UNCHARGED, /* PROBLEM_UNAVAILABLE: a charge that nobody has made */
    DECISION_NO_ZONE,   /* the same: a limit has a zone that is not known here */
    DECISION_UNKNOWN    /* PROBLEM_UNAVAILABLE: a charge that the store may have made */
};

/* The candidate of a policy, on trial. Its own counters are charged beside those of the live rule,
 * and its verdict goes into the decision log. */
struct trial {
    struct take take;
    bool is_decided;
    struct verdict verdict;
};

/* The verdict is ready. Called on the worker's loop, never inside decision_take(). */
typedef void decision_done_fn(struct decision *decision);

/* Lies in the arena of its request, and must not move. */
struct decision {
    struct api *api;
    struct app *app;
    struct subjects subjects;
    struct costs costs;
    struct terms terms;
    bool is_charge; /* after the fact */
    struct text route_key;
    struct text role; /* the default role if none was given */
    bool wants_explanation;
    const struct policy *policy; /* of `app`; set by decision_match() */
    struct explain *explain;     /* NULL if nobody asked for it */
    struct take live;            /* by the policy's rule; set by decision_fits() */
    struct trial *trial;         /* NULL if the policy has no candidate */
    enum decision_end end;
    struct verdict verdict; /* of DECISION_MADE */
    int64_t room_s;         /* of DECISION_NO_ROOM: seconds until there may be room */
    int64_t asked_us;       /* when the turn that asked began */
    int awaited;            /* takes that the store has not yet answered */
    void *context;          /* the asker's */
    decision_done_fn *done;
    /* Of DECISION_NO_ZONE: the limit, of `live.rule`. */
    const struct limit *unknown;
};

/* Reads whom the check is about: the members subjects, user_id and ip, route_key and role. Texts
 * are borrowed from the form or lie in `arena`. False if there was a fault. */
bool decision_read_subjects(struct decision *decision, struct form *form, struct arena *arena);

/* Also reads `cost`, `costs`, and the terms. */
bool decision_read(struct decision *decision, struct form *form, struct arena *arena);

/* The same of a charge. */
bool decision_read_charge(struct decision *decision, struct form *form, struct arena *arena);

/* The detail of PROBLEM_NO_POLICY if decision_match() finds none: it says what was asked for. */
const char *decision_no_policy(const struct decision *decision, struct arena *arena);

/* The detail of the problem with which it ended; not of DECISION_MADE. */
const char *decision_problem(const struct decision *decision, struct arena *arena);

/* Finds the policy; false if none applies. `arena` is the request's. */
bool decision_match(struct decision *decision, struct arena *arena);

/* Whether the check has the subjects and the costs that the policy's limits need, and its terms are
 * possible. Otherwise adds faults; `pointer` is the place of the check. A policy that is switched
 * off needs none. `arena` is the request's. */
MUST_USE bool decision_fits(struct decision *decision, const char *pointer, struct faults *faults,
                            struct arena *arena);

/* Decides, charges and records in the journal. HANDLED_NOW: decision->end says how it ended; `done`
 * never runs. HANDLED_LATER: done(decision) runs once. With a candidate there are two takes at the
 * same time, under one deadline. If the candidate was not decided, the record leaves it out. If the
 * check lacks something that only the candidate needs, it is not decided. An override of a limit
 * that the candidate does not have is nothing to it. */
enum handled decision_take(struct decision *decision, decision_done_fn *done);

/* Writes the members of the answer into an object that the caller has begun. */
void decision_write(const struct decision *decision, struct writer *writer);

#endif
