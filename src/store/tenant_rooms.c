/* SPDX-License-Identifier: MIT
 *
 * Open addressing with linear probing; a removal leaves no tombstone. */
#include "store/tenant_rooms.h"

#include "base/hash.h"
#include "base/memory.h"

static uint32_t after(const struct tenant_rooms *rooms, uint32_t slot);

/* One slot in five stays empty. */
void tenant_rooms_init(struct tenant_rooms *rooms, uint32_t tenants_max)
{
    rooms->slot_count = tenants_max + tenants_max / 4 + 1;
    rooms->slots = memory_new(rooms->slot_count, sizeof(struct tenant_room));
}

void tenant_rooms_close(struct tenant_rooms *rooms)
{
    free(rooms->slots);
}

void tenant_rooms_resize(struct tenant_rooms *rooms, uint32_t tenants_max)
{
    struct tenant_rooms old = *rooms;

    tenant_rooms_init(rooms, tenants_max);
    for (uint32_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i].taken > 0)
            *tenant_rooms_find(rooms, old.slots[i].tenant) = old.slots[i];
    }
    tenant_rooms_close(&old);
}

struct tenant_room *tenant_rooms_find(const struct tenant_rooms *rooms, uint32_t tenant)
{
    uint32_t mixed = tenant * HASH_GOLDEN_STEP;
    uint32_t slot = (uint32_t)((uint64_t)mixed * rooms->slot_count >> 32);

    while (rooms->slots[slot].taken > 0 && rooms->slots[slot].tenant != tenant)
        slot = after(rooms, slot);
    return &rooms->slots[slot];
}

/* Moves entries that a probe could no longer reach behind the hole. */
void tenant_rooms_leave(struct tenant_rooms *rooms, struct tenant_room *room)
{
    uint32_t slot = (uint32_t)(room - rooms->slots);

    ASSERT(room->taken == 0);
    for (slot = after(rooms, slot); rooms->slots[slot].taken > 0; slot = after(rooms, slot)) {
        struct tenant_room moved = rooms->slots[slot];

        rooms->slots[slot].taken = 0;
        *tenant_rooms_find(rooms, moved.tenant) = moved;
    }
}

size_t tenant_rooms_bytes(const struct tenant_rooms *rooms)
{
    return rooms->slot_count * sizeof(struct tenant_room);
}

static uint32_t after(const struct tenant_rooms *rooms, uint32_t slot)
{
    return slot + 1 == rooms->slot_count ? 0 : slot + 1;
}
