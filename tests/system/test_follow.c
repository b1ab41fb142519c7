/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: what is decided at any instance arrives once, and in order. */
#include "base/clock.h"
#include "base/duration.h"
#include "log_reader.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define WAIT_SECONDS 60

#define BATCH           50
#define DECISIONS       10000
#define BATCH_TIME_US   (50 * MILLISECOND_US) /* 1,000 decisions a second */
#define UNREAD          20000
#define TIMES_DROPPED   50
#define APPS            3
#define CROWD           50
#define CROWD_DECISIONS 3000
#define READERS         20 /* of an app at an instance */

static const struct service *other_of(const struct world *world)
{
    return world->second == NULL ? world->service : world->second;
}

static struct client *tenant_with_policy(const struct world *world)
{
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'*','limit':1000000,'window_seconds':3600}");
    return tenant;
}

/* The same app at the other instance, which knows the policy. Its looks are in the log. */
static struct client *tenant_at(const struct service *service, const struct client *tenant)
{
    struct client *there = stranger_new(service);

    client_set_key(there, client_key(tenant));
    WAIT_FOR (WAIT_SECONDS, client_look(there, "nobody", "/a")->status == 200)
        ;
    EXPECT(client_get(there, "/logs/latest?limit=1"), 200, "[{'user_id':'nobody'}]");
    return there;
}

static void follow(struct log_reader *reader, const struct service *service,
                   const struct client *tenant)
{
    log_reader_open(reader, service_port(service), client_key(tenant), "", NULL);
    log_reader_begin(reader);
}

/* BATCH decisions in one request. */
static void decide(struct client *client)
{
    char body[8192] = "{'checks':[";
    size_t length = strlen(body);

    for (int i = 0; i < BATCH; i++)
        length += (size_t)snprintf(body + length, sizeof(body) - length,
                                   "%s{'user_id':'u%d','route_key':'/a'}", i == 0 ? "" : ",", i);
    (void)snprintf(body + length, sizeof(body) - length, "]}");
    EXPECT(client_post(client, "/check/batch", "%s", body), 200, NULL);
}

static void rest_until(int64_t time_us)
{
    const int64_t left_us = time_us - clock_monotonic_us();

    if (left_us > 0)
        (void)usleep((useconds_t)left_us);
}

/* Each of the numbers between the first and the newest once. */
static void expect_whole(const struct log_reader *reader)
{
    assert_int_equal(reader->gaps, 0);
    assert_int_equal(reader->out_of_order, 0);
    for (size_t i = 0; i < reader->instance_count; i++) {
        const struct log_instance *instance = &reader->instances[i];

        assert_int_equal(instance->count, instance->newest - instance->first + 1);
    }
}

static void each_of_10000_decisions_arrives_once_and_in_order(void **state)
{
    const struct world *world = *state;
    struct client *here = tenant_with_policy(world);
    struct client *there = tenant_at(other_of(world), here);
    struct log_reader readers[2];
    follow(&readers[0], world->service, here);
    follow(&readers[1], other_of(world), here);
    const int64_t begun_us = clock_monotonic_us();

    for (int i = 0; i < DECISIONS / BATCH; i++) {
        decide(i % 2 == 0 ? here : there);
        log_reader_turn(&readers[0]);
        log_reader_turn(&readers[1]);
        rest_until(begun_us + (i + 1) * BATCH_TIME_US);
    }
    const int64_t decided_us = clock_monotonic_us();

    for (size_t i = 0; i < 2; i++) {
        log_reader_wait(&readers[i], DECISIONS);
        expect_whole(&readers[i]);
        assert_int_equal(readers[i].events, DECISIONS);
        assert_int_equal(readers[i].instance_count, world->second == NULL ? 1 : 2);
        log_reader_close(&readers[i]);
    }
    print_message("%d decisions in %lld ms, all there %lld ms later\n", DECISIONS,
                  (long long)(decided_us - begun_us) / 1000,
                  (long long)(clock_monotonic_us() - decided_us) / 1000);
    client_free(here);
    client_free(there);
}

/* It comes back by turns to both instances. */
static void a_reader_that_drops_50_times_loses_nothing_and_gets_nothing_twice(void **state)
{
    const struct world *world = *state;
    struct client *here = tenant_with_policy(world);
    struct client *there = tenant_at(other_of(world), here);
    struct log_reader reader;
    follow(&reader, world->service, here);
    int64_t decided = 0;

    for (int i = 0; i < TIMES_DROPPED; i++) {
        decide(here);
        decided += BATCH;
        log_reader_wait(&reader, decided - BATCH / 2);
        decide(there);
        decided += BATCH;
        log_reader_resume(&reader, service_port(i % 2 == 0 ? other_of(world) : world->service),
                          client_key(here));
    }
    log_reader_wait(&reader, decided);

    expect_whole(&reader);
    assert_int_equal(reader.events, decided);
    log_reader_close(&reader);
    client_free(here);
    client_free(there);
}

static void a_reader_that_comes_back_too_late_is_told_how_much_it_missed(void **state)
{
    enum { KEPT = 1000, DECIDED = 2000 };
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    struct log_reader reader;
    follow(&reader, world->service, tenant);
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    log_reader_wait(&reader, 1);

    for (int i = 0; i < DECIDED / BATCH; i++) {
        decide(tenant);
        if (world->second != NULL)
            EXPECT(client_get(tenant, "/logs/latest?limit=1"), 200, NULL);
    }
    log_reader_resume(&reader, service_port(world->service), client_key(tenant));
    WAIT_FOR (WAIT_SECONDS, reader.events - 1 + reader.missed == DECIDED)
        log_reader_turn(&reader);

    assert_int_equal(reader.gaps, 1);
    assert_in_range(reader.events, KEPT, DECIDED - 1);
    assert_int_equal(reader.out_of_order, 0);
    log_reader_close(&reader);
    client_free(tenant);
}

static void an_entry_of_nobody_is_a_gap_of_unknown_length(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    struct log_reader reader;
    decide(tenant);
    if (world->second != NULL)
        EXPECT(client_get(tenant, "/logs/latest?limit=1"), 200, NULL);

    log_reader_open(&reader, service_port(world->service), client_key(tenant), "",
                    "0123456789abcdef-7");
    log_reader_wait(&reader, BATCH);

    assert_int_equal(reader.gaps, 1);
    assert_int_equal(reader.unknown_gaps, 1);
    assert_int_equal(reader.events, BATCH);
    log_reader_close(&reader);
    client_free(tenant);
}

static void a_filter_holds_back_what_it_does_not_take(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    struct log_reader denied;
    struct log_reader pro;
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/a','role':'pro','limit':9,'window_seconds':3600}");
    log_reader_open(&denied, service_port(world->service), client_key(tenant), "?allowed=false",
                    NULL);
    log_reader_open(&pro, service_port(world->service), client_key(tenant), "?role=pro", NULL);
    log_reader_begin(&denied);
    log_reader_begin(&pro);

    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_post(tenant, "/check", "{'user_id':'bob','route_key':'/a','role':'pro'}"), 200,
           NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);

    log_reader_wait(&denied, 1);
    log_reader_wait(&pro, 1);
    assert_int_equal(denied.denied, 1);
    assert_int_equal(denied.instances[0].newest, 3);
    assert_int_equal(pro.instances[0].newest, 2);
    EXPECT(client_get(tenant, "/logs/latest?role=pro"), 200, "[{'user_id':'bob'}]");
    log_reader_close(&denied);
    log_reader_close(&pro);
    client_free(tenant);
}

static void a_field_that_is_no_id_is_refused(void **state)
{
    const struct world *world = *state;
    static const char *const damaged[] = {"Last-Event-ID: 0123456789abcdef-0", NULL};
    struct client *tenant = tenant_new(world->service);

    client_set_headers(tenant, damaged);
    EXPECT(client_get(tenant, "/logs/stream"), 422, "{'errors':[{'parameter':'Last-Event-ID'}]}");
    client_set_headers(tenant, NULL);
    EXPECT(client_get(tenant, "/logs/stream?limit=1"), 422, "{'errors':[{'parameter':'limit'}]}");
    client_free(tenant);
}

static bool gets_in(struct log_reader *reader, const struct service *service,
                    const struct client *tenant)
{
    log_reader_open(reader, service_port(service), client_key(tenant), "", NULL);
    WAIT_FOR (WAIT_SECONDS, reader->status != 0)
        log_reader_turn(reader);
    if (reader->status != 200)
        log_reader_close(reader);
    return reader->status == 200;
}

static void the_21st_reader_is_refused_until_one_leaves(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    struct log_reader readers[READERS];
    struct log_reader other;
    struct client *neighbour = tenant_with_policy(world);

    for (size_t i = 0; i < READERS; i++)
        follow(&readers[i], world->service, tenant);
    const struct reply *refused = client_get(tenant, "/logs/stream");
    EXPECT_PROBLEM(refused, 429, "20 readers");
    assert_string_equal(reply_field(refused, "Retry-After"), "5");
    follow(&other, world->service, neighbour);
    log_reader_close(&other);

    log_reader_close(&readers[0]);
    WAIT_FOR (WAIT_SECONDS, gets_in(&readers[0], world->service, tenant))
        ;
    for (size_t i = 0; i < READERS; i++)
        log_reader_close(&readers[i]);
    client_free(tenant);
    client_free(neighbour);
}

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
    follow(&reader, world->service, stranger);
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

/* The kernel takes some 6 MB for it before it is behind. */
static void a_reader_that_does_not_read_gets_a_gap_and_delays_nobody(void **state)
{
    const struct world *world = *state;
    struct client *busy = tenant_with_policy(world);
    struct client *quiet = tenant_with_policy(world);
    struct client *scraping = stranger_new(world->service);
    struct log_reader lazy;
    struct log_reader diligent;
    struct log_reader neighbour;
    int64_t decided = 0;
    follow(&lazy, world->service, busy);
    follow(&diligent, world->service, busy);
    follow(&neighbour, world->service, quiet);

    for (int i = 0; i < UNREAD / BATCH; i++) {
        decide(busy);
        decided += BATCH;
        if (i % 4 == 3)
            log_reader_wait(&diligent, decided);
    }
    EXPECT(client_check(quiet, "alice", "/a"), 200, NULL);
    log_reader_wait(&neighbour, 1);
    expect_whole(&diligent);
    WAIT_FOR (WAIT_SECONDS, lazy.events + lazy.missed == decided)
        log_reader_turn(&lazy);

    assert_int_equal(lazy.out_of_order, 0);
    assert_int_equal(lazy.unknown_gaps, 0);
    assert_true(lazy.missed > 0);
    assert_true(scrape_figure(scraping, "sluice_log_stream_gaps_total", "") > 0);
    print_message("of %lld entries it missed %lld, in %lld gaps\n", (long long)decided,
                  (long long)lazy.missed, (long long)lazy.gaps);
    log_reader_close(&lazy);
    log_reader_close(&diligent);
    log_reader_close(&neighbour);
    client_free(busy);
    client_free(quiet);
    client_free(scraping);
}

/* How long the service has computed so far. */
static double computed_us(struct client *scraping)
{
    return scrape_figure(scraping, "process_cpu_seconds_total", "") * (double)SECOND_US;
}

static void decide_for(struct client *tenants[static APPS])
{
    for (int i = 0; i < CROWD_DECISIONS / BATCH; i++)
        decide(tenants[i % APPS]);
}

static void fifty_readers_of_three_apps_all_get_everything(void **state)
{
    const struct world *world = *state;
    struct client *scraping = stranger_new(world->service);
    struct client *tenants[APPS];
    struct log_reader readers[CROWD];
    const int64_t of_app = CROWD_DECISIONS / APPS;
    for (size_t i = 0; i < APPS; i++)
        tenants[i] = tenant_with_policy(world);
    const double begun_us = computed_us(scraping);
    decide_for(tenants);
    const double alone_us = computed_us(scraping) - begun_us;
    for (size_t i = 0; i < CROWD; i++)
        follow(&readers[i], world->service, tenants[i % APPS]);

    const double followed_from_us = computed_us(scraping);
    decide_for(tenants);
    for (size_t i = 0; i < CROWD; i++)
        log_reader_wait(&readers[i], of_app);
    const double followed_us = computed_us(scraping) - followed_from_us;

    for (size_t i = 0; i < CROWD; i++) {
        expect_whole(&readers[i]);
        assert_int_equal(readers[i].events, of_app);
        log_reader_close(&readers[i]);
    }
    print_message("%.1f us per event and reader\n",
                  (followed_us - alone_us) / (double)(of_app * CROWD));
    for (size_t i = 0; i < APPS; i++)
        client_free(tenants[i]);
    client_free(scraping);
}

static void a_drain_ends_a_stream_properly(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    struct log_reader reader;
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    follow(&reader, service, tenant);
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
    tenant = tenant_with_policy(world);
    dying = service_start(&options);
    there = tenant_at(dying, tenant);
    follow(&reader, world->service, tenant);
    for (int i = 0; i < 20; i++)
        decide(there);
    log_reader_wait(&reader, 20 * BATCH / 2);
    service_kill(dying);
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    WAIT_FOR (WAIT_SECONDS, reader.instance_count == 2)
        log_reader_turn(&reader);

    expect_whole(&reader);
    assert_in_range(reader.events - 1, 20 * BATCH / 2, 20 * BATCH);
    print_message("of %d decisions %lld arrived\n", 20 * BATCH, (long long)reader.events - 1);
    log_reader_close(&reader);
    client_free(there);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_that_is_no_id_is_refused),
        cmocka_unit_test(a_filter_holds_back_what_it_does_not_take),
        cmocka_unit_test(an_entry_of_nobody_is_a_gap_of_unknown_length),
        cmocka_unit_test(a_reader_that_comes_back_too_late_is_told_how_much_it_missed),
        cmocka_unit_test(the_21st_reader_is_refused_until_one_leaves),
        cmocka_unit_test(an_app_that_is_suspended_is_followed_no_longer),
        cmocka_unit_test(a_drain_ends_a_stream_properly),
        cmocka_unit_test(fifty_readers_of_three_apps_all_get_everything),
        cmocka_unit_test(an_instance_that_is_killed_loses_one_flush_at_most),
        cmocka_unit_test(a_reader_that_drops_50_times_loses_nothing_and_gets_nothing_twice),
        cmocka_unit_test(each_of_10000_decisions_arrives_once_and_in_order),
        cmocka_unit_test(a_reader_that_does_not_read_gets_a_gap_and_delays_nobody),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
