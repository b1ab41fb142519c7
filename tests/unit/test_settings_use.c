/* SPDX-License-Identifier: MIT
 *
 * Settings that make no difference because of others are named. */
#include "settings_case.h"

#include "../../src/app/settings_parts.h"
#include "captured.h"
#include "support/certificate.h"
#include "support/scratch.h"

#define PEPPER "key_pepper: 0123456789abcdef\n"

/* How many warnings there are, and how many of them name the setting. */
static void expect_warnings_after(const struct settings *started, const struct settings *settings,
                                  int count, const char *name)
{
    char path[SCRATCH_PATH_BYTES];
    char needle[128];
    struct captured captured;

    capture_begin(&captured);
    settings_warn_of_unused(settings, started);
    memcpy(path, captured.path, sizeof(path));
    assert_int_equal(capture_end(&captured, "\"event\":\"setting is not used\""), count);
    (void)snprintf(needle, sizeof(needle), "\"setting\":\"%s\"", name);
    if (count > 0 && !scratch_contains(path, needle))
        fail_msg("%s is not named in: %s", name, scratch_read(path));
}

static void expect_warnings(const struct settings *settings, int count, const char *name)
{
    expect_warnings_after(settings, settings, count, name);
}

static void a_setting_that_makes_no_difference_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        int count;
        const char *name;
    } rows[] = {
        {"", 0, ""},
        {"redis_url: redis://localhost\n", 1, "redis_url"},
        {"redis_url: redis://localhost\nengine: redis\n", 0, ""},
        {"redis_url: redis://localhost\ncatalogue: redis\n", 0, ""},
        {"redis_url: redis://127.0.0.1:6379/0\n", 1, "redis_url"},
        {"redis_timeout_ms: 70\n", 1, "redis_timeout_ms"},
        {"redis_timeout_ms: 70\ncatalogue: redis\n", 1, "redis_timeout_ms"},
        {"redis_timeout_ms: 70\nengine: redis\n", 0, ""},
        {"redis_timeout_ms: 50\n", 0, ""},
        {"counters_per_app_max: 5\n", 1, "counters_per_app_max"},
        {"hsts_max_age_s: 0\n", 1, "hsts_max_age_s"},
        {"tls_priorities: SECURE256\n", 1, "tls_priorities"},
        {"tls_priorities: SECURE256\nhsts_max_age_s: 1\nredis_url: unix:///r\n", 3, "redis_url"},
        {"admin_token: 0123456789abcdef\n", 0, ""},
        {"admin_token: 0123456789abcdef\nregistration: token\n", 0, ""},
        {"admin_token: 0123456789abcdef\nregistration: open\n", 1, "admin_token"},
        {"redis_tls_server_name: h\n", 1, "redis_tls_server_name"},
        {"redis_tls_server_name: h\nengine: redis\n", 1, "redis_tls_server_name"},
        {"redis_sentinel_user: u\nredis_sentinel_password: p\n", 2, "redis_sentinel_user"},
        {"redis_sentinel_password: p\nengine: redis\n", 1, "redis_sentinel_password"},
        {"redis_sentinel_password: p\nengine: redis\nredis_url: redis-cluster://h\n", 1,
         "redis_sentinel_password"},
        {"redis_sentinel_password: p\nengine: redis\nredis_url: redis-sentinel://h/m\n", 0, ""},
        {"apps_max: 5\n", 0, ""},
        {"apps_max: 5\nregistration: closed\n", 1, "apps_max"},
        {"engine: redis\ndata_dir: /here\n" PEPPER, 0, ""},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct settings *settings = settings_valid(rows[i].yaml, NO_FLAGS);
        expect_warnings(settings, rows[i].count, rows[i].name);
        settings_free(settings);
    }
}

static void a_setting_is_used_with_the_certificate_that_it_is_for(void **state)
{
    (void)state;
    struct certificate made = certificate_make(&(struct certificate_options){.name = "new"});
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "tls_certificate: %s\ntls_key: %s\ntls_priorities: SECURE256\n"
                   "hsts_max_age_s: 1\n",
                   settings_file("tls.pem", made.pem), settings_file("tls.key", made.key));
    struct settings *settings = settings_valid(yaml, NO_FLAGS);

    expect_warnings(settings, 0, "");
    settings_free(settings);
    certificate_free(&made);
}

/* The engine waits for a restart, and the registration does not. */
static void a_reload_goes_by_what_is_in_force(void **state)
{
    (void)state;
    static const struct {
        const char *started;
        const char *latest;
        int count;
        const char *name;
    } rows[] = {
        {"engine: redis\n", "redis_timeout_ms: 70\ncounters_per_app_max: 5\n", 0, ""},
        {"engine: redis\n", "hsts_max_age_s: 0\n", 1, "hsts_max_age_s"},
        {"", "engine: redis\nredis_timeout_ms: 70\n", 0, ""},
        {"", "redis_timeout_ms: 70\n", 1, "redis_timeout_ms"},
        {"", "registration: closed\napps_max: 5\n", 1, "apps_max"},
        {"registration: closed\n", "apps_max: 5\n", 0, ""},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct settings *started = settings_valid(rows[i].started, NO_FLAGS);
        struct settings *latest = settings_valid(rows[i].latest, NO_FLAGS);
        expect_warnings_after(started, latest, rows[i].count, rows[i].name);
        settings_free(started);
        settings_free(latest);
    }
}

static void defaults_make_no_warning_even_if_they_are_set(void **state)
{
    (void)state;
    int exit_code;
    struct error error;
    struct settings *settings = settings_try(SAMPLE, NO_FLAGS, &exit_code, &error);

    expect_warnings(settings, 0, "");
    settings_free(settings);
}

static void the_warning_says_where_the_setting_is(void **state)
{
    (void)state;
    struct captured captured;
    setenv("SLUICE_REDIS_URL", "redis://:sesame@127.0.0.1", 1);
    struct settings *settings = settings_valid(EMPTY_FILE, NO_FLAGS);

    capture_begin(&captured);
    settings_warn_of_unused(settings, settings);
    const int said = capture_end(&captured, "\"setting\":\"redis_url\",\"set_by\":"
                                            "\"SLUICE_REDIS_URL\",\"used_if\":\"engine or "
                                            "catalogue is redis\"}");

    unsetenv("SLUICE_REDIS_URL");
    assert_int_equal(said, 1);
    assert_false(scratch_contains(captured.path, "sesame"));
    settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(a_setting_that_makes_no_difference_is_named),
        SETTINGS_TEST(a_setting_is_used_with_the_certificate_that_it_is_for),
        SETTINGS_TEST(a_reload_goes_by_what_is_in_force),
        SETTINGS_TEST(defaults_make_no_warning_even_if_they_are_set),
        SETTINGS_TEST(the_warning_says_where_the_setting_is),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
