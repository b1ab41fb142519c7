/* SPDX-License-Identifier: MIT
 *
 * Takes from the table of the memory engine, made in one line each. Those of one subject number
 * meet at one counter per limit. */
#ifndef UNIT_TABLE_CASE_H
#define UNIT_TABLE_CASE_H

#include "base/duration.h"
#include "store/store_memory.h"
#include "support/cmocka.h"

#define START_US (1000 * SECOND_US) /* the time of a take, unless it is set to another */

/* A fixed window. */
struct limit table_window(int64_t quota, int64_t window_us);

/* `limits` is borrowed for as long as the take is used. */
struct take table_take_of(int64_t subject, const struct limit limits[], size_t count, int64_t cost);
/* With a cost of 1. */
struct take table_take_by(uint32_t tenant, int64_t subject, const struct limit limits[],
                          size_t count);

/* Takes; the test fails when that is not decided. */
bool table_allows(struct memory_table *table, const struct take *take);
/* Looks, whatever the take's cost is. */
int64_t table_remaining(struct memory_table *table, struct take take, size_t limit);

/* Takes 1 from each of `count` subjects, the first one being number `first`; each is allowed. */
void table_take_from_subjects(struct memory_table *table, int64_t first, int64_t count,
                              const struct limit *limit, int64_t now_us);

/* Setup of the group. */
int table_case_open(void **state);

#endif
