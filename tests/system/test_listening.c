/* SPDX-License-Identifier: MIT
 *
 * Processes that want the same TCP address: one has it, unless both are told to share. */
#include "rivals.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define EXIT_UNAVAILABLE 69
#define ROUNDS           3
#define ADDRESS_BYTES    32

static void expect_refused(const char *const flags[], const char *reason)
{
    char directory[SCRATCH_PATH_BYTES];
    char *output = NULL;
    scratch_directory("unused", directory);

    const int code =
        service_run_command((const char *const[]){"serve", "--data-dir", directory, flags[0],
                                                  flags[1], flags[2], flags[3], NULL},
                            &output);

    if (code != EXIT_UNAVAILABLE || strstr(output, reason) == NULL)
        fail_msg("wanted \"%s\"; it exited with %d and said: %s", reason, code, output);
    free(output);
}

static struct service *start_at(const struct world *world, const char *address, const char *shares)
{
    const char *const flags[] = {"--listen", address, "--share-address", shares, NULL};
    const char *const environment[] = {PROCESS_MAY_BE_SEEN, NULL};
    struct service_options options = world_options(world);

    options.flags = flags;
    options.environment = environment;
    return service_start(&options);
}

static void write_address(const struct service *service, char address[static ADDRESS_BYTES])
{
    (void)snprintf(address, ADDRESS_BYTES, "127.0.0.1:%d", service_port(service));
}

static void a_second_process_is_refused_and_told_who_has_the_address(void **state)
{
    char address[ADDRESS_BYTES];
    char reason[256];
    struct service *first = start_at(*state, "127.0.0.1:0", "false");
    write_address(first, address);

    (void)snprintf(reason, sizeof(reason),
                   "listen: cannot listen at %s: Address already in use, by sluice (process %d); "
                   "if both are to serve there, set share_address: true",
                   address, (int)service_process(first));
    expect_refused((const char *const[]){"--listen", address, NULL, NULL}, reason);
    (void)snprintf(reason, sizeof(reason), "metrics_listen: cannot listen at %s: Address", address);
    expect_refused((const char *const[]){"--listen", "127.0.0.1:0", "--metrics-listen", address},
                   reason);
    service_stop(first);
}

/* The one that comes later decides, so that an instance can be replaced that was not told. */
static void a_process_that_is_told_to_share_serves_beside_another(void **state)
{
    char address[ADDRESS_BYTES];
    struct service *first = start_at(*state, "127.0.0.1:0", "false");
    write_address(first, address);
    struct service *second = start_at(*state, address, "true");

    service_stop(first);

    struct client *client = stranger_new(second);
    EXPECT(client_get(client, "/livez"), 200, NULL);
    expect_refused((const char *const[]){"--listen", address, NULL, NULL}, "already in use");
    client_free(client);
    service_stop(second);
}

static void of_many_that_start_at_once_one_has_the_address(void **state)
{
    char address[ADDRESS_BYTES];
    struct service *first = start_at(*state, "127.0.0.1:0", "false");
    write_address(first, address);
    service_stop(first);

    for (int round = 0; round < ROUNDS; round++)
        process_kill(rivals_start(address));
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_process_is_refused_and_told_who_has_the_address),
        cmocka_unit_test(a_process_that_is_told_to_share_serves_beside_another),
        cmocka_unit_test(of_many_that_start_at_once_one_has_the_address),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
