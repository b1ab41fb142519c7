/* SPDX-License-Identifier: MIT
 *
 * Who gives way when a table is full of counters that have not expired. A tenant's part is half of
 * the room, divided by the number of tenants that hold any; a higher number is a younger tenant.
 *
 * - One that holds more than half of the room gives way.
 * - Otherwise one that holds its part takes from its own.
 * - One that holds less takes from the youngest that holds its part: of all tenants while it holds
 *   less than a thousandth of the room, or 1; then of those younger than itself, else from its own.
 *
 * So nobody loses a counter to another while it holds less than its part, however many subjects
 * and apps the others have. One that holds more, but no more than half, loses to each newcomer a
 * thousandth at most and to all of them half of the room, and those that came last lose first. And
 * one whose counters come and go gets back from newer ones the room that they took meanwhile.
 *
 * Not locked: one thread at a time. */
#ifndef STORE_CROWD_H
#define STORE_CROWD_H

/* One in so many of the room: what a tenant may take from older ones. */
#define CROWD_SMALL 1000

struct holder {
    uint32_t tenant;
    uint32_t taken;
};

struct crowd {
    uint32_t room_max;
    uint32_t taken;   /* by all */
    uint32_t tenants; /* that hold anything */
    uint32_t large_count;
    uint32_t large_space;
    struct holder *large; /* those that hold a thousandth, and more than 1; the youngest last */
};

void crowd_init(struct crowd *crowd, uint32_t room_max);
void crowd_close(struct crowd *crowd);

/* The tenant held `before`, and holds `after`. */
void crowd_change(struct crowd *crowd, uint32_t tenant, uint32_t before, uint32_t after);

/* Whether anybody holds a thousandth, and more than 1. */
bool crowd_has_large(const struct crowd *crowd);

/* Finds who gives way to `adder`; `own_are_spared`: it cannot do so itself. False when nobody that
 * holds a thousandth has to. */
bool crowd_gives_way(const struct crowd *crowd, struct holder adder, bool own_are_spared,
                     uint32_t *tenant);

#endif
