/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: how a stream ends, and what the end of an instance costs. */
#include "base/clock.h"
#include "base/duration.h"
#include "followed.h"
#include "journal/journal.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"

#include <unistd.h>

#define WAIT_SECONDS   60
#define TIMES_KILLED   3
#define CHECKS_MAX     450 /* fewer than make a ring half full, so only time flushes them */
#define CHECKS_LESS    17
#define CHECK_EVERY_US (7 * MILLISECOND_US)
/* A flush that was not made yet, the one before that had not arrived, and room for a busy machine.
 * The checks take twice as long. */
#define LOST_US_MAX (2 * JOURNAL_FLUSH_US + SECOND_US)

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

/* The number of the newest decision in the app's log, and the name of its instance. */
static int64_t newest_of_log(struct client *tenant, char name[static LOG_READER_ID_BYTES])
{
    const struct reply *reply = client_get(tenant, "/logs/latest?limit=1");
    long long sequence;

    EXPECT(reply, 200, NULL);
    assert_int_equal(sscanf(reply_text(reply, "0.id"), "%16s-%lld", name, &sequence), 2);
    return sequence;
}

/* One check after the other, so the instance numbers them in the order of their answers. */
static void check_steadily(struct client *tenant, int count, int64_t *answered_us)
{
    for (int i = 0; i < count; i++) {
        EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
        answered_us[i] = clock_monotonic_us();
        (void)usleep(CHECK_EVERY_US);
    }
}

/* What arrived has no hole, and what is missing was answered last. The other instance decides
 * nothing. */
static void kill_after(const struct world *world, struct client *tenant, int checks)
{
    struct service_options options = world_options(world);
    struct service *dying = service_start(&options);
    struct client *there = followed_at(dying, tenant);
    char name[LOG_READER_ID_BYTES];
    char last_name[LOG_READER_ID_BYTES];
    int64_t answered_us[CHECKS_MAX];
    struct log_reader reader;
    const int64_t before = newest_of_log(there, name);
    followed_by(&reader, world->service, tenant);

    check_steadily(there, checks, answered_us);
    const int64_t killed_us = clock_monotonic_us();
    service_kill(dying);
    const int64_t newest = newest_of_log(tenant, last_name);
    const int64_t lost = before + checks - newest;
    assert_string_equal(last_name, name);
    assert_in_range(newest, before + 1, before + checks);
    log_reader_wait(&reader, newest - before);

    log_reader_expect_whole(&reader);
    assert_int_equal(reader.instance_count, 1);
    assert_string_equal(reader.instances[0].name, name);
    assert_int_equal(reader.instances[0].first, before + 1);
    if (lost > 0)
        assert_in_range(killed_us - answered_us[checks - lost], 0, LOST_US_MAX);
    print_message("of %d decisions the last %lld are lost, made in %lld ms\n", checks,
                  (long long)lost,
                  lost == 0 ? 0 : (long long)(killed_us - answered_us[checks - lost]) / 1000);
    log_reader_close(&reader);
    client_free(there);
}

/* At another moment between two flushes each time. */
static void an_instance_that_is_killed_loses_one_flush_at_most(void **state)
{
    const struct world *world = *state;

    if (world->second == NULL)
        skip();
    for (int i = 0; i < TIMES_KILLED; i++) {
        struct client *tenant = followed_new(world);

        kill_after(world, tenant, CHECKS_MAX - i * CHECKS_LESS);
        client_free(tenant);
    }
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
