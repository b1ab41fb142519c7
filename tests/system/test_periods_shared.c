/* SPDX-License-Identifier: MIT
 *
 * The clock of one of two instances is 30 s ahead. Both cross the end of a period under load. The
 * store's clock decides: exactly the limit passes before it, and exactly the limit after it. */
#include "base/clock.h"
#include "base/duration.h"
#include "moved_instance.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define LIMIT       200
#define CONNECTIONS 8 /* every other one to the instance that is ahead */
#define AHEAD_US    (30 * SECOND_US)
#define BEFORE_S    8 /* from the policy to the end of its period */
#define AFTER_US    (2 * SECOND_US)

struct load {
    const char *api_key;
    int64_t end_us; /* of the period, Unix time */
    atomic_int before;
    atomic_int after;
    atomic_int failed;
};

struct member {
    struct load *load;
    int port;
    pthread_t thread;
};

/* Whoever is allowed after the end was asked near it at the earliest, because the limit is used up
 * long before. */
static void *run_member(void *context)
{
    const struct member *member = context;
    struct load *load = member->load;
    struct client *client = client_new(member->port);

    client_set_key(client, load->api_key);
    while (clock_wall_us() < load->end_us + AFTER_US) {
        const struct reply *reply = client_check(client, "ada", "/r");
        const bool is_over = clock_wall_us() >= load->end_us;

        if (reply->status == 200)
            atomic_fetch_add(is_over ? &load->after : &load->before, 1);
        else if (reply->status != 429)
            atomic_fetch_add(&load->failed, 1);
    }
    client_free(client);
    return NULL;
}

/* An hour from it on, another period begins. */
static void anchor_write(int64_t time_us, char out[static 32])
{
    const time_t seconds = time_us / SECOND_US;
    struct tm date;

    gmtime_r(&seconds, &date);
    (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &date);
}

static void exactly_the_limit_passes_before_and_after_the_end_of_a_period(void **state)
{
    const struct world *world = *state;
    const struct moved_instance ahead = moved_instance_start(world_options(world), AHEAD_US);
    struct client *tenant = tenant_new(world->service);
    struct load load = {.api_key = client_key(tenant)};
    struct member members[CONNECTIONS];
    char anchor[32];

    load.end_us = (clock_wall_us() / SECOND_US + BEFORE_S) * SECOND_US;
    anchor_write(load.end_us, anchor);
    tenant_policy(tenant, "{'route_key':'/r','limit':%d,'period':'hour','anchor':'%s'}", LIMIT,
                  anchor);
    for (int i = 0; i < CONNECTIONS; i++) {
        members[i].load = &load;
        members[i].port = service_port(i % 2 == 0 ? world->service : ahead.service);
        assert_int_equal(pthread_create(&members[i].thread, NULL, run_member, &members[i]), 0);
    }
    for (int i = 0; i < CONNECTIONS; i++)
        assert_int_equal(pthread_join(members[i].thread, NULL), 0);

    assert_int_equal(load.failed, 0);
    assert_int_equal(load.before, LIMIT);
    assert_int_equal(load.after, LIMIT);

    client_free(tenant);
    moved_instance_stop(&ahead);
}

static void an_instance_ahead_of_the_store_tells_the_wait_to_the_stores_end(void **state)
{
    const struct world *world = *state;
    const struct moved_instance ahead = moved_instance_start(world_options(world), AHEAD_US);
    struct client *tenant = tenant_new(ahead.service);
    char anchor[32];
    const int64_t end_us = (clock_wall_us() / SECOND_US + 15) * SECOND_US;

    anchor_write(end_us, anchor);
    tenant_policy(tenant, "{'route_key':'/r','limit':5,'period':'hour','anchor':'%s'}", anchor);

    const struct reply *reply = client_check(tenant, "ada", "/r");

    EXPECT(reply, 200, "{'remaining':4}");
    assert_in_range(reply_integer(reply, "reset_in"), 1, 15);

    client_free(tenant);
    moved_instance_stop(&ahead);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_limit_passes_before_and_after_the_end_of_a_period),
        cmocka_unit_test(an_instance_ahead_of_the_store_tells_the_wait_to_the_stores_end),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
