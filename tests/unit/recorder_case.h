/* SPDX-License-Identifier: MIT
 *
 * A hand-back to a store that decides nothing. It keeps what it is asked, and answers what the test
 * says, when the test says it. Main thread only. */
#ifndef UNIT_RECORDER_CASE_H
#define UNIT_RECORDER_CASE_H

#include "handback_case.h"

#define RECORDER_TAKES_MAX 64

struct recorder {
    struct store store;
    bool is_ready;
    bool answers_later;
    enum take_status status;
    uint32_t refuses;    /* refuses this tenant's takes at once; 0: refuses none */
    uint16_t places;     /* takes are at one of these, by their policy's number */
    uint16_t refuses_at; /* refuses takes at this place; 0: refuses none */
    uint64_t moves;      /* refuses takes of this policy, because its counters move; 0: none */
    size_t count;
    struct operation takes[RECORDER_TAKES_MAX]; /* the first takes, without their `limits` */
    store_done_fn *done;
    void *contexts[RECORDER_TAKES_MAX];
};

/* Ready, and of one place. Decides at once. */
extern struct recorder recorder;

/* A fixed window of 10. */
extern const struct limit recorder_minute;

/* Setup of each test. Its teardown is handback_end(). */
int recorder_begin(void **state);

/* Notes a take from `recorder_minute`. Each policy has a tag of its own. */
void recorder_note(uint64_t policy_id, int64_t cost, int64_t at_us);
void recorder_note_of(uint32_t tenant, uint64_t policy_id, int64_t cost, int64_t at_us);

/* Hands back at NOW_US. */
void recorder_run(void);

#endif
