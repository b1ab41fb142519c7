/* SPDX-License-Identifier: MIT
 *
 * What holds when nothing is said, and the two places that say so: the sample file and --help. */
#include "settings_case.h"

#include "../../src/app/settings_parts.h"
#include "auth/api_key.h"
#include "support/scratch.h"

#include <arpa/inet.h>

static void defaults_hold_without_any_source(void **state)
{
    (void)state;
    int exit_code;
    struct error error;

    struct settings *settings = settings_try(NULL, NO_FLAGS, &exit_code, &error);

    assert_non_null(settings);
    const struct sockaddr_in *address = (const void *)&settings->listen;
    assert_int_equal(address->sin_family, AF_INET);
    assert_int_equal(ntohl(address->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_int_equal(ntohs(address->sin_port), 8080);
    assert_int_equal(settings->listen_length, sizeof(*address));
    assert_in_range(settings->workers, 1, 64);
    assert_int_equal(settings->engine, ENGINE_MEMORY);
    assert_string_equal(settings->redis.hosts[0].host, "127.0.0.1");
    assert_int_equal(settings->redis.hosts[0].port, 6379);
    assert_int_equal(settings->redis_timeout_ms, 50);
    assert_int_equal(settings->catalogue, CATALOGUE_KIND_SQLITE);
    assert_string_equal(settings->catalogue_path, "./data/sluice.db");
    assert_string_equal(settings->data_dir, "./data");
    assert_false(settings->has_pepper);
    assert_int_equal(settings->log_level, LOG_INFO);
    assert_int_equal(settings->log_format, LOG_FORMAT_AUTO);
    assert_int_equal(settings->memory_counters_max, 1000000);
    assert_int_equal(settings->connections_max, 10000);
    assert_int_equal(settings->connections_per_ip_max, 1024);
    assert_int_equal(settings->waiting_max, 1000);
    assert_int_equal(settings->batch_checks_max, 50000);
    assert_int_equal(settings->idle_timeout_s, 75);
    assert_int_equal(settings->request_timeout_s, 10);
    assert_int_equal(settings->drain_timeout_s, 10);
    assert_null(settings->tls_certificate);
    assert_null(settings->tls_key);
    assert_null(settings->tls);
    assert_int_equal(settings->hsts_max_age_s, 31536000);
    assert_int_equal(settings->api.registration, REGISTRATION_AUTO);
    assert_string_equal(settings->api.admin_token, "");
    assert_int_equal(settings->api.register_limit.quota, 5);
    assert_int_equal(settings->api.register_limit.window_s, 60);
    assert_int_equal(settings->api.manage_limit.quota, 120);
    assert_int_equal(settings->api.manage_limit.window_s, 60);
    assert_int_equal(settings->api.trusted_proxies.count, 0);
    assert_true(host_list_is_empty(&settings->api.browser_hosts));
    assert_int_equal(settings->api.rate_headers, RATE_HEADERS_DELTA);
    assert_int_equal(settings->app_count, 0);
    settings_free(settings);
}

static void the_catalogue_follows_the_engine_and_the_data_directory(void **state)
{
    (void)state;
    setenv("SLUICE_DATA_DIR", "/srv/sluice", 1);

    struct settings *memory = settings_valid(EMPTY_FILE, NO_FLAGS);
    struct settings *redis = settings_valid(EMPTY_FILE, FLAGS("--engine=redis"));
    struct settings *both =
        settings_valid("catalogue: sqlite:/elsewhere\n", FLAGS("--catalogue=redis"));

    assert_string_equal(memory->catalogue_path, "/srv/sluice/sluice.db");
    assert_int_equal(redis->catalogue, CATALOGUE_KIND_REDIS);
    assert_null(redis->catalogue_path);
    assert_int_equal(both->engine, ENGINE_MEMORY);
    assert_int_equal(both->catalogue, CATALOGUE_KIND_REDIS);
    assert_null(both->catalogue_path);
    settings_free(memory);
    settings_free(redis);
    settings_free(both);
}

static void the_sample_file_holds_every_setting_at_its_default(void **state)
{
    (void)state;
    int exit_code;
    struct error error;
    char *sample = scratch_read(SAMPLE);
    assert_non_null(sample);

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        char line[512];
        if (setting->fallback != NULL)
            (void)snprintf(line, sizeof(line), "\n%s: %s\n", setting->name, setting->fallback);
        else
            (void)snprintf(line, sizeof(line), "\n# %s: ", setting->name);
        if (strstr(sample, line) == NULL)
            fail_msg("config/sluice.yaml lacks \"%s\"", line + 1);
    }
    struct settings *settings = settings_try(SAMPLE, NO_FLAGS, &exit_code, &error);
    assert_string_equal(error.message, "");
    settings_free(settings);
    free(sample);
}

/* The comment above a setting ends at the line before it, or before another setting. */
static const char *comment_of(const char *sample, const char *line)
{
    const char *start = line;

    while (start > sample && !(start[-1] == '\n' && start[-2] == '\n'))
        start--;
    return start;
}

static void the_sample_file_marks_what_a_reload_changes(void **state)
{
    (void)state;
    char *sample = scratch_read(SAMPLE);
    assert_non_null(sample);

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        char line[64];
        (void)snprintf(line, sizeof(line),
                       setting->fallback != NULL ? "\n%s: " : "\n# %s: ", setting->name);
        const char *at = strstr(sample, line);
        assert_non_null(at);
        const char *comment = comment_of(sample, at);
        const bool is_marked = strncmp(comment, "# (reload) ", strlen("# (reload) ")) == 0;
        if (is_marked != setting->reloadable)
            fail_msg("config/sluice.yaml: %s is%s marked (reload)", setting->name,
                     is_marked ? "" : " not");
    }
    free(sample);
}

/* The declaration of apps at the end of the sample without its comment signs, and with the key's
 * file at `key_path`. */
static void sample_apps_write(const char *sample, const char *key_path, char *yaml, size_t size)
{
    static const char path_there[] = "/run/secrets/shop_api_key";
    const char *line = strstr(sample, "# apps:");
    FILE *out = fmemopen(yaml, size, "w");
    assert_non_null(line);
    assert_non_null(out);

    while (strncmp(line, "# ", 2) == 0) {
        const char *end = strchr(line, '\n');
        const char *path = strstr(line, path_there);
        if (path != NULL && path < end)
            fprintf(out, "%.*s%s\n", (int)(path - line - 2), line + 2, key_path);
        else
            fprintf(out, "%.*s\n", (int)(end - line - 2), line + 2);
        line = end + 1;
    }
    fclose(out);
}

static void the_apps_of_the_sample_file_are_valid_without_the_comment_signs(void **state)
{
    (void)state;
    char key[API_KEY_BYTES + 1];
    char yaml[2048];
    char *sample = scratch_read(SAMPLE);
    assert_non_null(sample);
    api_key_generate(key);
    sample_apps_write(sample, settings_file("shop.key", key), yaml, sizeof(yaml));
    free(sample);

    struct settings *settings = settings_valid(yaml, NO_FLAGS);

    assert_int_equal(settings->app_count, 1);
    assert_int_equal(settings->apps[0].policy_count, 2);
    settings_free(settings);
}

static void help_names_every_setting_its_variable_and_its_default(void **state)
{
    (void)state;
    char *help = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&help, &length);
    assert_non_null(out);

    settings_print_help(out, NULL);
    fclose(out);

    for (size_t i = 0; i < settings_table_count; i++) {
        char name[SETTINGS_NAME_BYTES];
        settings_write_flag(settings_table[i].name, name);
        assert_non_null(strstr(help, name));
        settings_write_variable(settings_table[i].name, name);
        assert_non_null(strstr(help, name));
    }
    assert_non_null(strstr(help, "--redis-timeout-ms=1..5000\n"));
    assert_non_null(strstr(help, "--registration=auto|open|token|closed\n"));
    assert_non_null(strstr(help, "[SLUICE_LOG_LEVEL, default info, reread on SIGHUP]\n"));
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(defaults_hold_without_any_source),
        SETTINGS_TEST(the_catalogue_follows_the_engine_and_the_data_directory),
        SETTINGS_TEST(the_sample_file_holds_every_setting_at_its_default),
        SETTINGS_TEST(the_sample_file_marks_what_a_reload_changes),
        SETTINGS_TEST(the_apps_of_the_sample_file_are_valid_without_the_comment_signs),
        SETTINGS_TEST(help_names_every_setting_its_variable_and_its_default),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
