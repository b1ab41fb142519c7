/* SPDX-License-Identifier: MIT */
#include "held_redis_tls.h"

#include "settings_case.h"
#include "support/certificate.h"
#include "support/scratch.h"

#define URL   "rediss://one"
#define OTHER "rediss://other"

/* A running service, and the files that its settings name. */
static char ca[SCRATCH_PATH_BYTES];
static char certificate[SCRATCH_PATH_BYTES];
static char key[SCRATCH_PATH_BYTES];
static struct settings *started;
static struct settings in_force;
static struct held_redis_tls held;

static void write_files(void)
{
    struct certificate made = certificate_make(&(struct certificate_options){.name = "new"});

    scratch_rewrite(ca, made.pem);
    scratch_rewrite(certificate, made.pem);
    scratch_rewrite(key, made.key);
    certificate_free(&made);
}

/* Copies are under other paths, and have the same content. */
static const char *copy_of(const char *path)
{
    char *content = scratch_read(path);
    const char *copy = settings_file("copy", content);

    free(content);
    return copy;
}

static struct settings *settings_of(const char *url, const char *ca_path,
                                    const char *certificate_path, const char *name)
{
    char yaml[4 * SCRATCH_PATH_BYTES];

    (void)snprintf(yaml, sizeof(yaml),
                   "engine: redis\nredis_url: %s\nredis_tls_ca: %s\nredis_tls_certificate: %s\n"
                   "redis_tls_key: %s\nredis_tls_server_name: %s\n",
                   url, ca_path, certificate_path, key, name);
    return settings_valid(yaml, NO_FLAGS);
}

static int begin(void **state)
{
    (void)settings_case_begin(state);
    scratch_file("ca", "", ca);
    scratch_file("certificate", "", certificate);
    scratch_file("key", "", key);
    write_files();
    started = settings_of(URL, ca, certificate, "name");
    in_force = *started;
    in_force.values = settings_values_copy(started);
    held = (struct held_redis_tls){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    held_redis_tls_close(&held);
    free(in_force.values);
    settings_free(started);
    return 0;
}

/* The latest settings are gone afterwards, as after a further reload. */
static bool renew(struct settings *latest)
{
    struct error error;
    const bool renewed = held_redis_tls_renew(&held, &in_force, latest, &error);

    settings_free(latest);
    return renewed;
}

static void assert_content(const char *content, const char *path)
{
    char *wanted = scratch_read(path);

    assert_string_equal(content, wanted);
    free(wanted);
}

static void all_is_taken_over_for_the_same_redis(void **state)
{
    (void)state;
    write_files();
    const char *ca_copy = copy_of(ca);

    assert_true(renew(settings_of(URL, ca_copy, certificate, "other-name")));

    assert_content(in_force.redis_tls_options.authorities, ca);
    assert_content(in_force.redis_tls_options.certificate, certificate);
    assert_content(in_force.redis_tls_options.key, key);
    assert_string_equal(in_force.redis_tls_options.server_name, "other-name");
    assert_non_null(strstr(settings_value_of(&in_force, "redis_tls_ca")->text, ca_copy));
}

static void for_another_redis_only_what_is_where_it_was(void **state)
{
    char *old_certificate = scratch_read(certificate);
    char *old_key = scratch_read(key);
    (void)state;
    write_files();

    assert_true(renew(settings_of(OTHER, ca, copy_of(certificate), "other-name")));

    assert_content(in_force.redis_tls_options.authorities, ca);
    assert_string_equal(in_force.redis_tls_options.certificate, old_certificate);
    assert_string_equal(in_force.redis_tls_options.key, old_key);
    assert_string_equal(in_force.redis_tls_options.server_name, "name");
    free(old_certificate);
    free(old_key);
}

/* What was in force last counts, not what the service has started with. */
static void where_it_was_is_where_the_last_reload_has_found_it(void **state)
{
    const char *ca_copy = copy_of(ca);
    (void)state;
    assert_true(renew(settings_of(URL, ca_copy, certificate, "name")));

    write_files();
    char *wanted = scratch_read(ca_copy);
    assert_true(renew(settings_of(OTHER, ca, certificate, "name")));

    assert_string_equal(in_force.redis_tls_options.authorities, wanted);
    assert_content(in_force.redis_tls_options.certificate, certificate);
    free(wanted);
}

static void a_redis_without_tls_leaves_what_the_one_in_use_needs(void **state)
{
    (void)state;

    assert_true(renew(settings_valid("engine: redis\nredis_url: redis://other\n", NO_FLAGS)));

    assert_content(in_force.redis_tls_options.authorities, ca);
    assert_content(in_force.redis_tls_options.key, key);
    assert_string_equal(in_force.redis_tls_options.server_name, "name");
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_is_taken_over_for_the_same_redis),
        TEST(for_another_redis_only_what_is_where_it_was),
        TEST(where_it_was_is_where_the_last_reload_has_found_it),
        TEST(a_redis_without_tls_leaves_what_the_one_in_use_needs),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
