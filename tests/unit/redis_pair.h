/* SPDX-License-Identifier: MIT
 *
 * Two instances of the catalogue in one Redis, which may reach it in different ways. Main thread
 * only. */
#ifndef UNIT_REDIS_PAIR_H
#define UNIT_REDIS_PAIR_H

#include "catalogue_cases.h"
#include "support/redis_group.h"

/* Runs `run`, which returns how many tests failed, on a server, and once more on a cluster. All
 * keys are in `server`. Returns how many failed in both. */
int redis_pair_run(int (*run)(void));

/* Setup of a test: empties Redis; *state is the pair, which can neither damage, exhaust nor lose an
 * app. */
int redis_pair_open(void **state);
/* Teardown of a test. */
int redis_pair_close(void **state);

#endif
