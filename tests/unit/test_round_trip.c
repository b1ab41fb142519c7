/* SPDX-License-Identifier: MIT
 *
 * Which apps go together, when their node of a cluster fails. The node is a server that does only
 * what the test says. */
#include "round_trip.h"

#include "journal/usage_feed.h"
#include "parrot.h"
#include "support/cmocka.h"
#include "support/topologies.h"
#include "support/wait.h"
#include "topology_double.h"

#include <signal.h>
#include <sodium.h>

#define APPS     2
#define COMMANDS (2 * APPS) /* each an XADD and an EXPIRE */

static struct journal_apps apps;
static struct journal_app *both[APPS];
static struct feed *feed;
static struct round_trip trip;
static struct parrot parrot;

/* The node says these words first, and later that all is well. */
static void begin(const char *words)
{
    static const struct subject user = {{"user", 4}, {"ada", 3}};
    const struct record record = {.subjects = {1, &user},
                                  .route = TEXT("/now"),
                                  .role = TEXT("default"),
                                  .costs = {.requests = 1},
                                  .mode = "enforce"};

    parrot_open(&parrot);
    (void)strncpy(parrot.words, words, sizeof(parrot.words));
    parrot.later = ":1\r\n";
    parrot.turns = COMMANDS;
    parrot_start(&parrot);
    feed = feed_new(topology_at("redis://127.0.0.1"), 1);
    topology_double_be_sliced(1, (const int[]){parrot_port(&parrot)});
    apps = (struct journal_apps){0};
    journal_apps_init(&apps, 1);
    for (int i = 0; i < APPS; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "app%013d", i);
        both[i] = journal_apps_find_or_add(&apps, name, NULL);
        (void)ring_add(&both[i]->ring, &record);
    }
}

static void end(void)
{
    journal_apps_close(&apps);
    feed_free(feed);
    parrot_close(&parrot);
}

/* Sends what the apps have, as far as they go together. Returns how many did. */
static size_t send_together(void)
{
    round_trip_init(&trip, feed);
    for (int i = 0; i < APPS && round_trip_has_room(&trip, both[i], CARGO_LOG); i++)
        round_trip_add(&trip, both[i], CARGO_LOG);
    assert_true(round_trip_run(&trip));
    return trip.count;
}

/* Only an attempt while the node rests proves anything. False when the machine was too busy for
 * that. */
static bool node_is_left_alone(void)
{
    begin("-OOM too full\r\n");

    assert_int_equal(send_together(), APPS);
    assert_int_equal(atomic_load(&parrot.commands), COMMANDS);
    assert_int_equal(feed_failures(feed), APPS);
    assert_int_equal(send_together(), APPS);
    const bool was_in_time = feed_app_rests(feed, both[0]->id);

    for (int i = 0; i < APPS; i++)
        assert_true(!was_in_time || trip.parts[i].outcome == ROUND_TRIP_FAILED);
    if (was_in_time) {
        assert_int_equal(atomic_load(&parrot.commands), COMMANDS);
        assert_int_equal(feed_failures(feed), APPS);
    }
    end();
    return was_in_time;
}

static void a_node_that_refuses_is_left_alone_for_a_while(void **state)
{
    (void)state;

    WAIT_FOR (60, node_is_left_alone())
        ;
}

static void the_apps_of_a_node_that_refused_go_together_again(void **state)
{
    (void)state;
    begin("-READONLY You can't write against a read only replica.\r\n");

    assert_int_equal(send_together(), APPS);
    WAIT_FOR (20, !feed_app_rests(feed, both[0]->id))
        ;
    assert_int_equal(send_together(), APPS);

    for (int i = 0; i < APPS; i++) {
        assert_int_equal(trip.parts[i].outcome, ROUND_TRIP_SENT);
        assert_int_equal(both[i]->sent, 1);
    }
    assert_int_equal(feed_dropped(feed), 0);
    end();
}

/* Perhaps what one of them sends has ended it. */
static void apps_that_lost_their_connection_go_alone(void **state)
{
    (void)state;
    begin("this is no Redis\r\n");

    assert_int_equal(send_together(), APPS);
    assert_false(feed_app_rests(feed, both[0]->id));

    assert_int_equal(send_together(), 1);
    end();
}

/* Otherwise the log would say that it works again. */
static void nothing_to_send_does_not_mean_that_redis_answers(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);
    uint64_t sent = 0;
    (void)state;
    begin("this is no Redis\r\n");
    topology_double_be_single(parrot_port(&parrot));
    assert_int_equal(feed_send(feed, both[0]->id, &both[0]->ring, &sent), FEED_NOT_SENT);
    assert_true(feed_is_away(feed));

    assert_int_equal(usage_feed_send(feed, both[0]->id, app), FEED_SENT_ALL);

    assert_true(feed_is_away(feed));
    end();
    usage_app_free(app);
    usage_free(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_that_refuses_is_left_alone_for_a_while),
        cmocka_unit_test(the_apps_of_a_node_that_refused_go_together_again),
        cmocka_unit_test(apps_that_lost_their_connection_go_alone),
        cmocka_unit_test(nothing_to_send_does_not_mean_that_redis_answers),
    };

    if (sodium_init() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
