/* SPDX-License-Identifier: MIT
 *
 * A store that decides as the memory engine does, and answers when and how the test says: now,
 * later in any order, or at its end. A failed call is charged all the same, as in a store that was
 * slow. Only a call that never reached the store (TAKE_DOWN), had no room (TAKE_QUOTA), or found
 * another time there (TAKE_ELSEWHEN), is not charged. */
#ifndef UNIT_FAKE_STORE_H
#define UNIT_FAKE_STORE_H

#include "limit/calendar.h"
#include "store/store_memory.h"

#define FAKE_ANSWERS_MAX 8
#define FAKE_PENDING_MAX 64

/* How one call is answered. */
struct fake_answer {
    bool is_late; /* STORE_LATER */
    enum take_status status;
};

/* All answers that there are. */
#define FAKE_KINDS 10
struct fake_answer fake_answer_of_kind(size_t kind);

struct fake_pending {
    struct outcome outcome;
    void *context;
    store_done_fn *done;
};

struct fake_store {
    struct store store;
    struct memory_table *table;                   /* what the store has charged */
    struct fake_answer answers[FAKE_ANSWERS_MAX]; /* to the calls, in turn */
    size_t answer_count;                          /* 0: every call is decided now */
    size_t asked;
    size_t pending_count;
    size_t pending_most; /* the most that were pending at once */
    struct fake_pending pending[FAKE_PENDING_MAX];
    bool is_over;             /* from now on it answers TAKE_DOWN */
    int64_t time_us;          /* by its clock, which it tells; 0: that of who asks */
    struct calendar calendar; /* of the first limit, in the last call */
};

void fake_store_open(struct fake_store *fake);
void fake_store_close(struct fake_store *fake);

/* Answers the pending call at `index`; the ones after it move up. */
void fake_store_answer(struct fake_store *fake, size_t index);
/* Answers the pending calls in the order with the number `order`: n calls have n! orders. Stops
 * after `count` answers. Returns how many it gave. */
size_t fake_store_answer_in_order(struct fake_store *fake, size_t order, size_t count);
/* The end of the store: pending calls are answered TAKE_DOWN, and so are calls made meanwhile. */
void fake_store_drain(struct fake_store *fake);

#endif
