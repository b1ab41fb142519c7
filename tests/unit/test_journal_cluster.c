/* SPDX-License-Identifier: MIT
 *
 * The log and the usage that instances share through a real cluster. */
#include "journal_case.h"

#include "base/clock.h"
#include "base/document.h"
#include "epochs.h"
#include "redis/redis_slot.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "topology_double.h"

#include <signal.h>
#include <sodium.h>

#define NODES 3
#define APPS  24 /* so many that each node has some */

static struct redis_cluster *cluster;

static void be_true_map(void)
{
    int ports[NODES];

    for (size_t i = 0; i < NODES; i++)
        ports[i] = redis_server_port(redis_cluster_node(cluster, i));
    topology_double_be_sliced(NODES, ports);
}

static int setup(void **state)
{
    (void)state;
    epochs_await(cluster);
    be_true_map();
    for (size_t i = 0; i < NODES; i++)
        (void)redis_server_command(redis_cluster_node(cluster, i), "FLUSHALL");
    return 0;
}

static const char *app_name(int number)
{
    static char name[32];

    (void)snprintf(name, sizeof(name), "app%013d", number);
    return name;
}

/* The number of the node that has the app's log. */
static uint16_t node_of(const char *app_id)
{
    return (uint16_t)(redis_slot(text_of(app_id)) * (unsigned)NODES / REDIS_SLOTS);
}

static long long entries_of(const char *app_id)
{
    return redis_server_command(redis_cluster_node(cluster, node_of(app_id)),
                                "XLEN sluice:log:{%s}", app_id)
        ->integer;
}

/* Whether all of these apps' logs have exactly so many entries. */
static bool have_entries(long long count, uint16_t without)
{
    bool have = true;

    for (int i = 0; i < APPS; i++) {
        const char *name = app_name(i);

        have = have && (node_of(name) == without || entries_of(name) == count);
    }
    return have;
}

static void record_for_all(struct journal *journal, int64_t number)
{
    for (int i = 0; i < APPS; i++)
        journal_number(journal, app_name(i), number);
}

/* Like journal_numbers(), but they are made now, so that they are in the usage of the last hour. */
static void record_now(struct journal *journal, int64_t first, int64_t last)
{
    static const struct subject user = {{"user", 4}, {"ada", 3}};
    static int64_t start_us;

    if (start_us == 0)
        start_us = clock_wall_us();
    for (int64_t number = first; number <= last; number++) {
        const struct record record = {
            .time_us = start_us + number,
            .counted_us = start_us + number,
            .subjects = {1, &user},
            .route = TEXT("/now"),
            .role = TEXT("default"),
            .costs = {.requests = number},
            .allowed = true,
            .mode = "enforce",
        };

        journal_record(journal_app(journal, JOURNAL_APP), &record);
    }
}

/* Allowed and denied, of all instances; -1: only those of this one are known. */
static int64_t total_usage(struct journal *journal)
{
    const struct journal_job job = {.app_id = JOURNAL_APP,
                                    .asks = JOURNAL_USAGE,
                                    .query = {.window_minutes = 60, .step_minutes = 1}};
    json_t *usage = journal_await(journal, &job);
    const json_t *totals = json_object_get(usage, "totals");
    const int64_t total = json_integer_value(json_object_get(totals, "allowed")) +
                          json_integer_value(json_object_get(totals, "denied"));
    const bool is_of_all = json_is_false(json_object_get(usage, "degraded"));

    json_decref(usage);
    return is_of_all ? total : -1;
}

static void the_logs_of_all_nodes_are_written(void **state)
{
    struct journal *journal = journal_on("redis://127.0.0.1");
    (void)state;

    record_for_all(journal, 1);
    record_for_all(journal, 2);

    WAIT_FOR (JOURNAL_PATIENCE_S, have_entries(2, REDIS_NO_NODE))
        ;
    for (size_t i = 0; i < NODES; i++)
        assert_true(redis_server_command(redis_cluster_node(cluster, i), "DBSIZE")->integer > 0);
    assert_int_equal(topology_double_doubts(), 0);
    journal_free(journal);
}

static void a_node_that_is_away_keeps_only_its_own_logs_waiting(void **state)
{
    struct journal *journal = journal_on("redis://127.0.0.1");
    const uint16_t away = node_of(app_name(0));
    struct redis_server *node = redis_cluster_node(cluster, away);
    (void)state;
    record_for_all(journal, 1);
    WAIT_FOR (JOURNAL_PATIENCE_S, have_entries(1, REDIS_NO_NODE))
        ;

    redis_server_pause(node);
    for (int64_t number = 2; number <= 4; number++) {
        record_for_all(journal, number);
        WAIT_FOR (JOURNAL_PATIENCE_S, have_entries(number, away))
            ;
    }
    redis_server_continue(node);

    /* An entry whose answer was lost is sent again, and shown once. */
    for (int i = 0; i < APPS; i++) {
        struct journal_job job = {.asks = JOURNAL_LOG, .filter = journal_everything};
        (void)snprintf(job.app_id, sizeof(job.app_id), "%s", app_name(i));
        json_t *entries = NULL;

        WAIT_FOR (JOURNAL_PATIENCE_S, json_array_size(entries) == 4) {
            json_decref(entries);
            entries = journal_await(journal, &job);
        }
        json_decref(entries);
        WAIT_FOR (JOURNAL_PATIENCE_S, entries_of(app_name(i)) >= 4)
            ;
    }
    journal_free(journal);
}

/* The map is wrong for most of the time. Both instances see everything in every state of the
 * move. */
static void what_an_app_has_is_whole_in_every_state_of_a_move(void **state)
{
    struct journal *here = journal_on("redis://127.0.0.1");
    struct journal *there = journal_on("redis://127.0.0.1");
    const int slot = redis_slot(TEXT(JOURNAL_APP));
    const size_t from = redis_cluster_owner(cluster, slot);
    const size_t to = (from + 1) % NODES;
    (void)state;

    for (int step = 0; step < 6; step++) {
        const int64_t first = step * 20 + 1;
        const int64_t last = first + 19;

        if (step == 1)
            redis_cluster_begin_move(cluster, slot, to);
        if (step == 2)
            (void)redis_cluster_move_keys(cluster, slot, to, 1000);
        if (step == 3)
            redis_cluster_end_move(cluster, slot, to);
        if (step == 4)
            topology_double_give_slot(slot, (uint16_t)to);
        if (step == 5) {
            epochs_await(cluster);
            redis_cluster_move(cluster, slot, from);
            be_true_map();
        }
        record_now(here, first, last - 10);
        record_now(there, last - 9, last);

        WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(here, 1, last))
            ;
        WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(there, 1, last))
            ;
        WAIT_FOR (JOURNAL_PATIENCE_S, total_usage(here) >= 0)
            ;
        WAIT_FOR (JOURNAL_PATIENCE_S, total_usage(there) == last)
            ;
    }
    journal_free(here);
    journal_free(there);
}

/* Nobody asks meanwhile: what is flushed has to find the key by itself. */
static void what_is_flushed_while_a_slot_moves_to_and_fro_is_not_lost(void **state)
{
    struct journal *journal = journal_on("redis://127.0.0.1");
    const int slot = redis_slot(TEXT(JOURNAL_APP));
    const size_t from = redis_cluster_owner(cluster, slot);
    int64_t number = 0;
    (void)state;

    for (size_t i = 1; i <= NODES; i++) {
        const size_t to = (from + i) % NODES;

        epochs_await(cluster);
        journal_numbers(journal, number + 1, number + 10);
        redis_cluster_begin_move(cluster, slot, to);
        (void)redis_cluster_move_keys(cluster, slot, to, 1000);
        journal_numbers(journal, number + 11, number + 20);
        redis_cluster_end_move(cluster, slot, to);
        number += 20;
    }
    journal_free(journal); /* sends what is left */

    journal = journal_on("redis://127.0.0.1");
    assert_true(journal_shows(journal, 1, number));
    journal_free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_logs_of_all_nodes_are_written, setup),
        cmocka_unit_test_setup(a_node_that_is_away_keeps_only_its_own_logs_waiting, setup),
        cmocka_unit_test_setup(what_an_app_has_is_whole_in_every_state_of_a_move, setup),
        cmocka_unit_test_setup(what_is_flushed_while_a_slot_moves_to_and_fro_is_not_lost, setup),
    };

    if (sodium_init() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return EXIT_FAILURE;
    cluster = redis_cluster_start(NODES, 0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_cluster_stop(cluster);
    scratch_remove();
    return failed;
}
