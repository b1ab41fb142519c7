/* SPDX-License-Identifier: MIT
 *
 * A store that decides as the memory engine does, and says so when and how the test wants: now,
 * later in any order, or at its end. What fails is charged all the same, as it may be by a store
 * that was slow; only what it was never asked about (TAKE_DOWN), or has no room for (TAKE_QUOTA),
 * is not. */
#ifndef UNIT_FAKE_STORE_H
#define UNIT_FAKE_STORE_H

#include "store/store_memory.h"

#define FAKE_ANSWERS_MAX 8
#define FAKE_PENDING_MAX 64

/* How one call is answered. */
struct fake_answer {
    bool is_late; /* STORE_LATER */
    enum take_status status;
};

/* All there are. */
#define FAKE_KINDS 10
struct fake_answer fake_answer_of_kind(size_t kind);

struct fake_pending {
    struct outcome outcome;
    void *context;
    store_done_fn *done;
};

struct fake_store {
    struct store store;
    struct memory_table *table;                   /* what it has charged */
    struct fake_answer answers[FAKE_ANSWERS_MAX]; /* of the calls, in turn */
    size_t answer_count;                          /* 0: every call is decided now */
    size_t asked;
    size_t pending_count;
    size_t pending_most; /* that there ever were at once */
    struct fake_pending pending[FAKE_PENDING_MAX];
    bool is_over; /* answers TAKE_DOWN now */
};

void fake_store_open(struct fake_store *fake);
void fake_store_close(struct fake_store *fake);

/* Answers the pending call at `index`; those behind it move up. */
void fake_store_answer(struct fake_store *fake, size_t index);
/* Answers all, in the order that `order` stands for: n! numbers are all orders of n calls. Stops
 * after `count` answers, and returns how many it gave. */
size_t fake_store_answer_in_order(struct fake_store *fake, size_t order, size_t count);
/* The end of a store: what is pending is down, and so is what is asked meanwhile. */
void fake_store_drain(struct fake_store *fake);

#endif
