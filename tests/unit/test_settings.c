/* SPDX-License-Identifier: MIT
 *
 * Settings as an operator meets them: files, variables and flags in, values or one sentence out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/app/settings_parts.h"
#include "app/settings.h"
#include "auth/api_key.h"
#include "limit/policy.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#define PATH_BYTES  64
#define FLAGS_MAX   8
#define NO_FLAGS    ((const char *const[]){NULL})
#define FLAGS(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define EMPTY_FILE  ""
#define PEM_CONTENT "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"

static char directory[] = "/tmp/sluice-settings-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % ARRAY_COUNT(paths)];

    snprintf(path, PATH_BYTES, "%s/%s", directory, name);
    return path;
}

static const char *file_write(const char *name, const char *content, size_t length)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *file_with(const char *name, const char *content)
{
    return file_write(name, content, strlen(content));
}

/* `file` may be NULL. */
static struct settings *load(const char *file, const char *const flags[], int *exit_code,
                             struct error *error)
{
    struct settings_source source = {.file = file, .argv = flags};

    while (flags[source.argc] != NULL)
        source.argc++;
    *error = (struct error){0};
    return settings_load(&source, exit_code, error);
}

static struct settings *load_valid(const char *yaml, const char *const flags[])
{
    int exit_code;
    struct error error;
    struct settings *settings = load(file_with("valid.yaml", yaml), flags, &exit_code, &error);

    assert_string_equal(error.message, "");
    assert_non_null(settings);
    return settings;
}

static void assert_refused(const char *file, const char *const flags[], int exit_code_wanted,
                           const char *message)
{
    int exit_code = EXIT_SUCCESS;
    struct error error;
    struct settings *settings = load(file, flags, &exit_code, &error);

    assert_null(settings);
    assert_string_equal(error.message, message);
    assert_int_equal(exit_code, exit_code_wanted);
}

/* `message` is what follows the file's name. */
static void assert_file_refused(const char *yaml, const char *message)
{
    const char *file = file_with("refused.yaml", yaml);
    char expected[sizeof(((struct error *)NULL)->message)];

    snprintf(expected, sizeof(expected), "%s: %s", file, message);
    assert_refused(file, NO_FLAGS, EX_CONFIG, expected);
}

static int listen_port(const struct settings *settings)
{
    const struct sockaddr_in *address = (const void *)&settings->listen;

    return ntohs(address->sin_port);
}

static void defaults_hold_without_any_source(void **state)
{
    (void)state;
    int exit_code;
    struct error error;

    struct settings *settings = load(NULL, NO_FLAGS, &exit_code, &error);

    assert_non_null(settings);
    const struct sockaddr_in *address = (const void *)&settings->listen;
    assert_int_equal(address->sin_family, AF_INET);
    assert_int_equal(ntohl(address->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_int_equal(listen_port(settings), 8080);
    assert_int_equal(settings->listen_length, sizeof(*address));
    assert_in_range(settings->workers, 1, 64);
    assert_int_equal(settings->engine, ENGINE_MEMORY);
    assert_string_equal(settings->redis.host, "127.0.0.1");
    assert_int_equal(settings->redis.port, 6379);
    assert_int_equal(settings->redis_timeout_ms, 50);
    assert_int_equal(settings->catalogue, CATALOGUE_KIND_SQLITE);
    assert_string_equal(settings->catalogue_path, "./data/sluice.db");
    assert_string_equal(settings->data_dir, "./data");
    assert_false(settings->has_pepper);
    assert_int_equal(settings->log_level, LOG_INFO);
    assert_int_equal(settings->memory_counters_max, 1000000);
    assert_int_equal(settings->connections_max, 10000);
    assert_int_equal(settings->connections_per_ip_max, 0);
    assert_int_equal(settings->waiting_max, 1000);
    assert_int_equal(settings->batch_checks_max, 50000);
    assert_int_equal(settings->idle_timeout_s, 30);
    assert_int_equal(settings->request_timeout_s, 10);
    assert_int_equal(settings->drain_timeout_s, 10);
    assert_null(settings->tls_certificate);
    assert_null(settings->tls_key);
    assert_int_equal(settings->api.registration, REGISTRATION_OPEN);
    assert_string_equal(settings->api.admin_token, "");
    assert_int_equal(settings->api.register_limit.quota, 5);
    assert_int_equal(settings->api.register_limit.window_s, 60);
    assert_int_equal(settings->api.manage_limit.quota, 120);
    assert_int_equal(settings->api.manage_limit.window_s, 60);
    assert_int_equal(settings->api.trusted_proxies.count, 0);
    assert_int_equal(settings->api.rate_headers, RATE_HEADERS_DELTA);
    assert_int_equal(settings->app_count, 0);
    settings_free(settings);
}

static void every_kind_is_read_from_the_file(void **state)
{
    (void)state;
    char yaml[1024];

    snprintf(yaml, sizeof(yaml),
             "listen: \"[::1]:9090\"\nworkers: 3\nengine: redis\n"
             "redis_url: redis://user:secret@cache:7000/2\ncatalogue: sqlite:/tmp/a b.db\n"
             "registration: token\nadmin_token: \"12345678\"\nregister_limit: off\n"
             "manage_limit: 100/15m\nkey_pepper: 0123456789abcdef\nlog_level: debug\n"
             "trusted_proxies: 10.0.0.0/8, ::1\nrate_limit_reset: off\n"
             "memory_counters_max: 0x400\ntls_certificate: %s\ntls_key: %s\n",
             file_with("tls.crt", PEM_CONTENT), path_of("tls.crt"));
    struct settings *settings = load_valid(yaml, NO_FLAGS);

    const struct sockaddr_in6 *address = (const void *)&settings->listen;
    assert_int_equal(address->sin6_family, AF_INET6);
    assert_int_equal(ntohs(address->sin6_port), 9090);
    assert_true(IN6_IS_ADDR_LOOPBACK(&address->sin6_addr));
    assert_int_equal(settings->listen_length, sizeof(*address));
    assert_int_equal(settings->workers, 3);
    assert_int_equal(settings->engine, ENGINE_REDIS);
    assert_string_equal(settings->redis.host, "cache");
    assert_int_equal(settings->redis.port, 7000);
    assert_string_equal(settings->redis.password, "secret");
    assert_int_equal(settings->catalogue, CATALOGUE_KIND_SQLITE);
    assert_string_equal(settings->catalogue_path, "/tmp/a b.db");
    assert_int_equal(settings->api.registration, REGISTRATION_TOKEN);
    assert_string_equal(settings->api.admin_token, "12345678");
    assert_int_equal(settings->api.register_limit.quota, 0);
    assert_int_equal(settings->api.manage_limit.quota, 100);
    assert_int_equal(settings->api.manage_limit.window_s, 900);
    assert_true(settings->has_pepper);
    assert_int_equal(settings->log_level, LOG_DEBUG);
    assert_int_equal(settings->api.trusted_proxies.count, 2);
    assert_int_equal(settings->api.rate_headers, RATE_HEADERS_OFF);
    assert_int_equal(settings->memory_counters_max, 1024);
    assert_string_equal(settings->tls_certificate, PEM_CONTENT);
    assert_string_equal(settings->tls_key, PEM_CONTENT);
    settings_free(settings);
}

static void flags_outrank_the_environment_which_outranks_the_file(void **state)
{
    (void)state;
    const char *yaml = "redis_timeout_ms: 1\nidle_timeout_s: 1\ndrain_timeout_s: 1\n";
    setenv("SLUICE_REDIS_TIMEOUT_MS", "2", 1);
    setenv("SLUICE_IDLE_TIMEOUT_S", "2", 1);

    struct settings *settings = load_valid(yaml, FLAGS("--redis-timeout-ms=3"));

    assert_int_equal(settings->redis_timeout_ms, 3);
    assert_int_equal(settings->idle_timeout_s, 2);
    assert_int_equal(settings->drain_timeout_s, 1);
    assert_int_equal(settings->connections_max, 10000);
    settings_free(settings);
}

static void an_overridden_value_is_checked_all_the_same(void **state)
{
    (void)state;
    const char *file = file_with("overridden.yaml", "workers: many\n");
    char expected[128];

    snprintf(expected, sizeof(expected), "%s: /workers: must be an integer from 0 to 64", file);
    assert_refused(file, FLAGS("--workers=1"), EX_CONFIG, expected);
}

static void a_flag_takes_its_value_behind_equals_or_as_the_next_argument(void **state)
{
    (void)state;
    const char *const flags[] = {"--listen", "0.0.0.0:0", "--workers=2", "--workers=4", NULL};

    struct settings *settings = load_valid(EMPTY_FILE, flags);

    assert_int_equal(listen_port(settings), 0);
    assert_int_equal(settings->workers, 4);
    settings_free(settings);
}

static void wrong_flags_are_wrong_usage(void **state)
{
    (void)state;
    static const struct {
        const char *flag;
        const char *message;
    } cases[] = {
        {"--wrokers=1", "--wrokers: there is no such option"},
        {"workers=1", "workers: there is no such option"},
        {"--workers", "--workers: needs a value"},
        {"--workers=65", "--workers: must be an integer from 0 to 64"},
        {"--workers=", "--workers: must be an integer from 0 to 64"},
        {"--redis-timeout-ms=0", "--redis-timeout-ms: must be an integer from 1 to 5000"},
        {"--engine=sql", "--engine: must be one of memory, redis"},
        {"--apps=[]", "--apps: there is no such option"},
        {"--data-dir=\xff", "--data-dir: must be UTF-8"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_refused(NULL, FLAGS(cases[i].flag), EXIT_USAGE, cases[i].message);
}

static void wrong_values_of_the_file_are_named_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *message;
    } cases[] = {
        {"wrokers: 1", "/wrokers: is not a known member"},
        {"workers: \"1\"", "/workers: must be an integer from 0 to 64"},
        {"workers: -1", "/workers: must be an integer from 0 to 64"},
        {"workers: 99999999999999999999", "/workers: must be an integer from 0 to 64"},
        {"workers: 1\nengine: x\nlog_level: 7",
         "/engine: must be one of memory, redis (the first of 2 faults)"},
        {"memory_counters_max: 1023",
         "/memory_counters_max: must be an integer from 1024 to 100000000"},
        {"registration: maybe", "/registration: must be one of open, token, closed"},
        {"log_level: loud", "/log_level: must be one of debug, info, warn, error"},
        {"rate_limit_reset: false", "/rate_limit_reset: must be one of delta, epoch, off"},
        {"listen: localhost:8080", "/listen: must be an IP address and a port, such as "
                                   "127.0.0.1:8080 or [::1]:8080"},
        {"listen: 127.0.0.1:65536", "/listen: must be an IP address and a port, such as "
                                    "127.0.0.1:8080 or [::1]:8080"},
        {"listen: '[::1:8080'", "/listen: "
                                "must be an IP address and a port, such as "
                                "127.0.0.1:8080 or [::1]:8080"},
        {"listen: '::1:8080'", "/listen: "
                               "must be an IP address and a port, such as "
                               "127.0.0.1:8080 or [::1]:8080"},
        {"listen: ':8080'", "/listen: "
                            "must be an IP address and a port, such as "
                            "127.0.0.1:8080 or [::1]:8080"},
        {"listen: '[127.0.0.1]:8080'", "/listen: "
                                       "must be an IP address and a port, such as "
                                       "127.0.0.1:8080 or [::1]:8080"},
        {"metrics_listen: 8080", "/metrics_listen: must be a text of 1 to 64 bytes"},
        {"metrics_listen: here", "/metrics_listen: must be an IP address and a port, such as "
                                 "127.0.0.1:8080 or [::1]:8080"},
        {"metrics_apps: 1001", "/metrics_apps: must be an integer from 0 to 1000"},
        {"listen: 8080", "/listen: must be a text of 1 to 64 bytes"},
        {"data_dir: ''", "/data_dir: must be a text of 1 to 4000 bytes"},
        {"register_limit: 5", "/register_limit: must be a text of 1 to 64 bytes"},
        {"register_limit: often",
         "/register_limit: must be a rate such as \"5/minute\", or \"off\""},
        {"manage_limit: 0/minute",
         "/manage_limit: must be a rate such as \"5/minute\", or \"off\""},
        {"key_pepper: tooshort", "/key_pepper: must be a text of 16 to 1024 bytes"},
        {"admin_token: with a space", "/admin_token: must be visible ASCII without spaces"},
        {"catalogue: postgres://user:secret@host/db",
         "/catalogue: PostgreSQL is not supported by this version; use sqlite:PATH or redis"},
        {"catalogue: 'sqlite:'", "/catalogue: must be sqlite:PATH or redis"},
        {"tls_key: /nonexistent/key",
         "/tls_key: cannot read /nonexistent/key: No such file or directory"},
        {"tls_key: /etc/passwd", "/tls_key: must name a PEM file"},
        {"apps: {}", "/apps: must be an array of 0 to 1000 values"},
        {"- a\n- b", "must be an object"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_file_refused(cases[i].yaml, cases[i].message);
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    char yaml[128];

    assert_refused(NULL, FLAGS("--registration=token"), EX_CONFIG,
                   "registration is token, which needs admin_token");

    snprintf(yaml, sizeof(yaml), "tls_key: %s", file_with("tls.key", PEM_CONTENT));
    assert_refused(file_with("tls.yaml", yaml), NO_FLAGS, EX_CONFIG,
                   "tls_certificate and tls_key are only of use together");

    assert_refused(NULL, FLAGS("--listen=[::1]:8081", "--metrics-listen=[::1]:8081"), EX_CONFIG,
                   "metrics_listen and listen are the same address");
}

static void metrics_may_have_a_listener_apart(void **state)
{
    (void)state;

    struct settings *without = load_valid(EMPTY_FILE, NO_FLAGS);
    struct settings *any_port =
        load_valid(EMPTY_FILE, FLAGS("--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0"));
    struct settings *other_port = load_valid("metrics_listen: 127.0.0.1:9464\n", NO_FLAGS);

    const struct sockaddr_in *address = (const struct sockaddr_in *)&other_port->metrics_listen;
    assert_int_equal(without->metrics_listen_length, 0);
    assert_int_equal(any_port->metrics_listen_length, sizeof(*address));
    assert_int_equal(ntohs(address->sin_port), 9464);
    settings_free(without);
    settings_free(any_port);
    settings_free(other_port);
}

static void a_wrong_secret_is_not_repeated(void **state)
{
    (void)state;
    static const char *const secrets[][2] = {
        {"SLUICE_REDIS_URL", "redis://user:hunter2@host:port"},
        {"SLUICE_KEY_PEPPER", "hunter2"},
        {"SLUICE_ADMIN_TOKEN", "hunter2 hunter2"},
        {"SLUICE_CATALOGUE", "postgresql://user:hunter2@host/db"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        int exit_code;
        struct error error;
        setenv(secrets[i][0], secrets[i][1], 1);
        assert_null(load(NULL, NO_FLAGS, &exit_code, &error));
        unsetenv(secrets[i][0]);
        assert_true(strncmp(error.message, secrets[i][0], strlen(secrets[i][0])) == 0);
        assert_null(strstr(error.message, "hunter2"));
    }
}

static void a_variable_may_name_a_file_that_holds_the_value(void **state)
{
    (void)state;
    setenv("SLUICE_ADMIN_TOKEN_FILE", file_with("token", "  from-a-file \r\nsecond line\n"), 1);

    struct settings *settings = load_valid(EMPTY_FILE, NO_FLAGS);

    assert_string_equal(settings->api.admin_token, "from-a-file");
    settings_free(settings);
}

static void faults_of_a_value_in_a_file_name_the_variable_of_the_file(void **state)
{
    (void)state;

    setenv("SLUICE_WORKERS_FILE", file_with("workers", "many\n"), 1);
    assert_refused(NULL, NO_FLAGS, EX_CONFIG,
                   "SLUICE_WORKERS_FILE: must be an integer from 0 to 64");

    setenv("SLUICE_WORKERS_FILE", "/nonexistent/workers", 1);
    assert_refused(NULL, NO_FLAGS, EX_CONFIG,
                   "SLUICE_WORKERS_FILE: cannot read /nonexistent/workers: No such file or "
                   "directory");

    setenv("SLUICE_WORKERS", "1", 1);
    assert_refused(NULL, NO_FLAGS, EX_CONFIG,
                   "SLUICE_WORKERS and SLUICE_WORKERS_FILE are both set");
}

static void an_empty_variable_is_no_variable(void **state)
{
    (void)state;
    setenv("SLUICE_WORKERS", "", 1);
    setenv("SLUICE_REDIS_URL", "", 1);
    setenv("SLUICE_CONFIG", "", 1);

    struct settings *settings = load_valid("workers: 5\n", NO_FLAGS);

    assert_int_equal(settings->workers, 5);
    settings_free(settings);
}

static void the_environment_may_name_the_file_and_the_command_line_another(void **state)
{
    (void)state;
    int exit_code;
    struct error error;
    setenv("SLUICE_CONFIG", file_with("environment.yaml", "workers: 6\n"), 1);

    struct settings *settings = load(NULL, NO_FLAGS, &exit_code, &error);
    struct settings *other = load_valid("workers: 7\n", NO_FLAGS);

    assert_non_null(settings);
    assert_int_equal(settings->workers, 6);
    assert_int_equal(other->workers, 7);
    settings_free(settings);
    settings_free(other);
}

static void faults_of_yaml_name_file_line_and_column(void **state)
{
    (void)state;

    assert_file_refused("workers: 1\nworkers: 2\n", "line 2, column 1: this key is there twice");
}

static void a_file_that_is_too_long_is_refused(void **state)
{
    (void)state;
    size_t length = SETTINGS_FILE_BYTES_MAX + 1;
    char *comment = malloc(length);
    char expected[128];
    assert_non_null(comment);
    memset(comment, '#', length);
    const char *file = file_write("long.yaml", comment, length);
    free(comment);

    snprintf(expected, sizeof(expected), "cannot read %s: longer than 1048576 bytes", file);
    assert_refused(file, NO_FLAGS, EX_CONFIG, expected);
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    char expected[128];

    assert_refused("/nonexistent.yaml", NO_FLAGS, EX_CONFIG,
                   "cannot read /nonexistent.yaml: No such file or directory");
    snprintf(expected, sizeof(expected), "cannot read %s: Is a directory", directory);
    assert_refused(directory, NO_FLAGS, EX_CONFIG, expected);
}

static void the_catalogue_follows_the_engine_and_the_data_directory(void **state)
{
    (void)state;
    setenv("SLUICE_DATA_DIR", "/srv/sluice", 1);

    struct settings *memory = load_valid(EMPTY_FILE, NO_FLAGS);
    struct settings *redis = load_valid(EMPTY_FILE, FLAGS("--engine=redis"));
    struct settings *both =
        load_valid("catalogue: sqlite:/elsewhere\n", FLAGS("--catalogue=redis"));

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

static void redis_host_and_port_count_only_without_a_url(void **state)
{
    (void)state;
    setenv("REDIS_HOST", "cache", 1);
    setenv("REDIS_PORT", "7000", 1);

    struct settings *without = load_valid(EMPTY_FILE, NO_FLAGS);
    struct settings *with = load_valid("redis_url: redis://other:7001\n", NO_FLAGS);

    assert_string_equal(without->redis.host, "cache");
    assert_int_equal(without->redis.port, 7000);
    assert_string_equal(with->redis.host, "other");
    assert_int_equal(with->redis.port, 7001);
    settings_free(without);
    settings_free(with);
}

static void a_wrong_redis_port_is_refused_unless_kubernetes_put_it_there(void **state)
{
    (void)state;

    setenv("REDIS_PORT", "65536", 1);
    assert_refused(NULL, NO_FLAGS, EX_CONFIG, "REDIS_PORT: must be an integer from 1 to 65535");

    setenv("REDIS_PORT", "tcp://10.0.0.7:6379", 1);
    struct settings *settings = load_valid(EMPTY_FILE, NO_FLAGS);
    assert_int_equal(settings->redis.port, 6379);
    settings_free(settings);
}

static void apps_are_read_with_their_keys_and_policies(void **state)
{
    (void)state;
    char first[API_KEY_BYTES + 1];
    char second[API_KEY_BYTES + 1];
    char yaml[1024];
    api_key_generate(first);
    api_key_generate(second);
    setenv("TEST_APP_KEY", second, 1);
    snprintf(yaml, sizeof(yaml),
             "apps:\n"
             "  - name: shop\n"
             "    api_key_file: %s\n"
             "    policies:\n"
             "      - {route_key: /orders, limit: 100, window_seconds: 60}\n"
             "      - {route_key: /orders, role: premium, rate: 10/second}\n"
             "  - name: blog\n"
             "    api_key_env: TEST_APP_KEY\n",
             file_with("shop.key", first));

    struct settings *settings = load_valid(yaml, NO_FLAGS);

    assert_int_equal(settings->app_count, 2);
    const struct settings_app *shop = &settings->apps[0];
    assert_true(text_equal(shop->name, TEXT("shop")));
    assert_string_equal(shop->api_key, first);
    assert_int_equal(shop->policy_count, 2);
    assert_true(text_equal(shop->policies[0]->identity.route_key, TEXT("/orders")));
    assert_int_equal(shop->policies[0]->rule.limits[0].quota, 100);
    assert_true(text_equal(shop->policies[1]->identity.role, TEXT("premium")));
    assert_int_equal(shop->policies[1]->rule.limits[0].window_us, 1000000);
    assert_string_equal(settings->apps[1].api_key, second);
    assert_int_equal(settings->apps[1].policy_count, 0);
    settings_free(settings);
}

static void wrong_apps_are_named_by_their_pointer(void **state)
{
    (void)state;
    static const struct {
        const char *app;
        const char *message;
    } cases[] = {
        {"{api_key_env: TEST_APP_KEY}", "/apps/0/name: is required"},
        {"{name: a}", "/apps/0: must have one of api_key_file and api_key_env"},
        {"{name: a, api_key_env: TEST_APP_KEY, api_key_file: x}",
         "/apps/0: must have one of api_key_file and api_key_env"},
        {"{name: a, api_key: x, api_key_env: TEST_APP_KEY}",
         "/apps/0/api_key: is not a known member"},
        {"{name: a, api_key_env: TEST_NO_KEY}",
         "/apps/0/api_key_env: TEST_NO_KEY is not set in the environment"},
        {"{name: a, api_key_env: PATH}",
         "/apps/0/api_key_env: holds no API key; `sluice generate-key` makes one"},
        {"{name: a, api_key_file: /nonexistent}",
         "/apps/0/api_key_file: cannot read /nonexistent: No such file or directory"},
        {"{name: a, api_key_file: /dev/null}",
         "/apps/0/api_key_file: holds no API key; `sluice generate-key` makes one"},
        {"{name: a, api_key_env: TEST_APP_KEY}, {name: b, api_key_env: TEST_APP_KEY}",
         "/apps/1/api_key_env: holds the same API key as /apps/0"},
        {"{name: a, api_key_env: TEST_APP_KEY, policies: [{route_key: /a, limit: 1, "
         "window_seconds: 1}, {route_key: /b, limit: -1, window_seconds: 1}]}",
         "/apps/0/policies/1/limit: must be an integer from 0 to 1000000000"},
        {"{name: a, api_key_env: TEST_APP_KEY, policies: [{route_key: /a, limit: 1, "
         "window_seconds: 1}, {route_key: /a, role: default, limit: 2, window_seconds: 1}]}",
         "/apps/0/policies/1: has the same route_key, role and user_id as an earlier policy"},
        {"7", "/apps/0: must be an object"},
    };
    char key[API_KEY_BYTES + 1];
    api_key_generate(key);
    setenv("TEST_APP_KEY", key, 1);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char yaml[512];
        snprintf(yaml, sizeof(yaml), "apps: [%s]\n", cases[i].app);
        assert_file_refused(yaml, cases[i].message);
    }
}

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
        {"metrics_listen: 127.0.0.1:9464", "metrics_listen"},
        {"registration: closed\nregister_limit: off\nmanage_limit: off\nlog_level: warn\n"
         "trusted_proxies: '::1'\nrate_limit_reset: epoch\nadmin_token: new",
         NULL},
    };
    struct settings *old = load_valid(EMPTY_FILE, NO_FLAGS);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct settings *new = load_valid(cases[i].yaml, NO_FLAGS);
        const char *name = settings_changed_for_restart(old, new);
        if (cases[i].name == NULL)
            assert_null(name);
        else
            assert_string_equal(name, cases[i].name);
        settings_free(new);
    }
    settings_free(old);
}

static void one_pepper_is_always_the_same_key(void **state)
{
    (void)state;

    struct settings *one = load_valid("key_pepper: 0123456789abcdef\n", NO_FLAGS);
    struct settings *same = load_valid(EMPTY_FILE, FLAGS("--key-pepper=0123456789abcdef"));
    struct settings *other = load_valid("key_pepper: 0123456789abcdeg\n", NO_FLAGS);

    assert_memory_equal(&one->pepper, &same->pepper, sizeof(one->pepper));
    assert_memory_not_equal(&one->pepper, &other->pepper, sizeof(one->pepper));
    settings_free(one);
    settings_free(same);
    settings_free(other);
}

static char *whole_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *content = calloc(1, SETTINGS_FILE_BYTES_MAX);

    assert_non_null(file);
    assert_non_null(content);
    assert_in_range(fread(content, 1, SETTINGS_FILE_BYTES_MAX - 1, file), 1,
                    SETTINGS_FILE_BYTES_MAX - 1);
    fclose(file);
    return content;
}

static void the_sample_file_holds_every_setting_at_its_default(void **state)
{
    (void)state;
    int exit_code;
    struct error error;
    char *sample = whole_file(SAMPLE);

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        char line[128];
        if (setting->fallback != NULL)
            snprintf(line, sizeof(line), "\n%s: %s\n", setting->name, setting->fallback);
        else
            snprintf(line, sizeof(line), "\n# %s: ", setting->name);
        if (strstr(sample, line) == NULL)
            fail_msg("config/sluice.yaml lacks \"%s\"", line + 1);
    }
    struct settings *settings = load(SAMPLE, NO_FLAGS, &exit_code, &error);
    assert_string_equal(error.message, "");
    settings_free(settings);
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
    char *sample = whole_file(SAMPLE);
    api_key_generate(key);
    sample_apps_write(sample, file_with("shop.key", key), yaml, sizeof(yaml));
    free(sample);

    struct settings *settings = load_valid(yaml, NO_FLAGS);

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

    settings_print_help(out);
    fclose(out);

    for (size_t i = 0; i < settings_table_count; i++) {
        char name[SETTINGS_NAME_BYTES];
        settings_write_flag(settings_table[i].name, name);
        assert_non_null(strstr(help, name));
        settings_write_variable(settings_table[i].name, name);
        assert_non_null(strstr(help, name));
    }
    assert_non_null(strstr(help, "--redis-timeout-ms=1..5000\n"));
    assert_non_null(strstr(help, "--registration=open|token|closed\n"));
    assert_non_null(strstr(help, "[SLUICE_LOG_LEVEL, default info, reread on SIGHUP]\n"));
    free(help);
}

static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        char variable[SETTINGS_NAME_BYTES + 8];
        settings_write_variable(settings_table[i].name, variable);
        unsetenv(variable);
        snprintf(variable + strlen(variable), 8, "_FILE");
        unsetenv(variable);
    }
    unsetenv("SLUICE_CONFIG");
    unsetenv("REDIS_HOST");
    unsetenv("REDIS_PORT");
    unsetenv("TEST_APP_KEY");
    return 0;
}

static int make_directory(void **state)
{
    (void)state;
    return sodium_init() < 0 || mkdtemp(directory) == NULL ? -1 : 0;
}

static int remove_directory(void **state)
{
    char command[PATH_BYTES];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

#define TEST(name) cmocka_unit_test_setup(name, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_hold_without_any_source),
        TEST(every_kind_is_read_from_the_file),
        TEST(flags_outrank_the_environment_which_outranks_the_file),
        TEST(an_overridden_value_is_checked_all_the_same),
        TEST(a_flag_takes_its_value_behind_equals_or_as_the_next_argument),
        TEST(wrong_flags_are_wrong_usage),
        TEST(wrong_values_of_the_file_are_named_with_their_place),
        TEST(settings_that_contradict_each_other_are_refused),
        TEST(metrics_may_have_a_listener_apart),
        TEST(a_wrong_secret_is_not_repeated),
        TEST(a_variable_may_name_a_file_that_holds_the_value),
        TEST(faults_of_a_value_in_a_file_name_the_variable_of_the_file),
        TEST(an_empty_variable_is_no_variable),
        TEST(the_environment_may_name_the_file_and_the_command_line_another),
        TEST(faults_of_yaml_name_file_line_and_column),
        TEST(a_file_that_is_too_long_is_refused),
        TEST(a_file_that_cannot_be_read_is_refused),
        TEST(the_catalogue_follows_the_engine_and_the_data_directory),
        TEST(redis_host_and_port_count_only_without_a_url),
        TEST(a_wrong_redis_port_is_refused_unless_kubernetes_put_it_there),
        TEST(apps_are_read_with_their_keys_and_policies),
        TEST(wrong_apps_are_named_by_their_pointer),
        TEST(a_reload_names_the_first_setting_that_needs_a_restart),
        TEST(one_pepper_is_always_the_same_key),
        TEST(the_sample_file_holds_every_setting_at_its_default),
        TEST(the_apps_of_the_sample_file_are_valid_without_the_comment_signs),
        TEST(help_names_every_setting_its_variable_and_its_default),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
