/* SPDX-License-Identifier: MIT
 *
 * What is asked of the flusher's thread: to send what one app has, ahead of all other apps. Those
 * that ask for the same app share its part of a round trip. The flusher's thread owns it. */
#ifndef JOURNAL_FLUSHES_H
#define JOURNAL_FLUSHES_H

#include "flush.h"
#include "round_trip.h"

/* Private. */
struct flushes {
    TAILQ_HEAD(, flush) asked;
};

void flushes_init(struct flushes *flushes);

void flushes_add(struct flushes *flushes, struct flush *flush);
bool flushes_is_empty(const struct flushes *flushes);

/* Puts as many into the empty round trip as have room. */
void flushes_load(const struct flushes *flushes, struct round_trip *trip);
/* After the round trip: answers what is over. The rest stays. */
void flushes_settle(struct flushes *flushes, const struct round_trip *trip);
/* Answers that nothing can be sent. */
void flushes_refuse(struct flushes *flushes);

/* Answers one that was not added. */
void flush_answer(struct flush *flush, bool succeeded);

#endif
