/* SPDX-License-Identifier: MIT
 *
 * Topologies that find a master by its sentinels, and what they have found. Main thread only. */
#ifndef UNIT_TOPOLOGY_CASE_H
#define UNIT_TOPOLOGY_CASE_H

#include "redis/redis_topology.h"
#include "support/redis_group.h"
#include "support/redis_sentinels.h"
#include "support/wait.h"

#define TOPOLOGY_WAIT_SECONDS 20
#define TOPOLOGY_WORDS_BYTES  128

/* Setup and teardown of a group whose tests share sentinels: its state. */
int topology_open_sentinels(void **state);
int topology_close_sentinels(void **state);

/* The topology of this URL, which must be valid. It has no thread. */
struct redis_topology *topology_to(const char *url);
/* Its sentinels demand this login. */
struct redis_topology *topology_as(const char *url, const char *user, const char *password);
/* It has a thread, and begins to look. */
struct redis_topology *topology_started(const char *url);

/* The URL names the sentinel at this port of 127.0.0.1, or two and their name of the master. */
struct redis_topology *topology_to_sentinel(int port);
struct redis_topology *topology_to_sentinels(int first, int second, const char *master);

/* Stops it in time, and frees it. */
void topology_end(struct redis_topology *topology);

/* The port of its only server; 0: none is known. */
int topology_port(struct redis_topology *topology);
bool topology_names(struct redis_topology *topology, struct redis_sentinels *sentinels,
                    size_t index);
void topology_wait_until_it_names(struct redis_topology *topology,
                                  struct redis_sentinels *sentinels, size_t index);

/* What a sentinel says in a look, if it names this server as the master, and tells nothing else. */
void topology_words_naming(const struct redis_server *master, char words[TOPOLOGY_WORDS_BYTES]);

#endif
