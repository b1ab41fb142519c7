/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/wait.h"

#define QUOTA_BEYOND_REACH 1000000000
#define QUOTA_APART        100000000
#define QUOTA_SMALL        3

static bool has_registered(struct client *client);
static void save_policies(struct client *tenant);

void stage_open(struct stage *stage, struct world *world, bool through_proxies, uint64_t seed)
{
    *stage = (struct stage){0};
    servers_open(&stage->servers, world, through_proxies, seed);
}

void stage_serve(struct stage *stage, bool not_ready)
{
    struct service_options options = world_options(stage->servers.world);

    options.catalogue_in_file = true;
    options.redis_url = servers_url(&stage->servers);
    options.redis_timeout_ms = "50";
    options.not_ready = not_ready;
    /* Freed memory must not look like lost memory. */
    options.environment =
        (const char *const[]){"ASAN_OPTIONS=quarantine_size_mb=4", PROCESS_MAY_BE_SEEN, NULL};
    stage->service = service_start(&options);
    stage->tenant = stranger_new(stage->service);
    WAIT_FOR (STAGE_WAIT_SECONDS, has_registered(stage->tenant))
        ;
    stage->other = stranger_new(stage->service);
    client_set_key(stage->other, client_key(stage->tenant));
    save_policies(stage->tenant);
}

void stage_close(struct stage *stage)
{
    struct service *service = stage->service;

    client_free(stage->tenant);
    client_free(stage->other);
    servers_close(&stage->servers);
    *stage = (struct stage){0};
    service_stop(service);
}

bool stage_is_exact(struct stage *stage)
{
    struct client *const clients[] = {stage->tenant, stage->other};
    char user[32];

    (void)snprintf(user, sizeof(user), "fresh-%d", stage->subjects++);
    for (int i = 0; i <= QUOTA_SMALL; i++) {
        const bool is_allowed = i < QUOTA_SMALL;
        const struct reply *reply = client_check(clients[i % 2], user, "/small");
        if (reply->status != (is_allowed ? 200 : 429) || reply_at(reply, "degraded") != NULL ||
            reply_integer(reply, "remaining") != (is_allowed ? QUOTA_SMALL - 1 - i : 0))
            return false;
    }
    return true;
}

bool stage_is_connected(struct stage *stage)
{
    return stage_is_exact(stage) &&
           strstr(client_get(stage->tenant, "/metrics")->body,
                  "\nsluice_store_links_connected 2\n") != NULL &&
           client_get(stage->tenant, "/logs/latest")->status == 200;
}

/* A service that is not ready yet may not have opened its catalogue. */
static bool has_registered(struct client *client)
{
    const struct reply *reply = client_post(client, "/register", "{'name':'Stage'}");

    if (reply->status == 201)
        client_set_key(client, reply_text(reply, "api_key"));
    return reply->status == 201;
}

/* Their quotas are so far apart that no two counters ever have as much left. So a reply to another
 * check is noticed. */
static void save_policies(struct client *tenant)
{
    static const char *const modes[] = {"local", "allow", "deny"};

    for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
        tenant_policy(tenant,
                      "{'route_key':'/%s','on_store_error':'%s','limit':%d,"
                      "'window_seconds':31536000}",
                      modes[i], modes[i], QUOTA_BEYOND_REACH - (int)i * QUOTA_APART);
    tenant_policy(tenant, "{'route_key':'/small','limit':%d,'window_seconds':31536000}",
                  QUOTA_SMALL);
}
