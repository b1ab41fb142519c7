/* SPDX-License-Identifier: MIT
 *
 * What a system test runs in: an engine and one service on it. Each test registers apps of its own
 * there, so tests do not meet although they share it. */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "support/client.h"
#include "support/redis_server.h"
#include "support/service.h"

#define WORLD_REDIS_PASSWORD "open sesame?"

struct world {
    struct redis_server *redis; /* NULL with the memory engine */
    const char *redis_url;      /* NULL with the memory engine */
    struct service *service;
    struct service *second; /* on the same Redis; NULL but after world_open_pair() */
};

/* The engine comes from the command line: memory, redis_unix or redis_tcp (which asks for a
 * password). Ends the process when it is none of them. */
void world_choose_engine(int argc, char *argv[]);

/* Setup and teardown of a group of tests: *state is a struct world, with a ready service. */
int world_open(void **state);
/* The same without a service: the tests start their own. */
int world_open_engine(void **state);
/* With two services when they can share an engine: NULL is the second one of the memory engine. */
int world_open_pair(void **state);
int world_close(void **state);

/* The options of a further service on the same engine. */
struct service_options world_options(const struct world *world);

/* A client of the service without a key. */
struct client *stranger_new(const struct service *service);
/* Registers an app and returns a client that uses its key. */
struct client *tenant_new(const struct service *service);

/* A client of the second service with the same key, once that knows all the app's policies. */
struct client *tenant_at_second(const struct world *world, struct client *tenant);

/* POST /policy, which must succeed. */
void tenant_policy(struct client *tenant, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
