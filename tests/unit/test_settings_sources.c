/* SPDX-License-Identifier: MIT
 *
 * Where values come from: flags, environment and file; which of them counts, and what each is
 * refused for. */
#include "settings_case.h"

#include "../../src/app/settings_parts.h"
#include "auth/api_key.h"
#include "base/memory.h"
#include "support/certificate.h"
#include "support/scratch.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

static void flags_outrank_the_environment_which_outranks_the_file(void **state)
{
    (void)state;
    const char *yaml = "redis_timeout_ms: 1\nidle_timeout_s: 1\ndrain_timeout_s: 1\n";
    setenv("SLUICE_REDIS_TIMEOUT_MS", "2", 1);
    setenv("SLUICE_IDLE_TIMEOUT_S", "2", 1);

    struct settings *settings = settings_valid(yaml, FLAGS("--redis-timeout-ms=3"));

    assert_int_equal(settings->redis_timeout_ms, 3);
    assert_int_equal(settings->idle_timeout_s, 2);
    assert_int_equal(settings->drain_timeout_s, 1);
    assert_int_equal(settings->connections_max, 10000);
    settings_free(settings);
}

static void an_overridden_value_is_checked_all_the_same(void **state)
{
    (void)state;
    const char *file = settings_file("overridden.yaml", "workers: many\n");
    char expected[256];

    (void)snprintf(
        expected, sizeof(expected),
        "%s: line 1: workers: must be a whole number from 0 to 64, not the text \"many\"", file);
    settings_refused(file, FLAGS("--workers=1"), EX_CONFIG, expected);
}

static void a_flag_takes_its_value_behind_equals_or_as_the_next_argument(void **state)
{
    (void)state;
    const char *const flags[] = {"--listen", "0.0.0.0:0", "--workers=2", "--workers=4", NULL};

    struct settings *settings = settings_valid(EMPTY_FILE, flags);

    const struct sockaddr_in *address = (const void *)&settings->listen;
    assert_int_equal(address->sin_port, 0);
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
        {"--wrokers=1", "--wrokers: there is no such option; did you mean --workers?"},
        {"workers=1", "workers: there is no such option; did you mean --workers?"},
        {"--workers", "--workers: needs a value"},
        {"--workers=65", "--workers: must be a whole number from 0 to 64, not \"65\""},
        {"--workers=", "--workers: must be a whole number from 0 to 64, not \"\""},
        {"--redis-timeout-ms=0",
         "--redis-timeout-ms: must be a whole number of milliseconds from 1 to 5000, not \"0\""},
        {"--engine=sql", "--engine: must be one of memory, redis, not \"sql\""},
        {"--apps=[]", "--apps: there is no such option"},
        {"--data-dir=\xff", "--data-dir: must be UTF-8"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        settings_refused(NULL, FLAGS(cases[i].flag), EXIT_USAGE, cases[i].message);
}

static void a_variable_may_name_a_file_that_holds_the_value(void **state)
{
    (void)state;
    setenv("SLUICE_ADMIN_TOKEN_FILE",
           settings_file("token", "  this-is-from-a-file \r\nsecond line\n"), 1);

    struct settings *settings = settings_valid(EMPTY_FILE, NO_FLAGS);

    assert_string_equal(settings->api.admin_token, "this-is-from-a-file");
    settings_free(settings);
}

static void faults_of_a_value_in_a_file_name_the_variable_of_the_file(void **state)
{
    (void)state;

    setenv("SLUICE_WORKERS_FILE", settings_file("workers", "many\n"), 1);
    settings_refused(NULL, NO_FLAGS, EX_CONFIG,
                     "SLUICE_WORKERS_FILE: must be a whole number from 0 to 64, not \"many\"");

    setenv("SLUICE_WORKERS_FILE", "/nonexistent/workers", 1);
    settings_refused(NULL, NO_FLAGS, EX_CONFIG,
                     "SLUICE_WORKERS_FILE: cannot read the file that it names: No such file or "
                     "directory");

    setenv("SLUICE_WORKERS", "1", 1);
    settings_refused(NULL, NO_FLAGS, EX_CONFIG,
                     "SLUICE_WORKERS and SLUICE_WORKERS_FILE are both set");
}

static void an_empty_variable_is_no_variable(void **state)
{
    (void)state;
    setenv("SLUICE_WORKERS", "", 1);
    setenv("SLUICE_REDIS_URL", "", 1);
    setenv("SLUICE_CONFIG", "", 1);

    struct settings *settings = settings_valid("workers: 5\n", NO_FLAGS);

    assert_int_equal(settings->workers, 5);
    settings_free(settings);
}

static void the_environment_may_name_the_file_and_the_command_line_another(void **state)
{
    (void)state;
    int exit_code;
    struct error error;
    setenv("SLUICE_CONFIG", settings_file("environment.yaml", "workers: 6\n"), 1);

    struct settings *settings = settings_try(NULL, NO_FLAGS, &exit_code, &error);
    struct settings *other = settings_valid("workers: 7\n", NO_FLAGS);

    assert_non_null(settings);
    assert_int_equal(settings->workers, 6);
    assert_int_equal(other->workers, 7);
    settings_free(settings);
    settings_free(other);
}

static void faults_of_yaml_name_file_line_and_column(void **state)
{
    (void)state;

    settings_file_refused("workers: 1\nworkers: 2\n",
                          "line 2, column 1: workers is there twice; line 1 has it, too");
}

static void a_file_that_is_too_long_is_refused(void **state)
{
    (void)state;
    size_t length = SETTINGS_FILE_BYTES_MAX + 1;
    char *comment = memory_new(length + 1, 1);
    char expected[128];
    memset(comment, '#', length);
    const char *file = settings_file("long.yaml", comment);
    free(comment);

    (void)snprintf(expected, sizeof(expected), "cannot read %s: longer than 1048576 bytes", file);
    settings_refused(file, NO_FLAGS, EX_CONFIG, expected);
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    char directory[SCRATCH_PATH_BYTES];
    char expected[128];
    scratch_directory("settings", directory);

    settings_refused("/nonexistent.yaml", NO_FLAGS, EX_CONFIG,
                     "cannot read /nonexistent.yaml: No such file or directory");
    (void)snprintf(expected, sizeof(expected), "cannot read %s: Is a directory", directory);
    settings_refused(directory, NO_FLAGS, EX_CONFIG, expected);
}

static void a_pipe_is_read_once_and_then_refused(void **state)
{
    (void)state;
    int ends[2];
    char file[64];
    char expected[128];
    int exit_code;
    struct error error;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "workers: 7\n", 11), 11);
    assert_int_equal(close(ends[1]), 0);
    (void)snprintf(file, sizeof(file), "/proc/self/fd/%d", ends[0]);

    struct settings *settings = settings_try(file, NO_FLAGS, &exit_code, &error);

    assert_non_null(settings);
    assert_int_equal(settings->workers, 7);
    settings_free(settings);
    (void)snprintf(expected, sizeof(expected), "cannot read %s: a pipe that holds nothing", file);
    settings_refused(file, NO_FLAGS, EX_CONFIG, expected);
    (void)close(ends[0]);
}

static void a_fifo_that_nobody_writes_to_holds_nothing_up(void **state)
{
    (void)state;
    char expected[SCRATCH_PATH_BYTES + 64];
    const char *fifo = settings_file("fifo", "");
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    (void)alarm(10);

    (void)snprintf(expected, sizeof(expected), "cannot read %s: a pipe that holds nothing", fifo);
    settings_refused(fifo, NO_FLAGS, EX_CONFIG, expected);

    (void)alarm(0);
}

static void a_secret_is_not_cut_off_at_a_nul(void **state)
{
    (void)state;
    char token[SCRATCH_PATH_BYTES];
    scratch_file("token", "", token);
    FILE *stream = fopen(token, "we");
    assert_non_null(stream);
    assert_int_equal(fwrite("s\0e\0c\0r\0e\0t\0", 1, 12, stream), 12);
    assert_int_equal(fclose(stream), 0);
    setenv("SLUICE_ADMIN_TOKEN_FILE", token, 1);

    settings_refused(NULL, NO_FLAGS, EX_CONFIG,
                     "SLUICE_ADMIN_TOKEN_FILE: cannot read the file that it names: its first line "
                     "holds a NUL");
}

static void redis_host_and_port_count_only_without_a_url(void **state)
{
    (void)state;
    setenv("REDIS_HOST", "cache", 1);
    setenv("REDIS_PORT", "7000", 1);

    struct settings *without = settings_valid(EMPTY_FILE, NO_FLAGS);
    struct settings *with = settings_valid("redis_url: redis://other:7001\n", NO_FLAGS);

    assert_string_equal(without->redis.hosts[0].host, "cache");
    assert_int_equal(without->redis.hosts[0].port, 7000);
    assert_string_equal(with->redis.hosts[0].host, "other");
    assert_int_equal(with->redis.hosts[0].port, 7001);
    settings_free(without);
    settings_free(with);
}

static void a_wrong_redis_port_is_refused_unless_kubernetes_put_it_there(void **state)
{
    (void)state;

    setenv("REDIS_PORT", "65536", 1);
    settings_refused(NULL, NO_FLAGS, EX_CONFIG,
                     "REDIS_PORT: must be a whole number from 1 to 65535, not \"65536\"");

    setenv("REDIS_PORT", "tcp://10.0.0.7:6379", 1);
    struct settings *settings = settings_valid(EMPTY_FILE, NO_FLAGS);
    assert_int_equal(settings->redis.hosts[0].port, 6379);
    settings_free(settings);
}

static bool remembers(const struct settings *settings, const char *path)
{
    for (const struct settings_file *file = settings->files; file != NULL; file = file->next) {
        if (strcmp(file->path, path) == 0)
            return true;
    }
    return false;
}

static void every_file_that_was_read_is_remembered(void **state)
{
    (void)state;
    char key[API_KEY_BYTES + 1];
    char yaml[512];
    api_key_generate(key);
    struct certificate made = certificate_make(&(struct certificate_options){.name = "localhost"});
    const char *const read[] = {
        settings_file("token", "token-of-sixteen-bytes\n"),
        settings_file("key", key),
        settings_file("pem", made.pem),
        settings_file("pem-key", made.key),
    };
    setenv("SLUICE_ADMIN_TOKEN_FILE", read[0], 1);
    (void)snprintf(yaml, sizeof(yaml),
                   "tls_certificate: %s\ntls_key: %s\napps: [{name: Shop, api_key_file: %s}]\n",
                   read[2], read[3], read[1]);

    struct settings *settings = settings_valid(yaml, NO_FLAGS);

    for (size_t i = 0; i < ARRAY_COUNT(read); i++)
        assert_true(remembers(settings, read[i]));
    size_t count = 0;
    for (const struct settings_file *file = settings->files; file != NULL; file = file->next)
        count++;
    assert_int_equal(count, 5); /* and the configuration */
    settings_free(settings);
    certificate_free(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(flags_outrank_the_environment_which_outranks_the_file),
        SETTINGS_TEST(an_overridden_value_is_checked_all_the_same),
        SETTINGS_TEST(a_flag_takes_its_value_behind_equals_or_as_the_next_argument),
        SETTINGS_TEST(wrong_flags_are_wrong_usage),
        SETTINGS_TEST(a_variable_may_name_a_file_that_holds_the_value),
        SETTINGS_TEST(faults_of_a_value_in_a_file_name_the_variable_of_the_file),
        SETTINGS_TEST(an_empty_variable_is_no_variable),
        SETTINGS_TEST(the_environment_may_name_the_file_and_the_command_line_another),
        SETTINGS_TEST(faults_of_yaml_name_file_line_and_column),
        SETTINGS_TEST(a_file_that_is_too_long_is_refused),
        SETTINGS_TEST(a_file_that_cannot_be_read_is_refused),
        SETTINGS_TEST(every_file_that_was_read_is_remembered),
        SETTINGS_TEST(a_pipe_is_read_once_and_then_refused),
        SETTINGS_TEST(a_fifo_that_nobody_writes_to_holds_nothing_up),
        SETTINGS_TEST(a_secret_is_not_cut_off_at_a_nul),
        SETTINGS_TEST(redis_host_and_port_count_only_without_a_url),
        SETTINGS_TEST(a_wrong_redis_port_is_refused_unless_kubernetes_put_it_there),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
