/* SPDX-License-Identifier: MIT
 *
 * Which tenant gives way when a table is full of counters that have not expired. A tenant's part is
 * half of the room, divided by the number of tenants that hold any. A higher number is a younger
 * tenant.
 *
 * - A tenant that holds more than half of the room gives way.
 * - Otherwise a tenant that holds its part loses one of its own.
 * - A tenant that holds less takes from the youngest that holds its part. While it holds less than
 *   a thousandth of the room, or 1, that is the youngest of all; then only of those younger than
 *   itself, and if there is none it loses one of its own.
 *
 * So no tenant loses a counter to another while it holds less than its part, however many subjects
 * and apps the others have. A tenant that holds more than its part, but at most half, loses at most
 * a thousandth to each newcomer, and half of the room to all of them. The youngest tenants lose
 * first. A tenant whose counters come and go gets back the room that newer ones took meanwhile.
 *
 * Not locked: one thread at a time. */
#ifndef STORE_CROWD_H
#define STORE_CROWD_H

/* A tenant may take one in so many of the room from older tenants. */
#define CROWD_SMALL 1000

struct holder {
    uint32_t tenant;
    uint32_t taken;
};

struct crowd {
    uint32_t room_max;
    uint32_t taken;   /* by all tenants */
    uint32_t tenants; /* how many hold anything */
    uint32_t large_count;
    uint32_t large_space;
    struct holder *large; /* those that hold a thousandth, and more than 1; the youngest last */
};

void crowd_init(struct crowd *crowd, uint32_t room_max);
void crowd_close(struct crowd *crowd);

/* The tenant held `before`, and holds `after`. */
void crowd_change(struct crowd *crowd, uint32_t tenant, uint32_t before, uint32_t after);

/* Whether any tenant holds a thousandth, and more than 1. */
bool crowd_has_large(const struct crowd *crowd);

/* Finds the tenant that gives way to `adder`. `own_are_spared`: `adder` itself cannot give way.
 * False when no tenant that holds a thousandth has to. */
bool crowd_gives_way(const struct crowd *crowd, struct holder adder, bool own_are_spared,
                     uint32_t *tenant);

#endif
