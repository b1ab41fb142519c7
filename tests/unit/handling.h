/* SPDX-License-Identifier: MIT
 *
 * Runs a handler of the api layer for one app, over a fake_store: without a network, threads or
 * files. Instead of a journal, the decisions are counted. A fault fails the test; the text of
 * handling_begin() names the case. */
#ifndef UNIT_HANDLING_H
#define UNIT_HANDLING_H

#include "api/handlers.h"
#include "catalogue/app.h"
#include "catalogue/catalogue.h"
#include "fake_store.h"
#include "fake_transport.h"
#include "metrics/metrics_table.h"

#include <jansson.h>

/* Each limit of the app's policies, except /queue: that is a leaky bucket of 20 a second, and /low:
 * that is a token bucket of 10 an hour, of which low priority has 1. */
#define HANDLING_QUOTA 3

/* How many may be under way at once. */
#define HANDLING_BATCH_CHECKS 1000

typedef enum handled handling_fn(struct request *request, void *context);

struct handling {
    struct fake_store fake;
    struct fake_exchange exchange;
    int client; /* the other end of its socket */
    const char *name;
    bool answers_at_once;
    bool takes_renewals;           /* of the catalogue; false: it takes none */
    size_t renewals;               /* asked for, and taken */
    struct catalogue_job *renewal; /* not answered yet; NULL: none */
    size_t records;                /* decisions that the journal was given */
    size_t records_allowed;
    size_t records_degraded;
    size_t records_tried; /* those that also say what a candidate decided */
    int64_t time_us;      /* of the last one, as counted_us */
    int64_t counted_us;
    int status; /* the answer's, after handling_settle() */
    json_t *body;
};

/* `places`: in the waiting room. The policies are /local, /allow, /deny (named after their
 * on_store_error), /both (with a candidate), /queue, /low, /off (not active), /month (by a
 * calendar, and so is its candidate), and /mars (in a zone that is not known). */
void handling_begin(struct handling *handling, size_t places, const char *name, ...)
    PRINTF_LIKE(3, 4);
/* Asserts that nothing stays behind: no place, no share of a bounded room, no call. */
void handling_end(struct handling *handling);

/* A second request over the same store. It is this tenant's, and so are all requests that run from
 * now on. */
void handling_join(struct handling *other, const struct handling *handling, uint32_t tenant);
void handling_part(struct handling *other);

/* From now on each step of sliced work takes so long. At first it takes no time. */
void handling_slow_down(int64_t us);
/* One turn of the worker's loop. */
void handling_turn(void);

/* Runs the handler on a body; `quoted` has ' for ". */
void handling_run(struct handling *handling, handling_fn *handler, const char *quoted);
/* The same on a query, without a body. */
void handling_get(struct handling *handling, handling_fn *handler,
                  const struct fake_pair *arguments);
bool handling_is_answered(const struct handling *handling);
/* Turns the loop until the request is answered. */
void handling_wait(struct handling *handling);
/* Asserts that the request is answered by the end of this turn, once and at the right moment. Reads
 * the answer's body. */
void handling_settle(struct handling *handling);

/* Answers the renewal as the catalogue does. */
void handling_renew(struct handling *handling, enum catalogue_status status, bool is_in_vain);
/* From now on the index has a newer value of the app, in this state: with this key (that of the
 * requests is 0), and one more policy. Until handling_end(). */
void handling_change(enum app_state state, uint8_t key, const char *policy);
/* Of all requests so far. */
uint64_t handling_figure(enum metric metric);
/* The app's clock goes on. */
void handling_pass(int64_t us);
/* It shows the time of the process' own clock, by which counters here are charged. */
void handling_set_clock(void);

/* The client closes its end of the socket. */
void handling_leave(struct handling *handling);
/* Ends all holds. */
void handling_drain_room(struct handling *handling);
/* How many places are taken in the waiting room. */
size_t handling_places(const struct handling *handling);

/* How much of its limit a subject has used on a route: in the store, or in this process.
 * `candidate`: in the counter of the policy's candidate. */
int64_t handling_charged(struct handling *handling, const char *user_id, const char *route,
                         bool candidate);
int64_t handling_charged_here(const char *user_id, const char *route);

/* Hands back to the store what was allowed while it was away. */
void handling_hand_back(struct handling *handling);
/* Notes so much to be handed back that the tenant has no place for another subject. */
void handling_fill_notes(void);

/* The teardown of the group: to be called after all tests. */
int handling_close(void **state);

/* If it does not hold, fails with the case's name. */
void handling_expect(const struct handling *handling, bool holds, const char *claim);
#define HANDLING_EXPECT(handling, claim) handling_expect((handling), (claim), #claim)

#endif
