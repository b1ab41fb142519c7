/* SPDX-License-Identifier: MIT
 *
 * One check from its JSON to its verdict: what /check does once, /check/batch many times, and
 * /reset up to the point where it knows whose counters are meant.
 *
 * While the store is asked, the client waits, suspended. The store answers within its deadline
 * whatever happens behind it (store/store_redis.h), and the answer becomes a verdict here: a
 * decision as it is, a failure by the policy's on_store_error. `local` decides with this process'
 * own counters, `allow` and `deny` without any (limit/verdict.h). The client gets an ordinary
 * answer that says `degraded`.
 *
 * A counter that would be one more than the app may have is no failure: whatever the policy says,
 * nothing is decided, charged or written into the log, and the client gets a problem. */
#ifndef API_DECISION_H
#define API_DECISION_H

#include "api/api.h"
#include "api/explain.h"
#include "base/form.h"
#include "catalogue/app.h"
#include "http/request.h"
#include "limit/subject.h"
#include "limit/verdict.h"
#include "store/store.h"

struct decision;

/* A policy's candidate on trial: its own counters are charged beside those of the live rule, and
 * what it would have said goes into the log. */
struct trial {
    bool is_decided;
    struct verdict verdict;
};

/* The verdict is there. Worker's loop; never inside decision_take(). */
typedef void decision_done_fn(struct decision *decision);

/* Lives in the arena of its request, and stays where it is. */
struct decision {
    struct api *api;
    struct app *app;
    struct subject subject;
    struct text route_key;
    struct text role; /* the default role when none was given */
    int64_t cost;
    bool wants_explanation;
    const struct policy *policy; /* of `app`; set by decision_match() */
    struct explain *explain;     /* NULL unless wanted */
    struct verdict verdict;      /* set when the decision is taken, unless there is no room */
    bool has_no_room;            /* for the counter, in what the app may have: PROBLEM_QUOTA */
    int64_t room_s;              /* then: when there may be room */
    struct trial *trial;         /* NULL when the policy has no candidate */
    int64_t asked_us;            /* when the turn began that asked */
    int awaited;                 /* takes that the store has not answered */
    void *context;               /* the asker's */
    decision_done_fn *done;
};

/* Who is asked about: the members user_id or ip, route_key, role. Texts are borrowed from the
 * form or lie in `arena`. False when there was a fault. */
bool decision_read_subject(struct decision *decision, struct form *form, struct arena *arena);

/* The same and `cost`. */
bool decision_read(struct decision *decision, struct form *form, struct arena *arena);

/* The detail of PROBLEM_NO_POLICY when decision_match() finds none: what was asked for. */
const char *decision_no_policy(const struct decision *decision, struct arena *arena);

/* Answers so, with the explanation when it is wanted. */
void decision_answer_no_policy(const struct decision *decision, struct request *request);

/* The detail of PROBLEM_QUOTA when decision->has_no_room. */
extern const char decision_no_room[];

/* Finds the policy; false when none applies. `arena` is the request's. */
bool decision_match(struct decision *decision, struct arena *arena);

/* The store's words for this subject and a rule of the policy. */
struct take decision_counters(const struct decision *decision, const struct rule *rule);

/* Decides, charges and records in the journal. HANDLED_NOW: decision->verdict is set, or there is
 * no room; `done` never runs. HANDLED_LATER: done(decision) runs once. With a candidate there are
 * two takes side by side, under one deadline; one that was not decided is left out of the log. */
enum handled decision_take(struct decision *decision, decision_done_fn *done);

/* The members of the check body, into an object that the caller has begun. */
void decision_write(const struct decision *decision, struct writer *writer);

#endif
