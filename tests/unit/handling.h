/* SPDX-License-Identifier: MIT
 *
 * A handler of the api layer at work for one app, over a fake_store: without network, threads and
 * files. In the place of the journal each decision is noted. What goes wrong fails the test, and
 * the text of handling_begin() says in which case. */
#ifndef UNIT_HANDLING_H
#define UNIT_HANDLING_H

#include "api/handlers.h"
#include "fake_store.h"
#include "fake_transport.h"

#include <jansson.h>

/* Of each limit of the app's policies but /queue, which is a leaky bucket of 20 a second. */
#define HANDLING_QUOTA 3

/* May be under way at once. */
#define HANDLING_BATCH_CHECKS 1000

typedef enum handled handling_fn(struct request *request, void *context);

struct handling {
    struct fake_store fake;
    struct fake_exchange exchange;
    int client; /* the other end of its socket */
    const char *name;
    bool answers_at_once;
    size_t records; /* decisions that the journal has been told of */
    size_t records_allowed;
    size_t records_degraded;
    size_t records_tried; /* with what a candidate says */
    int status;           /* of the answer, from handling_settle() on */
    json_t *body;
};

/* `places` in the waiting room. The policies are /local, /allow, /deny (by on_store_error), /both
 * (with a candidate), /queue and /off (not active). */
void handling_begin(struct handling *handling, size_t places, const char *name, ...)
    PRINTF_LIKE(3, 4);
/* Asserts that nothing is left open: no place, no share of what is bounded, no call. */
void handling_end(struct handling *handling);

/* Another request beside it, over the same store: of this tenant, as all that are run from now
 * on. */
void handling_join(struct handling *other, const struct handling *handling, uint32_t tenant);
void handling_part(struct handling *other);

/* Each step of what is done in slices takes so long from now on; no time otherwise. */
void handling_slow_down(int64_t us);
/* The worker's loop turns. */
void handling_turn(void);

/* Runs the handler on a body that is written in single quotes. */
void handling_run(struct handling *handling, handling_fn *handler, const char *quoted);
bool handling_is_answered(const struct handling *handling);
/* Turns the event loop until it is answered. */
void handling_wait(struct handling *handling);
/* Asserts that the request is answered in this turn at the latest, once and at the right moment,
 * and reads its body. */
void handling_settle(struct handling *handling);

/* The socket's other end is closed. */
void handling_leave(struct handling *handling);
/* All holds end. */
void handling_drain_room(struct handling *handling);
/* Places taken in the waiting room. */
size_t handling_places(const struct handling *handling);

/* How much of its limit a subject has used on a route, in the store and in this process; a
 * `candidate`'s with true. */
int64_t handling_charged(struct handling *handling, const char *user_id, const char *route,
                         bool candidate);
int64_t handling_charged_here(const char *user_id, const char *route);

/* What was allowed while the store was away goes there. */
void handling_hand_back(struct handling *handling);

/* After all tests. */
void handling_close(void);

/* Fails with the case's name. */
void handling_expect(const struct handling *handling, bool holds, const char *claim);
#define HANDLING_EXPECT(handling, claim) handling_expect((handling), (claim), #claim)

#endif
