/* SPDX-License-Identifier: MIT */
#include "origins.h"

static size_t place_of(const struct origins *origins, uint64_t instance);

uint64_t origins_find(const struct origins *origins, uint64_t instance)
{
    const size_t place = place_of(origins, instance);

    return place < origins->count ? origins->newest[place].sequence : 0;
}

/* It moves to the front. A new one pushes out the last one if there is no room. */
void origins_note(struct origins *origins, const struct entry_id *id)
{
    size_t place = place_of(origins, id->instance);

    if (place == ORIGINS_MAX)
        place--;
    else if (place == origins->count)
        origins->count++;
    memmove(&origins->newest[1], &origins->newest[0], place * sizeof(origins->newest[0]));
    origins->newest[0] = *id;
}

/* `count` when it is not there. */
static size_t place_of(const struct origins *origins, uint64_t instance)
{
    size_t place = 0;

    while (place < origins->count && origins->newest[place].instance != instance)
        place++;
    return place;
}
