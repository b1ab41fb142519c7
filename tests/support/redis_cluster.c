/* SPDX-License-Identifier: MIT */
#include "support/redis_cluster.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/wait.h"

#define SLOTS          16384
#define AGREE_SECONDS  30
#define NODE_ID_BYTES  41
#define MOVED_KEYS_MAX 100
#define MIGRATE_WORDS  7 /* before the keys */

struct node {
    struct redis_server *server;
    char id[NODE_ID_BYTES];
    bool is_running;
    int first_slot; /* that it had when it was killed; -1: none */
};

struct redis_cluster {
    size_t count;
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
static void write_url(struct redis_cluster *cluster, size_t masters);
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
static void set_slot(struct redis_cluster *cluster, size_t at, int slot, const char *state,
                     size_t node);
static int first_slot(struct node *node);

struct redis_cluster *redis_cluster_start(size_t masters, size_t replicas_each)
{
    struct redis_cluster *cluster = MEMORY_NEW(struct redis_cluster);

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
    write_url(cluster, masters);
    return cluster;
}

static struct node *add_node(struct redis_cluster *cluster)
{
    ASSERT(cluster->count < REDIS_CLUSTER_NODES_MAX);
    struct node *node = &cluster->nodes[cluster->count++];

    node->server = redis_server_start_node();
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

static void write_url(struct redis_cluster *cluster, size_t masters)
{
    size_t length = 0;

    for (size_t i = 0; i < masters; i++) {
        length += (size_t)snprintf(cluster->url + length, sizeof(cluster->url) - length,
                                   "%s127.0.0.1:%d", i == 0 ? "redis-cluster://" : ",",
                                   redis_server_port(cluster->nodes[i].server));
        ASSERT(length < sizeof(cluster->url));
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

/* A range begins with the first slot, the last one, and the master. */
static bool is_own(const struct node *node, const redisReply *range)
{
    return range->element[2]->element[1]->integer == redis_server_port(node->server);
}

void redis_cluster_begin_move(struct redis_cluster *cluster, int slot, size_t to)
{
    size_t from = redis_cluster_owner(cluster, slot);

    ASSERT(from != to);
    /* In this order: whoever is sent on finds a node that expects it. */
    set_slot(cluster, to, slot, "IMPORTING", from);
    set_slot(cluster, from, slot, "MIGRATING", to);
}

size_t redis_cluster_move_keys(struct redis_cluster *cluster, int slot, size_t to, size_t count_max)
{
    struct redis_server *from = cluster->nodes[redis_cluster_owner(cluster, slot)].server;
    const redisReply *keys =
        redis_server_command(from, "CLUSTER GETKEYSINSLOT %d %d", slot,
                             count_max < MOVED_KEYS_MAX ? (int)count_max : MOVED_KEYS_MAX);
    const size_t count = keys->elements;
    char names[MOVED_KEYS_MAX][256];
    char port[16];
    const char *words[MIGRATE_WORDS + MOVED_KEYS_MAX] = {"MIGRATE", "127.0.0.1", port,  "",
                                                         "0",       "10000",     "KEYS"};
    size_t lengths[ARRAY_COUNT(words)];

    if (count == 0)
        return 0;
    (void)snprintf(port, sizeof(port), "%d", redis_server_port(cluster->nodes[to].server));
    for (size_t i = 0; i < MIGRATE_WORDS; i++)
        lengths[i] = strlen(words[i]);
    for (size_t i = 0; i < count; i++) {
        ASSERT(keys->element[i]->len < sizeof(names[i]));
        memcpy(names[i], keys->element[i]->str, keys->element[i]->len);
        words[MIGRATE_WORDS + i] = names[i];
        lengths[MIGRATE_WORDS + i] = keys->element[i]->len;
    }
    (void)redis_server_command_words(from, (int)(MIGRATE_WORDS + count), words, lengths);
    return count;
}

void redis_cluster_end_move(struct redis_cluster *cluster, int slot, size_t to)
{
    size_t from = redis_cluster_owner(cluster, slot);

    while (redis_cluster_move_keys(cluster, slot, to, MOVED_KEYS_MAX) > 0)
        ;
    /* The new owner first: otherwise nobody has the slot for a moment. */
    set_slot(cluster, to, slot, "NODE", to);
    set_slot(cluster, from, slot, "NODE", to);
    for (size_t i = 0; i < cluster->count; i++) {
        if (i != to && i != from && redis_cluster_is_master(cluster, i))
            set_slot(cluster, i, slot, "NODE", to);
    }
}

void redis_cluster_move(struct redis_cluster *cluster, int slot, size_t to)
{
    if (redis_cluster_owner(cluster, slot) == to)
        return;
    redis_cluster_begin_move(cluster, slot, to);
    redis_cluster_end_move(cluster, slot, to);
}

static void set_slot(struct redis_cluster *cluster, size_t at, int slot, const char *state,
                     size_t node)
{
    (void)redis_server_command(cluster->nodes[at].server, "CLUSTER SETSLOT %d %s %s", slot, state,
                               cluster->nodes[node].id);
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
    configure(node);
    WAIT_FOR (AGREE_SECONDS, all_agree(cluster))
        ;
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
