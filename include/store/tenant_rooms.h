/* SPDX-License-Identifier: MIT
 *
 * How much room of one table each tenant takes, and where its counters are. This is no tenant_map,
 * because there may be one tenant per counter, and the bytes per counter are promised. Not locked:
 * one thread at a time. */
#ifndef STORE_TENANT_ROOMS_H
#define STORE_TENANT_ROOMS_H

struct tenant_room {
    uint32_t tenant;
    uint32_t taken; /* 0: an empty slot */
    uint32_t first; /* used by the table alone */
};

struct tenant_rooms {
    struct tenant_room *slots;
    uint32_t slot_count;
};

/* For at most so many tenants. */
void tenant_rooms_init(struct tenant_rooms *rooms, uint32_t tenants_max);
void tenant_rooms_close(struct tenant_rooms *rooms);
void tenant_rooms_resize(struct tenant_rooms *rooms, uint32_t tenants_max);

/* The tenant's room, or the empty slot where it would be: valid until the next tenant_rooms_leave()
 * or tenant_rooms_resize(). */
struct tenant_room *tenant_rooms_find(const struct tenant_rooms *rooms, uint32_t tenant);

/* Removes a room of which nothing is taken any more. */
void tenant_rooms_leave(struct tenant_rooms *rooms, struct tenant_room *room);

size_t tenant_rooms_bytes(const struct tenant_rooms *rooms);

#endif
