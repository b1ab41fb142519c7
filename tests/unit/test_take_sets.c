/* SPDX-License-Identifier: MIT
 *
 * Operations on limits of several sets of subjects in Redis: all are charged, or none. Random
 * histories are compared with decide(), whose states lie where the scripts should put them. */
#include "life_case.h"

#include "limit/algorithm.h"
#include "limit/calendar.h"
#include "limit/charge_log.h"
#include "support/decide_operation.h"
#include "support/random.h"
#include "support/same_outcome.h"

#define HISTORIES   100
#define STEPS       60
#define SETS        3
#define POOL        12 /* limits of one set */
#define ENTRIES_MAX (2 * LIMITS_MAX)

/* Of limits that count by a set each. */
static struct operation operation_new(struct limit limits[], size_t count, int64_t cost)
{
    struct operation operation = life_take_of(limits, count, cost);

    operation.set_count = count;
    for (size_t i = 0; i < count; i++) {
        limits[i].set = (uint8_t)i;
        operation.sets[i] = operation.tag;
        operation.sets[i].bytes[0] ^= (uint8_t)i; /* the first one is the tag */
    }
    return operation;
}

static void one_denial_charges_no_string(void **state)
{
    (void)state;
    struct limit limits[] = {life_limit_of(ALGORITHM_FIXED_WINDOW),
                             life_limit_of(ALGORITHM_SLIDING_WINDOW_LOG),
                             life_limit_of(ALGORITHM_TOKEN_BUCKET)};

    for (size_t denying = 0; denying < 3; denying++) {
        struct operation operation = operation_new(limits, 3, 4);
        struct life_asked asked;

        operation.costs[denying] = 11;
        life_run(&asked, &operation, true);
        assert_false(asked.outcome.allowed);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(asked.outcome.at[i].remaining, 10);
        operation.kind = OPERATION_LOOK;
        life_run(&asked, &operation, true);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(asked.outcome.at[i].remaining, 10);
    }
}

static void one_new_string_of_three_is_a_key_to_create(void **state)
{
    (void)state;

    for (size_t missing = 0; missing < 3; missing++) {
        struct limit limits[] = {life_limit_of(ALGORITHM_FIXED_WINDOW),
                                 life_limit_of(ALGORITHM_LEAKY_BUCKET),
                                 life_limit_of(ALGORITHM_TOKEN_BUCKET)};
        struct operation operation = operation_new(limits, 3, 3);
        struct life_asked asked;

        operation.costs[missing] = 0;
        life_run(&asked, &operation, true);
        assert_int_equal(asked.life_count, 2);
        life_run(&asked, &operation, false);
        assert_int_equal(asked.outcome.status, TAKE_DONE);
        operation.costs[missing] = 1;
        life_run(&asked, &operation, false);
        assert_int_equal(asked.outcome.status, TAKE_QUOTA);
        operation.kind = OPERATION_LOOK;
        life_run(&asked, &operation, false);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(asked.outcome.at[i].remaining, i == missing ? 10 : 4);
    }
}

/* The string has entries of another version, too. */
static void a_state_from_the_future_is_moved_beside_entries_of_others(void **state)
{
    (void)state;

    for (int kind = OPERATION_TAKE; kind <= OPERATION_LOOK; kind++) {
        struct limit limits[] = {life_limit_of(ALGORITHM_FIXED_WINDOW),
                                 life_limit_of(ALGORITHM_TOKEN_BUCKET),
                                 life_limit_of(ALGORITHM_FIXED_WINDOW)};
        struct operation all = life_take_of(limits, 3, 4);
        struct operation two = all;
        struct life_asked asked;

        life_run(&asked, &all, true);
        two.limit_count = 2;
        two.kind = (enum operation_kind)kind;
        two.now_us -= 10 * SECOND_US;
        one_set_cost(&two, 11);
        life_run(&asked, &two, true);
        assert_int_equal(asked.outcome.refused, 0);
        two.kind = OPERATION_LOOK;
        life_run(&asked, &two, true);
        assert_int_equal(asked.outcome.refused, 0);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(asked.outcome.at[i].remaining, 6);
    }
}

/* The window is moved, and would allow. The sliding window denies, and is not moved. */
static void a_string_that_a_denial_moves_is_kept_for_what_denies(void **state)
{
    (void)state;
    struct limit limits[] = {life_limit_of(ALGORITHM_FIXED_WINDOW),
                             life_limit_of(ALGORITHM_SLIDING_WINDOW)};
    struct operation take = life_take_of(limits, 2, 4);
    struct life_asked asked;

    limits[0].window_us = SECOND_US;
    limits[0].quota = limits[0].burst = 100;
    life_run(&asked, &take, true);
    take.now_us -= SECOND_US;
    one_set_cost(&take, 7);
    life_ask(&asked, &take, true);

    assert_false(asked.outcome.allowed);
    assert_true(asked.outcome.at[0].allowed);
    assert_true(asked.keeps_us > MINUTE_US - asked.took_us);
}

static void a_refused_state_that_is_not_charged_is_refused_once(void **state)
{
    (void)state;
    struct limit limits[] = {life_limit_of(ALGORITHM_FIXED_WINDOW),
                             life_limit_of(ALGORITHM_TOKEN_BUCKET)};
    struct operation operation = life_take_of(limits, 2, 4);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    struct life_asked asked;

    (void)script_redis_keys(&operation, keys);
    (void)redis_server_command(server, "RPUSH %s a", keys[0]);
    operation.costs[1] = 0;
    life_run(&asked, &operation, true);
    assert_int_equal(asked.outcome.refused, 2);
    life_run(&asked, &operation, true);
    assert_int_equal(asked.outcome.refused, 0);
}

static void a_fixed_window_counts_up_to_the_largest_whole_number(void **state)
{
    (void)state;

    for (size_t count = 1; count <= 2; count++) {
        struct limit limits[] = {life_limit_of(ALGORITHM_FIXED_WINDOW),
                                 life_limit_of(ALGORITHM_FIXED_WINDOW)};
        limits[0].quota = limits[1].quota = limits[0].burst = limits[1].burst = LIMIT_COST_MAX;
        struct operation operation = life_take_of(limits, count, LIMIT_COST_MAX - 1);
        struct life_asked asked;

        life_run(&asked, &operation, true);
        assert_true(asked.outcome.allowed);
        assert_int_equal(asked.outcome.at[0].remaining, 1);
        one_set_cost(&operation, LIMIT_COST_MAX);
        life_run(&asked, &operation, true);
        assert_false(asked.outcome.allowed);
        one_set_cost(&operation, 1);
        life_run(&asked, &operation, true);
        assert_true(asked.outcome.allowed);
        assert_int_equal(asked.outcome.at[0].remaining, 0);
        life_run(&asked, &operation, true);
        assert_false(asked.outcome.allowed);
        assert_int_equal(asked.outcome.refused, 0);
    }
}

/* A limit's state, as a script stores it. */
struct entry {
    uint64_t id;
    int64_t ends_us;
    struct limit_state state;
};

/* What should be stored for one set. */
struct string {
    struct entry entries[ENTRIES_MAX];
    size_t count;
};

struct twin {
    struct limit pool[SETS][POOL];
    struct limit_state logs[SETS][POOL];
    struct string strings[SETS];
    struct limit limits[LIMITS_MAX];
    struct calendar calendar;  /* of all limits that have one */
    size_t places[LIMITS_MAX]; /* of the limits in the pool of their set */
    struct operation operation;
};

static bool is_log(const struct limit *limit)
{
    return algorithm_state(limit->algorithm) == STATE_LOG;
}

static void twin_begin(struct twin *twin)
{
    memset(twin, 0, sizeof(*twin));
    twin->operation = operation_new(twin->limits, SETS, 0);
    for (size_t set = 0; set < SETS; set++) {
        for (size_t i = 0; i < POOL; i++) {
            struct limit *limit = &twin->pool[set][i];

            *limit = life_limit_of((enum algorithm_id)random_below(ALGORITHM_COUNT));
            limit->set = (uint8_t)set;
            limit->id = (i + 1) << 8;
            limit->window_us = SECOND_US * (1 + random_below(100));
            if (limit->algorithm == ALGORITHM_FIXED_WINDOW && random_one_in(2))
                limit->calendar = &twin->calendar;
        }
    }
}

static void twin_end(struct twin *twin)
{
    for (size_t set = 0; set < SETS; set++) {
        for (size_t i = 0; i < POOL; i++) {
            if (is_log(&twin->pool[set][i]))
                limit_state_free(STATE_LOG, &twin->logs[set][i]);
        }
    }
}

/* Another version of the policy, and what it is asked. */
static void twin_choose(struct twin *twin)
{
    struct operation *operation = &twin->operation;
    bool is_chosen[SETS][POOL] = {{0}};

    if (operation->limit_count == SETS || random_one_in(3)) {
        operation->limit_count = 0;
        for (int64_t wanted = 1 + random_below(LIMITS_MAX); wanted-- > 0;) {
            const size_t set = (size_t)random_below(SETS);
            const size_t place = (size_t)random_below(POOL);
            struct limit *limit = &twin->limits[operation->limit_count];

            if (is_chosen[set][place])
                continue;
            is_chosen[set][place] = true;
            *limit = twin->pool[set][place];
            limit->quota = 1 + random_below(20);
            limit->burst = limit->quota;
            twin->places[operation->limit_count++] = place;
        }
    }
    operation->kind = (enum operation_kind)random_below(OPERATION_FORGET);
    one_set_cost(operation, random_below(12));
    for (size_t i = 0; i < operation->limit_count && operation->kind != OPERATION_PART; i++) {
        operation->costs[i] = random_one_in(2) ? 0 : random_below(6);
        if (operation->kind == OPERATION_CHARGE && random_one_in(3))
            operation->costs[i] = -operation->costs[i];
    }
    operation->now_us += random_below(20 * SECOND_US) - (random_one_in(8) ? 30 * SECOND_US : 0);

    const int64_t previous = operation->now_us / MINUTE_US - random_below(3);

    for (int64_t place = 0; place < CALENDAR_STARTS; place++)
        twin->calendar.starts_us[place] = (previous + place) * MINUTE_US;
}

static struct limit_state twin_state_of(const struct twin *twin, size_t i)
{
    const struct limit *limit = &twin->limits[i];
    const struct string *string = &twin->strings[limit->set];

    if (is_log(limit))
        return twin->logs[limit->set][twin->places[i]];
    for (size_t at = 0; at < string->count; at++) {
        if (string->entries[at].id == limit->id)
            return string->entries[at].state;
    }
    return (struct limit_state){0};
}

static int64_t twin_end_of(const struct twin *twin, const struct limit *limit)
{
    const struct string *string = &twin->strings[limit->set];

    for (size_t at = 0; at < string->count; at++) {
        if (string->entries[at].id == limit->id)
            return string->entries[at].ends_us;
    }
    return 0;
}

/* A bucket whose entry has ended is full, also if it would not be at today's rate. */
static bool has_ended(const struct twin *twin, const struct limit *limit)
{
    return algorithm_of(limit->algorithm)->has_burst &&
           twin_end_of(twin, limit) <= twin->operation.now_us;
}

/* The limits asked for come first, then others that have not ended. */
static void twin_write(struct twin *twin, uint8_t set, const struct limit_state states[],
                       const int64_t keep_us[])
{
    const struct string old = twin->strings[set];
    struct string new = {.count = 0};
    size_t own = 0;

    for (size_t i = 0; i < twin->operation.limit_count; i++) {
        const struct limit *limit = &twin->limits[i];

        if (limit->set != set || is_log(limit))
            continue;
        new.entries[new.count++] = (struct entry){
            .id = limit->id,
            .ends_us =
                keep_us[i] > 0 ? twin->operation.now_us + keep_us[i] : twin_end_of(twin, limit),
            .state = keep_us[i] > 0 ? states[i] : twin_state_of(twin, i),
        };
    }
    own = new.count;
    for (size_t at = 0; at < old.count; at++) {
        bool is_own = false;

        for (size_t i = 0; i < own; i++)
            is_own = is_own || new.entries[i].id == old.entries[at].id;
        if (!is_own && old.entries[at].ends_us > twin->operation.now_us &&
            new.count < own + LIMITS_MAX)
            new.entries[new.count++] = old.entries[at];
    }
    twin->strings[set] = new;
}

static void twin_decide(struct twin *twin, struct outcome *outcome)
{
    const struct operation *operation = &twin->operation;
    struct limit_state states[LIMITS_MAX];
    int64_t keep_us[LIMITS_MAX];
    bool is_written[SETS] = {0};

    for (size_t i = 0; i < operation->limit_count; i++)
        states[i] =
            has_ended(twin, &twin->limits[i]) ? (struct limit_state){0} : twin_state_of(twin, i);
    decide_operation(operation, states, operation->now_us, outcome, keep_us);
    for (size_t i = 0; i < operation->limit_count; i++) {
        const struct limit *limit = &twin->limits[i];

        if (is_log(limit))
            twin->logs[limit->set][twin->places[i]] = states[i];
        else
            is_written[limit->set] = is_written[limit->set] || keep_us[i] > 0;
    }
    for (uint8_t set = 0; set < SETS; set++) {
        if (is_written[set])
            twin_write(twin, set, states, keep_us);
    }
}

/* Half an hour is enough to fill it at the rate of its last charge, but not at its own. */
static void a_bucket_is_full_when_its_entry_ends_whatever_lies_beside_it(void **state)
{
    (void)state;
    struct limit limits[] = {life_limit_of(ALGORITHM_TOKEN_BUCKET),
                             life_limit_of(ALGORITHM_FIXED_WINDOW)};
    struct outcome outcome = {0};

    limits[0].window_us = limits[1].window_us = HOUR_US;
    limits[0].quota = limits[0].burst = 10000;
    limits[1].quota = 1000000;
    struct operation operation = life_take_of(limits, 2, 5000);
    script_redis_take(&operation, &outcome);
    assert_true(outcome.allowed);

    limits[0].quota = limits[0].burst = 10;
    operation.now_us += HOUR_US / 2 + SECOND_US;
    one_set_cost(&operation, 1);
    script_redis_take(&operation, &outcome);

    assert_true(outcome.allowed);
    assert_int_equal(outcome.at[0].remaining, 9);
    assert_int_equal(outcome.at[1].remaining, 1000000 - 5001);
}

static void random_histories_of_several_sets_are_those_of_decide(void **state)
{
    (void)state;

    for (int i = 0; i < HISTORIES; i++) {
        struct twin twin;

        twin_begin(&twin);
        for (int step = 0; step < STEPS; step++) {
            struct outcome in_c = {0};
            struct outcome in_lua = {0};

            twin_choose(&twin);
            twin_decide(&twin, &in_c);
            script_redis_take(&twin.operation, &in_lua);

            outcomes_equal(&in_c, &in_lua);
            if (twin.operation.kind == OPERATION_PART)
                assert_int_equal(in_c.granted, in_lua.granted);
        }
        twin_end(&twin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_denial_charges_no_string),
        cmocka_unit_test(one_new_string_of_three_is_a_key_to_create),
        cmocka_unit_test(a_state_from_the_future_is_moved_beside_entries_of_others),
        cmocka_unit_test(a_string_that_a_denial_moves_is_kept_for_what_denies),
        cmocka_unit_test(a_refused_state_that_is_not_charged_is_refused_once),
        cmocka_unit_test(a_fixed_window_counts_up_to_the_largest_whole_number),
        cmocka_unit_test(a_bucket_is_full_when_its_entry_ends_whatever_lies_beside_it),
        cmocka_unit_test(random_histories_of_several_sets_are_those_of_decide),
    };

    return cmocka_run_group_tests(tests, life_open, life_close);
}
