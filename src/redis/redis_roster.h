/* SPDX-License-Identifier: MIT
 *
 * The servers that a thread's sessions (redis_sessions.h) are for: those of the map, and a few that
 * the map does not know yet. Also which of them rest, because asking them would be in vain. One
 * thread owns it. */
#ifndef REDIS_REDIS_ROSTER_H
#define REDIS_REDIS_ROSTER_H

#include "redis/redis_session.h"
#include "redis/redis_topology.h"

#define REDIS_GUESTS_MAX 4

struct redis_member {
    struct redis_session *session; /* NULL: not asked yet */
    struct redis_endpoint endpoint;
    char id[REDIS_NODE_ID_BYTES]; /* "": not known; a guest is told by a node that is */
    int64_t rests_until_us;
    struct error failure; /* why it rests */
    int64_t refusal_us;   /* how long it rested after it had refused; 0: it has answered since */
    int64_t tried_us;     /* when we last connected to it, or tried to */
    size_t pending;       /* commands that were appended and not taken */
    bool takes_part;      /* what is pending was given to the session */
};

/* Private, except `map`. All zero is an empty one. */
struct redis_roster {
    struct redis_map *map; /* NULL: none yet */
    uint64_t version;
    struct redis_member *members; /* by index in the map */
    struct redis_member nobody;   /* has the slots that no node has; never takes part */
    struct redis_member guests[REDIS_GUESTS_MAX]; /* we were sent there; not in the map */
    size_t guest_count;                           /* ever; the oldest makes room */
};

void redis_roster_close(struct redis_roster *roster);

/* Takes over the topology's map if it is another one. Members that are still there keep what they
 * have; all other pointers to members become invalid. */
void redis_roster_refresh(struct redis_roster *roster, struct redis_topology *topology);

/* Who has the key; its session is NULL if nobody has. */
struct redis_member *redis_roster_find(struct redis_roster *roster, struct text key);
bool redis_roster_is_nobody(const struct redis_roster *roster, const struct redis_member *member);
/* Who is at this endpoint: a guest if the map does not know it. */
struct redis_member *redis_roster_find_at(struct redis_roster *roster,
                                          const struct redis_endpoint *endpoint);

/* Lets a member rest for so long, because of this failure. Others that rest get up no earlier, so
 * that all are asked at the same time, and are waited for together. */
void redis_roster_rest(struct redis_roster *roster, struct redis_member *member, int64_t rest_us,
                       const struct error *failure);
bool redis_roster_rests(const struct redis_member *member);
/* Nobody rests any more. */
void redis_roster_wake(struct redis_roster *roster);

#endif
