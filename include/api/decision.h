/* SPDX-License-Identifier: MIT
 *
 * One check from its JSON to its verdict. /check does this once, and /check/batch many times.
 * /reset does only the first steps, to find out which counters are meant.
 *
 * While the store is asked, the request is suspended. The store always answers within its deadline
 * (store/store_redis.h). The answer becomes a verdict here: a decision as it is, and a failure by
 * the policy's on_store_error. `local` decides with this process' own counters, `allow` and `deny`
 * without any (limit/verdict.h). The client gets an ordinary answer that says `degraded`.
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
#include "limit/verdict.h"
#include "store/store.h"

struct decision;

/* The candidate of a policy, on trial. Its own counters are charged beside those of the live rule,
 * and its verdict goes into the decision log. */
struct trial {
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
    struct text route_key;
    struct text role; /* the default role if none was given */
    bool wants_explanation;
    const struct policy *policy; /* of `app`; set by decision_match() */
    struct explain *explain;     /* NULL if nobody asked for it */
    struct verdict verdict;      /* set by the decision, unless there is no room */
    bool has_no_room;            /* the app may have no more counters: PROBLEM_QUOTA */
    int64_t room_s;              /* then: seconds until there may be room */
    struct trial *trial;         /* NULL if the policy has no candidate */
    int64_t asked_us;            /* when the turn that asked began */
    int awaited;                 /* takes that the store has not yet answered */
    void *context;               /* the asker's */
    decision_done_fn *done;
};

/* Reads whom the check is about: the members subjects, user_id and ip, route_key and role. Texts
 * are borrowed from the form or lie in `arena`. False if there was a fault. */
bool decision_read_subjects(struct decision *decision, struct form *form, struct arena *arena);

/* Also reads `cost` and `costs`. */
bool decision_read(struct decision *decision, struct form *form, struct arena *arena);

/* The detail of PROBLEM_NO_POLICY if decision_match() finds none: it says what was asked for. */
const char *decision_no_policy(const struct decision *decision, struct arena *arena);

/* The detail of PROBLEM_QUOTA if decision->has_no_room. */
extern const char decision_no_room[];

/* Finds the policy; false if none applies. `arena` is the request's. */
bool decision_match(struct decision *decision, struct arena *arena);

/* Whether the check has the subjects and the costs that the policy's limits need. Otherwise adds
 * faults; `pointer` is the place of the check. A policy that is switched off needs none. */
MUST_USE bool decision_fits(const struct decision *decision, const char *pointer,
                            struct faults *faults);

/* Decides, charges and records in the journal. HANDLED_NOW: decision->verdict is set, or there is
 * no room; `done` never runs. HANDLED_LATER: done(decision) runs once. With a candidate there are
 * two takes at the same time, under one deadline. If the candidate was not decided, the record
 * leaves it out. If the check lacks something that only the candidate needs, it is not decided. */
enum handled decision_take(struct decision *decision, decision_done_fn *done);

/* Writes the members of the answer into an object that the caller has begun. */
void decision_write(const struct decision *decision, struct writer *writer);

#endif
