/* SPDX-License-Identifier: MIT
 *
 * What was allowed by local counters while the store was away, to be charged there once it is back:
 * so a subject that has used its limit locally does not find it whole in the store. It is charged
 * as far as it fits, never beyond a limit, and at most once: a hand-back that is late is not
 * repeated, one that is refused is, after a rest. What the store was asked about and did not answer
 * in time, or not by a decision, is not noted: it may be charged there already.
 *
 * So within one window at most one limit is allowed by the store, and one by each instance that had
 * to decide by itself; what comes after the hand-back counts with that.
 *
 * Bounded: of the HANDBACK_SUBJECTS_MAX counters that are noted each tenant has its share
 * (base/shares.h), and what is beyond it is not handed back. Tenants take turns, a counter in each,
 * and a refusal lets that tenant rest and no other. One worker's thread. */
#ifndef STORE_HANDBACK_H
#define STORE_HANDBACK_H

#include "base/duration.h"
#include "store/store.h"

#define HANDBACK_SUBJECTS_MAX  10000
#define HANDBACK_IN_FLIGHT_MAX 32 /* so that the checks of others need not wait for it */

/* Of whom something was refused is not tried again before this, or up to three times this. */
#define HANDBACK_REST_US (100 * MILLISECOND_US)

struct event_base;
struct handback;
struct metrics;

/* `metrics` are borrowed: of the same thread, which `base` is the loop of. */
struct handback *handback_new(struct event_base *base, struct metrics *metrics);

/* Forgets what has not been handed back. The store that it was handed to must be gone: its answers
 * come here. */
void handback_free(struct handback *handback);

/* A local decision has allowed and charged this. */
void handback_note(struct handback *handback, const struct take *take);

/* Once per turn: hands back what is noted, while the store is ready. Sees to it that there is a
 * turn when it has rested. */
void handback_run(struct handback *handback, struct store *store, int64_t now_us);

/* Subjects that wait to be handed back. */
size_t handback_count(const struct handback *handback);

#endif
