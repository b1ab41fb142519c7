/* SPDX-License-Identifier: MIT
 *
 * A real cluster of the test's own. Its nodes have numbers: first the masters, in the order of
 * their slots, then the replicas of the first master, those of the second, and so on; then those
 * that were added. A number stays with its node whatever the node becomes. Main thread only. */
#ifndef SUPPORT_REDIS_CLUSTER_H
#define SUPPORT_REDIS_CLUSTER_H

#include "support/redis_server.h"

#define REDIS_CLUSTER_NODES_MAX 16

struct redis_cluster;

/* The masters share the slots evenly. A slot without a master does not stop the others, as our
 * documentation asks. When this returns all nodes agree, and all replicas follow. Takes about two
 * seconds: so long Redis waits until a new master takes writes. */
struct redis_cluster *redis_cluster_start(size_t masters, size_t replicas_each);
/* The same; all speak only TLS, and to each other, too. */
struct redis_cluster *redis_cluster_start_tls(size_t masters, size_t replicas_each,
                                              const struct redis_server_tls *tls);
/* NULL is allowed. */
void redis_cluster_stop(struct redis_cluster *cluster);

/* "redis-cluster://127.0.0.1:port,...", or "rediss-cluster://...", with the masters of the start.
 * Valid as long as the cluster. */
const char *redis_cluster_url(const struct redis_cluster *cluster);

size_t redis_cluster_count(const struct redis_cluster *cluster);
/* To give it commands, or to pause it. It is ended by redis_cluster_kill() only, or by a test that
 * restarts it and calls redis_cluster_settle() before all else. */
struct redis_server *redis_cluster_node(const struct redis_cluster *cluster, size_t number);

/* From now on clients are told that each node is at this port of 127.0.0.1, that of a proxy. The
 * URL names these ports, too. Returns when all nodes tell it. */
void redis_cluster_announce(struct redis_cluster *cluster, const int ports[]);

/* After tests have paused or restarted nodes: waits until all agree again. */
void redis_cluster_settle(struct redis_cluster *cluster);

/* Whether it runs, and takes writes. */
bool redis_cluster_is_master(struct redis_cluster *cluster, size_t number);

/* The slot of a key, by Redis' own word. */
int redis_cluster_slot(struct redis_cluster *cluster, const char *key);
/* The node that says of itself that it has the slot; there must be one. */
size_t redis_cluster_owner(struct redis_cluster *cluster, int slot);

/* Moves a slot in steps, as redis-cli does: begin, then the keys, then end. After the begin the
 * owner sends whoever asks for a key that it has not to the node `to` (ASK). */
void redis_cluster_begin_move(struct redis_cluster *cluster, int slot, size_t to);
/* Moves at most `count_max` keys. Returns how many were moved; 0: none is left. */
size_t redis_cluster_move_keys(struct redis_cluster *cluster, int slot, size_t to,
                               size_t count_max);
/* Moves the keys that are left, and tells all masters. */
void redis_cluster_end_move(struct redis_cluster *cluster, int slot, size_t to);
/* All of it. Does nothing if the node has the slot. */
void redis_cluster_move(struct redis_cluster *cluster, int slot, size_t to);

/* Adds a master without slots. Returns its number when all nodes know it. */
size_t redis_cluster_add_master(struct redis_cluster *cluster);

/* SIGKILL: what the node held is lost unless it has a replica. */
void redis_cluster_kill(struct redis_cluster *cluster, size_t number);
/* Returns the number of the node that has the slots of the killed master, when all agree. */
size_t redis_cluster_await_takeover(struct redis_cluster *cluster, size_t killed);
/* Starts a killed node again, empty; it becomes a replica if another node has its slots. Returns
 * when all nodes agree. */
void redis_cluster_restart(struct redis_cluster *cluster, size_t number);

/* The sum of what all running masters reply to a command whose reply is a number. */
long long redis_cluster_sum(struct redis_cluster *cluster, const char *command);

#endif
