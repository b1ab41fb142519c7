/* SPDX-License-Identifier: MIT */
#include "followed.h"

#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"

#define WAIT_SECONDS 60

const struct service *followed_elsewhere(const struct world *world)
{
    return world->second == NULL ? world->service : world->second;
}

struct client *followed_new(const struct world *world)
{
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'*','limit':1000000,'window_seconds':3600}");
    return tenant;
}

struct client *followed_at(const struct service *service, const struct client *tenant)
{
    struct client *there = stranger_new(service);

    client_set_key(there, client_key(tenant));
    WAIT_FOR (WAIT_SECONDS, client_look(there, "nobody", "/a")->status == 200)
        ;
    EXPECT(client_get(there, "/logs/latest?limit=1"), 200, "[{'user_id':'nobody'}]");
    return there;
}

void followed_decide(struct client *tenant)
{
    char body[8192] = "{'checks':[";
    size_t length = strlen(body);

    for (int i = 0; i < FOLLOWED_BATCH; i++)
        length += (size_t)snprintf(body + length, sizeof(body) - length,
                                   "%s{'user_id':'u%d','route_key':'/a'}", i == 0 ? "" : ",", i);
    (void)snprintf(body + length, sizeof(body) - length, "]}");
    client_set_recorded(tenant, false);
    EXPECT(client_post(tenant, "/check/batch", "%s", body), 200, NULL);
    client_set_recorded(tenant, true);
}

void followed_by(struct log_reader *reader, const struct service *service,
                 const struct client *tenant)
{
    log_reader_open(reader, service_port(service), client_key(tenant), "", NULL);
    log_reader_begin(reader);
}
