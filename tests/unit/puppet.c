/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include "base/memory.h"

static enum catalogue_status puppet_status(struct catalogue_backend *backend, struct error *error)
{
    struct puppet *puppet = CONTAINER_OF(backend, struct puppet, backend);

    if (!atomic_load(&puppet->is_away))
        return CATALOGUE_OK;
    (void)error_set(error, "the puppet is away");
    return CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status puppet_mark_read(struct catalogue_backend *backend, int64_t written,
                                              struct catalogue_mark *mark, struct error *error)
{
    struct puppet *puppet = CONTAINER_OF(backend, struct puppet, backend);

    (void)written;
    *mark = puppet->mark;
    return puppet_status(backend, error);
}

static enum catalogue_status puppet_mark_claim(struct catalogue_backend *backend,
                                               const struct pepper *pepper,
                                               const struct catalogue_identity *identity,
                                               struct error *error)
{
    struct puppet *puppet = CONTAINER_OF(backend, struct puppet, backend);
    enum catalogue_status status = puppet_status(backend, error);

    if (status != CATALOGUE_OK)
        return status;
    puppet->mark.has_pepper |= pepper != NULL;
    if (pepper != NULL)
        puppet->mark.pepper = *pepper;
    puppet->mark.has_identity = true;
    puppet->mark.identity = *identity;
    return CATALOGUE_CREATED;
}

static enum catalogue_status puppet_find(struct catalogue_backend *backend,
                                         const struct key_digest *key,
                                         char app_id[APP_ID_BYTES + 1], struct error *error)
{
    struct puppet *puppet = CONTAINER_OF(backend, struct puppet, backend);
    enum catalogue_status status = puppet_status(backend, error);

    (void)key;
    (void)app_id;
    atomic_fetch_add(&puppet->finds, 1);
    sem_post(&puppet->entered);
    sem_wait(&puppet->leave);
    return status == CATALOGUE_OK ? CATALOGUE_ABSENT : status;
}

static enum catalogue_status puppet_revision(struct catalogue_backend *backend, const char *app_id,
                                             int64_t *revision, struct error *error)
{
    struct puppet *puppet = CONTAINER_OF(backend, struct puppet, backend);

    (void)app_id;
    *revision = 1;
    atomic_fetch_add(&puppet->questions, 1);
    if (atomic_load(&puppet->holds_questions)) {
        sem_post(&puppet->entered);
        sem_wait(&puppet->leave);
    }
    const enum catalogue_status status = puppet_status(backend, error);
    return status == CATALOGUE_OK ? (enum catalogue_status)atomic_load(&puppet->app_status)
                                  : status;
}

static enum catalogue_status puppet_remove(struct catalogue_backend *backend, const char *app_id,
                                           const struct policy_identity *identity,
                                           struct error *error)
{
    (void)app_id;
    (void)identity;
    return puppet_status(backend, error) == CATALOGUE_OK ? CATALOGUE_ABSENT : CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status puppet_changes(struct catalogue_backend *backend, int64_t *revision,
                                            void *context, catalogue_visit_fn *visit,
                                            struct error *error)
{
    struct puppet *puppet = CONTAINER_OF(backend, struct puppet, backend);

    (void)revision;
    (void)context;
    (void)visit;
    atomic_fetch_add(&puppet->readings, 1);
    if (atomic_load(&puppet->holds_readings)) {
        sem_post(&puppet->entered);
        sem_wait(&puppet->leave);
    }
    if (!atomic_load(&puppet->keeps_apps_back))
        return puppet_status(backend, error);
    (void)error_set(error, "the puppet keeps its apps back");
    return CATALOGUE_UNAVAILABLE;
}

static void puppet_free(struct catalogue_backend *backend)
{
    struct puppet *puppet = CONTAINER_OF(backend, struct puppet, backend);

    sem_destroy(&puppet->entered);
    sem_destroy(&puppet->leave);
    free(puppet);
}

struct puppet *puppet_new(void)
{
    static const struct catalogue_operations operations = {
        .mark_read = puppet_mark_read,
        .mark_claim = puppet_mark_claim,
        .app_find = puppet_find,
        .app_revision = puppet_revision,
        .policy_remove = puppet_remove,
        .changes = puppet_changes,
        .free = puppet_free,
    };
    struct puppet *puppet = MEMORY_NEW(struct puppet);

    puppet->backend.operations = &operations;
    sem_init(&puppet->entered, 0, 0);
    sem_init(&puppet->leave, 0, 0);
    return puppet;
}
