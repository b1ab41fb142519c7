/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: a worker's places for readers are divided by app. */
#include "base/memory.h"
#include "log_reader.h"
#include "support/cmocka.h"
#include "support/world.h"

#define PLACES  512 /* of a worker */
#define READERS 20  /* of an app at an instance */
#define APPS    (PLACES / READERS + 2)

static void apps_with_many_readers_leave_room_for_one_that_comes_last(void **state)
{
    static const char *const flags[] = {"--workers", "1", NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct log_reader *readers = memory_resize(NULL, (PLACES + 1) * sizeof(*readers));
    struct client *tenants[APPS];
    size_t count = 0;
    options.flags = flags;
    struct service *service = service_start(&options);

    for (size_t i = 0; i < APPS; i++) {
        tenants[i] = tenant_new(service);
        for (size_t j = 0; j < READERS; j++)
            count +=
                log_reader_gets_in(&readers[count], service_port(service), client_key(tenants[i]));
    }
    struct client *last = tenant_new(service);
    struct log_reader reader;

    assert_true(log_reader_gets_in(&reader, service_port(service), client_key(last)));

    print_message("%zu of %d places were taken\n", count, PLACES);
    log_reader_close(&reader);
    for (size_t i = 0; i < count; i++)
        log_reader_close(&readers[i]);
    for (size_t i = 0; i < APPS; i++)
        client_free(tenants[i]);
    client_free(last);
    free(readers);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apps_with_many_readers_leave_room_for_one_that_comes_last),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
