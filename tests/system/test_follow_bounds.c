/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: how many readers there may be, and how far behind. */
#include "followed.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"

#define WAIT_SECONDS 60
#define UNREAD       20000
#define READERS      20 /* of an app at an instance */

static void the_21st_reader_is_refused_until_one_leaves(void **state)
{
    const struct world *world = *state;
    struct client *tenant = followed_new(world);
    struct log_reader readers[READERS];
    struct log_reader other;
    struct client *neighbour = followed_new(world);

    for (size_t i = 0; i < READERS; i++)
        followed_by(&readers[i], world->service, tenant);
    const struct reply *refused = client_get(tenant, "/logs/stream");
    EXPECT_PROBLEM(refused, 429, "20 readers");
    assert_string_equal(reply_field(refused, "Retry-After"), "5");
    followed_by(&other, world->service, neighbour);
    log_reader_close(&other);

    log_reader_close(&readers[0]);
    WAIT_FOR (WAIT_SECONDS,
              log_reader_gets_in(&readers[0], service_port(world->service), client_key(tenant)))
        ;
    for (size_t i = 0; i < READERS; i++)
        log_reader_close(&readers[i]);
    client_free(tenant);
    client_free(neighbour);
}

/* The kernel takes some 6 MB for it before it is behind. */
static void a_reader_that_does_not_read_gets_a_gap_and_delays_nobody(void **state)
{
    const struct world *world = *state;
    struct client *busy = followed_new(world);
    struct client *quiet = followed_new(world);
    struct client *scraping = stranger_new(world->service);
    struct log_reader lazy;
    struct log_reader diligent;
    struct log_reader neighbour;
    int64_t decided = 0;
    followed_by(&lazy, world->service, busy);
    followed_by(&diligent, world->service, busy);
    followed_by(&neighbour, world->service, quiet);

    for (int i = 0; i < UNREAD / FOLLOWED_BATCH; i++) {
        followed_decide(busy);
        decided += FOLLOWED_BATCH;
        if (i % 4 == 3)
            log_reader_wait(&diligent, decided);
    }
    EXPECT(client_check(quiet, "alice", "/a"), 200, NULL);
    log_reader_wait(&neighbour, 1);
    log_reader_expect_whole(&diligent);
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

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_21st_reader_is_refused_until_one_leaves),
        cmocka_unit_test(a_reader_that_does_not_read_gets_a_gap_and_delays_nobody),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
