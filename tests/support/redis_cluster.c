/* SPDX-License-Identifier: MIT */
#include "support/redis_cluster.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/wait.h"

#define SLOTS         16384
#define AGREE_SECONDS 30
#define NODE_ID_BYTES 41

struct node {
    struct redis_server *server;
    char id[NODE_ID_BYTES];
    bool is_running;
    int first_slot; /* that it had when it was killed; -1: none */
};

struct redis_cluster {
    size_t count;
    size_t named;                       /* the URL names the first ones */
    const struct redis_server_tls *tls; /* or NULL */
    struct node nodes[REDIS_CLUSTER_NODES_MAX];
    char url[REDIS_SERVER_URL_BYTES];
};

/* What a failure and a takeover wait for is this timeout; replicas need not wait for others that
 * may want the same copy. Replicas stay with their masters, so that tests know whose they are. */
static const char *const settings[][2] = {
    {"cluster-node-timeout", "1500"},          {"cluster-require-full-coverage", "no"},
    {"cluster-allow-replica-migration", "no"}, {"cluster-replica-validity-factor", "0"},
    {"cluster-announce-ip", "127.0.0.1"},      {"repl-diskless-sync-delay", "0"},
};

static struct node *add_node(struct redis_cluster *cluster);
static void configure(struct node *node);
static void give_slots(struct redis_cluster *cluster, size_t masters);
static void meet(struct redis_cluster *cluster, size_t newcomer);
static void write_url(struct redis_cluster *cluster);
static bool all_tell_ports(struct redis_cluster *cluster);
static bool tells_ports(struct redis_cluster *cluster, struct node *node);
static bool mentions(const redisReply *reply, int port);
static bool all_are_met(struct redis_cluster *cluster);
static bool all_agree(struct redis_cluster *cluster);
static bool agrees(struct redis_cluster *cluster, struct node *node, size_t slaves);
static bool follows(struct node *node);
static bool is_replica(struct node *node);
static size_t occurrences(const char *text, const char *part);
static size_t find_owner(struct redis_cluster *cluster, int slot);
static bool is_owner(struct redis_cluster *cluster, int slot, size_t number);
static bool has_slot(struct node *node, int slot);
static bool is_own(const struct node *node, const redisReply *range);
static int first_slot(struct node *node);

struct redis_cluster *redis_cluster_start(size_t masters, size_t replicas_each)
{
    return redis_cluster_start_tls(masters, replicas_each, NULL);
}

struct redis_cluster *redis_cluster_start_tls(size_t masters, size_t replicas_each,
                                              const struct redis_server_tls *tls)
{
    struct redis_cluster *cluster = MEMORY_NEW(struct redis_cluster);

    *cluster = (struct redis_cluster){.named = masters, .tls = tls};
    ASSERT(masters > 0 && masters * (1 + replicas_each) <= REDIS_CLUSTER_NODES_MAX);
    for (size_t i = 0; i < masters * (1 + replicas_each); i++)
        (void)add_node(cluster);
    give_slots(cluster, masters);
    for (size_t i = 1; i < cluster->count; i++)
        meet(cluster, i);
    WAIT_FOR (AGREE_SECONDS, all_are_met(cluster))
        ;
    for (size_t i = masters; i < cluster->count; i++)
        (void)redis_server_command(cluster->nodes[i].server, "CLUSTER REPLICATE %s",
                                   cluster->nodes[(i - masters) / replicas_each].id);
    WAIT_FOR (AGREE_SECONDS, all_agree(cluster))
        ;
    write_url(cluster);
    return cluster;
}

static struct node *add_node(struct redis_cluster *cluster)
{
    ASSERT(cluster->count < REDIS_CLUSTER_NODES_MAX);
    struct node *node = &cluster->nodes[cluster->count++];

    node->server = cluster->tls == NULL ? redis_server_start_node()
                                        : redis_server_start_tls_node(cluster->tls);
    node->is_running = true;
    configure(node);
    (void)snprintf(node->id, sizeof(node->id), "%s",
                   redis_server_command(node->server, "CLUSTER MYID")->str);
    return node;
}

static void configure(struct node *node)
{
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++)
        (void)redis_server_command(node->server, "CONFIG SET %s %s", settings[i][0],
                                   settings[i][1]);
}

/* Each with another epoch, as redis-cli does: otherwise the nodes must first agree on some. */
static void give_slots(struct redis_cluster *cluster, size_t masters)
{
    for (size_t i = 0; i < cluster->count; i++) {
        struct redis_server *server = cluster->nodes[i].server;
        (void)redis_server_command(server, "CLUSTER SET-CONFIG-EPOCH %d", (int)i + 1);
        if (i < masters)
            (void)redis_server_command(server, "CLUSTER ADDSLOTSRANGE %d %d",
                                       (int)(i * SLOTS / masters),
                                       (int)((i + 1) * SLOTS / masters) - 1);
    }
}

/* With all before it, because gossip would be slow. */
static void meet(struct redis_cluster *cluster, size_t newcomer)
{
    for (size_t i = 0; i < newcomer; i++) {
        if (cluster->nodes[i].is_running)
            (void)redis_server_command(cluster->nodes[newcomer].server,
                                       "CLUSTER MEET 127.0.0.1 %d %d",
                                       redis_server_port(cluster->nodes[i].server),
                                       redis_server_bus_port(cluster->nodes[i].server));
    }
}

static void write_url(struct redis_cluster *cluster)
{
    int length = snprintf(cluster->url, sizeof(cluster->url), "%s",
                          cluster->tls == NULL ? "redis-cluster://" : "rediss-cluster://");

    for (size_t i = 0; i < cluster->named; i++) {
        length +=
            snprintf(cluster->url + length, sizeof(cluster->url) - (size_t)length, "%s127.0.0.1:%d",
                     i == 0 ? "" : ",", redis_server_announced_port(cluster->nodes[i].server));
        ASSERT(length < (int)sizeof(cluster->url));
    }
}

void redis_cluster_stop(struct redis_cluster *cluster)
{
    if (cluster == NULL)
        return;
    for (size_t i = 0; i < cluster->count; i++)
        redis_server_stop(cluster->nodes[i].server);
    free(cluster);
}

const char *redis_cluster_url(const struct redis_cluster *cluster)
{
    return cluster->url;
}

size_t redis_cluster_count(const struct redis_cluster *cluster)
{
    return cluster->count;
}

struct redis_server *redis_cluster_node(const struct redis_cluster *cluster, size_t number)
{
    ASSERT(number < cluster->count);
    return cluster->nodes[number].server;
}

void redis_cluster_announce(struct redis_cluster *cluster, const int ports[])
{
    for (size_t i = 0; i < cluster->count; i++)
        redis_server_announce(cluster->nodes[i].server, ports[i]);
    write_url(cluster);
    WAIT_FOR (AGREE_SECONDS, all_tell_ports(cluster) && all_agree(cluster))
        ;
}

static bool all_tell_ports(struct redis_cluster *cluster)
{
    bool tell = true;

    for (size_t i = 0; i < cluster->count && tell; i++)
        tell = tells_ports(cluster, &cluster->nodes[i]);
    return tell;
}

static bool tells_ports(struct redis_cluster *cluster, struct node *node)
{
    const redisReply *shards = redis_server_command(node->server, "CLUSTER SHARDS");
    bool tells = true;

    for (size_t i = 0; i < cluster->count && tells; i++)
        tells = mentions(shards, redis_server_announced_port(cluster->nodes[i].server));
    return tells;
}

/* All other numbers there are slots, which are below all ports, or offsets. */
static bool mentions(const redisReply *reply, int port)
{
    bool found = reply->type == REDIS_REPLY_INTEGER && reply->integer == port;

    for (size_t i = 0; i < reply->elements && !found; i++)
        found = mentions(reply->element[i], port);
    return found;
}

/* A node that was restarted has lost its settings. */
void redis_cluster_settle(struct redis_cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++) {
        if (cluster->nodes[i].is_running)
            configure(&cluster->nodes[i]);
    }
    WAIT_FOR (AGREE_SECONDS, all_agree(cluster))
        ;
}

/* Each node knows each, and none is still being met. */
static bool all_are_met(struct redis_cluster *cluster)
{
    bool met = true;

    for (size_t i = 0; i < cluster->count && met; i++) {
        const char *text = redis_server_command(cluster->nodes[i].server, "CLUSTER NODES")->str;
        met = occurrences(text, "\n") == cluster->count && strstr(text, "handshake") == NULL;
    }
    return met;
}

/* All running nodes say that all is well, know who is whose replica, and follow. */
static bool all_agree(struct redis_cluster *cluster)
{
    size_t slaves = 0;
    bool agreed = true;

    for (size_t i = 0; i < cluster->count; i++)
        slaves += cluster->nodes[i].is_running && is_replica(&cluster->nodes[i]);
    for (size_t i = 0; i < cluster->count && agreed; i++) {
        struct node *node = &cluster->nodes[i];
        agreed = !node->is_running || (agrees(cluster, node, slaves) && follows(node));
    }
    return agreed;
}

/* A node that was killed is known as a failed one. */
static bool agrees(struct redis_cluster *cluster, struct node *node, size_t slaves)
{
    size_t killed = 0;

    for (size_t i = 0; i < cluster->count; i++)
        killed += !cluster->nodes[i].is_running;
    const char *text = redis_server_command(node->server, "CLUSTER INFO")->str;
    if (strstr(text, "cluster_state:ok") == NULL ||
        strstr(text, "cluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n") == NULL)
        return false;
    text = redis_server_command(node->server, "CLUSTER NODES")->str;
    return occurrences(text, "\n") == cluster->count && strstr(text, "handshake") == NULL &&
           strstr(text, "fail?") == NULL && occurrences(text, "fail") == killed &&
           occurrences(text, "slave") >= slaves && occurrences(text, "slave") <= slaves + killed;
}

/* A replica has its copy. Its master says so, too, because only then writes reach it. */
static bool follows(struct node *node)
{
    const char *text = redis_server_command(node->server, "INFO replication")->str;

    return strstr(text, "master_link_status:down") == NULL &&
           occurrences(text, "state=") == occurrences(text, "state=online");
}

static bool is_replica(struct node *node)
{
    return strstr(redis_server_command(node->server, "INFO replication")->str, "role:slave") !=
           NULL;
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

bool redis_cluster_is_master(struct redis_cluster *cluster, size_t number)
{
    ASSERT(number < cluster->count);
    return cluster->nodes[number].is_running && !is_replica(&cluster->nodes[number]);
}

int redis_cluster_slot(struct redis_cluster *cluster, const char *key)
{
    size_t i = 0;

    while (!cluster->nodes[i].is_running)
        i++;
    return (int)redis_server_command(cluster->nodes[i].server, "CLUSTER KEYSLOT %s", key)->integer;
}

size_t redis_cluster_owner(struct redis_cluster *cluster, int slot)
{
    size_t owner = find_owner(cluster, slot);

    assert_true(owner < cluster->count);
    return owner;
}

/* Their count if no running node has it. */
static size_t find_owner(struct redis_cluster *cluster, int slot)
{
    size_t i = 0;

    while (i < cluster->count && !is_owner(cluster, slot, i))
        i++;
    return i;
}

static bool is_owner(struct redis_cluster *cluster, int slot, size_t number)
{
    return redis_cluster_is_master(cluster, number) && has_slot(&cluster->nodes[number], slot);
}

static bool has_slot(struct node *node, int slot)
{
    const redisReply *ranges = redis_server_command(node->server, "CLUSTER SLOTS");
    bool found = false;

    for (size_t i = 0; i < ranges->elements && !found; i++) {
        const redisReply *range = ranges->element[i];
        found = is_own(node, range) && range->element[0]->integer <= slot &&
                slot <= range->element[1]->integer;
    }
    return found;
}

/* A range begins with the first slot, the last one, and the master: its host, port and id. */
static bool is_own(const struct node *node, const redisReply *range)
{
    return strcmp(range->element[2]->element[2]->str, node->id) == 0;
}

size_t redis_cluster_add_master(struct redis_cluster *cluster)
{
    (void)add_node(cluster);
    meet(cluster, cluster->count - 1);
    WAIT_FOR (AGREE_SECONDS, all_agree(cluster))
        ;
    return cluster->count - 1;
}

void redis_cluster_kill(struct redis_cluster *cluster, size_t number)
{
    struct node *node = &cluster->nodes[number];

    ASSERT(node->is_running);
    node->first_slot = first_slot(node);
    redis_server_kill(node->server);
    node->is_running = false;
}

static int first_slot(struct node *node)
{
    const redisReply *ranges = redis_server_command(node->server, "CLUSTER SLOTS");

    for (size_t i = 0; i < ranges->elements; i++) {
        if (is_own(node, ranges->element[i]))
            return (int)ranges->element[i]->element[0]->integer;
    }
    return -1;
}

size_t redis_cluster_await_takeover(struct redis_cluster *cluster, size_t killed)
{
    const int slot = cluster->nodes[killed].first_slot;

    ASSERT(!cluster->nodes[killed].is_running && slot >= 0);
    WAIT_FOR (AGREE_SECONDS, find_owner(cluster, slot) < cluster->count && all_agree(cluster))
        ;
    return redis_cluster_owner(cluster, slot);
}

void redis_cluster_restart(struct redis_cluster *cluster, size_t number)
{
    struct node *node = &cluster->nodes[number];

    redis_server_restart(node->server);
    node->is_running = true;
    redis_cluster_settle(cluster);
}

long long redis_cluster_sum(struct redis_cluster *cluster, const char *command)
{
    long long sum = 0;

    for (size_t i = 0; i < cluster->count; i++) {
        if (redis_cluster_is_master(cluster, i))
            sum += redis_server_command(cluster->nodes[i].server, command)->integer;
    }
    return sum;
}
