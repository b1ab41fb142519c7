/* SPDX-License-Identifier: MIT
 *
 * A catalogue in Redis that was never reached. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
#define PEPPER       "pepper of the test's own"

static void a_catalogue_that_was_never_reached_is_not_ready(void **state)
{
    static const char *const flags[] = {"--catalogue", "redis", "--key-pepper", PEPPER, NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    options.flags = flags;
    options.not_ready = true;
    redis_server_kill(world->redis);

    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    EXPECT(client_get(client, "/readyz"), 503, "{'status':'unavailable','catalogue':false}");
    redis_server_restart(world->redis);

    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    client_free(client);
    service_stop(service);
}

/* With counters in memory, of which nothing has to be reached. */
static void a_store_that_is_there_does_not_make_up_for_the_apps(void **state)
{
    const struct world *world = *state;
    const char *const flags[] = {"--catalogue",  "redis", "--redis-url", world->redis_url,
                                 "--key-pepper", PEPPER,  NULL};
    struct service_options options = {.flags = flags, .not_ready = true};
    redis_server_kill(world->redis);

    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    EXPECT(client_get(client, "/readyz"), 503,
           "{'status':'unavailable','store':true,'catalogue':false}");
    redis_server_restart(world->redis);

    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    client_free(client);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_catalogue_that_was_never_reached_is_not_ready),
        cmocka_unit_test(a_store_that_is_there_does_not_make_up_for_the_apps),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
