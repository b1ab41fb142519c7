/* SPDX-License-Identifier: MIT
 *
 * Settings as they are printed: they can be read back, and no secret is among them. */
#include "settings_case.h"

#include "../../src/app/settings_parts.h"
#include "auth/api_key.h"
#include "captured.h"
#include "support/certificate.h"
#include "support/scratch.h"

#define MARK "sesame"

/* The caller frees it. */
static char *printed(const struct settings *settings, const char *in_force)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    settings_print(out, settings, in_force);
    fclose(out);
    return text;
}

/* What a service that has started with one has in force after it has read the other. */
static char *in_force(const struct settings *started, const struct settings *latest)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    settings_print_in_force(out, started, latest);
    fclose(out);
    return text;
}

static const char odd_yaml[] =
    "listen: '[::1]:8080'\n"
    "metrics_listen: 127.0.0.1:0\n"
    "workers: 0x10\n"
    "engine: redis\n"
    "redis_url: 'unix:///run/\xc3\xa9 # \"r\" \\?db=7'\n"
    "catalogue: \"sqlite:/\xe2\x80\xa8\\u0085 #x: "
    "y\\\\\\\"\\x7f\\uFEFF\\uFFFE\\uFFFF\\U000E0001\xf0\x9f\x98\x80\"\n"
    "data_dir: ' - a: b '\n"
    "registration: token\n"
    "admin_token: 0123456789abcdef\n"
    "register_limit: off\n"
    "log_level: warn\n"
    "trusted_proxies: 10.0.0.0/8, ::1\n"
    "browser_hosts: ''\n"
    "sandbox: True\n"
    "apps:\n"
    "- name: \"sh\\u2028op # 'a': b\"\n"
    "  api_key_env: TEST_APP_KEY\n"
    "  policies:\n"
    "  - {route_key: /a*, limit: 5, window_seconds: 60, description: \"two\\nlines\\t: #\"}\n";

static void what_is_printed_is_read_back_as_the_same(void **state)
{
    (void)state;
    char key[API_KEY_BYTES + 1];
    api_key_generate(key);
    setenv("TEST_APP_KEY", key, 1);
    struct settings *settings = settings_valid(odd_yaml, NO_FLAGS);
    char *text = printed(settings, NULL);

    struct settings *again = settings_valid(text, FLAGS("--admin-token=0123456789abcdef"));

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (!setting->kind->same(setting, settings, again))
            fail_msg("%s is another one after: %s", setting->name, text);
    }
    assert_int_equal(again->app_count, 1);
    assert_true(text_equal(again->apps[0].name, settings->apps[0].name));
    char *first = in_force(settings, settings);
    char *second = in_force(again, again);
    assert_string_equal(first, second);
    free(first);
    free(second);
    free(text);
    settings_free(settings);
    settings_free(again);
    unsetenv("TEST_APP_KEY");
}

static void each_line_says_where_its_value_comes_from(void **state)
{
    (void)state;
    const char *file = settings_file("origins.yaml", "engine: memory\nlog_level: info\n");
    const char *token = settings_file("token", "0123456789abcdef");
    char line[256];
    int exit_code;
    struct error error;
    setenv("SLUICE_LOG_LEVEL", "warn", 1);
    setenv("SLUICE_ADMIN_TOKEN_FILE", token, 1);
    struct settings *settings =
        settings_try(file, FLAGS("--idle-timeout-s", "5"), &exit_code, &error);
    char *text = printed(settings, NULL);

    (void)snprintf(line, sizeof(line), "\nengine: memory  # %s: line 1\n", file);
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, "\nlog_level: warn  # SLUICE_LOG_LEVEL\n"));
    assert_non_null(strstr(text, "\n# admin_token: hidden  # SLUICE_ADMIN_TOKEN_FILE\n"));
    assert_non_null(strstr(text, "\nidle_timeout_s: 5  # --idle-timeout-s\n"));
    assert_non_null(strstr(text, "\ndrain_timeout_s: 10  # default\n"));
    assert_non_null(strstr(text, "\n# catalogue: not set; sluice.db in data_dir\n"));
    free(text);
    settings_free(settings);
    unsetenv("SLUICE_LOG_LEVEL");
    unsetenv("SLUICE_ADMIN_TOKEN_FILE");
}

static void a_service_has_the_old_values_of_what_needs_a_restart(void **state)
{
    (void)state;
    struct settings *started = settings_valid("workers: 1\nlog_level: info\n", NO_FLAGS);
    struct settings *latest = settings_valid("workers: 2\nlog_level: warn\n", NO_FLAGS);
    struct settings *later = settings_valid("workers: 2\nlog_level: debug\n", NO_FLAGS);

    char *theirs = in_force(started, latest);
    char *text = printed(later, theirs);

    assert_non_null(strstr(text, "\nworkers: 2  # "));
    assert_non_null(strstr(text, "\n#     in force: 1 (until a restart)\nengine: "));
    assert_non_null(strstr(text, "\n#     in force: warn (until SIGHUP)\nlog_format: "));
    free(text);
    text = printed(started, theirs);
    assert_null(strstr(text, "in force: 1"));
    assert_non_null(strstr(text, "in force: warn"));
    free(theirs);
    free(text);
    settings_free(started);
    settings_free(latest);
    settings_free(later);
}

static void http_stays_in_force_until_a_restart_and_so_does_https(void **state)
{
    (void)state;
    struct certificate made = certificate_make(&(struct certificate_options){.name = "new"});
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "tls_certificate: %s\ntls_key: %s\ntls_priorities: SECURE256\n",
                   settings_file("tls.pem", made.pem), settings_file("tls.key", made.key));
    struct settings *https = settings_valid(yaml, NO_FLAGS);
    struct settings *http = settings_valid(EMPTY_FILE, NO_FLAGS);

    char *theirs = in_force(http, https);
    char *text = printed(https, theirs);
    assert_non_null(strstr(theirs, "\n# tls_key: not set\n"));
    assert_null(strstr(theirs, "SECURE256"));
    assert_null(strstr(text, "until SIGHUP"));
    assert_non_null(strstr(text, "\n#     in force: not set (until a restart)\ntls_priorities: "));
    free(text);
    free(theirs);

    theirs = in_force(https, http);
    text = printed(http, theirs);
    assert_non_null(strstr(theirs, "\ntls_key: "));
    assert_non_null(strstr(theirs, "\ntls_priorities: \"SECURE256\"\n"));
    assert_null(strstr(text, "until SIGHUP"));
    free(text);
    free(theirs);
    settings_free(https);
    settings_free(http);
    certificate_free(&made);
}

static void nothing_that_others_wrote_ends_a_comment(void **state)
{
    (void)state;
    setenv("REDIS_HOST", "h\ny: x", 1);
    struct settings *settings = settings_valid("engine: redis\n", NO_FLAGS);
    char *text = printed(settings, "workers: 7\x1b[2J\radmin_token: y\n");

    assert_non_null(strstr(text, "; redis://[h?y: x]:6379/0\n"));
    assert_non_null(strstr(text, "\n#     in force: 7?[2J?admin_token: y (until a restart)\n"));
    free(text);
    settings_free(settings);
    unsetenv("REDIS_HOST");
}

/* Each has the mark where a secret may be, some of them in other letters. */
static const char *const secrets[] = {
    "redis_url: redis://:sesame@h",
    "redis_url: redis://:%73%65same@h",
    "redis_url: redis://:%73%65same%00@h",
    "redis_url: redis://:sesame%@h",
    "redis_url: redis://:sesame%zz@h",
    "redis_url: redis://:sesame@sesame@h/1",
    "redis_url: redis://:@sesame@h:99999",
    "redis_url: redis://sesame@h",
    "redis_url: redis://u:sesame/@h",
    "redis_url: redis://u:sesame@[::1",
    "redis_url: redis://u:sesame@h/many",
    "redis_url: redis://u:sesame@h/-1",
    "redis_url: unix://:sesame@/run/r?db=1",
    "redis_url: unix://:sesame@h/run/r",
    "redis_url: unix://:sesame@",
    "redis_url: rediss://:sesame@h",
    "redis_url: redis-sentinel://u:sesame@h,i/m/1",
    "redis_url: redis-sentinel://:sesame@h,:sesame@i/m",
    "redis_url: redis-sentinel://:sesame@h,i",
    "redis_url: redis-sentinel://u/sesame@h,i/m",
    "redis_url: redis-sentinel://u:1/sesame@h,i/m",
    "redis_url: rediss-sentinel://:%73%65same@h/m",
    "redis_url: redis-cluster://:sesame@h,i",
    "redis_url: redis-cluster://u/sesame@h,i",
    "redis_url: rediss-cluster://u:sesame@h,i/0",
    "redis_url: http://:sesame@h",
    "redis_url: \"redis://:se\\x73ame\\x85\\u2028@h\"",
    "redis_url: [\"redis://:sesame@h\"]",
    "redis_url: {sesame: 1}",
    "admin_token: sesame",
    "admin_token: sesame-of-16-bytes",
    "admin_token: [sesame-of-16-bytes]",
    "admin_token: 'sesame with spaces in it'",
    "redis_sentinel_password: sesame",
    "redis_sentinel_password: [sesame]",
    "redis_sentinel_user: u\nredis_sentinel_password: sesame with spaces",
    "redis_tls_key: sesame",
    "redis_tls_key: \"-----BEGIN PRIVATE KEY-----\\nsesame\\n-----END PRIVATE KEY-----\\n\"",
    "key_pepper: sesame",
    "key_pepper: sesame-of-16-bytes",
    "key_pepper: {sesame: sesame-of-16-bytes}",
    "catalogue: postgres://u:sesame@h/db",
    "catalogue: postgresql://u:sesame@h/db",
    "catalogue: mysql://u:sesame@h/db",
    "tls_key: \"-----BEGIN PRIVATE KEY-----\\nsesame\\n-----END PRIVATE KEY-----\\n\"",
    "apps: [{name: a, api_key: sesame}]",
    "apps: [{name: a, api_key_env: slk_sesame}]",
    "apps: [{name: a, api_key_file: slk_sesame}]",
    "apps: [slk_sesame]",
    "apps: slk_sesame",
    "tls_key: sesame",
    "catalogue: redis://:sesame@h",
    "listen: redis://:sesame@h",
    "workers: slk_sesame",
};

/* Everything that commands and a reload say of these settings. */
static void tell_all(const char *file, const char *const flags[])
{
    struct settings_source source = {.file = file, .argv = flags};
    struct settings_pending pending[SETTINGS_MAX];
    struct settings_complaints complaints;
    struct settings *old = settings_valid(EMPTY_FILE, NO_FLAGS);

    while (flags[source.argc] != NULL)
        source.argc++;
    struct settings *settings = settings_load(&source, &complaints);
    for (size_t i = 0; i < complaints.count; i++)
        fprintf(stderr, "%s\n", complaints.at[i]);
    if (settings != NULL) {
        settings_print(stderr, settings, NULL);
        settings_print_in_force(stderr, settings, settings);
        settings_warn_of_unused(settings, settings);
        const size_t count = settings_find_pending(old, settings, pending);
        for (size_t i = 0; i < count; i++)
            fprintf(stderr, "%s %s\n", pending[i].configured->text, pending[i].configured->place);
    }
    fflush(stderr);
    settings_free(settings);
    settings_free(old);
}

static void no_secret_is_ever_told(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        const char *file = settings_file("secret.yaml", secrets[i]);
        const char *value = strchr(secrets[i], ' ') + 1;
        char flag[256];
        struct captured captured;
        (void)snprintf(flag, sizeof(flag), "--%.*s=%s", (int)(value - secrets[i] - 2), secrets[i],
                       value);
        for (char *c = flag; *c != '='; c++) {
            if (*c == '_')
                *c = '-';
        }

        capture_begin(&captured);
        tell_all(file, NO_FLAGS);
        tell_all(NULL, FLAGS(flag));
        if (capture_end(&captured, MARK) != 0)
            fail_msg("of %s: %s", secrets[i], scratch_read(captured.path));
    }
}

static void a_secret_in_the_place_of_its_file_is_not_told(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        const char *value;
    } rows[] = {
        {"SLUICE_ADMIN_TOKEN_FILE", "sesame-of-16-bytes"},
        {"SLUICE_KEY_PEPPER_FILE", "/sesame-of-16-bytes"},
        {"SLUICE_REDIS_URL_FILE", "redis://:sesame@h"},
        {"REDIS_PORT", "redis://:sesame@h:6379"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct settings_complaints complaints;
        struct captured captured;

        setenv(rows[i].variable, rows[i].value, 1);
        capture_begin(&captured);
        assert_null(settings_load(&(struct settings_source){0}, &complaints));
        unsetenv(rows[i].variable);
        fprintf(stderr, "%s\n", complaints.at[0]);
        fflush(stderr);
        assert_true(scratch_contains(captured.path, rows[i].variable));
        if (capture_end(&captured, MARK) != 0)
            fail_msg("of %s: %s", rows[i].variable, scratch_read(captured.path));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(what_is_printed_is_read_back_as_the_same),
        SETTINGS_TEST(each_line_says_where_its_value_comes_from),
        SETTINGS_TEST(a_service_has_the_old_values_of_what_needs_a_restart),
        SETTINGS_TEST(http_stays_in_force_until_a_restart_and_so_does_https),
        SETTINGS_TEST(nothing_that_others_wrote_ends_a_comment),
        SETTINGS_TEST(no_secret_is_ever_told),
        SETTINGS_TEST(a_secret_in_the_place_of_its_file_is_not_told),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
