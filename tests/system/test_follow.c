/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: what is decided at any instance arrives once, and in order. */
#include "base/clock.h"
#include "base/duration.h"
#include "followed.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"

#include <unistd.h>

#define DECISIONS       10000
#define BATCH_TIME_US   (50 * MILLISECOND_US) /* at most 1,000 decisions a second */
#define APPS            3
#define CROWD           50
#define CROWD_DECISIONS 3000

static void rest_until(int64_t time_us)
{
    const int64_t left_us = time_us - clock_monotonic_us();

    if (left_us > 0)
        (void)usleep((useconds_t)left_us);
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

/* How long the service has computed so far. */
static double computed_us(struct client *scraping)
{
    return scrape_figure(scraping, "process_cpu_seconds_total", "") * (double)SECOND_US;
}

static void decide_for(struct client *tenants[static APPS])
{
    for (int i = 0; i < CROWD_DECISIONS / FOLLOWED_BATCH; i++)
        followed_decide(tenants[i % APPS]);
}

static void fifty_readers_of_three_apps_all_get_everything(void **state)
{
    const struct world *world = *state;
    struct client *scraping = stranger_new(world->service);
    struct client *tenants[APPS];
    struct log_reader readers[CROWD];
    const int64_t of_app = CROWD_DECISIONS / APPS;
    for (size_t i = 0; i < APPS; i++)
        tenants[i] = followed_new(world);
    const double begun_us = computed_us(scraping);
    decide_for(tenants);
    const double alone_us = computed_us(scraping) - begun_us;
    for (size_t i = 0; i < CROWD; i++)
        followed_by(&readers[i], world->service, tenants[i % APPS]);

    const double followed_from_us = computed_us(scraping);
    decide_for(tenants);
    for (size_t i = 0; i < CROWD; i++)
        log_reader_wait(&readers[i], of_app);
    const double followed_us = computed_us(scraping) - followed_from_us;

    for (size_t i = 0; i < CROWD; i++) {
        log_reader_expect_whole(&readers[i]);
        assert_int_equal(readers[i].events, of_app);
        log_reader_close(&readers[i]);
    }
    print_message("%.1f us per event and reader\n",
                  (followed_us - alone_us) / (double)(of_app * CROWD));
    for (size_t i = 0; i < APPS; i++)
        client_free(tenants[i]);
    client_free(scraping);
}

static void each_of_10000_decisions_arrives_once_and_in_order(void **state)
{
    const struct world *world = *state;
    struct client *here = followed_new(world);
    struct client *there = followed_at(followed_elsewhere(world), here);
    struct log_reader readers[2];
    followed_by(&readers[0], world->service, here);
    followed_by(&readers[1], followed_elsewhere(world), here);
    const int64_t begun_us = clock_monotonic_us();

    /* Nor is time made up for after a stop: of a burst of thousands no log keeps all. */
    for (int i = 0; i < DECISIONS / FOLLOWED_BATCH; i++) {
        const int64_t next_us = clock_monotonic_us() + BATCH_TIME_US;

        followed_decide(i % 2 == 0 ? here : there);
        log_reader_turn(&readers[0]);
        log_reader_turn(&readers[1]);
        rest_until(next_us);
    }
    const int64_t decided_us = clock_monotonic_us();

    for (size_t i = 0; i < 2; i++) {
        log_reader_wait(&readers[i], DECISIONS);
        log_reader_expect_whole(&readers[i]);
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

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_that_is_no_id_is_refused),
        cmocka_unit_test(a_filter_holds_back_what_it_does_not_take),
        cmocka_unit_test(fifty_readers_of_three_apps_all_get_everything),
        cmocka_unit_test(each_of_10000_decisions_arrives_once_and_in_order),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
