/* SPDX-License-Identifier: MIT
 *
 * Scenarios under a steady load of 300 checks/s on 4 connections, and the judge of what must hold
 * in all of them:
 *
 * - each check is answered, in time, on the connection on which it came, and never with an error: a
 *   429 comes only of on_store_error;
 * - no check is told another's count: a late reply answers nobody;
 * - after the fault the service counts exactly again, soon, and says that it is ready;
 * - it holds no more file descriptors than before, and hardly more memory;
 * - what asks no Redis is answered meanwhile as ever.
 *
 * Times are held against the clock, and memory against that of an optimised build, only when
 * judging strictly: the tests must not fail because a machine is busy. Main thread only. */
#ifndef FAULT_PLAY_H
#define FAULT_PLAY_H

#include "scenarios.h"
#include "support/load.h"

#define PLAY_SCENARIOS_MAX 2

struct play {
    struct stage *stage;
    const struct scenario *scenarios[PLAY_SCENARIOS_MAX]; /* at the same time; or NULL */
    int seconds;
    bool is_strict;

    /* What came of it. */
    struct load_summary summary;
    int64_t recovered_us; /* after the end of the fault; the longest */
    size_t fds_before;
    size_t fds_after;
    size_t resident_kb_before;
    size_t resident_kb_after;
};

/* Plays, prints the figures and judges, which may fail the test. The service of the stage runs,
 * unless a scenario begins before it does: that one is played twice, and the service held against
 * what it was after the first time. */
void play(struct play *play);

/* What the figures are. */
void play_print_head(void);

#endif
