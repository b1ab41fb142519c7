/* SPDX-License-Identifier: MIT */
#include "instance.h"

#include "support/cmocka.h"
#include "support/topologies.h"
#include "support/wait.h"

static struct instance open_with(const struct catalogue_options *given)
{
    struct catalogue_options options = *given;
    struct instance instance = {.index = app_index_new(), .replies = queue_new(0)};

    assert_non_null(options.backend);
    options.index = instance.index;
    instance.catalogue = catalogue_new(&options);
    return instance;
}

static struct catalogue_backend *redis_backend(const struct redis_server *server)
{
    return catalogue_redis_new(topology_at(redis_server_unix_url(server)));
}

struct instance instance_new(struct catalogue_backend *backend, const struct pepper *pepper)
{
    return open_with(
        &(struct catalogue_options){.backend = backend, .pepper = pepper, .restores = true});
}

void instance_close(struct instance *instance)
{
    catalogue_free(instance->catalogue);
    (void)queue_drain(instance->replies);
    queue_free(instance->replies);
    app_index_free(instance->index);
}

void instance_start(struct instance *instance)
{
    catalogue_start(instance->catalogue);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(instance->catalogue))
        ;
}

void instance_new_file(char path[static INSTANCE_PATH_BYTES])
{
    char directory[SCRATCH_PATH_BYTES];

    scratch_directory("catalogue", directory);
    (void)snprintf(path, INSTANCE_PATH_BYTES, "%s/sluice.db", directory);
}

struct instance instance_open_file(const char *path)
{
    struct error error = {0};
    struct catalogue_backend *backend = catalogue_sqlite_new(path, &error);

    if (backend == NULL)
        fail_msg("%s", error.message);
    return instance_new(backend, NULL);
}

struct instance instance_open_redis(const struct redis_server *server)
{
    return instance_new(redis_backend(server), NULL);
}

struct instance instance_open_redis_as_it_is(const struct redis_server *server)
{
    return open_with(&(struct catalogue_options){.backend = redis_backend(server)});
}

struct key_digest instance_key(uint8_t byte)
{
    struct key_digest digest;

    memset(digest.bytes, byte, sizeof(digest.bytes));
    return digest;
}

static void on_done(struct catalogue_job *job)
{
    *(bool *)job->context = true;
}

void instance_submit(struct instance *instance, struct catalogue_job *job, bool *is_done)
{
    *is_done = false;
    job->reply_to = instance->replies;
    job->done = on_done;
    job->context = is_done;
    assert_true(catalogue_submit(instance->catalogue, job));
}

bool instance_is_answered(struct instance *instance, const bool *is_done)
{
    (void)queue_drain(instance->replies);
    return *is_done;
}

enum catalogue_status instance_ask(struct instance *instance, struct catalogue_job *job)
{
    bool is_done;

    instance_submit(instance, job, &is_done);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(instance, &is_done))
        ;
    return job->status;
}

enum catalogue_status instance_create(struct instance *instance)
{
    struct catalogue_job job = {.kind = CATALOGUE_APP_CREATE,
                                .app_id = INSTANCE_APP_ID,
                                .name = TEXT("shop"),
                                .created_at_us = 1,
                                .key = instance_key(INSTANCE_APP_KEY)};
    enum catalogue_status status = instance_ask(instance, &job);

    app_release(job.app);
    return status;
}

enum catalogue_status instance_look_up(struct instance *instance, uint8_t byte)
{
    struct catalogue_job job = {.kind = CATALOGUE_APP_FIND, .key = instance_key(byte)};
    enum catalogue_status status = instance_ask(instance, &job);

    app_release(job.app);
    return status;
}

enum catalogue_status instance_save(struct instance *instance, struct policy *policy)
{
    struct catalogue_job job = {
        .kind = CATALOGUE_POLICY_SAVE, .app_id = INSTANCE_APP_ID, .policy = policy};

    return instance_ask(instance, &job);
}

int64_t instance_version(struct instance *instance, const struct policy *policy)
{
    const struct key_digest key = instance_key(INSTANCE_APP_KEY);

    return instance_version_take(app_index_find(instance->index, &key), policy);
}

int64_t instance_version_take(struct app *app, const struct policy *policy)
{
    const struct policy *found =
        app == NULL ? NULL : policy_set_find(app->policies, &policy->identity);
    int64_t version = found == NULL ? 0 : found->version;

    app_release(app);
    return version;
}
