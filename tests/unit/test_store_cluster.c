/* SPDX-License-Identifier: MIT
 *
 * The Redis engine on a cluster of two masters: which node a call goes to, and what comes of a call
 * whose keys are elsewhere. The topology has no thread here, so the map is as old as the test
 * wants it to be. */
#include "asker.h"
#include "captured.h"

#include "store/breaker.h"
#include "store/take_script.h"
#include "support/redis_cluster.h"
#include "support/topologies.h"

#define SUBJECTS 64
#define SHORT_US (60 * MILLISECOND_US)
#define UNTAKEN  "\"event\":\"redis has not taken a decision in time\""

static struct redis_cluster *cluster;

static struct redis_topology *topology(void)
{
    return topology_at(redis_cluster_url(cluster));
}

static void look_again(void)
{
    struct error error;

    assert_true(redis_topology_look(topology(), &error));
}

static struct store *cluster_store(int64_t timeout_us)
{
    look_again();
    struct store *store = asker_store_at(redis_cluster_url(cluster), timeout_us);
    TURN_UNTIL(store_has_started(store) && store_health(store).links_connected == 2);
    return store;
}

static int slot_of(int64_t subject)
{
    const struct digest tag = one_set_digest(subject);

    return take_script_slot(&tag);
}

static size_t owner_of(int64_t subject)
{
    return redis_cluster_owner(cluster, slot_of(subject));
}

/* The first subject from this one on that the node has. */
static int64_t subject_at(size_t node, int64_t from)
{
    while (owner_of(from) != node)
        from++;
    return from;
}

static struct redis_server *node(size_t number)
{
    return redis_cluster_node(cluster, number);
}

static size_t errors_told(const char *code)
{
    char stat[64];
    size_t told = 0;

    (void)snprintf(stat, sizeof(stat), "errorstat_%s:count=", code);
    for (size_t i = 0; i < 2; i++) {
        const char *found = strstr(redis_server_command(node(i), "INFO errorstats")->str, stat);
        if (found != NULL)
            told += strtoul(found + strlen(stat), NULL, 10);
    }
    return told;
}

/* A take of one limit by the tag, and one by a set of its own: two keys in one slot. */
static struct operation take_of_two_keys(int64_t subject, const struct limit limits[2])
{
    struct operation take = one_set_take(subject, limits, 2, 1);

    take.tenant = 1;
    take.set_count = 2;
    take.sets[1] = one_set_digest(subject + 1);
    return take;
}

static void two_limits(struct limit limits[2])
{
    limits[0] = asker_limit;
    limits[1] = asker_limit;
    one_set_tell_apart(limits, 2);
    limits[1].set = 1;
}

static void take(struct store *store, const struct operation *operation, struct answers *answers)
{
    struct outcome outcome;

    if (store_ask(store, operation, &outcome, answers, asker_on_done) == STORE_NOW)
        asker_on_done(answers, &outcome);
}

static void each_call_goes_to_the_node_that_has_its_slot(void **state)
{
    struct store *store = cluster_store(PATIENT_US);
    struct answers answers = {0};
    const size_t moved = errors_told("MOVED");
    (void)state;

    for (int64_t i = 0; i < SUBJECTS; i++)
        asker_take(store, i, &answers);
    TURN_UNTIL(answers.count == SUBJECTS);

    assert_int_equal(answers.allowed, SUBJECTS);
    assert_int_equal(redis_cluster_sum(cluster, "DBSIZE"), SUBJECTS);
    assert_true(redis_server_command(node(0), "DBSIZE")->integer > 0);
    assert_true(redis_server_command(node(1), "DBSIZE")->integer > 0);
    assert_int_equal(errors_told("MOVED"), moved);
    store_free(store);
}

static void a_call_waits_for_a_node_that_is_new_in_the_map(void **state)
{
    struct answers answers = {0};
    (void)state;
    look_again();
    struct store *store = asker_store_at(redis_cluster_url(cluster), PATIENT_US);

    asker_take(store, 9000, &answers);
    const size_t answers_before = answers.count;
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(answers.last.status, TAKE_DONE);
    store_free(store);
}

static void a_call_follows_its_slot_before_the_map_does(void **state)
{
    const int64_t subject = subject_at(0, 1000);
    struct store *store = cluster_store(PATIENT_US);
    (void)state;
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);

    redis_cluster_move(cluster, slot_of(subject), 1);
    struct answers answers = {0};
    asker_take(store, subject, &answers);
    TURN_UNTIL(answers.count == 1);
    const size_t moved = errors_told("MOVED");
    look_again();
    asker_turn();
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);

    assert_int_equal(answers.last.status, TAKE_DONE);
    assert_int_equal(answers.last.at[0].remaining, 998);
    assert_true(moved > 0);
    assert_int_equal(errors_told("MOVED"), moved);
    store_free(store);
}

/* Its node has neither the slot nor the script. */
static void a_new_key_of_a_slot_that_moves_is_asked_for_at_its_new_node(void **state)
{
    const int64_t subject = subject_at(0, 2000);
    struct store *store = cluster_store(PATIENT_US);
    (void)state;
    redis_cluster_begin_move(cluster, slot_of(subject), 1);
    (void)redis_server_command(node(1), "SCRIPT FLUSH");
    const size_t asked = errors_told("ASK");

    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);

    assert_true(errors_told("ASK") >= asked + 2);
    redis_cluster_end_move(cluster, slot_of(subject), 1);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    store_free(store);
}

static void a_call_whose_keys_are_on_both_sides_comes_again_until_the_slot_has_moved(void **state)
{
    const int64_t subject = subject_at(0, 3000);
    struct store *store = cluster_store(PATIENT_US);
    struct limit limits[2];
    struct answers answers = {0};
    (void)state;
    two_limits(limits);
    const struct operation operation = take_of_two_keys(subject, limits);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    redis_cluster_begin_move(cluster, slot_of(subject), 1);
    const size_t told = errors_told("TRYAGAIN");

    take(store, &operation, &answers);
    TURN_UNTIL(errors_told("TRYAGAIN") >= told + 3);
    const size_t answers_before = answers.count;
    redis_cluster_end_move(cluster, slot_of(subject), 1);
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(answers.last.status, TAKE_DONE);
    assert_true(answers.last.allowed);
    store_free(store);
}

/* It was not charged, and Redis has not failed. */
static void a_call_that_no_node_takes_in_its_time_is_refused_and_opens_no_breaker(void **state)
{
    const int64_t subject = subject_at(0, 4000);
    struct store *store = cluster_store(SHORT_US);
    struct limit limits[2];
    struct answers answers = {0};
    (void)state;
    two_limits(limits);
    const struct operation operation = take_of_two_keys(subject, limits);
    struct captured captured;
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    redis_cluster_begin_move(cluster, slot_of(subject), 1);

    capture_begin(&captured);
    for (size_t i = 1; i <= BREAKER_FAILURES + 1; i++) {
        take(store, &operation, &answers);
        TURN_UNTIL(answers.count == i);
    }
    const int told = capture_end(&captured, UNTAKEN ",\"answer\":\"TRYAGAIN\"");

    assert_int_equal(answers.by_status[TAKE_DONE], 0);
    assert_true(answers.by_status[TAKE_REFUSED] > 0);
    assert_true(told > 0);
    assert_int_equal(store_health(store).breakers_open, 0);
    redis_cluster_end_move(cluster, slot_of(subject), 1);
    store_free(store);
}

/* Then the node that gets the slot does not know that we know. */
static void a_user_who_may_not_send_asking_is_told(void **state)
{
    const int64_t subject = subject_at(0, 4500);
    struct store *store = cluster_store(SHORT_US);
    struct captured captured;
    (void)state;
    redis_cluster_begin_move(cluster, slot_of(subject), 1);
    (void)redis_server_command(node(1), "ACL SETUSER default -asking");

    capture_begin(&captured);
    const enum take_status status = asker_take_and_wait(store, subject);
    const int told = capture_end(&captured, UNTAKEN ",\"answer\":\"ASKING is refused\"");

    (void)redis_server_command(node(1), "ACL SETUSER default +@all");
    redis_cluster_end_move(cluster, slot_of(subject), 1);
    assert_int_equal(status, TAKE_REFUSED);
    assert_int_equal(told, 1);
    store_free(store);
}

/* 60 ms have room for rests of 3, 6, 12, 24 and 12 ms. */
static void a_call_that_comes_again_rests_longer_each_time(void **state)
{
    const int64_t subject = subject_at(0, 4500);
    struct store *store = cluster_store(SHORT_US);
    struct limit limits[2];
    struct answers answers = {0};
    (void)state;
    two_limits(limits);
    const struct operation operation = take_of_two_keys(subject, limits);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    redis_cluster_begin_move(cluster, slot_of(subject), 1);
    const size_t told = errors_told("TRYAGAIN");

    take(store, &operation, &answers);
    TURN_UNTIL(answers.count == 1);

    assert_in_range(errors_told("TRYAGAIN") - told, 1, 6);
    redis_cluster_end_move(cluster, slot_of(subject), 1);
    store_free(store);
}

static void a_call_whose_asker_comes_again_does_not_wait_for_its_keys(void **state)
{
    const int64_t subject = subject_at(0, 4700);
    struct store *store = cluster_store(PATIENT_US);
    struct limit limits[2];
    struct answers answers = {0};
    (void)state;
    two_limits(limits);
    struct operation operation = take_of_two_keys(subject, limits);
    operation.comes_again = true;
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    redis_cluster_begin_move(cluster, slot_of(subject), 1);
    const size_t told = errors_told("TRYAGAIN");

    take(store, &operation, &answers);
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers.last.status, TAKE_REFUSED);
    assert_true(answers.last.is_moving);
    assert_int_equal(errors_told("TRYAGAIN"), told + 1);
    redis_cluster_end_move(cluster, slot_of(subject), 1);
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
    const int64_t here = subject_at(0, 5000);
    const int64_t there = subject_at(1, 5000);
    struct store *store = cluster_store(HASTY_US);
    static struct store_look look;
    struct answers late = {0};
    bool is_over = false;
    (void)state;
    redis_server_pause(node(1));

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
    redis_server_continue(node(1));
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

static bool knows_nodes(uint16_t count)
{
    look_again();
    struct redis_map *map = redis_topology_map(topology());
    const bool knows = map->node_count == count;
    redis_map_release(map);
    return knows;
}

/* Without a word to the node that has it. */
static void claim_slot(size_t number, int slot)
{
    char id[64];

    (void)snprintf(id, sizeof(id), "%s", redis_server_command(node(number), "CLUSTER MYID")->str);
    (void)redis_server_command(node(number), "CLUSTER BUMPEPOCH");
    (void)redis_server_command(node(number), "CLUSTER SETSLOT %d NODE %s", slot, id);
}

/* The node that has the slot now is not in the map yet. However often another one says so, the call
 * has time. */
static void expect_a_wait_for_the_map(struct store *store, int64_t subject)
{
    const size_t enough = errors_told("MOVED") + 6;
    struct answers answers = {0};

    asker_take(store, subject, &answers);
    TURN_UNTIL(errors_told("MOVED") >= enough);
    const size_t answers_before = answers.count;
    WAIT_FOR (20, knows_nodes(3))
        ;
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(answers.last.status, TAKE_DONE);
}

/* Leaves the cluster as it was, but for the new node, which has no slot. */
static void a_node_that_joins_is_used_and_one_that_leaves_answers_what_is_out(void **state)
{
    const int64_t subject = subject_at(0, 6000);
    struct store *store = cluster_store(PATIENT_US);
    const size_t added = redis_cluster_add_master(cluster);
    struct answers answers = {0};
    (void)state;
    redis_cluster_move(cluster, slot_of(subject), added);
    expect_a_wait_for_the_map(store, subject);
    TURN_UNTIL(store_health(store).links_connected == 3);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    assert_true(redis_server_command(node(added), "DBSIZE")->integer > 0);

    redis_server_pause(node(added));
    asker_take(store, subject, &answers);
    asker_turn();
    const size_t answers_before = answers.count;
    claim_slot(0, slot_of(subject));
    WAIT_FOR (20, knows_nodes(2))
        ;
    TURN_UNTIL(store_health(store).links_connected == 2);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    redis_server_continue(node(added));
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(answers.last.status, TAKE_DONE);
    assert_int_equal(figure_of_nodes(METRICS_NODE_KNOWN), 2);
    store_free(store);
}

static void a_cluster_behind_the_url_of_a_single_server_is_told(void **state)
{
    const int64_t there = subject_at(1, 8000);
    struct store *store = asker_store_at(redis_server_tcp_url(node(0)), PATIENT_US);
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
    take(again->store, again->operation, &again->answers);
}

static void whoever_is_answered_by_a_store_that_closes_may_ask_again(void **state)
{
    const struct operation here = asker_take_of(subject_at(0, 7000), &asker_limit, 1);
    const struct operation there = asker_take_of(subject_at(1, 7000), &asker_limit, 1);
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

static int group_open(void **state)
{
    const int result = redis_group_open(state);

    cluster = redis_cluster_start(2, 0);
    return result;
}

static int group_close(void **state)
{
    redis_cluster_stop(cluster);
    return redis_group_close(state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_slot_of_a_tag_is_that_of_its_keys),
        TEST(each_call_goes_to_the_node_that_has_its_slot),
        TEST(a_call_waits_for_a_node_that_is_new_in_the_map),
        TEST(a_call_follows_its_slot_before_the_map_does),
        TEST(a_new_key_of_a_slot_that_moves_is_asked_for_at_its_new_node),
        TEST(a_call_whose_keys_are_on_both_sides_comes_again_until_the_slot_has_moved),
        TEST(a_call_that_no_node_takes_in_its_time_is_refused_and_opens_no_breaker),
        TEST(a_user_who_may_not_send_asking_is_told),
        TEST(a_call_that_comes_again_rests_longer_each_time),
        TEST(a_call_whose_asker_comes_again_does_not_wait_for_its_keys),
        TEST(a_node_that_hangs_takes_only_its_share),
        TEST(a_cluster_behind_the_url_of_a_single_server_is_told),
        TEST(whoever_is_answered_by_a_store_that_closes_may_ask_again),
        TEST(a_node_that_joins_is_used_and_one_that_leaves_answers_what_is_out),
    };

    return cmocka_run_group_tests(tests, group_open, group_close);
}
