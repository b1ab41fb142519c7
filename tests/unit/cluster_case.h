/* SPDX-License-Identifier: MIT
 *
 * The Redis engine on the cluster of cluster_group.h. The topology has no thread here, so the map
 * is as old as the test wants it to be. Main thread only. */
#ifndef UNIT_CLUSTER_CASE_H
#define UNIT_CLUSTER_CASE_H

#include "asker.h"
#include "support/cluster_group.h"

/* Makes the map anew. */
void cluster_look(void);
/* After a look: whether the map has so many nodes. */
bool cluster_knows_nodes(uint16_t count);

/* Makes the map anew, and connects to both nodes. */
struct store *cluster_store(int64_t timeout_us);

struct redis_server *cluster_node(size_t number);
int cluster_slot(int64_t subject);
/* The first subject from this one on that the node has. */
int64_t cluster_subject_at(size_t node, int64_t from);

/* How many errors of this kind the two nodes have told so far. */
size_t cluster_errors_told(const char *code);

#endif
