/* SPDX-License-Identifier: MIT
 *
 * The claims are collected first. Then those that were outdone are left out of the map. */
#include "redis_slots.h"

#include "base/memory.h"

/* A range of slots: its first and its last one, and in CLUSTER SLOTS its master behind them. */
enum { RANGE_FIRST, RANGE_LAST, RANGE_MASTER, RANGE_SIZE };
/* A node in CLUSTER SLOTS; from Redis 7 on with names and values at its end. */
enum { NODE_HOST, NODE_PORT, NODE_ID, NODE_MORE };

struct claimant {
    struct redis_endpoint endpoint;
    char id[REDIS_NODE_ID_BYTES];
    uint16_t index; /* in the order of the answer */
    bool is_in_map;
};

struct claims {
    const struct redis_endpoint *asked;
    bool has_tls;
    bool are_too_many; /* the claimants */
    uint16_t count;
    struct claimant by[REDIS_NODES_MAX];
    uint16_t owner[REDIS_SLOTS]; /* index of the claimant, or REDIS_NO_NODE */
    bool is_weak[REDIS_SLOTS];   /* the owner has failed */
};

struct master {
    bool is_known;
    bool has_failed;
    struct redis_endpoint endpoint;
    char id[REDIS_NODE_ID_BYTES];
};

/* Notes who claims what in one part of the answer. False: it is not of its form, or they are too
 * many. */
typedef bool claim_fn(struct claims *claims, const redisReply *part);

static struct claims *claims_new(const struct redis_endpoint *asked, bool has_tls);
static struct redis_map *map_of_answer(const redisReply *reply, struct claims *claims,
                                       claim_fn *claim_part, const char *command,
                                       struct error *error);
static bool claim_shard(struct claims *claims, const redisReply *shard);
static bool find_master(const struct claims *claims, const redisReply *nodes,
                        struct master *master);
static bool read_node(const struct claims *claims, const redisReply *node, struct master *master);
static bool claim_range(struct claims *claims, const redisReply *range);
static bool read_host(const redisReply *host, const redisReply *ip, struct text *name);
static bool claim(struct claims *claims, const redisReply *const range[],
                  const struct master *master);
static bool find_claimant(struct claims *claims, const struct master *master, uint16_t *index);
static struct redis_map *map_of_claims(struct claims *claims, struct error *error);
static int compare_claimants(const void *a, const void *b);
static const redisReply *find(const redisReply *fields, const char *name);
static bool read_text(const redisReply *reply, struct text *text);
static void read_id(const redisReply *reply, char id[static REDIS_NODE_ID_BYTES]);
static bool read_integer(const redisReply *reply, int64_t *integer);
static bool is_array(const redisReply *reply);

struct redis_map *redis_slots_read_shards(const redisReply *reply,
                                          const struct redis_endpoint *asked, bool has_tls,
                                          struct error *error)
{
    return map_of_answer(reply, claims_new(asked, has_tls), claim_shard, "SHARDS", error);
}

struct redis_map *redis_slots_read_ranges(const redisReply *reply,
                                          const struct redis_endpoint *asked, struct error *error)
{
    return map_of_answer(reply, claims_new(asked, false), claim_range, "SLOTS", error);
}

static struct claims *claims_new(const struct redis_endpoint *asked, bool has_tls)
{
    struct claims *claims = MEMORY_NEW(struct claims);

    claims->asked = asked;
    claims->has_tls = has_tls;
    memset(claims->owner, 0xff, sizeof(claims->owner));
    return claims;
}

/* Frees the claims. */
static struct redis_map *map_of_answer(const redisReply *reply, struct claims *claims,
                                       claim_fn *claim_part, const char *command,
                                       struct error *error)
{
    struct redis_map *map = NULL;
    bool is_valid = is_array(reply);

    for (size_t i = 0; is_valid && i < reply->elements; i++)
        is_valid = claim_part(claims, reply->element[i]);
    if (is_valid)
        map = map_of_claims(claims, error);
    else if (claims->are_too_many)
        error_set(error, "redis: the cluster has more than %d masters", REDIS_NODES_MAX);
    else
        error_set(error, "redis: the answer to CLUSTER %s is not of its form", command);
    free(claims);
    return map;
}

/* ["slots", [first, last, first, last...], "nodes", [node, node...]] */
static bool claim_shard(struct claims *claims, const redisReply *shard)
{
    const redisReply *slots = find(shard, "slots");
    const redisReply *nodes = find(shard, "nodes");
    struct master master = {0};
    uint16_t index;

    if (!is_array(slots) || slots->elements % 2 != 0 || !is_array(nodes) ||
        !find_master(claims, nodes, &master))
        return false;
    for (size_t i = 0; i < slots->elements; i += 2) {
        const redisReply *const range[] = {slots->element[i], slots->element[i + 1]};

        if (!claim(claims, range, &master))
            return false;
    }
    if (!master.is_known || master.has_failed)
        return true;
    if (!find_claimant(claims, &master, &index))
        return false;
    claims->by[index].is_in_map = true;
    return true;
}

/* From Redis 7.2 on a master that failed stays in its shard, beside the replica that replaced
 * it. */
static bool find_master(const struct claims *claims, const redisReply *nodes, struct master *master)
{
    for (size_t i = 0; i < nodes->elements; i++) {
        struct master other = {0};

        if (!read_node(claims, nodes->element[i], &other))
            return false;
        if (other.is_known && (!master->is_known || (master->has_failed && !other.has_failed)))
            *master = other;
    }
    return true;
}

/* It stays unknown if the node is no master, or cannot be reached as we connect. */
static bool read_node(const struct claims *claims, const redisReply *node, struct master *master)
{
    const redisReply *port = find(node, claims->has_tls ? "tls-port" : "port");
    struct text role;
    struct text health;
    struct text name = {0};
    int64_t number = 0;

    if (!read_text(find(node, "role"), &role) || !read_text(find(node, "health"), &health) ||
        !read_host(find(node, "endpoint"), find(node, "ip"), &name) ||
        (port != NULL && !read_integer(port, &number)))
        return false;
    master->is_known = text_equal(role, TEXT("master")) &&
                       redis_endpoint_learn(name, number, claims->asked, &master->endpoint);
    master->has_failed = text_starts_with(health, TEXT("fail"));
    read_id(find(node, "id"), master->id);
    return true;
}

/* [first, last, [host, port, id...], replicas...] */
static bool claim_range(struct claims *claims, const redisReply *range)
{
    struct master master = {0};
    struct text name = {0};
    int64_t port;

    if (!is_array(range) || range->elements < RANGE_SIZE)
        return false;
    const redisReply *node = range->element[RANGE_MASTER];
    if (!is_array(node) || node->elements <= NODE_PORT ||
        !read_integer(node->element[NODE_PORT], &port))
        return false;
    const redisReply *ip = node->elements > NODE_MORE ? find(node->element[NODE_MORE], "ip") : NULL;
    if (!read_host(node->element[NODE_HOST], ip, &name))
        return false;
    master.is_known = redis_endpoint_learn(name, port, claims->asked, &master.endpoint);
    if (node->elements > NODE_ID)
        read_id(node->element[NODE_ID], master.id);
    return claim(claims, (const redisReply *const *)range->element, &master);
}

/* Absent: the node is where we asked. If names are preferred, and the node has none, Redis says
 * "?". */
static bool read_host(const redisReply *host, const redisReply *ip, struct text *name)
{
    struct text address;

    if (host == NULL || host->type == REDIS_REPLY_NIL)
        return true;
    if (!read_text(host, name))
        return false;
    if (text_equal(*name, TEXT("?")) && read_text(ip, &address))
        *name = address;
    return true;
}

static bool claim(struct claims *claims, const redisReply *const range[],
                  const struct master *master)
{
    int64_t first;
    int64_t last;
    uint16_t index;

    if (!read_integer(range[RANGE_FIRST], &first) || !read_integer(range[RANGE_LAST], &last) ||
        first < 0 || last < first || last >= REDIS_SLOTS)
        return false;
    if (!master->is_known)
        return true;
    if (!find_claimant(claims, master, &index))
        return false;
    for (int64_t slot = first; slot <= last; slot++) {
        if (claims->owner[slot] != REDIS_NO_NODE && (!claims->is_weak[slot] || master->has_failed))
            continue;
        claims->owner[slot] = index;
        claims->is_weak[slot] = master->has_failed;
    }
    return true;
}

/* False: they are too many. A node that failed may have left its address to another one. */
static bool find_claimant(struct claims *claims, const struct master *master, uint16_t *index)
{
    uint16_t i = 0;

    while (i < claims->count && !redis_endpoint_equal(&claims->by[i].endpoint, &master->endpoint))
        i++;
    *index = i;
    if (i < claims->count) {
        if (!master->has_failed)
            memcpy(claims->by[i].id, master->id, sizeof(master->id));
        return true;
    }
    claims->are_too_many = claims->count == REDIS_NODES_MAX;
    if (claims->are_too_many)
        return false;
    claims->by[claims->count] = (struct claimant){.endpoint = master->endpoint, .index = i};
    memcpy(claims->by[claims->count++].id, master->id, sizeof(master->id));
    return true;
}

static struct redis_map *map_of_claims(struct claims *claims, struct error *error)
{
    uint16_t place[REDIS_NODES_MAX]; /* in the map, of each claimant */
    uint16_t count = 0;
    bool has_slots = false;

    for (size_t slot = 0; slot < REDIS_SLOTS; slot++) {
        if (claims->owner[slot] == REDIS_NO_NODE)
            continue;
        claims->by[claims->owner[slot]].is_in_map = true;
        has_slots = true;
    }
    if (!has_slots) {
        error_set(error, "redis: no node of the cluster has a slot");
        return NULL;
    }
    qsort(claims->by, claims->count, sizeof(claims->by[0]), compare_claimants);
    while (count < claims->count && claims->by[count].is_in_map)
        count++;
    struct redis_map *map = redis_map_new(count);
    map->is_sliced = true;
    for (uint16_t i = 0; i < count; i++) {
        map->nodes[i].endpoint = claims->by[i].endpoint;
        memcpy(map->nodes[i].id, claims->by[i].id, sizeof(map->nodes[i].id));
        place[claims->by[i].index] = i;
    }
    for (size_t slot = 0; slot < REDIS_SLOTS; slot++) {
        if (claims->owner[slot] != REDIS_NO_NODE)
            map->node_of_slot[slot] = place[claims->owner[slot]];
    }
    return map;
}

/* Those that the map leaves out come last. */
static int compare_claimants(const void *a, const void *b)
{
    const struct claimant *left = a;
    const struct claimant *right = b;
    const int by_host = strcmp(left->endpoint.host, right->endpoint.host);

    if (left->is_in_map != right->is_in_map)
        return left->is_in_map ? -1 : 1;
    return by_host != 0 ? by_host : left->endpoint.port - right->endpoint.port;
}

/* The value behind the name; NULL: there is none. Names that we do not know are skipped. */
static const redisReply *find(const redisReply *fields, const char *name)
{
    struct text found;

    if (!is_array(fields))
        return NULL;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (read_text(fields->element[i], &found) && text_equal(found, text_of(name)))
            return fields->element[i + 1];
    }
    return NULL;
}

static bool read_text(const redisReply *reply, struct text *text)
{
    if (reply == NULL || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return false;
    *text = (struct text){reply->str, reply->len};
    return true;
}

static void read_id(const redisReply *reply, char id[static REDIS_NODE_ID_BYTES])
{
    struct text text;

    if (read_text(reply, &text))
        redis_node_id_read(text, id);
}

/* Servers other than Redis write numbers as text, too. */
static bool read_integer(const redisReply *reply, int64_t *integer)
{
    struct text text;

    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        *integer = reply->integer;
        return true;
    }
    return read_text(reply, &text) && text_parse_integer(text, integer);
}

static bool is_array(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY;
}
