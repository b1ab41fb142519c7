/* SPDX-License-Identifier: MIT
 *
 * A tail that goes on after an earlier entry, until it has caught up with the others. Readers'
 * thread. */
#ifndef JOURNAL_CATCHING_UP_H
#define JOURNAL_CATCHING_UP_H

#include "tail_state.h"

/* Takes an entry of the stream behind the place of tail->from. False when there is no room for it:
 * then the rest of the page is for later. */
MUST_USE bool catching_up_take(struct tail *tail, const struct feed_place *place,
                               const struct record *record, const struct entry_id *id);

/* It has come to the end of the stream, up to which the others have read. They were shown entries
 * ahead of it, up to this one; sequence 0: none. If the entry was not found, it begins again
 * elsewhere. */
void catching_up_reach_end(struct tail *tail, const struct entry_id *ahead);

/* The stream cannot be read, or there is none: goes on with what this instance has recorded, if it
 * knows where. `upto` is where the others are. `has_feed`: the stream may come back. */
void catching_up_read_ring(struct tail *tail, uint64_t upto, bool has_feed);

#endif
