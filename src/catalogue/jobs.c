/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include "base/clock.h"
#include "catalogue/stored_policy.h"

#include "key_owner.h"

static enum catalogue_status app_create(struct jobs *jobs, struct catalogue_job *job,
                                        struct error *error);
static enum catalogue_status app_find(struct jobs *jobs, struct catalogue_job *job,
                                      struct error *error);
static enum catalogue_status app_renew(struct jobs *jobs, struct catalogue_job *job,
                                       struct error *error);
static enum catalogue_status policy_save(struct jobs *jobs, struct catalogue_job *job,
                                         struct error *error);
static enum catalogue_status policy_remove(struct jobs *jobs, struct catalogue_job *job,
                                           struct error *error);
static enum catalogue_status publish(struct jobs *jobs, const char *app_id,
                                     enum catalogue_status status, struct app **kept,
                                     struct error *error);

enum catalogue_status jobs_run(struct jobs *jobs, struct catalogue_job *job, struct error *error)
{
    switch (job->kind) {
    case CATALOGUE_APP_CREATE:
        return app_create(jobs, job, error);
    case CATALOGUE_APP_FIND:
        return app_find(jobs, job, error);
    case CATALOGUE_APP_RENEW:
        return app_renew(jobs, job, error);
    case CATALOGUE_POLICY_SAVE:
        return policy_save(jobs, job, error);
    case CATALOGUE_POLICY_REMOVE:
        return policy_remove(jobs, job, error);
    }
    return CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status app_create(struct jobs *jobs, struct catalogue_job *job,
                                        struct error *error)
{
    enum catalogue_status status = jobs->backend->operations->app_create(
        jobs->backend,
        &(struct catalogue_new_app){.app_id = job->app_id,
                                    .name = job->name,
                                    .created_at_us = job->created_at_us,
                                    .key = &job->key,
                                    .apps_max = job->apps_max,
                                    .is_unused = true},
        error);

    if (status != CATALOGUE_CREATED)
        return status;
    return publish(jobs, job->app_id, status, &job->app, error);
}

static enum catalogue_status app_find(struct jobs *jobs, struct catalogue_job *job,
                                      struct error *error)
{
    /* An earlier job for the same key may have found it. */
    job->app = app_index_find(jobs->index, &job->key);
    if (job->app != NULL)
        return CATALOGUE_OK;
    struct app *app = NULL;
    enum catalogue_status status = key_owner_load(jobs->backend, &job->key, &app, error);
    if (status != CATALOGUE_OK)
        return status;
    job->app = app_retain(app);
    app_index_publish_give(jobs->index, app);
    return CATALOGUE_OK;
}

/* A question that began after this job was submitted has brought all that this one could. */
static enum catalogue_status app_renew(struct jobs *jobs, struct catalogue_job *job,
                                       struct error *error)
{
    struct jobs_question *last = &jobs->questions[job->tenant % JOBS_QUESTIONS];
    struct jobs_question question = {job->tenant, clock_monotonic_us(), CATALOGUE_OK};
    int64_t stored = 0;

    if (last->tenant == job->tenant && last->begun_us > job->asked_us)
        return last->status;
    enum catalogue_status status =
        jobs->backend->operations->app_revision(jobs->backend, job->app_id, &stored, error);
    const bool is_newer = status == CATALOGUE_OK && stored > job->revision;
    if (is_newer)
        status = publish(jobs, job->app_id, status, NULL, error);
    if (status == CATALOGUE_UNAVAILABLE)
        return status;
    question.status = status;
    *last = question;
    job->is_in_vain = !is_newer || status != CATALOGUE_OK;
    return status;
}

static enum catalogue_status policy_save(struct jobs *jobs, struct catalogue_job *job,
                                         struct error *error)
{
    job->policy->id = stored_policy_new_id();
    enum catalogue_status status = jobs->backend->operations->policy_save(
        jobs->backend, job->app_id, job->policy, &job->counters_afresh, error);
    if (status != CATALOGUE_OK && status != CATALOGUE_CREATED)
        return status;
    return publish(jobs, job->app_id, status, NULL, error);
}

static enum catalogue_status policy_remove(struct jobs *jobs, struct catalogue_job *job,
                                           struct error *error)
{
    enum catalogue_status status =
        jobs->backend->operations->policy_remove(jobs->backend, job->app_id, &job->identity, error);

    if (status != CATALOGUE_OK)
        return status;
    return publish(jobs, job->app_id, status, NULL, error);
}

/* Publishes the app as it is now stored, and returns `status`, the result of the job. If that
 * fails, the job fails for its caller, who cannot rely on the change; the refresh brings it
 * later. */
static enum catalogue_status publish(struct jobs *jobs, const char *app_id,
                                     enum catalogue_status status, struct app **kept,
                                     struct error *error)
{
    struct app *app = NULL;
    enum catalogue_status loaded =
        jobs->backend->operations->app_load(jobs->backend, app_id, &app, error);

    if (loaded != CATALOGUE_OK)
        return loaded;
    if (kept != NULL)
        *kept = app_retain(app);
    app_index_publish_give(jobs->index, app);
    return status;
}
