/* SPDX-License-Identifier: MIT */
#include "catalogue/provisioning.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "catalogue/stored_policy.h"

#include "key_owner.h"

#include <sodium.h>

struct declared {
    char app_id[APP_ID_BYTES + 1];
    struct text name;
    char *api_key;
    size_t policy_count;
    struct policy **policies;
};

struct provisioning {
    struct arena arena;
    size_t count;
    struct declared *apps;
};

static void declared_copy(struct declared *declared, const struct catalogue_provision *provision,
                          struct arena *arena);
static struct policy *policy_copy(const struct policy *policy, struct arena *arena);

static enum catalogue_status declared_apply(const struct declared *declared,
                                            struct catalogue_backend *backend,
                                            struct app_index *index, const atomic_bool *is_stopping,
                                            struct error *error);
static enum catalogue_status app_load_by_key(struct catalogue_backend *backend,
                                             struct app_index *index, const struct key_digest *key,
                                             struct app **app, struct error *error);
static enum catalogue_status app_make(const struct declared *declared,
                                      struct catalogue_backend *backend, struct app_index *index,
                                      const struct key_digest *key, struct app **app,
                                      struct error *error);
static enum catalogue_status policies_ensure(const struct declared *declared,
                                             struct catalogue_backend *backend,
                                             const struct app *app, const atomic_bool *is_stopping,
                                             struct error *error);
static bool policy_is_stored(const struct policy *policy, const struct policy_set *stored);
static struct text canonical(const struct policy *policy, struct arena *arena);

struct provisioning *provisioning_new(const struct catalogue_provision provisions[], size_t count)
{
    struct provisioning *provisioning = MEMORY_NEW(struct provisioning);

    arena_init(&provisioning->arena);
    provisioning->count = count;
    provisioning->apps = ARENA_ARRAY(&provisioning->arena, struct declared, count);
    for (size_t i = 0; i < count; i++)
        declared_copy(&provisioning->apps[i], &provisions[i], &provisioning->arena);
    return provisioning;
}

void provisioning_free(struct provisioning *provisioning)
{
    if (provisioning == NULL)
        return;
    for (size_t i = 0; i < provisioning->count; i++)
        sodium_memzero(provisioning->apps[i].api_key, strlen(provisioning->apps[i].api_key));
    arena_close(&provisioning->arena);
    free(provisioning);
}

/* A failure of one declared app does not stop the others. */
enum catalogue_status provisioning_apply(const struct provisioning *provisioning,
                                         struct catalogue_backend *backend, struct app_index *index,
                                         const atomic_bool *is_stopping, struct error *error)
{
    for (size_t i = 0; i < provisioning->count; i++) {
        const struct declared *declared = &provisioning->apps[i];
        enum catalogue_status status = declared_apply(declared, backend, index, is_stopping, error);

        if (status == CATALOGUE_UNAVAILABLE && atomic_load(is_stopping))
            log_write(LOG_WARN, "declared apps not applied", LOG_STRING("reason", error->message),
                      LOG_INTEGER("count", (int64_t)(provisioning->count - i)));
        if (status == CATALOGUE_UNAVAILABLE)
            return status;
        if (status != CATALOGUE_OK) {
            log_write(LOG_ERROR, "declared app left out", LOG_STRING("name", declared->name.at),
                      LOG_STRING("reason",
                                 status == CATALOGUE_DAMAGED ? error->message : "it was deleted"));
        }
    }
    return CATALOGUE_OK;
}

static void declared_copy(struct declared *declared, const struct catalogue_provision *provision,
                          struct arena *arena)
{
    size_t key_bytes = strlen(provision->api_key) + 1;

    memcpy(declared->app_id, provision->app_id, sizeof(declared->app_id));
    declared->name = text_copy(arena, provision->name);
    declared->api_key = arena_allocate(arena, key_bytes);
    memcpy(declared->api_key, provision->api_key, key_bytes);
    declared->policy_count = provision->policy_count;
    declared->policies = ARENA_ARRAY(arena, struct policy *, provision->policy_count);
    for (size_t i = 0; i < provision->policy_count; i++)
        declared->policies[i] = policy_copy(provision->policies[i], arena);
}

/* Copies by writing and reading, so that members that are added later are copied, too. */
static struct policy *policy_copy(const struct policy *policy, struct arena *arena)
{
    struct error error = {0};
    struct policy *copy = stored_policy_read(stored_policy_write(policy, arena), arena, &error);

    ASSERT(copy != NULL);
    return copy;
}

static enum catalogue_status declared_apply(const struct declared *declared,
                                            struct catalogue_backend *backend,
                                            struct app_index *index, const atomic_bool *is_stopping,
                                            struct error *error)
{
    const struct key_digest key =
        key_digest_of(app_index_pepper(index), text_of(declared->api_key));
    struct app *before = NULL;
    struct app *after = NULL;
    enum catalogue_status status = app_load_by_key(backend, index, &key, &before, error);

    if (status == CATALOGUE_ABSENT)
        status = app_make(declared, backend, index, &key, &before, error);
    if (status == CATALOGUE_OK)
        status = policies_ensure(declared, backend, before, is_stopping, error);
    if (status == CATALOGUE_OK)
        status = backend->operations->app_load(backend, before->id, &after, error);
    if (status == CATALOGUE_OK)
        app_index_publish_give(index, after);
    app_release(before);
    return status;
}

/* The index has all apps, also those that no key leads to. One key must not get a second app. */
static enum catalogue_status app_load_by_key(struct catalogue_backend *backend,
                                             struct app_index *index, const struct key_digest *key,
                                             struct app **app, struct error *error)
{
    struct app *known = app_index_find(index, key);
    struct app *loaded = NULL;
    enum catalogue_status status = CATALOGUE_ABSENT;

    if (known != NULL)
        status = backend->operations->app_load(backend, known->id, &loaded, error);
    app_release(known);
    if (status == CATALOGUE_OK && app_has_key(loaded, key)) {
        *app = loaded;
        return CATALOGUE_OK;
    }
    app_release(loaded);
    return status == CATALOGUE_OK || status == CATALOGUE_ABSENT
               ? key_owner_load(backend, key, app, error)
               : status;
}

static enum catalogue_status app_make(const struct declared *declared,
                                      struct catalogue_backend *backend, struct app_index *index,
                                      const struct key_digest *key, struct app **app,
                                      struct error *error)
{
    enum catalogue_status status = backend->operations->app_create(
        backend,
        &(struct catalogue_new_app){.app_id = declared->app_id,
                                    .name = declared->name,
                                    .created_at_us = clock_wall_us(),
                                    .key = key},
        error);

    if (status == CATALOGUE_UNAVAILABLE || status == CATALOGUE_DAMAGED)
        return status;
    if (status == CATALOGUE_CREATED)
        log_write(LOG_INFO, "declared app created", LOG_STRING("app_id", declared->app_id));
    /* Another instance with the same file may have been faster, with its own id. */
    return app_load_by_key(backend, index, key, app, error);
}

static enum catalogue_status policies_ensure(const struct declared *declared,
                                             struct catalogue_backend *backend,
                                             const struct app *app, const atomic_bool *is_stopping,
                                             struct error *error)
{
    for (size_t i = 0; i < declared->policy_count; i++) {
        struct policy *policy = declared->policies[i];

        if (atomic_load(is_stopping)) {
            (void)error_set(error, "the service is ending");
            return CATALOGUE_UNAVAILABLE;
        }
        if (policy_is_stored(policy, app->policies))
            continue;
        policy->id = stored_policy_new_id();
        enum catalogue_status status =
            backend->operations->policy_save(backend, app->id, policy, NULL, error);
        if (status == CATALOGUE_FULL) {
            log_write(LOG_ERROR, "declared policy not saved", LOG_STRING("app_id", app->id),
                      LOG_STRING("reason", "the app has too many policies"));
        } else if (status != CATALOGUE_OK && status != CATALOGUE_CREATED) {
            return status;
        }
    }
    return CATALOGUE_OK;
}

/* Compares the content; the catalogue sets id and version. */
static bool policy_is_stored(const struct policy *policy, const struct policy_set *stored)
{
    const struct policy *found = policy_set_find(stored, &policy->identity);
    struct arena arena = {0};
    bool is_equal =
        found != NULL && text_equal(canonical(policy, &arena), canonical(found, &arena));

    arena_close(&arena);
    return is_equal;
}

static struct text canonical(const struct policy *policy, struct arena *arena)
{
    struct policy content = *policy;

    content.id = 0;
    content.version = 0;
    return stored_policy_write(&content, arena);
}
