/* SPDX-License-Identifier: MIT
 *
 * Open addressing over twice as many places as there are slots. A place is filled once and never
 * changes, so readers need no lock. Writers have a lock, so that they do not fill two places for
 * one app. */
#include "metrics/metrics_apps.h"

#include "base/app_id.h"
#include "base/hash.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>

#define PLACES 2048

_Static_assert(PLACES >= 2 * METRICS_APPS_MAX, "a search comes to an empty place");

struct metrics_apps {
    size_t max;
    pthread_mutex_t adding;
    _Atomic size_t count;
    _Atomic uint32_t places[PLACES]; /* 0: empty, else slot + 1 */
    char (*ids)[APP_ID_BYTES + 1];
};

static size_t find_place(const struct metrics_apps *apps, const char *app_id);
static size_t add(struct metrics_apps *apps, const char *app_id);

struct metrics_apps *metrics_apps_new(size_t apps_max)
{
    struct metrics_apps *apps = MEMORY_NEW(struct metrics_apps);

    ASSERT(apps_max <= METRICS_APPS_MAX);
    apps->max = apps_max;
    apps->ids = memory_new(apps_max + 1, sizeof(*apps->ids));
    pthread_mutex_init(&apps->adding, NULL);
    return apps;
}

void metrics_apps_free(struct metrics_apps *apps)
{
    if (apps == NULL)
        return;
    pthread_mutex_destroy(&apps->adding);
    free(apps->ids);
    free(apps);
}

size_t metrics_apps_slot(struct metrics_apps *apps, const char *app_id)
{
    uint32_t held =
        atomic_load_explicit(&apps->places[find_place(apps, app_id)], memory_order_acquire);

    if (held != 0)
        return held - 1;
    if (metrics_apps_count(apps) == apps->max)
        return apps->max;
    return add(apps, app_id);
}

size_t metrics_apps_count(const struct metrics_apps *apps)
{
    return atomic_load_explicit(&apps->count, memory_order_acquire);
}

size_t metrics_apps_max(const struct metrics_apps *apps)
{
    return apps->max;
}

const char *metrics_apps_id(const struct metrics_apps *apps, size_t slot)
{
    return apps->ids[slot];
}

/* The app's place, or the empty one where it would be. */
static size_t find_place(const struct metrics_apps *apps, const char *app_id)
{
    size_t place = hash_text(text_of(app_id)) % PLACES;

    for (;; place = (place + 1) % PLACES) {
        uint32_t held = atomic_load_explicit(&apps->places[place], memory_order_acquire);

        if (held == 0 || strcmp(apps->ids[held - 1], app_id) == 0)
            return place;
    }
}

static size_t add(struct metrics_apps *apps, const char *app_id)
{
    size_t slot = apps->max;

    ASSERT(strlen(app_id) <= APP_ID_BYTES);
    pthread_mutex_lock(&apps->adding);
    size_t place = find_place(apps, app_id);
    uint32_t held = atomic_load_explicit(&apps->places[place], memory_order_relaxed);
    size_t count = atomic_load_explicit(&apps->count, memory_order_relaxed);
    if (held != 0) {
        slot = held - 1;
    } else if (count < apps->max) {
        slot = count;
        memcpy(apps->ids[slot], app_id, strlen(app_id) + 1);
        atomic_store_explicit(&apps->places[place], (uint32_t)slot + 1, memory_order_release);
        atomic_store_explicit(&apps->count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&apps->adding);
    return slot;
}
