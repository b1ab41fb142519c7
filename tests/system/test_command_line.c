/* SPDX-License-Identifier: MIT
 *
 * The commands of the binary and their exit codes. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/scratch.h"
#include "support/world.h"

#include <netinet/in.h>
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

static void the_version_and_the_help_are_printed(void **state)
{
    (void)state;

    expect_exit((const char *const[]){"version", NULL}, 0, "sluice ");
    expect_exit((const char *const[]){"--version", NULL}, 0, "sluice ");
    expect_exit((const char *const[]){"-V", NULL}, 0, "sluice ");
    expect_exit((const char *const[]){"--help", NULL}, 0, "--redis-url");
    expect_exit((const char *const[]){"help", NULL}, 0, "--redis-url");
    expect_exit((const char *const[]){"generate-key", NULL}, 0, "slk_");
}

static void wrong_usage_is_told_from_wrong_settings(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    (void)state;
    scratch_file("config", "workers: many\n", config);

    expect_exit((const char *const[]){"dance", NULL}, EXIT_WRONG_USAGE, "command");
    expect_exit((const char *const[]){"check-confg", NULL}, EXIT_WRONG_USAGE, "mean check-config");
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
        cmocka_unit_test(wrong_usage_is_told_from_wrong_settings),
        cmocka_unit_test(settings_that_are_good_are_called_so),
        cmocka_unit_test(an_address_that_is_taken_cannot_be_had),
        cmocka_unit_test(the_health_check_asks_the_service),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
