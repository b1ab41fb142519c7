/* SPDX-License-Identifier: MIT
 *
 * The apps that the file declares. Each has a name, the place of its API key, and policies, which
 * are checked like those of POST /policy. */
#include "settings_parts.h"

#include "auth/api_key.h"
#include "catalogue/app.h"
#include "catalogue/policy_zones.h"
#include "file.h"
#include "limit/policy.h"

#define POINTER_BYTES 64

static void app_read(struct settings *settings, struct settings_app *app, const json_t *value,
                     const char *pointer, struct faults *faults);
static void app_read_key(struct form *form, struct settings *settings, struct settings_app *app);
static void app_check_key(struct form *form, const char *member, struct settings *settings,
                          struct settings_app *app, struct text key);
static void app_read_policies(struct form *form, struct settings *settings,
                              struct settings_app *app);
static bool policy_is_repeated(const struct settings_app *app, const struct policy *policy);

void settings_apps_read(struct form *form, struct settings *settings)
{
    const json_t *apps;

    if (!form_array(form, "apps", FORM_OPTIONAL, 0, SETTINGS_APPS_MAX, &apps))
        return;

    settings->apps = ARENA_ARRAY(&settings->arena, struct settings_app, json_array_size(apps));
    for (size_t i = 0; i < json_array_size(apps); i++) {
        char pointer[POINTER_BYTES];
        snprintf(pointer, sizeof(pointer), "/apps/%zu", i);
        app_read(settings, &settings->apps[i], json_array_get(apps, i), pointer, form->faults);
        settings->app_count++;
    }
}

static void app_read(struct settings *settings, struct settings_app *app, const json_t *value,
                     const char *pointer, struct faults *faults)
{
    struct form form;
    struct text name;

    if (!form_open(&form, value, pointer, faults))
        return;
    if (form_text(&form, "name", FORM_REQUIRED, 1, APP_NAME_BYTES_MAX, &name))
        app->name = text_copy(&settings->arena, name);
    app_read_key(&form, settings, app);
    app_read_policies(&form, settings, app);
    form_close_with(&form, settings_aliases);
}

/* Many may read this file, and it may be in version control, so the key itself is never in it. */
static void app_read_key(struct form *form, struct settings *settings, struct settings_app *app)
{
    struct text source = {0};
    struct text key;
    struct error error;
    bool in_file =
        form_text(form, "api_key_file", FORM_OPTIONAL, 1, SETTINGS_PATH_BYTES_MAX, &source);
    bool in_variable = form_text(form, "api_key_env", FORM_OPTIONAL, 1, 200, &source);

    if (in_file == in_variable) {
        form_fault(form, NULL, "must have one of api_key_file and api_key_env");
        return;
    }

    const char *name = text_copy(&settings->arena, source).at;

    if (in_file) {
        settings_add_file(settings, name);
        if (file_read_line(name, &settings->arena, &key, &error)) {
            app_check_key(form, "api_key_file", settings, app, key);
        } else {
            form_fault(form, "api_key_file", "%s", error.message);
        }
        return;
    }
    key = text_of(getenv(name));
    if (text_is_absent(key)) {
        form_fault(form, "api_key_env", "names a variable that is not set");
    } else {
        app_check_key(form, "api_key_env", settings, app, key);
    }
}

static void app_check_key(struct form *form, const char *member, struct settings *settings,
                          struct settings_app *app, struct text key)
{
    if (!api_key_is_well_formed(key)) {
        form_fault(form, member, "holds no API key; `sluice generate-key` makes one");
        return;
    }
    for (size_t i = 0; i < settings->app_count; i++) {
        if (settings->apps[i].api_key != NULL &&
            text_equal(key, text_of(settings->apps[i].api_key))) {
            form_fault(form, member, "holds the same API key as /apps/%zu", i);
            return;
        }
    }
    app->api_key = text_copy(&settings->arena, key).at;
}

static void app_read_policies(struct form *form, struct settings *settings,
                              struct settings_app *app)
{
    const json_t *policies;

    if (!form_array(form, "policies", FORM_OPTIONAL, 0, POLICIES_PER_APP_MAX, &policies))
        return;

    app->policies = ARENA_ARRAY(&settings->arena, struct policy *, json_array_size(policies));
    for (size_t i = 0; i < json_array_size(policies); i++) {
        char pointer[POINTER_BYTES + 32];
        snprintf(pointer, sizeof(pointer), "%s/policies/%zu", form->pointer, i);
        struct policy *policy =
            policy_read(json_array_get(policies, i), pointer, &settings->arena, form->faults);
        if (policy == NULL)
            continue;
        policy_zones_check(policy, pointer, form->faults);
        if (policy_is_repeated(app, policy)) {
            faults_add(form->faults, pointer, NULL,
                       "has the same route_key, role and subject as an earlier policy");
        }
        app->policies[app->policy_count++] = policy;
    }
}

static bool policy_is_repeated(const struct settings_app *app, const struct policy *policy)
{
    for (size_t i = 0; i < app->policy_count; i++) {
        if (policy_identity_equal(&app->policies[i]->identity, &policy->identity))
            return true;
    }
    return false;
}
