/* SPDX-License-Identifier: MIT
 *
 * What is asked of a store, as a line of numbers says it: algorithm, how many limits, quota,
 * seconds, burst, cost, time in us; the four of struct damage; the kinds of operations, a digit to
 * the base 4 for each; and 1 + how long before the time a calendar begins. Numbers that are missing
 * are 0, and others are reduced to their range, so that most inputs are useful. */
#ifndef TESTS_FUZZ_ASKED_H
#define TESTS_FUZZ_ASKED_H

#include "limit/calendar.h"
#include "store/operation.h"

#define ASKED_LIMITS 2
#define ASKED_TIMES  6 /* all at one time, each after what the one before has left */

/* How a stored string differs from one with just the limits' entries. */
struct damage {
    size_t others; /* this many entries of other limits follow */
    size_t count;  /* added to the number of entries */
    size_t cut;    /* this many bytes are missing at the end */
    size_t wrong;  /* this many of the first entries have ids of others */
};

struct asked {
    struct limit limits[ASKED_LIMITS]; /* alike */
    struct calendar calendar;          /* of a fixed window: its periods are as long as a window */
    int64_t cost;
    struct operation operation; /* points into this; see asked_next() */
    struct damage damage;
    int64_t kinds; /* of those that follow */
};

void asked_read(struct asked *asked, struct text *line);

/* Makes the next operation: a take, a part, a charge, or one that gives back. Returns whether it
 * gives back. */
bool asked_next(struct asked *asked);

/* Whether the time is outside of the calendar. */
bool asked_is_elsewhere(const struct asked *asked);

#endif
