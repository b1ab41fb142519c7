/* SPDX-License-Identifier: MIT
 *
 * What local counters charged while the store was away, to be charged in the store once it is back.
 * So a subject that has used its limit locally does not find the whole limit in the store. What was
 * allowed is charged as far as it fits, never beyond a limit. What was charged after the fact is
 * charged whole, past a limit if need be, and what was given back is given back. Of one counter
 * this is done in the order in which it was noted, as far as it matters. Each worker hands back by
 * itself: what another worker's callers gave back may be given back before or after.
 *
 * No limit is charged what it would have forgotten by then. What was charged in a period of a
 * calendar counts in this period alone. The store's clock says whether it is over. If it has not
 * begun, the store is asked again after a rest.
 *
 * It is charged at most once: a hand-back that is late is not repeated, but one that is refused is
 * repeated after a rest. If the store was asked and did not answer in time, or not with a decision,
 * nothing is noted, because the store may have charged it already.
 *
 * What a reset forgets is dropped in all workers (handbacks_forget()). What is on its way to the
 * store by then is not repeated, but the store may charge it after the reset.
 *
 * So within one window the store allows checks at most one limit, and so does each instance that
 * had to decide alone. Later checks count together with what was handed back.
 *
 * Bounded: each tenant has its share (base/shares.h) of the HANDBACK_SUBJECTS_MAX counters that can
 * be noted. What is beyond its share is not handed back. Tenants take turns, one counter in each
 * turn. After a refusal only that tenant rests, and only at the node that has the counter. If the
 * counter is moving to another node, only those rest that move with it. One worker's thread, unless
 * it says otherwise. */
#ifndef STORE_HANDBACK_H
#define STORE_HANDBACK_H

#include "base/duration.h"
#include "store/store.h"

#define HANDBACK_SUBJECTS_MAX  10000
#define HANDBACK_IN_FLIGHT_MAX 32 /* so that the checks of others need not wait for it */

/* After a refusal a tenant rests there for this long, or up to three times as long. */
#define HANDBACK_REST_US (100 * MILLISECOND_US)

struct event_base;
struct handback;
struct metrics;

/* Those of all workers. The owner's storage, zeroed; the member is theirs. */
struct handbacks {
    struct handback *first;
};

/* `metrics` are borrowed. They belong to the same thread, whose loop is `base`. */
struct handback *handback_new(struct event_base *base, struct metrics *metrics);

/* Puts it among all, for good: before any of their threads runs. */
void handback_join(struct handback *handback, struct handbacks *all);

/* A note is dropped, because the app has no room for its counter (TAKE_QUOTA). `owner` is the app's
 * id, as the operation had it; borrowed for the call. On the worker's thread; must not ask the
 * hand-back. */
typedef void handback_no_room_fn(void *context, const char *owner);

/* Without it, nobody is told. */
void handback_on_no_room(struct handback *handback, void *context, handback_no_room_fn *no_room);

/* Forgets what has not been handed back, and logs how much that is. The store must be freed before,
 * because its answers come here. */
void handback_free(struct handback *handback);

/* Notes what a local decision has charged; of an OPERATION_PART the costs are what was granted.
 * False when there is no place for it: it will not be handed back. */
bool handback_note(struct handback *handback, const struct operation *operation);

/* Called once per turn: hands back what is noted while the store is ready. Makes sure that there is
 * a turn after a rest. */
void handback_run(struct handback *handback, struct store *store, int64_t now_us);

/* Drops what is noted of the counters that the operation forgets. Returns its cost. Any worker's
 * thread; may wait while another worker hands back or does the same. */
int64_t handbacks_forget(const struct handbacks *all, const struct operation *operation);

/* Subjects that wait to be handed back. */
size_t handback_count(const struct handback *handback);

#endif
