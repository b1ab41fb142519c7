/* SPDX-License-Identifier: MIT
 *
 * A real master, its replica and three sentinels of the test's own, which agree when two do. A
 * master is down for them after a second. Main thread only. */
#ifndef SUPPORT_REDIS_SENTINELS_H
#define SUPPORT_REDIS_SENTINELS_H

#include "support/redis_server.h"

#define REDIS_SENTINELS_COUNT  3
#define REDIS_SENTINELS_MASTER "mymaster"

struct redis_sentinels;

/* When this returns, the replica has all data, and the sentinels know it and each other. `password`
 * is that of the sentinels themselves, and may be NULL. */
struct redis_sentinels *redis_sentinels_start(const char *password);
/* The same without a password; servers and sentinels speak only TLS, and to each other, too. */
struct redis_sentinels *redis_sentinels_start_tls(const struct redis_server_tls *tls);
void redis_sentinels_stop(struct redis_sentinels *sentinels);

/* "redis-sentinel://127.0.0.1:port,.../mymaster", or "rediss-sentinel://...", with the first
 * `count` of them. It is valid as long as they are. */
const char *redis_sentinels_url(struct redis_sentinels *sentinels, size_t count);

/* The two servers: the first one is the master at the start. A test may kill, restart, pause and
 * continue them. */
struct redis_server *redis_sentinels_server(struct redis_sentinels *sentinels, size_t index);

/* From now on all sentinels watch and name a master at this port of 127.0.0.1: that of the first
 * server, or of a proxy before it. The second server is killed, so no failover is possible. */
void redis_sentinels_pin(struct redis_sentinels *sentinels, int port);

/* Asks one sentinel for a failover by SENTINEL FAILOVER, and returns when that has begun. */
void redis_sentinels_fail_over(struct redis_sentinels *sentinels, size_t index);

/* Whether all sentinels that run name this server as the master. */
bool redis_sentinels_all_name(struct redis_sentinels *sentinels, size_t index);

/* Of one sentinel. SIGKILL; SIGSTOP; SIGCONT. */
void redis_sentinels_kill(struct redis_sentinels *sentinels, size_t index);
void redis_sentinels_pause(struct redis_sentinels *sentinels, size_t index);
void redis_sentinels_continue(struct redis_sentinels *sentinels, size_t index);

/* Runs a command at one of them. A failure fails the test. */
void redis_sentinels_command_words(struct redis_sentinels *sentinels, size_t index, int count,
                                   const char *words[]);

/* How many commands one of them has refused, because the user had not the right. */
size_t redis_sentinels_refusals(const struct redis_sentinels *sentinels, size_t index);

int redis_sentinels_port(const struct redis_sentinels *sentinels, size_t index);

/* How many scripts of clients a server has run so far that did not fail. What a replica gets from
 * its master are no scripts. */
long long redis_sentinels_scripts(const struct redis_server *server);

bool redis_sentinels_is_replica(const struct redis_server *server);

#endif
