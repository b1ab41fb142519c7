/* SPDX-License-Identifier: MIT
 *
 * Random numbers that can be repeated: the same seed gives the same numbers on every machine. Main
 * thread only, except random_next(). */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

/* SLUICE_TEST_SEED, or a new seed if that is not set. It is printed, so that a run can be
 * replayed. */
uint64_t random_seed(void);

/* The numbers that follow depend only on the seed. */
void random_begin(uint64_t seed);

/* The next number of the caller's own sequence, whose state is *state. Any thread. */
uint64_t random_next(uint64_t *state);

/* 0..limit - 1; `limit` >= 1. */
int64_t random_below(int64_t limit);

/* 0..max. Small and large numbers of digits are equally frequent. */
int64_t random_of_any_size(int64_t max);

/* True once in `count` times. */
bool random_one_in(int64_t count);

#endif
