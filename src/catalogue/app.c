/* SPDX-License-Identifier: MIT */
#include "catalogue/app.h"

#include "base/memory.h"

#include <sodium.h>

_Static_assert(KEY_DIGEST_BYTES == crypto_verify_32_BYTES, "what app_has_key() compares");

static struct app *new_in_state(const char *app_id, int64_t revision, enum app_state state);

struct app *app_new(void)
{
    struct app *app = MEMORY_NEW(struct app);

    atomic_init(&app->references, 1);
    arena_init(&app->arena);
    app->policies = policy_set_new(&app->arena, NULL, 0);
    return app;
}

struct app *app_new_deleted(const char *app_id, int64_t revision)
{
    return new_in_state(app_id, revision, APP_DELETED);
}

struct app *app_new_damaged(const char *app_id, int64_t revision)
{
    return new_in_state(app_id, revision, APP_DAMAGED);
}

bool app_is_unused(const struct app *app)
{
    return app->is_unused && !atomic_load_explicit(&app->has_decided, memory_order_relaxed);
}

bool app_has_key(const struct app *app, const struct key_digest *key)
{
    for (size_t i = 0; i < app->key_count; i++) {
        if (crypto_verify_32(app->keys[i].bytes, key->bytes) == 0)
            return true;
    }
    return false;
}

struct app *app_retain(struct app *app)
{
    /* The caller already has a reference, so no memory order is needed. */
    unsigned before = atomic_fetch_add_explicit(&app->references, 1, memory_order_relaxed);

    ASSERT(before > 0);
    return app;
}

void app_release(struct app *app)
{
    if (app == NULL)
        return;
    /* The last reads of all threads must come before the free. */
    if (atomic_fetch_sub_explicit(&app->references, 1, memory_order_acq_rel) != 1)
        return;
    arena_close(&app->arena);
    free(app);
}

static struct app *new_in_state(const char *app_id, int64_t revision, enum app_state state)
{
    struct app *app = app_new();

    (void)snprintf(app->id, sizeof(app->id), "%s", app_id);
    app->state = state;
    app->revision = revision;
    return app;
}
