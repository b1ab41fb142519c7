/* SPDX-License-Identifier: MIT */
#include "redis_roster.h"

#include "base/clock.h"
#include "base/memory.h"

static void member_close(struct redis_member *member);

void redis_roster_close(struct redis_roster *roster)
{
    for (uint16_t i = 0; roster->map != NULL && i < roster->map->node_count; i++)
        member_close(&roster->members[i]);
    for (size_t i = 0; i < REDIS_GUESTS_MAX; i++)
        member_close(&roster->guests[i]);
    free(roster->members);
    redis_map_release(roster->map);
    *roster = (struct redis_roster){0};
}

void redis_roster_refresh(struct redis_roster *roster, struct redis_topology *topology)
{
    const uint64_t version = redis_topology_version(topology);

    if (roster->map != NULL && roster->version == version)
        return;
    struct redis_map *map = redis_topology_map(topology);
    struct redis_member *members = memory_new(map->node_count + 1U, sizeof(*members));

    for (uint16_t i = 0; i < map->node_count; i++) {
        const struct redis_node *node = &map->nodes[i];
        const uint16_t before = roster->map == NULL
                                    ? REDIS_NO_NODE
                                    : redis_map_find_endpoint(roster->map, &node->endpoint);

        if (before != REDIS_NO_NODE && strcmp(roster->members[before].id, node->id) == 0) {
            members[i] = roster->members[before];
            roster->members[before] = (struct redis_member){0};
        }
        members[i].endpoint = node->endpoint;
        memcpy(members[i].id, node->id, sizeof(node->id));
    }
    redis_roster_close(roster);
    roster->map = map;
    roster->members = members;
    roster->version = version;
}

struct redis_member *redis_roster_find(struct redis_roster *roster, struct text key)
{
    const uint16_t index = redis_map_find(roster->map, key);

    return index == REDIS_NO_NODE ? &roster->nobody : &roster->members[index];
}

bool redis_roster_is_nobody(const struct redis_roster *roster, const struct redis_member *member)
{
    return member == &roster->nobody;
}

struct redis_member *redis_roster_find_at(struct redis_roster *roster,
                                          const struct redis_endpoint *endpoint)
{
    const uint16_t index = redis_map_find_endpoint(roster->map, endpoint);

    if (index != REDIS_NO_NODE)
        return &roster->members[index];
    for (size_t i = 0; i < REDIS_GUESTS_MAX && i < roster->guest_count; i++) {
        if (redis_endpoint_equal(&roster->guests[i].endpoint, endpoint))
            return &roster->guests[i];
    }
    struct redis_member *guest = &roster->guests[roster->guest_count++ % REDIS_GUESTS_MAX];

    member_close(guest);
    guest->endpoint = *endpoint;
    return guest;
}

void redis_roster_rest(struct redis_roster *roster, struct redis_member *member, int64_t rest_us,
                       const struct error *failure)
{
    const int64_t now_us = clock_monotonic_us();

    member->failure = *failure;
    member->rests_until_us = now_us + rest_us;
    for (uint16_t i = 0; i < roster->map->node_count; i++) {
        struct redis_member *other = &roster->members[i];

        if (now_us < other->rests_until_us && other->rests_until_us < member->rests_until_us)
            other->rests_until_us = member->rests_until_us;
    }
}

bool redis_roster_rests(const struct redis_member *member)
{
    return clock_monotonic_us() < member->rests_until_us;
}

void redis_roster_wake(struct redis_roster *roster)
{
    for (uint16_t i = 0; roster->map != NULL && i < roster->map->node_count; i++)
        roster->members[i].rests_until_us = 0;
}

static void member_close(struct redis_member *member)
{
    redis_session_free(member->session);
    *member = (struct redis_member){0};
}
