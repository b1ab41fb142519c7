/* SPDX-License-Identifier: MIT */
#include "cluster_load.h"

#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"

#define PER_SECOND 300

/* The keys of the counters that a node has. It forgets them if ARGV[1] says so. */
static const char script[] =
    "local counters = {}\n"
    "for _, key in ipairs(redis.call('KEYS', 'sluice:{*')) do\n"
    "  if not key:find('^sluice:{catalogue}') and not key:find('^sluice:{rights}') then\n"
    "    counters[#counters + 1] = key\n"
    "    if ARGV[1] == 'forget' then redis.call('DEL', key) end\n"
    "  end\n"
    "end\n"
    "return counters";

struct load *cluster_load_begin(const struct world *world, const struct client *tenant,
                                const char *const routes[], load_ask_fn *ask)
{
    struct load_options options = {
        .port = service_port(world->service),
        .api_key = client_key(tenant),
        .threads = CLUSTER_LOAD_CONNECTIONS,
        .per_second = PER_SECOND,
        .ask = ask,
    };

    for (size_t i = 0; routes[i] != NULL; i++) {
        ASSERT(i < LOAD_ROUTES_MAX);
        options.routes[i] = routes[i];
    }
    return load_begin(&options);
}

double cluster_load_calls(const struct world *world, const char *result)
{
    struct client *client = stranger_new(world->service);
    char label[32];

    (void)snprintf(label, sizeof(label), "result=\"%s\"", result);
    const double calls = scrape_figure(client, "sluice_store_calls_total", label);
    client_free(client);
    return calls;
}

void cluster_load_print_calls(const struct world *world)
{
    static const char *const results[] = {"done", "late", "down", "refused", "broken"};

    print_message("calls:");
    for (size_t i = 0; i < ARRAY_COUNT(results); i++)
        print_message(" %s %.0f", results[i], cluster_load_calls(world, results[i]));
    print_message("\n");
}

int cluster_load_slot(struct redis_cluster *cluster, struct client *tenant, const char *check)
{
    char key[256] = "";

    for (size_t i = 0; i < redis_cluster_count(cluster); i++) {
        if (redis_cluster_is_master(cluster, i))
            (void)redis_server_command(redis_cluster_node(cluster, i), "EVAL %s 0 forget", script);
    }
    EXPECT(client_post(tenant, "/check", "%s", check), 200, NULL);
    for (size_t i = 0; i < redis_cluster_count(cluster); i++) {
        if (!redis_cluster_is_master(cluster, i))
            continue;
        const redisReply *reply =
            redis_server_command(redis_cluster_node(cluster, i), "EVAL %s 0 find", script);
        if (reply->elements > 0)
            (void)snprintf(key, sizeof(key), "%s", reply->element[0]->str);
    }
    assert_true(key[0] != '\0');
    return redis_cluster_slot(cluster, key);
}
