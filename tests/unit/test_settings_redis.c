/* SPDX-License-Identifier: MIT
 *
 * Where Redis is, and how it and its sentinels are spoken to. */
#include "settings_case.h"

#include "support/certificate.h"
#include "support/scratch.h"

#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"
#define REDIS       "engine: redis\n"

static void a_url_is_told_without_its_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *told;
    } cases[] = {
        {"redis://h", "\"redis://h:6379/0\""},
        {"redis-sentinel://u:sesame@[::1],h:7/m/3",
         "\"redis-sentinel://hidden@[::1]:26379,h:7/m/3\""},
        {"redis-sentinel://h/m", "\"redis-sentinel://h:26379/m/0\""},
        {"redis-cluster://:sesame@h,i:7", "\"redis-cluster://hidden@h:6379,i:7\""},
        {"redis-cluster://h/", "\"redis-cluster://h:6379\""},
        {"rediss://:sesame@h", "\"rediss://hidden@h:6379/0\""},
        {"rediss-sentinel://:sesame@h/m", "\"rediss-sentinel://hidden@h:26379/m/0\""},
        {"rediss-cluster://:sesame@h", "\"rediss-cluster://hidden@h:6379\""},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct settings *settings = settings_valid(EMPTY_FILE, FLAGS("--redis-url", cases[i].url));
        const struct settings_value *value = settings_value_of(settings, "redis_url");

        assert_string_equal(value->text, cases[i].told);
        assert_int_equal(value->is_hidden, strchr(cases[i].url, '@') != NULL);
        settings_free(settings);
    }
}

static void tls_to_redis_is_made_of_the_files_that_are_named(void **state)
{
    (void)state;
    struct certificate made = certificate_make(&(struct certificate_options){.name = "redis"});
    char yaml[1024];
    (void)snprintf(yaml, sizeof(yaml),
                   REDIS "redis_url: rediss://h\nredis_tls_ca: %s\nredis_tls_certificate: %s\n"
                         "redis_tls_key: %s\nredis_tls_server_name: redis.example\n",
                   settings_file("ca.pem", made.pem), settings_file("redis.pem", made.pem),
                   settings_file("redis.key", made.key));
    struct settings *settings = settings_valid(yaml, NO_FLAGS);

    assert_string_equal(settings->redis_tls_options.authorities, made.pem);
    assert_string_equal(settings->redis_tls_options.certificate, made.pem);
    assert_string_equal(settings->redis_tls_options.key, made.key);
    assert_string_equal(settings->redis_tls_options.server_name, "redis.example");
    assert_non_null(settings->redis_tls);
    settings_free(settings);
    certificate_free(&made);
}

static bool has_file(const struct settings *settings, const char *path)
{
    const struct settings_file *file = settings->files;

    while (file != NULL && strcmp(file->path, path) != 0)
        file = file->next;
    return file != NULL;
}

/* A minimal system has no list. */
static void without_redis_tls_ca_the_systems_list_counts(void **state)
{
    (void)state;
    const char *file = settings_file("system.yaml", REDIS "redis_url: rediss-cluster://h\n");
    int exit_code = EXIT_SUCCESS;
    struct error error;
    char *system = scratch_read(AUTHORITIES);
    struct settings *settings = settings_try(file, NO_FLAGS, &exit_code, &error);

    if (system == NULL) {
        assert_null(settings);
        assert_non_null(strstr(error.message, "redis_url has TLS, which needs redis_tls_ca: "));
        assert_int_equal(exit_code, EX_CONFIG);
    } else {
        assert_non_null(settings);
        assert_string_equal(settings->redis_tls_options.authorities, system);
        assert_non_null(settings->redis_tls);
        assert_true(has_file(settings, AUTHORITIES));
    }
    free(system);
    settings_free(settings);
}

static void without_tls_to_redis_no_list_is_read(void **state)
{
    (void)state;
    static const char *const rows[] = {
        EMPTY_FILE,
        REDIS "redis_url: redis-cluster://h\n",
        REDIS "redis_url: unix:///h\n",
        "redis_url: rediss://h\n",
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct settings *settings = settings_valid(rows[i], NO_FLAGS);

        assert_null(settings->redis_tls);
        assert_null(settings->redis_tls_options.authorities);
        assert_false(has_file(settings, AUTHORITIES));
        settings_free(settings);
    }
}

static void a_half_of_a_certificate_for_redis_is_refused(void **state)
{
    (void)state;
    char yaml[256];

    (void)snprintf(yaml, sizeof(yaml), "redis_tls_key: %s\n",
                   settings_file("redis.key", PEM_CONTENT));
    settings_refused(settings_file("half.yaml", yaml), NO_FLAGS, EX_CONFIG,
                     "redis_tls_key is set and redis_tls_certificate is not; Redis needs both or "
                     "none");
    (void)snprintf(yaml, sizeof(yaml), "redis_tls_certificate: %s\n",
                   settings_file("redis.pem", PEM_CONTENT));
    settings_refused(settings_file("half.yaml", yaml), NO_FLAGS, EX_CONFIG,
                     "redis_tls_certificate is set and redis_tls_key is not; Redis needs both or "
                     "none");
}

static void authorities_that_are_none_are_refused_by_name(void **state)
{
    (void)state;
    const char *ca = settings_file("ca.pem", PEM_CONTENT);
    char yaml[256];
    char named[256];
    int exit_code = EXIT_SUCCESS;
    struct error error;
    (void)snprintf(yaml, sizeof(yaml), REDIS "redis_url: rediss://h\nredis_tls_ca: %s\n", ca);
    (void)snprintf(named, sizeof(named),
                   " (redis_tls_ca is \"%s\", redis_tls_certificate is not set, redis_tls_key is "
                   "not set)",
                   ca);

    assert_null(settings_try(settings_file("none.yaml", yaml), NO_FLAGS, &exit_code, &error));
    assert_int_equal(exit_code, EX_CONFIG);
    assert_non_null(strstr(error.message, named));
}

static void a_key_of_another_certificate_is_refused_by_name(void **state)
{
    (void)state;
    struct certificate one = certificate_make(&(struct certificate_options){.name = "one"});
    struct certificate other = certificate_make(&(struct certificate_options){.name = "other"});
    const char *certificate = settings_file("one.pem", one.pem);
    const char *key = settings_file("other.key", other.key);
    char yaml[1024];
    char named[512];
    int exit_code = EXIT_SUCCESS;
    struct error error;
    (void)snprintf(yaml, sizeof(yaml),
                   REDIS "redis_url: rediss://h\nredis_tls_ca: %s\nredis_tls_certificate: %s\n"
                         "redis_tls_key: %s\n",
                   certificate, certificate, key);
    (void)snprintf(named, sizeof(named),
                   "redis_tls_certificate is \"%s\", redis_tls_key is \"%s\")", certificate, key);

    assert_null(settings_try(settings_file("pair.yaml", yaml), NO_FLAGS, &exit_code, &error));
    assert_int_equal(exit_code, EX_CONFIG);
    assert_non_null(strstr(error.message, named));
    certificate_free(&one);
    certificate_free(&other);
}

static void files_are_not_looked_into_if_redis_has_no_tls(void **state)
{
    (void)state;
    char yaml[256];
    (void)snprintf(yaml, sizeof(yaml), REDIS "redis_url: redis://h\nredis_tls_ca: %s\n",
                   settings_file("ca.pem", PEM_CONTENT));
    struct settings *settings = settings_valid(yaml, NO_FLAGS);

    assert_null(settings->redis_tls);
    settings_free(settings);
}

static void sentinels_have_a_login_of_their_own(void **state)
{
    (void)state;
    setenv("SLUICE_REDIS_SENTINEL_PASSWORD_FILE", settings_file("password", "p a:ss@\xc3\xa9\n"),
           1);
    struct settings *settings = settings_valid(
        REDIS "redis_url: redis-sentinel://:other@h/m\nredis_sentinel_user: watch er\n", NO_FLAGS);

    unsetenv("SLUICE_REDIS_SENTINEL_PASSWORD_FILE");
    assert_string_equal(settings->sentinel_login.user, "watch er");
    assert_string_equal(settings->sentinel_login.password, "p a:ss@\xc3\xa9");
    assert_string_equal(settings->redis.login.password, "other");
    assert_string_equal(settings_value_of(settings, "redis_sentinel_user")->text, "\"watch er\"");
    assert_string_equal(settings_value_of(settings, "redis_sentinel_password")->text, "hidden");
    assert_true(settings_value_of(settings, "redis_sentinel_password")->is_hidden);
    settings_free(settings);
}

static void a_user_of_sentinels_needs_a_password(void **state)
{
    (void)state;
    settings_refused(settings_file("user.yaml", "redis_sentinel_user: u\n"), NO_FLAGS, EX_CONFIG,
                     "redis_sentinel_user is set and redis_sentinel_password is not");
    settings_free(settings_valid("redis_sentinel_password: p\n", NO_FLAGS));
}

static void a_login_that_does_not_fit_is_refused_and_a_password_not_repeated(void **state)
{
    (void)state;
    char password[sizeof(((struct redis_login *)NULL)->password) + 1] = "";
    memset(password, 'p', sizeof(password) - 1);

    settings_refused(NULL, FLAGS("--redis-sentinel-password", password), EXIT_USAGE,
                     "--redis-sentinel-password: must be a text of 1 to 255 bytes");
    settings_refused(NULL, FLAGS("--redis-sentinel-user="), EXIT_USAGE,
                     "--redis-sentinel-user: must be a text of 1 to 127 bytes, not \"\"");
    password[sizeof(password) - 2] = '\0';
    settings_free(settings_valid(EMPTY_FILE, FLAGS("--redis-sentinel-password", password)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(a_url_is_told_without_its_credentials),
        SETTINGS_TEST(tls_to_redis_is_made_of_the_files_that_are_named),
        SETTINGS_TEST(without_redis_tls_ca_the_systems_list_counts),
        SETTINGS_TEST(without_tls_to_redis_no_list_is_read),
        SETTINGS_TEST(a_half_of_a_certificate_for_redis_is_refused),
        SETTINGS_TEST(authorities_that_are_none_are_refused_by_name),
        SETTINGS_TEST(a_key_of_another_certificate_is_refused_by_name),
        SETTINGS_TEST(files_are_not_looked_into_if_redis_has_no_tls),
        SETTINGS_TEST(sentinels_have_a_login_of_their_own),
        SETTINGS_TEST(a_user_of_sentinels_needs_a_password),
        SETTINGS_TEST(a_login_that_does_not_fit_is_refused_and_a_password_not_repeated),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
