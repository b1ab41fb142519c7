/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: how a stream ends, and what the end of an instance costs. */
#include "base/clock.h"
#include "followed.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"

#define WAIT_SECONDS 60

static void an_app_that_is_suspended_is_followed_no_longer(void **state)
{
    const struct world *world = *state;
    struct client *stranger = stranger_new(world->service);
    char app_id[32];
    char key[100];
    struct log_reader reader;
    const struct reply *reply = client_post(stranger, "/register", "{'name':'Shop'}");
    EXPECT(reply, 201, NULL);
    (void)snprintf(app_id, sizeof(app_id), "%s", reply_text(reply, "app_id"));
    (void)snprintf(key, sizeof(key), "%s", reply_text(reply, "api_key"));
    client_set_key(stranger, key);
    followed_by(&reader, world->service, stranger);
    const char *argv[] = {"admin",
                          "suspend",
                          app_id,
                          "--data-dir",
                          service_data_dir(world->service),
                          world->redis_url == NULL ? NULL : "--engine=redis",
                          "--redis-url",
                          world->redis_url,
                          NULL};

    const int64_t begun_us = clock_monotonic_us();
    assert_int_equal(service_run_command(argv, NULL), 0);
    WAIT_FOR (WAIT_SECONDS, reader.is_closed)
        log_reader_turn(&reader);

    assert_true(reader.has_last_chunk);
    print_message("ended after %lld ms\n", (long long)(clock_monotonic_us() - begun_us) / 1000);
    log_reader_close(&reader);
    client_free(stranger);
}

static void a_drain_ends_a_stream_properly(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    struct log_reader reader;
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    followed_by(&reader, service, tenant);
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    log_reader_wait(&reader, 1);

    service_begin_stop(service);
    WAIT_FOR (WAIT_SECONDS, reader.is_closed)
        log_reader_turn(&reader);

    assert_true(reader.has_last_chunk);
    assert_int_equal(service_finish_stop(service), 0);
    log_reader_close(&reader);
    client_free(tenant);
}

/* What was decided up to half a second before is in the log of the other instance. */
static void an_instance_that_is_killed_loses_one_flush_at_most(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct service *dying;
    struct client *tenant;
    struct client *there;
    struct log_reader reader;

    if (world->second == NULL)
        skip();
    tenant = followed_new(world);
    dying = service_start(&options);
    there = followed_at(dying, tenant);
    followed_by(&reader, world->service, tenant);
    for (int i = 0; i < 20; i++)
        followed_decide(there);
    log_reader_wait(&reader, 20 * FOLLOWED_BATCH / 2);
    service_kill(dying);
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    WAIT_FOR (WAIT_SECONDS, reader.instance_count == 2)
        log_reader_turn(&reader);

    log_reader_expect_whole(&reader);
    assert_in_range(reader.events - 1, 20 * FOLLOWED_BATCH / 2, 20 * FOLLOWED_BATCH);
    print_message("of %d decisions %lld arrived\n", 20 * FOLLOWED_BATCH,
                  (long long)reader.events - 1);
    log_reader_close(&reader);
    client_free(there);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_app_that_is_suspended_is_followed_no_longer),
        cmocka_unit_test(a_drain_ends_a_stream_properly),
        cmocka_unit_test(an_instance_that_is_killed_loses_one_flush_at_most),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
