/* SPDX-License-Identifier: MIT
 *
 * Operations on several sets of subjects through the Redis engine: what they charge, and how many
 * counters the tenant then has in its budget. */
#include "asker.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/counter_budget.h"
#include "support/several_sets.h"

#define SETS 3

static const int64_t ada[SETS] = {1, 10, SEVERAL_SETS_COMMON}; /* a user, her org, and a pool */
static const int64_t bob[SETS] = {2, 10, SEVERAL_SETS_COMMON}; /* another user of the same org */

static struct limit limits[SETS];

static struct outcome ask(struct store *store, const struct operation *operation)
{
    struct answers answers = {0};
    struct outcome now;

    assert_int_equal(store_ask(store, operation, &now, &answers, asker_on_done), STORE_LATER);
    TURN_UNTIL(answers.count == 1);
    return answers.last;
}

static struct operation take_of(const int64_t sets[])
{
    struct operation take = several_sets_take(sets, limits, SETS, 1);

    take.tenant = 1;
    return take;
}

static struct operation forget_of(const int64_t sets[])
{
    struct operation forget = take_of(sets);

    forget.kind = OPERATION_FORGET;
    return forget;
}

static void assert_remaining(struct store *store, struct operation operation,
                             const int64_t remaining[])
{
    operation.kind = OPERATION_LOOK;
    const struct outcome outcome = ask(store, &operation);

    assert_int_equal(outcome.status, TAKE_DONE);
    for (size_t i = 0; i < SETS; i++)
        assert_int_equal(outcome.at[i].remaining, remaining[i]);
}

static int64_t live(void)
{
    return counter_budget_live(asker_budget, 1, clock_monotonic_us());
}

static long long keys(void)
{
    return redis_server_command(server, "DBSIZE")->integer;
}

static void a_check_with_three_sets_counts_three_keys(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    const struct operation first = take_of(ada);
    const struct operation second = take_of(bob);
    (void)state;

    assert_true(ask(store, &first).allowed);
    assert_int_equal(live(), 3);
    assert_true(ask(store, &first).allowed);
    assert_int_equal(live(), 3);
    assert_true(ask(store, &second).allowed);

    assert_int_equal(live(), 4);
    assert_int_equal(keys(), 4);
    store_free(store);
}

static void at_the_maximum_a_check_with_a_new_key_charges_none_of_its_sets(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    const struct operation first = take_of(ada);
    const struct operation second = take_of(bob);
    (void)state;
    counter_budget_set_max(asker_budget, 3);

    assert_true(ask(store, &first).allowed);
    assert_int_equal(ask(store, &second).status, TAKE_QUOTA);

    assert_remaining(store, first, (const int64_t[]){999, 999, 999});
    assert_remaining(store, second, (const int64_t[]){1000, 999, 999});
    assert_int_equal(keys(), 3);
    assert_true(ask(store, &first).allowed);
    assert_int_equal(live(), 3);
    store_free(store);
}

static void forgetting_three_sets_gives_back_each_key(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    const struct operation first = take_of(ada);
    const struct operation second = take_of(bob);
    const struct operation forget = forget_of(ada);
    (void)state;
    counter_budget_set_max(asker_budget, 4);

    assert_true(ask(store, &first).allowed);
    assert_true(ask(store, &second).allowed);
    assert_int_equal(ask(store, &forget).count, 3);
    assert_int_equal(live(), 1);
    assert_int_equal(keys(), 1);

    assert_int_equal(ask(store, &forget).count, 0);
    assert_int_equal(live(), 1);
    assert_true(ask(store, &first).allowed);
    assert_int_equal(live(), 4);
    store_free(store);
}

static void forgetting_one_set_leaves_the_others(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    const struct operation take = take_of(ada);
    struct operation forget = forget_of(ada);
    (void)state;
    assert_true(ask(store, &take).allowed);

    forget.limit_count = 1;
    assert_int_equal(ask(store, &forget).count, 1);

    assert_remaining(store, take, (const int64_t[]){1000, 999, 999});
    assert_int_equal(live(), 2);
    store_free(store);
}

/* A limit that does not say by whom it counts takes the ip of a check without a user. Another one
 * says that it counts by ip. */
static void sets_that_are_the_same_for_one_check_are_one_counter_each(void **state)
{
    static const int64_t same[SETS] = {1, 1, SEVERAL_SETS_COMMON};
    struct store *store = asker_store(PATIENT_US);
    const struct operation take = take_of(same);
    (void)state;

    for (int i = 1; i <= 3; i++) {
        const struct outcome outcome = ask(store, &take);

        assert_int_equal(outcome.status, TAKE_DONE);
        for (size_t limit = 0; limit < SETS; limit++)
            assert_int_equal(outcome.at[limit].remaining, asker_limit.quota - i);
    }

    assert_int_equal(keys(), 2);
    assert_int_equal(live(), 2);
    store_free(store);
}

static int begin_test(void **state)
{
    asker_budget = counter_budget_new(1000);
    return asker_begin(state);
}

static int end_test(void **state)
{
    counter_budget_free(asker_budget);
    asker_budget = NULL;
    return asker_end(state);
}

static int open_group(void **state)
{
    for (size_t i = 0; i < SETS; i++)
        limits[i] = asker_limit;
    several_sets_tell_apart(limits, SETS);
    return redis_group_open(state);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_check_with_three_sets_counts_three_keys),
        TEST(at_the_maximum_a_check_with_a_new_key_charges_none_of_its_sets),
        TEST(forgetting_three_sets_gives_back_each_key),
        TEST(forgetting_one_set_leaves_the_others),
        TEST(sets_that_are_the_same_for_one_check_are_one_counter_each),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, open_group, redis_group_close);
}
