/* SPDX-License-Identifier: MIT */
#include "journal_apps.h"

#include "base/hash.h"
#include "base/memory.h"
#include "flusher.h"

static size_t bucket_of(const char *app_id);
static void free_apps(struct journal_app *app);

void journal_apps_init(struct journal_apps *apps, uint64_t instance)
{
    apps->instance = instance;
    pthread_mutex_init(&apps->adding, NULL);
}

void journal_apps_close(struct journal_apps *apps)
{
    for (size_t i = 0; i < JOURNAL_BUCKETS; i++)
        free_apps(apps->buckets[i]);
    pthread_mutex_destroy(&apps->adding);
}

struct journal_app *journal_apps_find(struct journal_apps *apps, const char *app_id)
{
    struct journal_app *app =
        atomic_load_explicit(&apps->buckets[bucket_of(app_id)], memory_order_acquire);

    while (app != NULL && strcmp(app->id, app_id) != 0)
        app = app->next;
    return app;
}

struct journal_app *journal_apps_find_or_add(struct journal_apps *apps, const char *app_id,
                                             struct flusher *flusher)
{
    struct journal_app *app = journal_apps_find(apps, app_id);
    const size_t length = strlen(app_id);

    if (app != NULL)
        return app;
    ASSERT(length <= APP_ID_BYTES);
    pthread_mutex_lock(&apps->adding);
    app = journal_apps_find(apps, app_id);
    if (app == NULL) {
        _Atomic(struct journal_app *) *bucket = &apps->buckets[bucket_of(app_id)];

        app = MEMORY_NEW(struct journal_app);
        memcpy(app->id, app_id, length + 1);
        app->flusher = flusher;
        app->instance = apps->instance;
        ring_init(&app->ring);
        app->item.run = flusher_on_dirty;
        app->hurry.item.run = flusher_on_hurry;
        app->next = atomic_load_explicit(bucket, memory_order_relaxed);
        atomic_store_explicit(bucket, app, memory_order_release);
    }
    pthread_mutex_unlock(&apps->adding);
    return app;
}

static size_t bucket_of(const char *app_id)
{
    return hash_text(text_of(app_id)) % JOURNAL_BUCKETS;
}

static void free_apps(struct journal_app *app)
{
    while (app != NULL) {
        struct journal_app *next = app->next;

        ring_close(&app->ring);
        usage_app_free(app->usage);
        free(app);
        app = next;
    }
}
