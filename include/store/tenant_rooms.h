/* SPDX-License-Identifier: MIT
 *
 * How much room of one table each tenant takes, and where its counters are. A tenant_map could
 * tell, but here there may be a tenant per counter, and what a counter costs is promised. Not
 * locked: one thread at a time. */
#ifndef STORE_TENANT_ROOMS_H
#define STORE_TENANT_ROOMS_H

struct tenant_room {
    uint32_t tenant;
    uint32_t taken; /* 0: an empty slot */
    uint32_t first; /* the table's own account */
};

struct tenant_rooms {
    struct tenant_room *slots;
    uint32_t slot_count;
};

/* For so many tenants at most. */
void tenant_rooms_init(struct tenant_rooms *rooms, uint32_t tenants_max);
void tenant_rooms_close(struct tenant_rooms *rooms);
void tenant_rooms_resize(struct tenant_rooms *rooms, uint32_t tenants_max);

/* The tenant's room, or the empty slot where it would be: valid until the next tenant_rooms_leave()
 * or tenant_rooms_resize(). */
struct tenant_room *tenant_rooms_find(const struct tenant_rooms *rooms, uint32_t tenant);

/* Takes out a room that is no longer taken. */
void tenant_rooms_leave(struct tenant_rooms *rooms, struct tenant_room *room);

size_t tenant_rooms_bytes(const struct tenant_rooms *rooms);

#endif
