/* SPDX-License-Identifier: MIT */
#include "support/reference_zone.h"

#include "support/random.h"

#include <time.h>

#define DAY_S         INT64_C(86400)
#define FROM_S        (-3653 * DAY_S) /* 1960 */
#define TO_S          (25933 * DAY_S) /* 2041 */
#define CHANGED_FROM  (7305 * DAY_S)  /* 1990 */
#define CHANGED_TO    (23741 * DAY_S) /* 2035 */
#define STRETCHES_MAX 300
#define OFFSET_MAX_S  (2 * DAY_S)

/* A time in which clocks differ by so much from UTC. It ends with the next stretch. */
struct stretch {
    int64_t from_s;
    int64_t ahead_s;
};

struct zone {
    size_t count;
    struct stretch stretches[STRETCHES_MAX];
};

static const struct zone *zone_of(size_t which);
static void zone_read(struct zone *zone, const char *name);
static int64_t ahead_at(int64_t time_s);
static int64_t change_find(int64_t before_s, int64_t after_s);

const char *const reference_zones[REFERENCE_ZONES] = {
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe", /* changes by half an hour */
    "Pacific/Apia",        /* left out a day */
    "Africa/Casablanca",   /* changes for a month */
    "Asia/Kathmandu",      /* 5:45, and never changes */
    "America/Havana",      /* changes at midnight */
};

int64_t reference_zone_instant(size_t which, int64_t local_s)
{
    const struct zone *zone = zone_of(which);
    size_t i = zone->count;

    while (i > 1 && zone->stretches[i - 1].from_s > local_s - OFFSET_MAX_S)
        i--;
    for (i = i > 0 ? i - 1 : 0; i < zone->count; i++) {
        const int64_t instant_s = local_s - zone->stretches[i].ahead_s;
        const bool is_last = i + 1 == zone->count;

        if (is_last || instant_s < zone->stretches[i + 1].from_s)
            return instant_s > zone->stretches[i].from_s ? instant_s : zone->stretches[i].from_s;
    }
    return local_s;
}

int64_t reference_zone_change(size_t which)
{
    const struct zone *zone = zone_of(which);

    for (int tries = 0; tries < 20; tries++) {
        const int64_t from_s = zone->stretches[random_below((int64_t)zone->count)].from_s;

        if (from_s >= CHANGED_FROM && from_s < CHANGED_TO)
            return from_s;
    }
    return CHANGED_FROM + random_below(CHANGED_TO - CHANGED_FROM);
}

static const struct zone *zone_of(size_t which)
{
    static struct zone zones[REFERENCE_ZONES];

    if (zones[which].count == 0)
        zone_read(&zones[which], reference_zones[which]);
    return &zones[which];
}

/* No two changes are within a day. */
static void zone_read(struct zone *zone, const char *name)
{
    const char *before = getenv("TZ");
    char *kept = before == NULL ? NULL : strdup(before);

    (void)setenv("TZ", name, 1);
    tzset();
    zone->stretches[zone->count++] = (struct stretch){FROM_S, ahead_at(FROM_S)};
    for (int64_t time_s = FROM_S; time_s < TO_S; time_s += DAY_S) {
        if (ahead_at(time_s + DAY_S) == zone->stretches[zone->count - 1].ahead_s)
            continue;
        ASSERT(zone->count < STRETCHES_MAX);
        const int64_t from_s = change_find(time_s, time_s + DAY_S);
        zone->stretches[zone->count++] = (struct stretch){from_s, ahead_at(from_s)};
    }
    if (kept == NULL)
        (void)unsetenv("TZ");
    else
        (void)setenv("TZ", kept, 1);
    tzset();
    free(kept);
}

static int64_t ahead_at(int64_t time_s)
{
    const time_t time = (time_t)time_s;
    struct tm shown;

    (void)localtime_r(&time, &shown);
    return shown.tm_gmtoff;
}

static int64_t change_find(int64_t before_s, int64_t after_s)
{
    const int64_t ahead_s = ahead_at(before_s);

    while (after_s - before_s > 1) {
        const int64_t middle_s = before_s + (after_s - before_s) / 2;

        if (ahead_at(middle_s) == ahead_s)
            before_s = middle_s;
        else
            after_s = middle_s;
    }
    return after_s;
}
