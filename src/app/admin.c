/* SPDX-License-Identifier: MIT */
#include "app/admin.h"

#include "app/open_catalogue.h"
#include "app/open_redis.h"
#include "auth/api_key.h"
#include "base/app_id.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "base/writer.h"
#include "catalogue/app.h"

#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#define LINE_BYTES_USUAL 256

/* The input of an action. */
struct admin {
    const struct settings *settings;
    struct catalogue_backend *backend;
    const char *app_id;
};

static enum catalogue_status run_list(const struct admin *admin, struct error *error);
static enum catalogue_status run_suspend(const struct admin *admin, struct error *error);
static enum catalogue_status run_resume(const struct admin *admin, struct error *error);
static enum catalogue_status run_delete(const struct admin *admin, struct error *error);
static enum catalogue_status run_replace_key(const struct admin *admin, struct error *error);

const struct admin_action admin_actions[] = {
    {"list", false, run_list, "print the apps, each as a line of JSON"},
    {"suspend", true, run_suspend, "answer the app's requests with 403"},
    {"resume", true, run_resume, "answer them again"},
    {"delete", true, run_delete, "delete the app, its keys and its policies"},
    {"replace-key", true, run_replace_key, "print a new key; the app's others are no longer valid"},
};

const size_t admin_actions_count = ARRAY_COUNT(admin_actions);

static const struct admin_action *action_find(const char *const words[], struct error *error);
static struct catalogue_backend *open_existing(const struct settings *settings,
                                               struct redis_topology *topology,
                                               struct error *error);
static int run(const struct admin_action *action, const struct admin *admin, struct error *error);
static bool is_declared(const struct admin *admin, const struct pepper *pepper);
static int exit_code_of(const struct admin *admin, enum catalogue_status status,
                        struct error *error);
static bool is_lost(const struct admin *admin);
static enum catalogue_status changed(const struct admin *admin, enum catalogue_status status,
                                     struct error *error);
static void print_app(void *context, struct app *app);
static bool find_pepper(const struct admin *admin, struct pepper *pepper, struct error *error);

int admin_run(const struct settings *settings, const char *const words[], struct error *error)
{
    const struct admin_action *action = action_find(words, error);
    char app_id[APP_ID_BYTES + 1] = "";
    struct admin admin = {.settings = settings, .app_id = app_id};

    if (!action)
        return EXIT_USAGE;
    if (action->takes_app && !app_id_read(text_of(words[1]), app_id)) {
        error_set(error, "%s: this is not the id of an app; see sluice admin list", words[1]);
        return EXIT_USAGE;
    }
    struct redis_topology *topology = open_redis(settings);
    int exit_code = EX_UNAVAILABLE;
    admin.backend = open_existing(settings, topology, error);
    if (!admin.backend)
        goto out;
    exit_code = EX_CONFIG;
    if (catalogue_admits(admin.backend, settings->has_pepper ? &settings->pepper : NULL, error))
        exit_code = run(action, &admin, error);
    admin.backend->operations->free(admin.backend);
out:
    redis_topology_free(topology);
    return exit_code;
}

static const struct admin_action *action_find(const char *const words[], struct error *error)
{
    const char *word = words[0] == NULL ? "" : words[0];
    struct nearest nearest;

    nearest_init(&nearest, text_of(word));
    for (size_t i = 0; i < admin_actions_count; i++) {
        nearest_try(&nearest, admin_actions[i].word);
        if (strcmp(admin_actions[i].word, word) != 0)
            continue;
        if (admin_actions[i].takes_app == (words[1] != NULL))
            return &admin_actions[i];
        error_set(error,
                  admin_actions[i].takes_app ? "admin %s: needs the id of an app"
                                             : "admin %s: takes no app",
                  word);
        return NULL;
    }
    if (word[0] == '\0')
        error_set(error, "admin: needs an action; see sluice help admin");
    else if (nearest.found == NULL)
        error_set(error, "admin %s: there is no such action; see sluice help admin", word);
    else
        error_set(error, "admin %s: there is no such action; did you mean %s?", word,
                  nearest.found);
    return NULL;
}

/* A service would make a missing file. But an operator who asks for its apps has given a wrong
 * path. */
static struct catalogue_backend *open_existing(const struct settings *settings,
                                               struct redis_topology *topology, struct error *error)
{
    if (settings->catalogue == CATALOGUE_KIND_SQLITE &&
        access(settings->catalogue_path, F_OK) != 0) {
        error_set(error, "there is no catalogue at %s", settings->catalogue_path);
        return NULL;
    }
    return open_catalogue(settings, topology, error);
}

/* The action succeeds only if its output is written. */
static int run(const struct admin_action *action, const struct admin *admin, struct error *error)
{
    const int exit_code = exit_code_of(admin, action->run(admin, error), error);

    if (exit_code != EXIT_SUCCESS || (fflush(stdout) == 0 && !ferror(stdout)))
        return exit_code;
    error_set(error, "admin %s: done, but the output could not be written%s", action->word,
              action->run == run_replace_key ? ": nobody knows the new key, so replace it again"
                                             : "");
    return EX_IOERR;
}

static int exit_code_of(const struct admin *admin, enum catalogue_status status,
                        struct error *error)
{
    switch (status) {
    case CATALOGUE_OK:
    case CATALOGUE_CREATED:
        return EXIT_SUCCESS;
    case CATALOGUE_ABSENT:
        if (is_lost(admin)) {
            error_set(error, "the catalogue has been lost and is not yet whole again: try later");
            return EX_UNAVAILABLE;
        }
        error_set(error, "there is no app %s", admin->app_id);
        return EXIT_FAILURE;
    case CATALOGUE_FULL:
    case CATALOGUE_DAMAGED:
        return EXIT_FAILURE;
    case CATALOGUE_UNAVAILABLE:
        return EX_UNAVAILABLE;
    }
    return EX_UNAVAILABLE;
}

/* Whether the catalogue is empty, or not yet whole. */
static bool is_lost(const struct admin *admin)
{
    struct catalogue_mark mark;
    struct error ignored;
    const bool is_read =
        admin->backend->operations->mark_read(admin->backend, 0, &mark, &ignored) == CATALOGUE_OK;
    const bool is_lost = !is_read || mark.restorer.is_at_it || mark.progress.age_us == 0;

    sodium_memzero(&mark, sizeof mark);
    return is_lost;
}

static enum catalogue_status run_list(const struct admin *admin, struct error *error)
{
    int64_t revision = 0;

    return admin->backend->operations->changes(admin->backend, &revision, NULL, print_app, error);
}

static enum catalogue_status run_suspend(const struct admin *admin, struct error *error)
{
    return changed(
        admin, admin->backend->operations->app_suspend(admin->backend, admin->app_id, true, error),
        error);
}

static enum catalogue_status run_resume(const struct admin *admin, struct error *error)
{
    return changed(
        admin, admin->backend->operations->app_suspend(admin->backend, admin->app_id, false, error),
        error);
}

static enum catalogue_status run_delete(const struct admin *admin, struct error *error)
{
    return admin->backend->operations->app_remove(admin->backend, admin->app_id, error);
}

/* Prints the key after it is valid. */
static enum catalogue_status run_replace_key(const struct admin *admin, struct error *error)
{
    char api_key[API_KEY_BYTES + 1];
    struct pepper pepper;

    if (!find_pepper(admin, &pepper, error))
        return CATALOGUE_UNAVAILABLE;
    if (is_declared(admin, &pepper)) {
        error_set(error, "%s is declared: its key is the one of its api_key_file, change that",
                  admin->app_id);
        sodium_memzero(&pepper, sizeof pepper);
        return CATALOGUE_DAMAGED;
    }
    api_key_generate(api_key);
    const struct key_digest key = key_digest_of(&pepper, text_of(api_key));
    enum catalogue_status status = changed(
        admin, admin->backend->operations->app_rekey(admin->backend, admin->app_id, &key, error),
        error);
    if (status == CATALOGUE_OK)
        puts(api_key);
    sodium_memzero(api_key, sizeof api_key);
    sodium_memzero(&pepper, sizeof pepper);
    return status;
}

/* The next reload would make the old key valid again, for a second app. The app is looked up by its
 * id and by its key, because either record may be damaged. */
static bool is_declared(const struct admin *admin, const struct pepper *pepper)
{
    struct error ignored;
    struct app *app = NULL;
    bool is_found = false;

    (void)admin->backend->operations->app_load(admin->backend, admin->app_id, &app, &ignored);
    for (size_t i = 0; i < admin->settings->app_count && !is_found; i++) {
        const struct key_digest key =
            key_digest_of(pepper, text_of(admin->settings->apps[i].api_key));
        char app_id[APP_ID_BYTES + 1];

        is_found = (app != NULL && app_has_key(app, &key)) ||
                   (admin->backend->operations->app_find(admin->backend, &key, app_id, &ignored) ==
                        CATALOGUE_OK &&
                    strcmp(app_id, admin->app_id) == 0);
    }
    app_release(app);
    return is_found;
}

/* The result of a change. A change of an app that cannot be read has another effect: the app is no
 * longer served. */
static enum catalogue_status changed(const struct admin *admin, enum catalogue_status status,
                                     struct error *error)
{
    struct error reason = {0};
    struct app *app = NULL;

    if (status != CATALOGUE_OK)
        return status;
    status = admin->backend->operations->app_load(admin->backend, admin->app_id, &app, &reason);
    app_release(app);
    if (status != CATALOGUE_DAMAGED)
        return CATALOGUE_OK;
    error_set(error, "the app is no longer served, because it cannot be read: %s", reason.message);
    return CATALOGUE_DAMAGED;
}

static void print_app(void *context, struct app *app)
{
    static const char *const states[] = {
        [APP_ACTIVE] = "active", [APP_SUSPENDED] = "suspended", [APP_DAMAGED] = "damaged"};
    char created_at[CLOCK_RFC3339_BYTES];
    struct arena arena = {0};
    struct buffer line;
    struct writer writer;

    (void)context;
    if (app->state != APP_DELETED) {
        buffer_init(&line, &arena, LINE_BYTES_USUAL);
        writer_init(&writer, &line);
        writer_for_display(&writer);
        writer_begin_object(&writer, NULL);
        writer_string(&writer, "app_id", app->id);
        if (app->state != APP_DAMAGED)
            writer_text(&writer, "name", app->name);
        writer_string(&writer, "state", states[app->state]);
        if (app->state != APP_DAMAGED) {
            clock_write_rfc3339(app->created_at_us, created_at);
            writer_integer(&writer, "keys", app->key_count);
            writer_integer(&writer, "policies", (int64_t)policy_set_count(app->policies));
            writer_string(&writer, "created_at", created_at);
            writer_bool(&writer, "unused", app->is_unused);
        }
        writer_end_object(&writer);
        printf("%.*s\n", TEXT_PRINTF(buffer_text(&line)));
    }
    arena_close(&arena);
    app_release(app);
}

static bool find_pepper(const struct admin *admin, struct pepper *pepper, struct error *error)
{
    struct catalogue_mark mark;

    *pepper = admin->settings->pepper;
    if (admin->settings->has_pepper)
        return true;
    if (admin->backend->operations->mark_read(admin->backend, 0, &mark, error) != CATALOGUE_OK)
        return false;
    *pepper = mark.pepper;
    bool has_pepper = mark.has_pepper;
    sodium_memzero(&mark, sizeof mark);
    return has_pepper ||
           error_set(error, "the catalogue has no pepper: no service has used it yet");
}
