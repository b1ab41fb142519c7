/* SPDX-License-Identifier: MIT
 *
 * The Redis engine on a cluster of two masters: which node a call goes to, and what comes of nodes
 * that hang, join and leave. */
#include "captured.h"
#include "cluster_case.h"

#include "store/take_script.h"

#define SUBJECTS 64

static void each_call_goes_to_the_node_that_has_its_slot(void **state)
{
    struct store *store = cluster_store(PATIENT_US);
    struct answers answers = {0};
    const size_t moved = cluster_errors_told("MOVED");
    (void)state;

    for (int64_t i = 0; i < SUBJECTS; i++)
        asker_take(store, i, &answers);
    TURN_UNTIL(answers.count == SUBJECTS);

    assert_int_equal(answers.allowed, SUBJECTS);
    assert_int_equal(redis_cluster_sum(cluster, "DBSIZE"), SUBJECTS);
    assert_true(redis_server_command(cluster_node(0), "DBSIZE")->integer > 0);
    assert_true(redis_server_command(cluster_node(1), "DBSIZE")->integer > 0);
    assert_int_equal(cluster_errors_told("MOVED"), moved);
    store_free(store);
}

static void a_call_waits_for_a_node_that_is_new_in_the_map(void **state)
{
    struct answers answers = {0};
    (void)state;
    cluster_look();
    struct store *store = asker_store_at(redis_cluster_url(cluster), PATIENT_US);

    asker_take(store, 9000, &answers);
    const size_t answers_before = answers.count;
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(answers.last.status, TAKE_DONE);
    store_free(store);
}

static uint64_t figure_of_nodes(enum metrics_node figure)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < METRICS_NODES_MAX; i++)
        sum += figure_get(&asker_metrics.nodes[i][figure]);
    return sum;
}

static void on_looked(void *context)
{
    *(bool *)context = true;
}

/* Of two nodes. */
static uint16_t number_of_deciding(const struct store_look *look, bool decides)
{
    return look->nodes[look->nodes[0].decides == decides ? 0 : 1].number;
}

static uint16_t place_of(const struct store *store, int64_t subject)
{
    const struct operation operation = asker_take_of(subject, &asker_limit, 1);

    return store_place(store, &operation);
}

static void a_node_that_hangs_takes_only_its_share(void **state)
{
    const int64_t here = cluster_subject_at(0, 5000);
    const int64_t there = cluster_subject_at(1, 5000);
    struct store *store = cluster_store(HASTY_US);
    static struct store_look look;
    struct answers late = {0};
    bool is_over = false;
    (void)state;
    redis_server_pause(cluster_node(1));

    WAIT_FOR (20, store_health(store).breakers_open == 1) {
        asker_take(store, there, &late);
        asker_turn();
    }
    const enum take_status status_there = asker_take_and_wait(store, there);
    enum take_status status_here = asker_take_and_wait(store, here);
    look.context = &is_over;
    look.done = on_looked;
    is_over = store_look(store, &look) == STORE_NOW;
    TURN_UNTIL(is_over);
    const uint64_t open_seen = figure_of_nodes(METRICS_NODE_BREAKER_OPEN);
    redis_server_continue(cluster_node(1));
    const size_t out = late.count;
    TURN_UNTIL(store_health(store).breakers_open == 0);

    assert_true(out > 0);
    assert_int_equal(status_there, TAKE_DOWN);
    assert_int_equal(status_here, TAKE_DONE);
    assert_int_equal(look.count, 2);
    assert_int_equal(look.nodes[0].decides + look.nodes[1].decides, 1);
    assert_int_not_equal(look.nodes[0].number, look.nodes[1].number);
    assert_int_equal(number_of_deciding(&look, true), place_of(store, here));
    assert_int_equal(number_of_deciding(&look, false), place_of(store, there));
    assert_false(store_look_is_good(&look));
    assert_int_equal(open_seen, 1);
    store_free(store);
}

/* Without a word to the node that has it. */
static void claim_slot(size_t number, int slot)
{
    char id[64];

    (void)snprintf(id, sizeof(id), "%s",
                   redis_server_command(cluster_node(number), "CLUSTER MYID")->str);
    (void)redis_server_command(cluster_node(number), "CLUSTER BUMPEPOCH");
    (void)redis_server_command(cluster_node(number), "CLUSTER SETSLOT %d NODE %s", slot, id);
}

/* The node that has the slot now is not in the map yet. However often another one says so, the call
 * has time. */
static void expect_a_wait_for_the_map(struct store *store, int64_t subject)
{
    const size_t enough = cluster_errors_told("MOVED") + 6;
    struct answers answers = {0};

    asker_take(store, subject, &answers);
    TURN_UNTIL(cluster_errors_told("MOVED") >= enough);
    const size_t answers_before = answers.count;
    WAIT_FOR (20, cluster_knows_nodes(3))
        ;
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(answers.last.status, TAKE_DONE);
}

/* Leaves the cluster as it was, but for the new node, which has no slot. */
static void a_node_that_joins_is_used_and_one_that_leaves_answers_what_is_out(void **state)
{
    const int64_t subject = cluster_subject_at(0, 6000);
    struct store *store = cluster_store(PATIENT_US);
    const size_t added = redis_cluster_add_master(cluster);
    struct answers answers = {0};
    (void)state;
    redis_cluster_move(cluster, cluster_slot(subject), added);
    expect_a_wait_for_the_map(store, subject);
    TURN_UNTIL(store_health(store).links_connected == 3);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    assert_true(redis_server_command(cluster_node(added), "DBSIZE")->integer > 0);

    redis_server_pause(cluster_node(added));
    asker_take(store, subject, &answers);
    asker_turn();
    const size_t answers_before = answers.count;
    claim_slot(0, cluster_slot(subject));
    WAIT_FOR (20, cluster_knows_nodes(2))
        ;
    TURN_UNTIL(store_health(store).links_connected == 2);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    redis_server_continue(cluster_node(added));
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(answers.last.status, TAKE_DONE);
    assert_int_equal(figure_of_nodes(METRICS_NODE_KNOWN), 2);
    store_free(store);
}

static void a_cluster_behind_the_url_of_a_single_server_is_told(void **state)
{
    const int64_t there = cluster_subject_at(1, 8000);
    struct store *store = asker_store_at(redis_server_tcp_url(cluster_node(0)), PATIENT_US);
    struct captured captured;
    (void)state;
    TURN_UNTIL(store_is_ready(store));

    capture_begin(&captured);
    const enum take_status first = asker_take_and_wait(store, there);
    const enum take_status second = asker_take_and_wait(store, there);
    const int told = capture_end(&captured, "\"event\":\"redis is a cluster\"");

    assert_int_equal(first, TAKE_REFUSED);
    assert_int_equal(second, TAKE_REFUSED);
    assert_true(told > 0);
    assert_true(store_is_ready(store));
    store_free(store);
}

static void the_slot_of_a_tag_is_that_of_its_keys(void **state)
{
    struct take_arguments arguments;
    (void)state;

    for (int64_t i = 0; i < SUBJECTS; i++) {
        const struct operation operation = asker_take_of(i, &asker_limit, 1);
        take_arguments_write(&arguments, &operation);
        assert_int_equal(take_script_slot(&operation.tag), redis_slot(text_of(arguments.keys[0])));
    }
}

struct again {
    struct store *store;
    const struct operation *operation;
    struct answers answers;
};

static void on_done_ask_again(void *context, const struct outcome *outcome)
{
    struct again *again = context;

    asker_on_done(&again->answers, outcome);
    asker_ask(again->store, again->operation, &again->answers);
}

static void whoever_is_answered_by_a_store_that_closes_may_ask_again(void **state)
{
    const struct operation here = asker_take_of(cluster_subject_at(0, 7000), &asker_limit, 1);
    const struct operation there = asker_take_of(cluster_subject_at(1, 7000), &asker_limit, 1);
    struct store *store = cluster_store(PATIENT_US);
    struct again first = {.store = store, .operation = &there};
    struct again second = {.store = store, .operation = &here};
    struct outcome outcome;
    (void)state;

    assert_int_equal(store_ask(store, &here, &outcome, &first, on_done_ask_again), STORE_LATER);
    assert_int_equal(store_ask(store, &there, &outcome, &second, on_done_ask_again), STORE_LATER);
    store_free(store);

    assert_int_equal(first.answers.by_status[TAKE_DOWN], 2);
    assert_int_equal(second.answers.by_status[TAKE_DOWN], 2);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_slot_of_a_tag_is_that_of_its_keys),
        TEST(each_call_goes_to_the_node_that_has_its_slot),
        TEST(a_call_waits_for_a_node_that_is_new_in_the_map),
        TEST(a_node_that_hangs_takes_only_its_share),
        TEST(a_cluster_behind_the_url_of_a_single_server_is_told),
        TEST(whoever_is_answered_by_a_store_that_closes_may_ask_again),
        TEST(a_node_that_joins_is_used_and_one_that_leaves_answers_what_is_out),
    };

    return cmocka_run_group_tests(tests, cluster_group_open, cluster_group_close);
}
