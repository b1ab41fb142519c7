/* SPDX-License-Identifier: MIT
 *
 * Open addressing with linear probing. A removed entry leaves no tombstone. */
#include "base/tenant_map.h"

#include "base/hash.h"
#include "base/memory.h"

#define SLOT_BITS_MIN 4

static uint32_t home_of(const struct tenant_map *map, uint32_t tenant);
static uint32_t after(const struct tenant_map *map, uint32_t slot);
static uint32_t find(const struct tenant_map *map, uint32_t tenant);
static void empty(struct tenant_map *map, uint32_t hole);
static void grow(struct tenant_map *map);

void tenant_map_init(struct tenant_map *map)
{
    *map = (struct tenant_map){.slot_bits = SLOT_BITS_MIN};
    map->slots = memory_new((size_t)1 << map->slot_bits, sizeof(map->slots[0]));
}

void tenant_map_close(struct tenant_map *map)
{
    free(map->slots);
}

uint32_t tenant_map_get(const struct tenant_map *map, uint32_t tenant)
{
    return map->slots[find(map, tenant)].value;
}

void tenant_map_set(struct tenant_map *map, uint32_t tenant, uint32_t value)
{
    uint32_t slot = find(map, tenant);

    if (map->slots[slot].value == 0 && value != 0) {
        map->count++;
        if (2 * map->count > UINT32_C(1) << map->slot_bits) {
            grow(map);
            slot = find(map, tenant);
        }
    } else if (map->slots[slot].value != 0 && value == 0) {
        map->count--;
        empty(map, slot);
        return;
    }
    map->slots[slot] = (struct tenant_entry){tenant, value};
}

static uint32_t home_of(const struct tenant_map *map, uint32_t tenant)
{
    return tenant * HASH_GOLDEN_STEP >> (32 - map->slot_bits);
}

static uint32_t after(const struct tenant_map *map, uint32_t slot)
{
    return (slot + 1) & ((UINT32_C(1) << map->slot_bits) - 1);
}

/* The tenant's slot, or the empty one where it would be. */
static uint32_t find(const struct tenant_map *map, uint32_t tenant)
{
    uint32_t slot = home_of(map, tenant);

    while (map->slots[slot].value != 0 && map->slots[slot].tenant != tenant)
        slot = after(map, slot);
    return slot;
}

/* Empties a slot, and puts in again the entries that a probe could no longer reach behind it. */
static void empty(struct tenant_map *map, uint32_t hole)
{
    map->slots[hole].value = 0;
    for (uint32_t slot = after(map, hole); map->slots[slot].value != 0; slot = after(map, slot)) {
        const struct tenant_entry moved = map->slots[slot];

        map->slots[slot].value = 0;
        map->slots[find(map, moved.tenant)] = moved;
    }
}

static void grow(struct tenant_map *map)
{
    const struct tenant_map old = *map;

    map->slot_bits++;
    map->slots = memory_new((size_t)1 << map->slot_bits, sizeof(map->slots[0]));
    for (uint32_t i = 0; i < UINT32_C(1) << old.slot_bits; i++) {
        if (old.slots[i].value != 0)
            map->slots[find(map, old.slots[i].tenant)] = old.slots[i];
    }
    free(old.slots);
}
