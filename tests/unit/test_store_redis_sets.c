/* SPDX-License-Identifier: MIT
 *
 * Operations on several sets of subjects through the Redis engine. */
#include "asker.h"

#include "base/log.h"
#include "support/several_sets.h"

#define SETS 3

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

static long long keys(void)
{
    return redis_server_command(server, "DBSIZE")->integer;
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
    store_free(store);
}

static int open_group(void **state)
{
    for (size_t i = 0; i < SETS; i++)
        limits[i] = asker_limit;
    several_sets_tell_apart(limits, SETS);
    return redis_group_open(state);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sets_that_are_the_same_for_one_check_are_one_counter_each),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, open_group, redis_group_close);
}
