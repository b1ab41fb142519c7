/* SPDX-License-Identifier: MIT */
#include "support/world.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/redis_certificate.h"
#include "support/wait.h"

#define POLICY_BYTES_MAX 4096
#define WAIT_SECONDS     10

#define MASTERS 3

static void open_memory(struct world *world);
static void open_unix(struct world *world);
static void open_tcp(struct world *world);
static void open_tls(struct world *world);
static void open_cluster(struct world *world);
static void open_sentinel(struct world *world);

static const struct {
    const char *word;
    void (*open)(struct world *world);
    bool has_tls;
} engines[] = {
    {"memory", open_memory, false},           {"redis_unix", open_unix, false},
    {"redis_tcp", open_tcp, false},           {"redis_tls", open_tls, true},
    {"redis_cluster", open_cluster, false},   {"redis_cluster_tls", open_cluster, true},
    {"redis_sentinel", open_sentinel, false}, {"redis_sentinel_tls", open_sentinel, true},
};

static size_t engine = 0; /* memory */

/* After all tests of the group, only the catalogue may have keys without an expiry. */
static void expect_that_counters_expire(struct redis_server *redis)
{
    static const char script[] =
        "local lasting = {}\n"
        "for _, key in ipairs(redis.call('KEYS', 'sluice:*')) do\n"
        "  if not key:find('^sluice:{catalogue}:') and redis.call('PTTL', key) < 0 then\n"
        "    lasting[#lasting + 1] = key\n"
        "  end\n"
        "end\n"
        "return lasting";

    redis_server_continue(redis); /* in case a test failed while it was paused */
    const redisReply *reply = redis_server_command(redis, "EVAL %s 0", script);

    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    for (size_t i = 0; i < reply->elements; i++)
        print_error("%s has no expiry\n", reply->element[i]->str);
    assert_int_equal(reply->elements, 0);
}

void world_choose_engine(int argc, char *argv[])
{
    engine = argc == 2 ? 0 : ARRAY_COUNT(engines);
    while (engine < ARRAY_COUNT(engines) && strcmp(argv[1], engines[engine].word) != 0)
        engine++;
    if (engine == ARRAY_COUNT(engines)) {
        (void)fprintf(stderr, "usage: %s %s", argv[0], engines[0].word);
        for (size_t i = 1; i < ARRAY_COUNT(engines); i++)
            (void)fprintf(stderr, "|%s", engines[i].word);
        (void)fprintf(stderr, "\n");
        exit(2);
    }
}

int world_open_engine(void **state)
{
    struct world *world = MEMORY_NEW(struct world);

    *state = world;
    if (engines[engine].has_tls)
        world->tls = redis_certificate();
    engines[engine].open(world);
    return 0;
}

static void open_memory(struct world *world)
{
    (void)world;
}

static void open_unix(struct world *world)
{
    world->redis = redis_server_start(NULL);
    world->redis_url = redis_server_unix_url(world->redis);
}

static void open_tcp(struct world *world)
{
    world->redis = redis_server_start(WORLD_REDIS_PASSWORD);
    world->redis_url = redis_server_tcp_url(world->redis);
}

static void open_tls(struct world *world)
{
    world->redis = redis_server_start_tls(world->tls);
    world->redis_url = redis_server_tcp_url(world->redis);
}

static void open_cluster(struct world *world)
{
    world->cluster = redis_cluster_start_tls(MASTERS, 0, world->tls);
    world->redis_url = redis_cluster_url(world->cluster);
}

static void open_sentinel(struct world *world)
{
    world->sentinels =
        world->tls == NULL ? redis_sentinels_start(NULL) : redis_sentinels_start_tls(world->tls);
    world->redis_url = redis_sentinels_url(world->sentinels, REDIS_SENTINELS_COUNT);
}

int world_open(void **state)
{
    (void)world_open_engine(state);
    struct world *world = *state;
    struct service_options options = world_options(world);

    world->service = service_start(&options);
    return 0;
}

int world_open_pair(void **state)
{
    (void)world_open(state);
    struct world *world = *state;
    struct service_options options = world_options(world);

    if (world->redis_url != NULL)
        world->second = service_start(&options);
    return 0;
}

int world_close(void **state)
{
    struct world *world = *state;

    service_stop(world->second);
    service_stop(world->service);
    if (world->redis != NULL)
        expect_that_counters_expire(world->redis);
    if (world->sentinels != NULL)
        expect_that_counters_expire(redis_sentinels_server(world->sentinels, 0));
    for (size_t i = 0; world->cluster != NULL && i < redis_cluster_count(world->cluster); i++) {
        if (redis_cluster_is_master(world->cluster, i))
            expect_that_counters_expire(redis_cluster_node(world->cluster, i));
    }
    redis_server_stop(world->redis);
    redis_cluster_stop(world->cluster);
    if (world->sentinels != NULL)
        redis_sentinels_stop(world->sentinels);
    free(world);
    return 0;
}

struct service_options world_options(const struct world *world)
{
    return (struct service_options){
        .redis_url = world->redis_url,
        .redis_tls_ca = world->tls == NULL ? NULL : world->tls->authorities,
    };
}

struct client *stranger_new(const struct service *service)
{
    struct client *client = client_new(service_port(service));

    client_use_socket(client, service_socket(service));
    if (service_is_https(service))
        client_use_https(client);
    return client;
}

struct client *tenant_new(const struct service *service)
{
    struct client *tenant = stranger_new(service);
    const struct reply *reply = client_post(tenant, "/register", "{'name':'Test'}");

    EXPECT(reply, 201, NULL);
    client_set_key(tenant, reply_text(reply, "api_key"));
    return tenant;
}

struct client *tenant_at_second(const struct world *world, struct client *tenant)
{
    struct client *there = stranger_new(world->second);
    size_t policies = json_array_size(client_get(tenant, "/policy")->json);

    client_set_key(there, client_key(tenant));
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(there, "/policy")->json) == policies)
        ;
    return there;
}

void tenant_policy(struct client *tenant, const char *format, ...)
{
    char body[POLICY_BYTES_MAX];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(body, sizeof(body), format, arguments);
    va_end(arguments);
    ASSERT(length > 0 && length < POLICY_BYTES_MAX);
    const struct reply *reply = client_post(tenant, "/policy", "%s", body);
    if (reply->status != 201)
        EXPECT(reply, 200, NULL);
}
