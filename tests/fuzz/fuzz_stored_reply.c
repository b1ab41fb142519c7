/* SPDX-License-Identifier: MIT
 *
 * The replies of Redis when the catalogue is asked. Another instance, an older or newer Sluice, or
 * an operator may have written the data. Each operation reads the input from its start. It says,
 * with a reason, that the catalogue is unavailable or the app damaged. Otherwise its result is
 * whole: an app has an id, a name, and at most as many keys and policies as an app may have. Each
 * policy is canonical (canonical.h), and is found in the app's set under its identity. */
#include "fuzz.h"

#include "base/log.h"
#include "canonical.h"
#include "catalogue/catalogue_backend.h"
#include "replies.h"

#include <sodium.h>

static const char app_id[] = "app_000000000000";
static const struct key_digest key;
static struct catalogue_backend *backend;

static void try_mark_read(void);
static void try_mark_claim(void);
static void try_app_create(void);
static void try_app_find(void);
static void try_app_load(void);
static void try_policy_save(void);
static void try_policy_remove(void);
static void try_changes(void);
static void try_admin(void);
static void try_restore(void);
static void on_change(void *context, struct app *app);
static void app_check(const struct app *app);
static bool is_app_id(const char id[static APP_ID_BYTES + 1]);
static void status_check(enum catalogue_status status, const struct error *error);

static void (*const operations[])(void) = {
    try_mark_read,   try_mark_claim,    try_app_create, try_app_find, try_app_load,
    try_policy_save, try_policy_remove, try_changes,    try_admin,    try_restore,
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{

    (void)argc;
    (void)argv;
    ASSERT(sodium_init() >= 0);
    log_set_level(LOG_ERROR);
    backend = catalogue_redis_new(NULL);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
        replies_begin(fuzz_text(data, size));
        operations[i]();
        replies_end();
    }
    return 0;
}

static void try_mark_read(void)
{
    struct catalogue_mark mark;
    struct error error = {0};
    enum catalogue_status status = backend->operations->mark_read(backend, 1, &mark, &error);

    status_check(status, &error);
    ASSERT(status == CATALOGUE_OK || status == CATALOGUE_UNAVAILABLE);
}

static void try_mark_claim(void)
{
    const struct pepper pepper = {{0}};
    const struct catalogue_identity identity = catalogue_identity_new(&pepper, NULL);
    struct error error = {0};

    status_check(backend->operations->mark_claim(backend, &pepper, &identity, &error), &error);
}

static void try_app_create(void)
{
    struct error error = {0};

    status_check(backend->operations->app_create(
                     backend,
                     &(struct catalogue_new_app){
                         .app_id = app_id, .name = TEXT("shop"), .created_at_us = 1, .key = &key},
                     &error),
                 &error);
}

static void try_app_find(void)
{
    char found[APP_ID_BYTES + 1] = "";
    struct error error = {0};
    enum catalogue_status status = backend->operations->app_find(backend, &key, found, &error);

    status_check(status, &error);
    ASSERT((status == CATALOGUE_OK) == is_app_id(found));
}

static void try_app_load(void)
{
    struct app *app = NULL;
    struct error error = {0};
    enum catalogue_status status = backend->operations->app_load(backend, app_id, &app, &error);

    status_check(status, &error);
    ASSERT((app != NULL) == (status == CATALOGUE_OK));
    if (app != NULL)
        on_change(NULL, app);
}

static void try_policy_save(void)
{
    const struct limit limit = {.name = "default", .quota = 1, .window_us = 1000000, .burst = 1};
    struct policy policy = {.id = 7,
                            .identity = {.route_key = TEXT("/r"), .role = TEXT("default")},
                            .rule = {.limit_count = 1, .limits = &limit}};
    struct error error = {0};
    bool afresh = false;
    enum catalogue_status status =
        backend->operations->policy_save(backend, app_id, &policy, &afresh, &error);

    status_check(status, &error);
    if (status == CATALOGUE_OK || status == CATALOGUE_CREATED)
        ASSERT(policy.version >= 1);
}

static void try_policy_remove(void)
{
    const struct policy_identity identity = {.route_key = TEXT("/r"), .role = TEXT("default")};
    struct error error = {0};

    status_check(backend->operations->policy_remove(backend, app_id, &identity, &error), &error);
}

static void try_changes(void)
{
    int64_t revision = 0;
    struct error error = {0};

    status_check(backend->operations->changes(backend, &revision, NULL, on_change, &error), &error);
}

static void try_admin(void)
{
    struct error error = {0};

    status_check(backend->operations->app_suspend(backend, app_id, true, &error), &error);
    status_check(backend->operations->app_rekey(backend, app_id, &key, &error), &error);
    status_check(backend->operations->app_use(backend, app_id, &error), &error);
    status_check(backend->operations->app_expire(backend, app_id, 1, 1, &error), &error);
    status_check(backend->operations->app_remove(backend, app_id, &error), &error);
}

static void try_restore(void)
{
    struct app *deleted = app_new_deleted(app_id, 1);
    struct app *app = app_new();
    struct error error = {0};

    (void)snprintf(app->id, sizeof(app->id), "%s", app_id);
    app->name = TEXT("shop");

    status_check(backend->operations->restore_begin(backend, "fuzz", &error), &error);
    status_check(backend->operations->app_restore(backend, app, &error), &error);
    status_check(backend->operations->app_restore(backend, deleted, &error), &error);
    app_release(deleted);
    app_release(app);
}

static void on_change(void *context, struct app *app)
{
    (void)context;
    app_check(app);
    app_release(app);
}

static void app_check(const struct app *app)
{
    ASSERT(is_app_id(app->id));
    if (app->state == APP_DELETED || app->state == APP_DAMAGED)
        return;
    ASSERT(!text_is_absent(app->name) && app->key_count <= APP_KEYS_MAX);
    ASSERT(app->policies != NULL && policy_set_count(app->policies) <= POLICIES_PER_APP_MAX);
    for (size_t i = 0; i < policy_set_count(app->policies); i++) {
        const struct policy *policy = policy_set_at(app->policies, i);

        canonical_check(policy);
        ASSERT(policy_set_find(app->policies, &policy->identity) == policy);
    }
}

static bool is_app_id(const char id[static APP_ID_BYTES + 1])
{
    return id[APP_ID_BYTES] == '\0' && strlen(id) == APP_ID_BYTES &&
           text_starts_with(text_of(id), TEXT("app_"));
}

static void status_check(enum catalogue_status status, const struct error *error)
{
    ASSERT(status <= CATALOGUE_UNAVAILABLE);
    if (status == CATALOGUE_DAMAGED || status == CATALOGUE_UNAVAILABLE)
        ASSERT(error->message[0] != '\0');
}
