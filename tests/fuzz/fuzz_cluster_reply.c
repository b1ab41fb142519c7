/* SPDX-License-Identifier: MIT
 *
 * What a node of a cluster says of its slots. A reply is read as that to CLUSTER SHARDS and as that
 * to CLUSTER SLOTS; an error says why it is neither. In a map each node has an address that a URL
 * could have too, and no other node has that address. Some node has a slot, and none is at a node
 * that the map does not have. By a node's id its cluster is known again. An error that names
 * another node names one with such an address. */
#include "fuzz.h"

#include "redis/redis_redirect.h"
#include "redis_node_ids.h"
#include "redis_slots.h"
#include "replies.h"

static const struct redis_endpoint asked = {.host = "10.0.0.1", .port = 7000};

static struct redis_node_ids ids; /* in the present reply */

static void try_map_give(struct redis_map *map, const struct error *error);
static bool has_id(const char *id);
static void slots_check(const struct redis_map *map);
static void endpoint_check(const struct redis_endpoint *endpoint);
static void try_redirect(struct text reply);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReply *reply;

    replies_begin(fuzz_text(data, size));
    while ((reply = replies_next()) != NULL) {
        struct error error = {0};

        redis_node_ids_take(&ids, reply);
        ASSERT(redis_node_ids_meet(&ids, reply) == (ids.count > 0));
        try_map_give(redis_slots_read_shards(reply, &asked, false, &error), &error);
        error = (struct error){0};
        try_map_give(redis_slots_read_shards(reply, &asked, true, &error), &error);
        error = (struct error){0};
        try_map_give(redis_slots_read_ranges(reply, &asked, &error), &error);
        if (reply->type == REDIS_REPLY_ERROR)
            try_redirect((struct text){reply->str, reply->len});
        freeReplyObject(reply);
    }
    replies_end();
    return 0;
}

static void try_map_give(struct redis_map *map, const struct error *error)
{
    ASSERT((map == NULL) == (error->message[0] != '\0'));
    if (map == NULL)
        return;
    ASSERT(map->is_sliced && map->node_count > 0);
    slots_check(map);
    for (uint16_t i = 0; i < map->node_count; i++) {
        endpoint_check(&map->nodes[i].endpoint);
        ASSERT(map->nodes[i].id[0] == '\0' || has_id(map->nodes[i].id) ||
               ids.count == REDIS_NODE_IDS_MAX);
        ASSERT(redis_map_find_endpoint(map, &map->nodes[i].endpoint) == i);
    }
    redis_map_number(map, NULL);
    redis_map_release(map);
}

static bool has_id(const char *id)
{
    size_t i = 0;

    while (i < ids.count && strcmp(ids.ids[i], id) != 0)
        i++;
    return i < ids.count;
}

static void slots_check(const struct redis_map *map)
{
    bool has_slots = false;

    for (size_t slot = 0; slot < REDIS_SLOTS; slot++) {
        const uint16_t node = map->node_of_slot[slot];

        ASSERT(node == REDIS_NO_NODE || node < map->node_count);
        has_slots = has_slots || node != REDIS_NO_NODE;
    }
    ASSERT(has_slots);
}

static void endpoint_check(const struct redis_endpoint *endpoint)
{
    char written[REDIS_ENDPOINT_BYTES];
    struct redis_endpoint again;
    struct error error = {0};

    redis_endpoint_write(endpoint, written);
    const bool is_read = redis_endpoint_parse(text_of(written), 0, &again, &error);
    ASSERT(is_read && redis_endpoint_equal(endpoint, &again));
}

static void try_redirect(struct text reply)
{
    const struct redis_redirect redirect = redis_redirect_read(reply, &asked);

    if (redirect.kind == REDIS_MOVED || redirect.kind == REDIS_ASK)
        endpoint_check(&redirect.endpoint);
}
