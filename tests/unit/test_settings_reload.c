/* SPDX-License-Identifier: MIT
 *
 * What a running service takes over from changed settings, and what only a restart can change. */
#include "settings_case.h"

#include "support/certificate.h"

/* The names of the settings that wait for a restart, with spaces between them. */
static const char *pending_names(const struct settings *in_force, const struct settings *configured)
{
    static char names[512];
    struct settings_pending pending[SETTINGS_MAX];
    const size_t count = settings_find_pending(in_force, configured, pending);
    size_t length = 0;

    names[0] = '\0';
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
                                   i == 0 ? "" : " ", pending[i].name);
    return names;
}

static void a_reload_names_every_setting_that_needs_a_restart(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *names;
    } cases[] = {
        {"", ""},
        {"listen: 127.0.0.1:8080", ""},
        {"listen: 127.0.0.1:8081", "listen"},
        {"workers: 63", "workers"},
        {"engine: redis", "engine"},
        {"redis_url: redis://127.0.0.1:6379/0", ""},
        {"redis_url: redis://:secret@127.0.0.1:6379/0", "redis_url"},
        {"redis_url: redis-sentinel://127.0.0.1:6379/0", "redis_url"},
        {"redis_url: redis-cluster://127.0.0.1:6379", "redis_url"},
        {"redis_sentinel_password: secret", "redis_sentinel_password"},
        {"redis_tls_server_name: redis.example", ""},
        {"catalogue: sqlite:./data/sluice.db", ""},
        {"catalogue: sqlite:./data/other.db", "catalogue"},
        {"data_dir: other", "data_dir"},
        {"data_dir: other\ncatalogue: sqlite:./data/sluice.db", "data_dir"},
        {"key_pepper: 0123456789abcdef", "key_pepper"},
        {"idle_timeout_s: 31", "idle_timeout_s"},
        {"log_format: text", "log_format"},
        {"metrics_listen: 127.0.0.1:9464", "metrics_listen"},
        {"log_format: text\nlisten: '[::1]:1'\nsandbox: true\nwaiting_max: 3\nengine: redis",
         "listen engine log_format waiting_max sandbox"},
        {"registration: closed\nregister_limit: off\nmanage_limit: off\nlog_level: warn\n"
         "trusted_proxies: '::1'\nbrowser_hosts: localhost:8080\nrate_limit_reset: "
         "epoch\nadmin_token: new-one-of-16-bytes",
         ""},
    };
    struct settings *old = settings_valid(EMPTY_FILE, NO_FLAGS);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct settings *new = settings_valid(cases[i].yaml, NO_FLAGS);
        assert_string_equal(pending_names(old, new), cases[i].names);
        settings_free(new);
    }
    settings_free(old);
}

static void what_is_in_force_and_what_is_configured_are_told_apart(void **state)
{
    (void)state;
    struct settings *old = settings_valid("redis_url: redis://u:sesame@h/1\n", NO_FLAGS);
    struct settings *new = settings_valid("redis_url: unix://:pass@/run/r\nlisten: '[::1]:1'\n",
                                          FLAGS("--workers=63"));
    struct settings_pending pending[SETTINGS_MAX];

    assert_int_equal(settings_find_pending(old, new, pending), 3);

    assert_string_equal(pending[0].in_force->text, "\"127.0.0.1:8080\"");
    assert_string_equal(pending[0].in_force->place, "default");
    assert_string_equal(pending[0].configured->text, "\"[::1]:1\"");
    assert_non_null(strstr(pending[0].configured->place, ": line 2"));
    assert_string_equal(pending[1].in_force->text, "0");
    assert_string_equal(pending[1].configured->text, "63");
    assert_string_equal(pending[1].configured->place, "--workers");
    assert_string_equal(pending[2].in_force->text, "\"redis://hidden@h:6379/1\"");
    assert_string_equal(pending[2].configured->text, "\"unix://hidden@/run/r?db=0\"");
    settings_free(old);
    settings_free(new);
}

static void a_certificate_is_renewed_but_http_and_https_take_a_restart(void **state)
{
    (void)state;
    struct settings *variants[3] = {settings_valid(EMPTY_FILE, NO_FLAGS)};
    for (size_t i = 1; i < ARRAY_COUNT(variants); i++) {
        struct certificate made = certificate_make(&(struct certificate_options){.name = "new"});
        char yaml[512];
        (void)snprintf(yaml, sizeof(yaml),
                       "tls_certificate: %s\ntls_key: %s\ntls_priorities: SECURE256\n",
                       settings_file("tls.pem", made.pem), settings_file("tls.key", made.key));
        variants[i] = settings_valid(yaml, NO_FLAGS);
        certificate_free(&made);
    }

    assert_string_equal(pending_names(variants[1], variants[2]), "");
    assert_string_equal(pending_names(variants[0], variants[1]),
                        "tls_certificate tls_key tls_priorities");
    assert_string_equal(pending_names(variants[1], variants[0]),
                        "tls_certificate tls_key tls_priorities");
    for (size_t i = 0; i < ARRAY_COUNT(variants); i++)
        settings_free(variants[i]);
}

/* With a certificate of its own for each. The caller frees them. */
static struct settings *redis_settings(const char *url)
{
    struct certificate made = certificate_make(&(struct certificate_options){.name = "new"});
    char yaml[512];

    (void)snprintf(yaml, sizeof(yaml),
                   "engine: redis\nredis_url: %s\nredis_tls_ca: %s\nredis_tls_server_name: %s\n",
                   url, settings_file("ca.pem", made.pem), url);
    certificate_free(&made);
    return settings_valid(yaml, NO_FLAGS);
}

static void authorities_are_renewed_but_another_redis_takes_a_restart(void **state)
{
    (void)state;
    struct settings *without = redis_settings("redis://one");
    struct settings *one = redis_settings("rediss://one");
    struct settings *other = redis_settings("rediss://other");
    struct settings *same = redis_settings("rediss://one");

    assert_string_equal(pending_names(one, other), "redis_url redis_tls_ca redis_tls_server_name");
    assert_string_equal(pending_names(one, same), "");
    assert_string_equal(pending_names(without, one),
                        "redis_url redis_tls_ca redis_tls_server_name");
    assert_string_equal(pending_names(one, without),
                        "redis_url redis_tls_ca redis_tls_server_name");
    settings_free(without);
    settings_free(one);
    settings_free(other);
    settings_free(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(a_reload_names_every_setting_that_needs_a_restart),
        SETTINGS_TEST(what_is_in_force_and_what_is_configured_are_told_apart),
        SETTINGS_TEST(a_certificate_is_renewed_but_http_and_https_take_a_restart),
        SETTINGS_TEST(authorities_are_renewed_but_another_redis_takes_a_restart),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
