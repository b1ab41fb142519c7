/* SPDX-License-Identifier: MIT
 *
 * The commands of the binary and their exit codes. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include "../../src/app/commands.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXIT_WRONG_USAGE    2
#define EXIT_UNAVAILABLE    69
#define EXIT_WRONG_SETTINGS 78

static void expect_exit(const char *const arguments[], int code, const char *saying)
{
    char *output = NULL;
    int exit_code = service_run_command(arguments, &output);

    if (exit_code != code || strstr(output, saying) == NULL)
        fail_msg("%s %s exited with %d and said: %s", arguments[0],
                 arguments[0] == NULL || arguments[1] == NULL ? "" : arguments[1], exit_code,
                 output);
    free(output);
}

/* What it says; the caller's to free. */
static char *said_by(const char *const arguments[])
{
    char *output = NULL;

    assert_int_equal(service_run_command(arguments, &output), 0);
    return output;
}

static void the_version_and_the_help_are_printed(void **state)
{
    (void)state;

    expect_exit((const char *const[]){"version", NULL}, 0, "sluice ");
    expect_exit((const char *const[]){"--version", NULL}, 0, "sluice ");
    expect_exit((const char *const[]){"-V", NULL}, 0, "sluice ");
    expect_exit((const char *const[]){"--help", NULL}, 0, "check-config ");
    expect_exit((const char *const[]){"-h", NULL}, 0, "check-config ");
    expect_exit((const char *const[]){"help", NULL}, 0, "check-config ");
    expect_exit((const char *const[]){NULL}, EXIT_WRONG_USAGE, "check-config ");
    expect_exit((const char *const[]){"generate-key", NULL}, 0, "slk_");
}

static void the_help_of_a_command_is_the_same_however_it_is_asked_for(void **state)
{
    (void)state;

    for (size_t i = 0; i < commands_count; i++) {
        const char *word = commands[i].word;
        char *asked = said_by((const char *const[]){"help", word, NULL});
        char *option = said_by((const char *const[]){word, "--help", NULL});
        char *shorter = said_by((const char *const[]){word, "-h", NULL});

        assert_non_null(strstr(asked, commands[i].text));
        assert_non_null(strstr(asked, commands[i].example));
        assert_string_equal(option, asked);
        assert_string_equal(shorter, asked);
        free(asked);
        free(option);
        free(shorter);
    }
}

static void the_help_of_a_command_has_its_own_options_alone(void **state)
{
    static const char *const rows[][3] = {
        /* command, an option that matters to it, one that does not */
        {"serve", "  --redis-url=", "  APP_ID"},
        {"check-config", "  --workers=", "  APP_ID"},
        {"config", "  --workers=", "  APP_ID"},
        {"healthcheck", "  --listen=", "  --workers="},
        {"admin", "  --key-pepper=", "  --listen="},
        {"generate-key", "usage: sluice generate-key\n", "  --"},
        {"version", "usage: sluice version\n", "  --"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char *help = said_by((const char *const[]){"help", rows[i][0], NULL});

        assert_non_null(strstr(help, rows[i][1]));
        assert_null(strstr(help, rows[i][2]));
        free(help);
    }
}

/* Puts what the test has in place of what the example shows. */
static void example_adapt(const char *example, const char *address, const char *data_dir, char *out,
                          size_t size)
{
    char binary[256];
    FILE *file = fmemopen(out, size, "w");
    assert_non_null(file);
    (void)snprintf(binary, sizeof(binary), "exec '%s' ", getenv("SLUICE_BINARY"));
    const struct {
        const char *shown;
        const char *here;
    } rows[] = {{"127.0.0.1:8080", address},
                {"./data", data_dir},
                {"sluice.yaml", SAMPLE},
                {"shop.key", "/dev/null"},
                {"sluice ", binary}};

    while (*example != '\0') {
        size_t i = 0;
        while (i < ARRAY_COUNT(rows) && strncmp(example, rows[i].shown, strlen(rows[i].shown)) != 0)
            i++;
        if (i < ARRAY_COUNT(rows)) {
            fputs(rows[i].here, file);
            example += strlen(rows[i].shown);
        } else {
            fputc(*example++, file);
        }
    }
    fclose(file);
}

/* serve ends when it is told to. */
static void every_example_of_the_help_works(void **state)
{
    const struct world *world = *state;
    char output[SCRATCH_PATH_BYTES];
    char directory[SCRATCH_PATH_BYTES];
    scratch_file("example-output", "", output);
    scratch_directory("example-data", directory);

    for (size_t i = 0; i < commands_count; i++) {
        const bool serves = commands[i].run == commands_run_serve;
        char address[64];
        char line[512];
        (void)snprintf(address, sizeof(address), "127.0.0.1:%d",
                       serves ? 0 : service_port(world->service));
        example_adapt(commands[i].example, address,
                      serves ? directory : service_data_dir(world->service), line, sizeof(line));
        const char *const argv[] = {"/bin/sh", "-c", line, NULL};
        pid_t process = process_start(argv, NULL, output);
        if (serves) {
            WAIT_FOR (30, scratch_contains(output, "\"event\":\"listening\""))
                ;
            assert_int_equal(kill(process, SIGTERM), 0);
        }
        if (process_wait(process, 30) != 0)
            fail_msg("%s: %s", line, scratch_read(output));
    }
}

static void wrong_usage_is_told_from_wrong_settings(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    (void)state;
    scratch_file("config", "workers: many\n", config);

    expect_exit((const char *const[]){"dance", NULL}, EXIT_WRONG_USAGE, "command");
    expect_exit((const char *const[]){"check-confg", NULL}, EXIT_WRONG_USAGE, "mean check-config?");
    expect_exit((const char *const[]){"help", "check-confg", NULL}, EXIT_WRONG_USAGE,
                "mean check-config?");
    expect_exit((const char *const[]){"dance", "--help", NULL}, EXIT_WRONG_USAGE, "no such");
    expect_exit((const char *const[]){"admin", "lits", NULL}, EXIT_WRONG_USAGE,
                "did you mean list?");
    expect_exit((const char *const[]){"admin", "replace_key", NULL}, EXIT_WRONG_USAGE,
                "did you mean replace-key?");
    expect_exit((const char *const[]){"admin", "dance", NULL}, EXIT_WRONG_USAGE,
                "see sluice help admin");
    expect_exit((const char *const[]){"admin", NULL}, EXIT_WRONG_USAGE, "needs an action");
    expect_exit((const char *const[]){"version", "--listen", "x", NULL}, EXIT_WRONG_USAGE,
                "see sluice help version");
    expect_exit((const char *const[]){"help", "serve", "now", NULL}, EXIT_WRONG_USAGE,
                "see sluice help help");
    expect_exit((const char *const[]){"dance\x1b[2J", NULL}, EXIT_WRONG_USAGE, "dance?[2J");
    expect_exit((const char *const[]){"serve", "--no-such-flag", "1", NULL}, EXIT_WRONG_USAGE,
                "no-such-flag");
    expect_exit((const char *const[]){"check-config", "--config", config, NULL},
                EXIT_WRONG_SETTINGS, "workers");
    expect_exit((const char *const[]){"serve", "--config", "/nowhere/sluice.yaml", NULL},
                EXIT_WRONG_SETTINGS, "/nowhere/sluice.yaml");
}

static void settings_that_are_good_are_called_so(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    (void)state;
    scratch_file("config", "workers: 1\nregister_limit: 5/m\n", config);

    expect_exit((const char *const[]){"check-config", "--config", config, NULL}, 0, "valid");
    expect_exit((const char *const[]){"check-config", "--config", config, NULL}, 0, ": open,");
    expect_exit((const char *const[]){"check-config", "--listen", "0.0.0.0:8080", NULL}, 0,
                ": closed,");
}

/* By a listener that does not share its port. */
static void an_address_that_is_taken_cannot_be_had(void **state)
{
    char directory[SCRATCH_PATH_BYTES];
    char address[64];
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(bound);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    scratch_directory("unused", directory);
    assert_int_equal(bind(fd, (struct sockaddr *)&bound, length), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &length), 0);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(bound.sin_port));

    expect_exit((const char *const[]){"serve", "--listen", address, "--data-dir", directory, NULL},
                EXIT_UNAVAILABLE, "cannot start");
    (void)close(fd);
}

static void the_health_check_asks_the_service(void **state)
{
    const struct world *world = *state;
    char address[64];
    (void)snprintf(address, sizeof(address), "127.0.0.1:%d", service_port(world->service));

    expect_exit((const char *const[]){"healthcheck", "--listen", address, NULL}, 0, "");
    expect_exit((const char *const[]){"healthcheck", "--listen", "127.0.0.1:1", NULL}, 1,
                "cannot connect");
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_and_the_help_are_printed),
        cmocka_unit_test(the_help_of_a_command_is_the_same_however_it_is_asked_for),
        cmocka_unit_test(the_help_of_a_command_has_its_own_options_alone),
        cmocka_unit_test(every_example_of_the_help_works),
        cmocka_unit_test(wrong_usage_is_told_from_wrong_settings),
        cmocka_unit_test(settings_that_are_good_are_called_so),
        cmocka_unit_test(an_address_that_is_taken_cannot_be_had),
        cmocka_unit_test(the_health_check_asks_the_service),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
