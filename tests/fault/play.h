/* SPDX-License-Identifier: MIT
 *
 * Plays scenarios under a steady load of 300 checks/s on 4 connections, and judges what must be
 * true of all of them:
 *
 * - each check is answered in time, on its own connection, and never with an error: a 429 comes
 *   only from on_store_error;
 * - no check gets another's count, because a late reply answers no check;
 * - soon after the fault the service counts exactly again, and says that it is ready;
 * - it has no more file descriptors than before, and hardly more memory;
 * - requests that need no Redis are answered all the time.
 *
 * Times, and the memory of an optimised build, are judged only in strict runs, because tests must
 * not fail on a busy machine. Main thread only. */
#ifndef FAULT_PLAY_H
#define FAULT_PLAY_H

#include "scenarios.h"
#include "support/load.h"

#define PLAY_SCENARIOS_MAX 2

struct play {
    struct stage *stage;
    const struct scenario *scenarios[PLAY_SCENARIOS_MAX]; /* all at once; NULL if unused */
    int seconds;
    bool is_strict;

    /* The results. */
    struct load_summary summary;
    int64_t recovered_us; /* the longest time from the end of the fault */
    size_t fds_before;
    size_t fds_after;
    size_t resident_kb_before;
    size_t resident_kb_after;
};

/* Plays, prints the figures and judges, which may fail the test. The stage's service runs. If a
 * scenario begins before the service does, it is played twice, and the service is compared with its
 * state after the first time. */
void play(struct play *play);

/* Prints the names of the figures. */
void play_print_head(void);

#endif
