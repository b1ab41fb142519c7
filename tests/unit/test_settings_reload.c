/* SPDX-License-Identifier: MIT
 *
 * What a running service takes over from changed settings, and what only a restart can change. */
#include "settings_case.h"

#include "support/certificate.h"

static void a_reload_names_the_first_setting_that_needs_a_restart(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *name;
    } cases[] = {
        {"", NULL},
        {"listen: 127.0.0.1:8080", NULL},
        {"listen: 127.0.0.1:8081", "listen"},
        {"workers: 63", "workers"},
        {"engine: redis", "engine"},
        {"redis_url: redis://127.0.0.1:6379/0", NULL},
        {"redis_url: redis://:secret@127.0.0.1:6379/0", "redis_url"},
        {"catalogue: sqlite:./data/sluice.db", NULL},
        {"catalogue: sqlite:./data/other.db", "catalogue"},
        {"data_dir: other", "catalogue"},
        {"data_dir: other\ncatalogue: sqlite:./data/sluice.db", "data_dir"},
        {"key_pepper: 0123456789abcdef", "key_pepper"},
        {"idle_timeout_s: 31", "idle_timeout_s"},
        {"log_format: text", "log_format"},
        {"metrics_listen: 127.0.0.1:9464", "metrics_listen"},
        {"registration: closed\nregister_limit: off\nmanage_limit: off\nlog_level: warn\n"
         "trusted_proxies: '::1'\nbrowser_hosts: localhost:8080\nrate_limit_reset: "
         "epoch\nadmin_token: new-one-of-16-bytes",
         NULL},
    };
    struct settings *old = settings_valid(EMPTY_FILE, NO_FLAGS);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct settings *new = settings_valid(cases[i].yaml, NO_FLAGS);
        const char *name = settings_changed_for_restart(old, new);
        if (cases[i].name == NULL)
            assert_null(name);
        else
            assert_string_equal(name, cases[i].name);
        settings_free(new);
    }
    settings_free(old);
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

    assert_null(settings_changed_for_restart(variants[1], variants[2]));
    assert_string_equal(settings_changed_for_restart(variants[0], variants[1]), "tls_certificate");
    assert_string_equal(settings_changed_for_restart(variants[1], variants[0]), "tls_certificate");
    for (size_t i = 0; i < ARRAY_COUNT(variants); i++)
        settings_free(variants[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(a_reload_names_the_first_setting_that_needs_a_restart),
        SETTINGS_TEST(a_certificate_is_renewed_but_http_and_https_take_a_restart),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
