/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include "catalogue/stored_policy.h"

#include "key_owner.h"

static enum catalogue_status app_create(struct catalogue_job *job,
                                        struct catalogue_backend *backend, struct app_index *index,
                                        struct error *error);
static enum catalogue_status app_find(struct catalogue_job *job, struct catalogue_backend *backend,
                                      struct app_index *index, struct error *error);
static enum catalogue_status policy_save(struct catalogue_job *job,
                                         struct catalogue_backend *backend, struct app_index *index,
                                         struct error *error);
static enum catalogue_status policy_remove(struct catalogue_job *job,
                                           struct catalogue_backend *backend,
                                           struct app_index *index, struct error *error);
static enum catalogue_status publish(struct catalogue_backend *backend, struct app_index *index,
                                     const char *app_id, enum catalogue_status status,
                                     struct app **kept, struct error *error);

enum catalogue_status jobs_run(struct catalogue_job *job, struct catalogue_backend *backend,
                               struct app_index *index, struct error *error)
{
    switch (job->kind) {
    case CATALOGUE_APP_CREATE:
        return app_create(job, backend, index, error);
    case CATALOGUE_APP_FIND:
        return app_find(job, backend, index, error);
    case CATALOGUE_POLICY_SAVE:
        return policy_save(job, backend, index, error);
    case CATALOGUE_POLICY_REMOVE:
        return policy_remove(job, backend, index, error);
    }
    return CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status app_create(struct catalogue_job *job,
                                        struct catalogue_backend *backend, struct app_index *index,
                                        struct error *error)
{
    enum catalogue_status status = backend->operations->app_create(
        backend,
        &(struct catalogue_new_app){.app_id = job->app_id,
                                    .name = job->name,
                                    .created_at_us = job->created_at_us,
                                    .key = &job->key,
                                    .apps_max = job->apps_max,
                                    .is_unused = true},
        error);

    if (status != CATALOGUE_CREATED)
        return status;
    return publish(backend, index, job->app_id, status, &job->app, error);
}

static enum catalogue_status app_find(struct catalogue_job *job, struct catalogue_backend *backend,
                                      struct app_index *index, struct error *error)
{
    /* An earlier job for the same key may have found it. */
    job->app = app_index_find(index, &job->key);
    if (job->app != NULL)
        return CATALOGUE_OK;
    struct app *app = NULL;
    enum catalogue_status status = key_owner_load(backend, &job->key, &app, error);
    if (status != CATALOGUE_OK)
        return status;
    job->app = app_retain(app);
    app_index_publish_give(index, app);
    return CATALOGUE_OK;
}

static enum catalogue_status policy_save(struct catalogue_job *job,
                                         struct catalogue_backend *backend, struct app_index *index,
                                         struct error *error)
{
    job->policy->id = stored_policy_new_id();
    enum catalogue_status status =
        backend->operations->policy_save(backend, job->app_id, job->policy, error);
    if (status != CATALOGUE_OK && status != CATALOGUE_CREATED)
        return status;
    return publish(backend, index, job->app_id, status, NULL, error);
}

static enum catalogue_status policy_remove(struct catalogue_job *job,
                                           struct catalogue_backend *backend,
                                           struct app_index *index, struct error *error)
{
    enum catalogue_status status =
        backend->operations->policy_remove(backend, job->app_id, &job->identity, error);

    if (status != CATALOGUE_OK)
        return status;
    return publish(backend, index, job->app_id, status, NULL, error);
}

/* Publishes the app as it is now stored, and returns `status`, the result of the job. If that
 * fails, the job fails for its caller, who cannot rely on the change; the refresh brings it
 * later. */
static enum catalogue_status publish(struct catalogue_backend *backend, struct app_index *index,
                                     const char *app_id, enum catalogue_status status,
                                     struct app **kept, struct error *error)
{
    struct app *app = NULL;
    enum catalogue_status loaded = backend->operations->app_load(backend, app_id, &app, error);

    if (loaded != CATALOGUE_OK)
        return loaded;
    if (kept != NULL)
        *kept = app_retain(app);
    app_index_publish_give(index, app);
    return status;
}
