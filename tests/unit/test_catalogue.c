/* SPDX-License-Identifier: MIT */
#include "instance.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/memory.h"
#include "sample_policy.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>

/* A backend that does what the test says. */
struct puppet {
    struct catalogue_backend backend;
    atomic_bool is_away;
    atomic_bool keeps_apps_back; /* only changes() fails */
    atomic_int finds;
    atomic_int readings;        /* calls of changes() */
    struct catalogue_mark mark; /* used by the catalogue thread */
    sem_t entered;              /* posted when app_find() has begun */
    sem_t leave;                /* app_find() waits for this */
};

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

static struct puppet *puppet_new(void)
{
    static const struct catalogue_operations operations = {
        .mark_read = puppet_mark_read,
        .mark_claim = puppet_mark_claim,
        .app_find = puppet_find,
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

static void instances_of_one_catalogue_share_the_pepper(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance one = instance_open_file(path);
    struct instance other = instance_open_file(path);

    assert_null(app_index_pepper(one.index));
    instance_start(&one);
    instance_start(&other);

    assert_memory_equal(app_index_pepper(one.index), app_index_pepper(other.index),
                        sizeof(struct pepper));
    assert_memory_equal(app_index_subject_key(one.index), app_index_subject_key(other.index),
                        sizeof(struct digest_key));
    instance_close(&one);
    instance_close(&other);
}

static void a_configured_pepper_is_used(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {7}};
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, &pepper);

    instance_start(&instance);

    assert_memory_equal(app_index_pepper(instance.index), &pepper, sizeof(pepper));
    instance_close(&instance);
}

static void a_created_app_is_published_before_the_answer(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    instance_start(&instance);
    struct catalogue_job job = {.kind = CATALOGUE_APP_CREATE,
                                .app_id = INSTANCE_APP_ID,
                                .name = TEXT("shop"),
                                .created_at_us = 1,
                                .key = instance_key('a')};

    assert_int_equal(instance_ask(&instance, &job), CATALOGUE_CREATED);

    struct app *app = app_index_find(instance.index, &job.key);
    assert_non_null(app);
    assert_ptr_equal(app, job.app);
    assert_true(text_equal(app->name, TEXT("shop")));
    app_release(app);
    app_release(job.app);
    assert_int_equal(instance_create(&instance), CATALOGUE_OK);
    instance_close(&instance);
}

static void a_key_registered_elsewhere_is_found_at_once(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance one = instance_open_file(path);
    struct instance other = instance_open_file(path);
    instance_start(&one);
    instance_start(&other);

    assert_int_equal(instance_look_up(&other, 'a'), CATALOGUE_ABSENT);
    assert_int_equal(instance_create(&one), CATALOGUE_CREATED);

    assert_int_equal(instance_look_up(&other, 'a'), CATALOGUE_OK);
    assert_int_equal(app_index_count(other.index), 1);
    instance_close(&one);
    instance_close(&other);
}

/* As if the app's keys had been damaged while one was replaced. */
static void a_key_that_its_app_no_longer_has_is_unknown(void **state)
{
    (void)state;
    char hex[2 * KEY_DIGEST_BYTES + 1];
    const struct key_digest new = instance_key('n');
    struct instance one = instance_open_redis(server);
    instance_start(&one);
    assert_int_equal(instance_create(&one), CATALOGUE_CREATED);
    instance_close(&one);
    (void)sodium_bin2hex(hex, sizeof(hex), new.bytes, sizeof(new.bytes));

    (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s keys %s", INSTANCE_APP_ID,
                               hex);

    struct instance other = instance_open_redis(server);
    instance_start(&other);
    assert_int_equal(instance_look_up(&other, INSTANCE_APP_KEY), CATALOGUE_ABSENT);
    assert_int_equal(instance_look_up(&other, 'n'), CATALOGUE_OK);
    instance_close(&other);
}

static void a_changed_policy_is_published_before_the_answer(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct catalogue_job delete_job = {
        .kind = CATALOGUE_POLICY_REMOVE, .app_id = INSTANCE_APP_ID, .identity = policy->identity};
    instance_start(&instance);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_ABSENT);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    for (int64_t version = 1; version <= 5; version++) {
        enum catalogue_status expected = version == 1 ? CATALOGUE_CREATED : CATALOGUE_OK;
        assert_int_equal(instance_save(&instance, policy), expected);
        assert_int_equal(policy->version, version);
        assert_int_equal(instance_version(&instance, policy), version);
    }
    assert_true(policy->id != 0);
    assert_int_equal(instance_ask(&instance, &delete_job), CATALOGUE_OK);
    assert_int_equal(instance_version(&instance, policy), 0);
    assert_int_equal(instance_ask(&instance, &delete_job), CATALOGUE_ABSENT);

    arena_close(&arena);
    instance_close(&instance);
}

static void expect_changes_to_spread(struct instance *one, struct instance *other)
{
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    instance_start(one);
    instance_start(other);

    assert_int_equal(instance_create(one), CATALOGUE_CREATED);
    WAIT_FOR (INSTANCE_PATIENCE_S, app_index_count(other->index) == 1)
        ;
    assert_int_equal(instance_save(other, policy), CATALOGUE_CREATED);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(one, policy) == 1)
        ;
    assert_int_equal(instance_save(one, policy), CATALOGUE_OK);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(other, policy) == 2)
        ;

    arena_close(&arena);
    instance_close(one);
    instance_close(other);
}

static void changes_spread_through_a_file(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance one = instance_open_file(path);
    struct instance other = instance_open_file(path);

    expect_changes_to_spread(&one, &other);
}

static void changes_spread_through_redis(void **state)
{
    (void)state;
    struct instance one = instance_open_redis(server);
    struct instance other = instance_open_redis(server);

    expect_changes_to_spread(&one, &other);
}

static void all_apps_are_there_after_a_restart(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance before = instance_open_file(path);
    instance_start(&before);
    assert_int_equal(instance_create(&before), CATALOGUE_CREATED);
    instance_close(&before);

    struct instance after = instance_open_file(path);
    instance_start(&after);

    assert_int_equal(app_index_count(after.index), 1);
    instance_close(&after);
}

static void a_job_that_waited_too_long_is_not_begun(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job first = {.kind = CATALOGUE_APP_FIND};
    struct catalogue_job second = {.kind = CATALOGUE_APP_FIND};
    bool first_is_done;
    bool second_is_done;
    instance_start(&instance);

    instance_submit(&instance, &first, &first_is_done);
    sem_wait(&puppet->entered);
    instance_submit(&instance, &second, &second_is_done);
    second.expires_us = 0; /* it expires while the first job holds the thread */
    sem_post(&puppet->leave);

    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &second_is_done))
        ;
    assert_true(first_is_done);
    assert_int_equal(first.status, CATALOGUE_ABSENT);
    assert_int_equal(second.status, CATALOGUE_UNAVAILABLE);
    assert_int_equal(atomic_load(&puppet->finds), 1);
    instance_close(&instance);
}

/* Otherwise a deletion would be seen only after all earlier jobs are answered. */
static void changes_are_read_between_two_jobs(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    instance_start(&instance);
    struct catalogue_job jobs[2];
    bool is_done[2];
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        jobs[i] = (struct catalogue_job){.kind = CATALOGUE_APP_FIND, .key = instance_key('a')};
        instance_submit(&instance, &jobs[i], &is_done[i]);
    }
    sem_wait(&puppet->entered);

    const int before = atomic_load(&puppet->readings);
    const int64_t due_us = clock_monotonic_us() + CATALOGUE_POLL_US;
    WAIT_FOR (INSTANCE_PATIENCE_S, clock_monotonic_us() >= due_us)
        ;
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    assert_true(atomic_load(&puppet->readings) > before);
    sem_post(&puppet->leave);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[i]))
            ;
    }
    instance_close(&instance);
}

/* Anyone can send thousands of invented keys. A policy must not wait until all of them were looked
 * up. */
static void a_job_that_comes_meanwhile_is_done_before_the_next_look_up(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job finds[3];
    bool is_found[ARRAY_COUNT(finds)];
    struct catalogue_job save = {.kind = CATALOGUE_POLICY_REMOVE};
    bool is_saved;
    instance_start(&instance);
    for (size_t i = 0; i < ARRAY_COUNT(finds); i++) {
        finds[i] = (struct catalogue_job){.kind = CATALOGUE_APP_FIND};
        instance_submit(&instance, &finds[i], &is_found[i]);
        if (i == 0)
            sem_wait(&puppet->entered); /* all others are put in while this one is looked up */
    }

    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);
    instance_submit(&instance, &save, &is_saved);
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    assert_true(instance_is_answered(&instance, &is_saved));
    sem_post(&puppet->leave);
    for (size_t i = 0; i < ARRAY_COUNT(finds); i++)
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_found[i]))
            ;
    instance_close(&instance);
}

static void look_ups_beyond_their_bound_are_not_taken_and_do_not_bar_the_others(void **state)
{
    static struct catalogue_job jobs[CATALOGUE_FINDS_MAX + 2];
    static bool is_done[CATALOGUE_FINDS_MAX + 2];
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    instance_start(&instance);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
        jobs[i] = (struct catalogue_job){.kind = CATALOGUE_APP_FIND};

    instance_submit(&instance, &jobs[0], &is_done[0]);
    sem_wait(&puppet->entered);
    for (size_t i = 1; i <= CATALOGUE_FINDS_MAX; i++)
        instance_submit(&instance, &jobs[i], &is_done[i]);
    bool taken = catalogue_submit(instance.catalogue, &jobs[CATALOGUE_FINDS_MAX + 1]);
    struct catalogue_job other = {.kind = CATALOGUE_POLICY_REMOVE};
    bool other_is_done = false;
    instance_submit(&instance, &other, &other_is_done);
    for (size_t i = 0; i <= CATALOGUE_FINDS_MAX + 1; i++)
        sem_post(&puppet->leave);

    assert_false(taken);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &other_is_done))
        ;
    for (size_t i = 0; i <= CATALOGUE_FINDS_MAX; i++)
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[i]))
            ;
    instance_close(&instance);
}

static void no_app_fills_the_queue_for_the_others_or_goes_before_them(void **state)
{
    enum { HALF = CATALOGUE_JOBS_MAX / 2 };
    static struct catalogue_job jobs[HALF + 1];
    static bool is_done[HALF + 1];
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder = {.kind = CATALOGUE_APP_FIND};
    struct catalogue_job other = {.kind = CATALOGUE_POLICY_REMOVE, .tenant = 2};
    bool holder_is_done;
    bool other_is_done;
    instance_start(&instance);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
        jobs[i] = (struct catalogue_job){.kind = CATALOGUE_POLICY_REMOVE, .tenant = 1};

    instance_submit(&instance, &holder, &holder_is_done);
    sem_wait(&puppet->entered);
    for (size_t i = 0; i < HALF; i++)
        instance_submit(&instance, &jobs[i], &is_done[i]);
    assert_false(catalogue_submit(instance.catalogue, &jobs[HALF]));
    instance_submit(&instance, &other, &other_is_done);
    sem_post(&puppet->leave);

    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &other_is_done))
        ;
    for (size_t i = 0; i < HALF; i++)
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[i]))
            ;
    instance_submit(&instance, &jobs[HALF], &is_done[HALF]);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[HALF]))
        ;
    instance_close(&instance);
}

static void jobs_not_yet_run_are_answered_at_the_end(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job job = {.kind = CATALOGUE_APP_FIND};
    bool is_done;

    instance_submit(&instance, &job, &is_done);
    instance_close(&instance);

    assert_true(is_done);
    assert_int_equal(job.status, CATALOGUE_UNAVAILABLE);
}

static void jobs_are_refused_until_the_backend_answers(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    atomic_store(&puppet->is_away, true);
    catalogue_start(instance.catalogue);

    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_UNAVAILABLE);
    assert_false(catalogue_is_ready(instance.catalogue));
    assert_null(app_index_pepper(instance.index));
    assert_int_equal(atomic_load(&puppet->finds), 0);

    atomic_store(&puppet->is_away, false);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(instance.catalogue))
        ;
    assert_non_null(app_index_pepper(instance.index));
    sem_post(&puppet->leave);
    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_ABSENT);
    instance_close(&instance);
}

static void it_serves_once_the_apps_are_read_whatever_the_pepper(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {7}};
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, &pepper);
    atomic_store(&puppet->keeps_apps_back, true);
    catalogue_start(instance.catalogue);

    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_UNAVAILABLE);
    assert_non_null(app_index_pepper(instance.index));
    assert_false(catalogue_serves(instance.catalogue));

    atomic_store(&puppet->keeps_apps_back, false);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_serves(instance.catalogue))
        ;
    atomic_store(&puppet->is_away, true);
    WAIT_FOR (INSTANCE_PATIENCE_S, !catalogue_is_ready(instance.catalogue))
        ;
    assert_true(catalogue_serves(instance.catalogue));
    instance_close(&instance);
}

static void a_killed_redis_is_survived(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    redis_server_kill(server);
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    WAIT_FOR (INSTANCE_PATIENCE_S, !catalogue_is_ready(instance.catalogue))
        ;
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(app_index_count(instance.index), 1);

    redis_server_restart(server);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(instance.catalogue))
        ;
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_ABSENT);
    instance_close(&instance);
}

static void a_hanging_redis_is_survived(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    redis_server_pause(server);
    enum catalogue_status while_hanging = instance_look_up(&instance, 'b');
    redis_server_continue(server);

    assert_int_equal(while_hanging, CATALOGUE_UNAVAILABLE);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_look_up(&instance, 'b') == CATALOGUE_ABSENT)
        ;
    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_OK);
    instance_close(&instance);
}

/* A worker that looks an app up again and again, while the app is changed. */
struct reader {
    struct app_index *index;
    atomic_bool is_stopping;
    const char *complaint; /* NULL: every value was whole, and no older than the one before */
};

static void *reader_run(void *context)
{
    struct reader *reader = context;
    struct key_digest key = instance_key('a');
    int64_t newest = 0;

    while (!atomic_load(&reader->is_stopping)) {
        struct app *app = app_index_find(reader->index, &key);

        if (app == NULL || app->revision < newest)
            reader->complaint = "the app was lost or came back older";
        else
            newest = app->revision;
        for (size_t i = 0; app != NULL && i < policy_set_count(app->policies); i++) {
            if (policy_set_at(app->policies, i)->rule.limit_count != 1)
                reader->complaint = "a policy was not whole";
        }
        app_release(app);
    }
    return NULL;
}

static void policies_change_while_workers_read_them(void **state)
{
    enum { ROUNDS = 50 };
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct reader reader = {.index = instance.index};
    pthread_t thread;
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);
    assert_int_equal(pthread_create(&thread, NULL, reader_run, &reader), 0);

    for (int i = 0; i < ROUNDS; i++) {
        enum catalogue_status expected = i == 0 ? CATALOGUE_CREATED : CATALOGUE_OK;
        assert_int_equal(instance_save(&instance, policy), expected);
    }

    atomic_store(&reader.is_stopping, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_null(reader.complaint);
    arena_close(&arena);
    instance_close(&instance);
}

int main(void)
{
#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_of_one_catalogue_share_the_pepper),
        cmocka_unit_test(a_configured_pepper_is_used),
        cmocka_unit_test(a_created_app_is_published_before_the_answer),
        cmocka_unit_test(a_key_registered_elsewhere_is_found_at_once),
        cmocka_unit_test(a_changed_policy_is_published_before_the_answer),
        cmocka_unit_test(changes_spread_through_a_file),
        WITH_REDIS(a_key_that_its_app_no_longer_has_is_unknown),
        WITH_REDIS(changes_spread_through_redis),
        cmocka_unit_test(all_apps_are_there_after_a_restart),
        cmocka_unit_test(a_job_that_waited_too_long_is_not_begun),
        cmocka_unit_test(changes_are_read_between_two_jobs),
        cmocka_unit_test(a_job_that_comes_meanwhile_is_done_before_the_next_look_up),
        cmocka_unit_test(look_ups_beyond_their_bound_are_not_taken_and_do_not_bar_the_others),
        cmocka_unit_test(no_app_fills_the_queue_for_the_others_or_goes_before_them),
        cmocka_unit_test(jobs_not_yet_run_are_answered_at_the_end),
        cmocka_unit_test(jobs_are_refused_until_the_backend_answers),
        cmocka_unit_test(it_serves_once_the_apps_are_read_whatever_the_pepper),
        WITH_REDIS(a_killed_redis_is_survived),
        WITH_REDIS(a_hanging_redis_is_survived),
        cmocka_unit_test(policies_change_while_workers_read_them),
    };
#undef WITH_REDIS

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
