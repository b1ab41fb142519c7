/* SPDX-License-Identifier: MIT
 *
 * The Redis engine on a cluster whose slots move: what comes of a call whose keys are elsewhere, or
 * at two nodes. */
#include "captured.h"
#include "cluster_case.h"

#include "store/breaker.h"

#define SHORT_US (60 * MILLISECOND_US)
#define UNTAKEN  "\"event\":\"redis has not taken a decision in time\""

/* A call that needs two keys of one slot: one is at node 0, and a new one is asked for at
 * node 1. */
struct torn {
    int64_t subject;
    struct store *store;
    struct limit limits[2]; /* one by the tag, and one by a set of its own */
    struct operation operation;
    struct answers answers;
    size_t told; /* TRYAGAIN before the call */
};

/* The subject is the first one from `from` on. */
static void torn_begin(struct torn *torn, int64_t from, int64_t timeout_us)
{
    *torn = (struct torn){.subject = cluster_subject_at(0, from),
                          .store = cluster_store(timeout_us),
                          .limits = {asker_limit, asker_limit}};
    one_set_tell_apart(torn->limits, 2);
    torn->limits[1].set = 1;
    torn->operation = one_set_take(torn->subject, torn->limits, 2, 1);
    torn->operation.tenant = 1;
    torn->operation.set_count = 2;
    torn->operation.sets[1] = one_set_digest(torn->subject + 1);
    assert_int_equal(asker_take_and_wait(torn->store, torn->subject), TAKE_DONE);
    redis_cluster_begin_move(cluster, cluster_slot(torn->subject), 1);
    torn->told = cluster_errors_told("TRYAGAIN");
}

static void torn_ask(struct torn *torn)
{
    asker_ask(torn->store, &torn->operation, &torn->answers);
}

/* How often a node has refused it because of its keys. */
static size_t torn_tries(const struct torn *torn)
{
    return cluster_errors_told("TRYAGAIN") - torn->told;
}

static void torn_end_move(const struct torn *torn)
{
    redis_cluster_end_move(cluster, cluster_slot(torn->subject), 1);
}

static void a_call_follows_its_slot_before_the_map_does(void **state)
{
    const int64_t subject = cluster_subject_at(0, 1000);
    struct store *store = cluster_store(PATIENT_US);
    (void)state;
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);

    redis_cluster_move(cluster, cluster_slot(subject), 1);
    struct answers answers = {0};
    asker_take(store, subject, &answers);
    TURN_UNTIL(answers.count == 1);
    const size_t moved = cluster_errors_told("MOVED");
    cluster_look();
    asker_turn();
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);

    assert_int_equal(answers.last.status, TAKE_DONE);
    assert_int_equal(answers.last.at[0].remaining, 998);
    assert_true(moved > 0);
    assert_int_equal(cluster_errors_told("MOVED"), moved);
    store_free(store);
}

/* Its node has neither the slot nor the script. */
static void a_new_key_of_a_slot_that_moves_is_asked_for_at_its_new_node(void **state)
{
    const int64_t subject = cluster_subject_at(0, 2000);
    struct store *store = cluster_store(PATIENT_US);
    (void)state;
    redis_cluster_begin_move(cluster, cluster_slot(subject), 1);
    (void)redis_server_command(cluster_node(1), "SCRIPT FLUSH");
    const size_t asked = cluster_errors_told("ASK");

    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);

    assert_true(cluster_errors_told("ASK") >= asked + 2);
    redis_cluster_end_move(cluster, cluster_slot(subject), 1);
    assert_int_equal(asker_take_and_wait(store, subject), TAKE_DONE);
    store_free(store);
}

static void a_call_whose_keys_are_on_both_sides_comes_again_until_the_slot_has_moved(void **state)
{
    struct torn torn;
    (void)state;
    torn_begin(&torn, 3000, PATIENT_US);

    torn_ask(&torn);
    TURN_UNTIL(torn_tries(&torn) >= 3);
    const size_t answers_before = torn.answers.count;
    torn_end_move(&torn);
    TURN_UNTIL(torn.answers.count == 1);

    assert_int_equal(answers_before, 0);
    assert_int_equal(torn.answers.last.status, TAKE_DONE);
    assert_true(torn.answers.last.allowed);
    store_free(torn.store);
}

/* It was not charged, and Redis has not failed. */
static void a_call_that_no_node_takes_in_its_time_is_refused_and_opens_no_breaker(void **state)
{
    struct captured captured;
    struct torn torn;
    (void)state;
    torn_begin(&torn, 4000, SHORT_US);

    capture_begin(&captured);
    for (size_t i = 1; i <= BREAKER_FAILURES + 1; i++) {
        torn_ask(&torn);
        TURN_UNTIL(torn.answers.count == i);
    }
    const int told = capture_end(&captured, UNTAKEN ",\"answer\":\"TRYAGAIN\"");

    assert_int_equal(torn.answers.by_status[TAKE_DONE], 0);
    assert_true(torn.answers.by_status[TAKE_REFUSED] > 0);
    assert_true(told > 0);
    assert_int_equal(store_health(torn.store).breakers_open, 0);
    torn_end_move(&torn);
    store_free(torn.store);
}

/* Then the node that gets the slot does not know that we know. */
static void a_user_who_may_not_send_asking_is_told(void **state)
{
    const int64_t subject = cluster_subject_at(0, 4500);
    struct store *store = cluster_store(SHORT_US);
    struct captured captured;
    (void)state;
    redis_cluster_begin_move(cluster, cluster_slot(subject), 1);
    (void)redis_server_command(cluster_node(1), "ACL SETUSER default -asking");

    capture_begin(&captured);
    const enum take_status status = asker_take_and_wait(store, subject);
    const int told = capture_end(&captured, UNTAKEN ",\"answer\":\"ASKING is refused\"");

    (void)redis_server_command(cluster_node(1), "ACL SETUSER default +@all");
    redis_cluster_end_move(cluster, cluster_slot(subject), 1);
    assert_int_equal(status, TAKE_REFUSED);
    assert_int_equal(told, 1);
    store_free(store);
}

/* 60 ms have room for rests of 3, 6, 12, 24 and 12 ms. */
static void a_call_that_comes_again_rests_longer_each_time(void **state)
{
    struct torn torn;
    (void)state;
    torn_begin(&torn, 4500, SHORT_US);

    torn_ask(&torn);
    TURN_UNTIL(torn.answers.count == 1);

    assert_in_range(torn_tries(&torn), 1, 6);
    torn_end_move(&torn);
    store_free(torn.store);
}

static void a_call_whose_asker_comes_again_does_not_wait_for_its_keys(void **state)
{
    struct torn torn;
    (void)state;
    torn_begin(&torn, 4700, PATIENT_US);
    torn.operation.comes_again = true;

    torn_ask(&torn);
    TURN_UNTIL(torn.answers.count == 1);

    assert_int_equal(torn.answers.last.status, TAKE_REFUSED);
    assert_true(torn.answers.last.is_moving);
    assert_int_equal(torn_tries(&torn), 1);
    torn_end_move(&torn);
    store_free(torn.store);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_follows_its_slot_before_the_map_does),
        TEST(a_new_key_of_a_slot_that_moves_is_asked_for_at_its_new_node),
        TEST(a_call_whose_keys_are_on_both_sides_comes_again_until_the_slot_has_moved),
        TEST(a_call_that_no_node_takes_in_its_time_is_refused_and_opens_no_breaker),
        TEST(a_user_who_may_not_send_asking_is_told),
        TEST(a_call_that_comes_again_rests_longer_each_time),
        TEST(a_call_whose_asker_comes_again_does_not_wait_for_its_keys),
    };

    return cmocka_run_group_tests(tests, cluster_group_open, cluster_group_close);
}
