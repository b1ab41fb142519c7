/* SPDX-License-Identifier: MIT
 *
 * Random numbers that can be had again: from one seed come the same ones, on every machine. Main
 * thread only, but for random_next(). */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

/* SLUICE_TEST_SEED, or a new one when that is not set. Prints it, so that a run can be replayed. */
uint64_t random_seed(void);

/* What follows depends on the seed alone. */
void random_begin(uint64_t seed);

/* The next number of a sequence of the caller's own, which *state is. Any thread. */
uint64_t random_next(uint64_t *state);

/* 0..limit - 1; `limit` >= 1. */
int64_t random_below(int64_t limit);

/* 0..max, as often with few digits as with many. */
int64_t random_of_any_size(int64_t max);

/* True once in `count` times. */
bool random_one_in(int64_t count);

#endif
