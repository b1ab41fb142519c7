/* SPDX-License-Identifier: MIT
 *
 * A cluster of two masters, beside the `server` of redis_group.h, that all tests of a program
 * share:
 *
 *     return cmocka_run_group_tests(tests, cluster_group_open, cluster_group_close);
 *
 * Main thread only. */
#ifndef SUPPORT_CLUSTER_GROUP_H
#define SUPPORT_CLUSTER_GROUP_H

#include "support/redis_cluster.h"
#include "support/redis_group.h"

extern struct redis_cluster *cluster;

/* Setup and teardown of the group: those of redis_group.h, too. */
int cluster_group_open(void **state);
int cluster_group_close(void **state);

#endif
