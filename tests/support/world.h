/* SPDX-License-Identifier: MIT
 *
 * What a system test runs in: an engine, and one service on it. Each test registers its own apps
 * there. So tests share the service without disturbing each other. */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "support/client.h"
#include "support/redis_cluster.h"
#include "support/redis_sentinels.h"
#include "support/redis_server.h"
#include "support/service.h"

#define WORLD_REDIS_PASSWORD "open sesame?"

struct world {
    struct redis_server *redis;        /* NULL unless the engine is a single Redis */
    struct redis_cluster *cluster;     /* NULL unless it is a cluster: three masters, no replicas */
    struct redis_sentinels *sentinels; /* NULL unless they name the Redis; the first one is it */
    const char *redis_url;             /* NULL with the memory engine */
    const struct redis_server_tls *tls; /* of all of them; NULL: without */
    struct service *service;
    struct service *second; /* on the same Redis; NULL unless world_open_pair() was used */
};

/* The command line names the engine: memory, redis_unix, redis_tcp, which asks for a password,
 * redis_cluster or redis_sentinel; redis_tls is a single Redis, too, and those with "_tls" speak
 * TLS. Ends the process if it is none of these. */
void world_choose_engine(int argc, char *argv[]);

/* Setup and teardown of a group: *state is a struct world with a ready service. */
int world_open(void **state);
/* The same without a service, for tests that start their own. */
int world_open_engine(void **state);
/* The same with two services on one engine. With the memory engine `second` is NULL. */
int world_open_pair(void **state);
int world_close(void **state);

/* The options for one more service on the same engine. */
struct service_options world_options(const struct world *world);

/* A client of the service, without a key. */
struct client *stranger_new(const struct service *service);
/* Registers an app and returns a client that uses its key. */
struct client *tenant_new(const struct service *service);

/* A client of the second service with the same key. Returns once that service knows all policies of
 * the app. */
struct client *tenant_at_second(const struct world *world, struct client *tenant);

/* POST /policy, which must succeed. */
void tenant_policy(struct client *tenant, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
