/* SPDX-License-Identifier: MIT
 *
 * Takes from the table of the memory engine, one line each. Takes with the same subject number
 * share one counter per limit. */
#ifndef UNIT_TABLE_CASE_H
#define UNIT_TABLE_CASE_H

#include "base/duration.h"
#include "store/store_memory.h"
#include "support/cmocka.h"
#include "support/one_set.h"

#define START_US (1000 * SECOND_US) /* the time of a take, unless a test sets another */

/* A fixed window. */
struct limit table_window(int64_t quota, int64_t window_us);

/* `limits` is borrowed while the take is in use. */
struct operation table_take_of(int64_t subject, const struct limit limits[], size_t count,
                               int64_t cost);
/* Its cost is 1. */
struct operation table_take_by(uint32_t tenant, int64_t subject, const struct limit limits[],
                               size_t count);

/* Returns the decision. Fails the test if there is none. */
bool table_allows(struct memory_table *table, const struct operation *take);
/* A look at what the take would charge. */
int64_t table_remaining(struct memory_table *table, struct operation take, size_t limit);

/* Takes 1 from each of `count` subjects, from number `first` on. Each is allowed. */
void table_take_from_subjects(struct memory_table *table, int64_t first, int64_t count,
                              const struct limit *limit, int64_t now_us);

/* Setup of the group. */
int table_case_open(void **state);

#endif
