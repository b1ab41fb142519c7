/* SPDX-License-Identifier: MIT
 *
 * A number for each of some tenants. A tenant is an app, known by the number that this process has
 * given it; 0 is the process itself. Plain value; not locked: one thread at a time. */
#ifndef BASE_TENANT_MAP_H
#define BASE_TENANT_MAP_H

struct tenant_entry {
    uint32_t tenant;
    uint32_t value; /* 0: an empty slot */
};

struct tenant_map {
    struct tenant_entry *slots;
    uint32_t slot_bits; /* there are 2^slot_bits slots, at least twice `count` */
    uint32_t count;     /* tenants with a value */
};

void tenant_map_init(struct tenant_map *map);
void tenant_map_close(struct tenant_map *map);

/* 0 when the tenant has none. */
uint32_t tenant_map_get(const struct tenant_map *map, uint32_t tenant);

/* A value of 0 removes the tenant. Allocates only when there are more tenants than ever before. */
void tenant_map_set(struct tenant_map *map, uint32_t tenant, uint32_t value);

#endif
