/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: whoever comes back goes on where it stopped, or is told what is missing. */
#include "followed.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"

#define WAIT_SECONDS  60
#define TIMES_DROPPED 50

static void an_entry_of_nobody_is_a_gap_of_unknown_length(void **state)
{
    const struct world *world = *state;
    struct client *tenant = followed_new(world);
    struct log_reader reader;
    followed_decide(tenant);
    if (world->second != NULL)
        EXPECT(client_get(tenant, "/logs/latest?limit=1"), 200, NULL);

    log_reader_open(&reader, service_port(world->service), client_key(tenant), "",
                    "0123456789abcdef-7");
    log_reader_wait(&reader, FOLLOWED_BATCH);

    assert_int_equal(reader.gaps, 1);
    assert_int_equal(reader.unknown_gaps, 1);
    assert_int_equal(reader.events, FOLLOWED_BATCH);
    log_reader_close(&reader);
    client_free(tenant);
}

static void a_reader_that_comes_back_too_late_is_told_how_much_it_missed(void **state)
{
    enum { KEPT = 1000, DECIDED = 2000 };
    const struct world *world = *state;
    struct client *tenant = followed_new(world);
    struct log_reader reader;
    followed_by(&reader, world->service, tenant);
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    log_reader_wait(&reader, 1);

    for (int i = 0; i < DECIDED / FOLLOWED_BATCH; i++) {
        followed_decide(tenant);
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

/* It comes back by turns to both instances. */
static void a_reader_that_drops_50_times_loses_nothing_and_gets_nothing_twice(void **state)
{
    const struct world *world = *state;
    struct client *here = followed_new(world);
    struct client *there = followed_at(followed_elsewhere(world), here);
    struct log_reader reader;
    followed_by(&reader, world->service, here);
    int64_t decided = 0;

    for (int i = 0; i < TIMES_DROPPED; i++) {
        followed_decide(here);
        decided += FOLLOWED_BATCH;
        log_reader_wait(&reader, decided - FOLLOWED_BATCH / 2);
        followed_decide(there);
        decided += FOLLOWED_BATCH;
        log_reader_resume(&reader,
                          service_port(i % 2 == 0 ? followed_elsewhere(world) : world->service),
                          client_key(here));
    }
    log_reader_wait(&reader, decided);

    log_reader_expect_whole(&reader);
    assert_int_equal(reader.events, decided);
    log_reader_close(&reader);
    client_free(here);
    client_free(there);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_of_nobody_is_a_gap_of_unknown_length),
        cmocka_unit_test(a_reader_that_comes_back_too_late_is_told_how_much_it_missed),
        cmocka_unit_test(a_reader_that_drops_50_times_loses_nothing_and_gets_nothing_twice),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
