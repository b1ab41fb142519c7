/* SPDX-License-Identifier: MIT
 *
 * The entries of a string in Redis: policies gain, lose and reorder limits, two versions of one are
 * in force, and somebody else has written into the string. */
#include "life_case.h"

#include <math.h>

#define CAPACITY 10

/* Limits of one set of subjects, known by their ids. */
static struct limit limit_of(uint64_t id)
{
    struct limit limit = life_limit_of(ALGORITHM_FIXED_WINDOW);

    limit.id = id << 8;
    return limit;
}

static struct operation operation_new(const struct limit limits[], size_t count, int64_t cost)
{
    static int64_t last_set = INT64_C(1) << 40;
    struct operation operation = one_set_take(++last_set, limits, count, cost);

    operation.now_us = START_US;
    return operation;
}

/* The same counters, as another version of the policy asks for them. */
static struct operation operation_of(const struct operation *other, const struct limit limits[],
                                     size_t count, int64_t cost)
{
    struct operation operation = *other;

    operation.limits = limits;
    operation.limit_count = count;
    one_set_cost(&operation, cost);
    return operation;
}

static struct life_asked asked_of(const struct operation *operation)
{
    struct life_asked asked;

    life_ask(&asked, operation, true);
    assert_int_equal(asked.outcome.status, TAKE_DONE);
    return asked;
}

static int64_t remaining_of(const struct operation *operation)
{
    struct operation look = *operation;

    look.kind = OPERATION_LOOK;
    return asked_of(&look).outcome.at[0].remaining;
}

static int entries_of(const struct operation *operation)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)script_redis_keys(operation, keys);
    const redisReply *value = redis_server_command(server, "GET %s", keys[0]);
    return value->type == REDIS_REPLY_STRING && value->len > 0 ? value->str[0] : 0;
}

static void limits_gained_lost_and_reordered_reset_no_other(void **state)
{
    (void)state;
    const struct limit first[] = {limit_of(1), limit_of(2), limit_of(3)};
    const struct limit reordered[] = {limit_of(3), limit_of(1), limit_of(2)};
    const struct limit gained[] = {limit_of(4), limit_of(3), limit_of(1), limit_of(2)};
    const struct limit lost[] = {limit_of(2)};
    struct operation operation = operation_new(first, 3, 0);

    for (size_t i = 0; i < 3; i++)
        operation.costs[i] = (int64_t)i + 1;
    (void)asked_of(&operation);

    operation = operation_of(&operation, reordered, 3, 1);
    const struct outcome after_order = asked_of(&operation).outcome;
    operation = operation_of(&operation, gained, 4, 1);
    const struct outcome after_gain = asked_of(&operation).outcome;
    operation = operation_of(&operation, lost, 1, 1);
    const struct outcome after_loss = asked_of(&operation).outcome;

    assert_int_equal(after_order.at[0].remaining, CAPACITY - 4);
    assert_int_equal(after_order.at[1].remaining, CAPACITY - 2);
    assert_int_equal(after_order.at[2].remaining, CAPACITY - 3);
    assert_int_equal(after_gain.at[0].remaining, CAPACITY - 1);
    assert_int_equal(after_gain.at[1].remaining, CAPACITY - 5);
    assert_int_equal(after_gain.at[3].remaining, CAPACITY - 4);
    assert_int_equal(after_loss.at[0].remaining, CAPACITY - 5);
    assert_int_equal(entries_of(&operation), 4);
    operation = operation_of(&operation, gained, 4, 0);
    assert_int_equal(asked_of(&operation).outcome.at[2].remaining, CAPACITY - 3);
}

/* The same by the script for one limit and by that for several. */
static void entries_of_others_are_kept_until_they_end(void **state)
{
    (void)state;

    for (size_t count = 1; count <= 2; count++) {
        struct limit before[] = {limit_of(1), limit_of(2)};
        struct limit after[] = {limit_of(3), limit_of(4)};
        before[0].window_us = SECOND_US;
        struct operation operation = operation_new(before, 2, 3);

        (void)asked_of(&operation);
        operation = operation_of(&operation, after, count, 1);
        (void)asked_of(&operation);
        assert_int_equal(entries_of(&operation), 2 + count);
        operation.now_us += SECOND_US;
        (void)asked_of(&operation);
        assert_int_equal(entries_of(&operation), 1 + count);
        operation.now_us += MINUTE_US;
        (void)asked_of(&operation);
        assert_int_equal(entries_of(&operation), count);
    }
}

static void the_newest_entries_of_others_are_kept_and_no_more_than_a_policy_has(void **state)
{
    (void)state;
    struct limit limits[20] = {limit_of(1)};
    struct operation operation = operation_new(limits, 1, 1);

    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        limits[i] = limit_of(i + 1);
        operation = operation_of(&operation, &limits[i], 1, 1);
        (void)asked_of(&operation);
        assert_int_equal(entries_of(&operation), i < LIMITS_MAX ? i + 1 : 1 + LIMITS_MAX);
    }
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        const bool is_kept = i + 1 + LIMITS_MAX >= ARRAY_COUNT(limits);

        operation = operation_of(&operation, &limits[i], 1, 0);
        assert_int_equal(remaining_of(&operation), is_kept ? CAPACITY - 1 : CAPACITY);
    }
}

/* A window of a year, then one of a second, which is another limit. */
static void a_key_lives_on_for_an_entry_of_another(void **state)
{
    (void)state;

    for (size_t count = 1; count <= 2; count++) {
        struct limit year[] = {limit_of(1)};
        struct limit second[] = {limit_of(2), limit_of(3)};
        year[0].window_us = LIMIT_WINDOW_S_MAX * SECOND_US;
        second[0].window_us = second[1].window_us = SECOND_US;
        second[1].algorithm = ALGORITHM_TOKEN_BUCKET;
        struct operation before = operation_new(year, 1, 3);

        (void)asked_of(&before);
        for (int i = 0; i < 3; i++) {
            struct operation after = operation_of(&before, second, count, 1);
            const struct life_asked asked = asked_of(&after);

            assert_true(asked.outcome.allowed);
            assert_int_equal(asked.life_count, 0); /* as it was told before */
            assert_true(asked.keeps_us > LIMIT_WINDOW_S_MAX * SECOND_US - HOUR_US);
        }
        assert_int_equal(remaining_of(&before), CAPACITY - 3);
    }
}

/* The other way round the key's life is told anew, and the other entry goes on in it. */
static void a_charge_that_outlives_the_entries_of_others_tells_so(void **state)
{
    (void)state;
    struct limit limits[] = {limit_of(1), limit_of(2)};
    limits[1].window_us = HOUR_US;
    struct operation before = operation_new(limits, 1, 3);
    struct operation after = operation_of(&before, limits + 1, 1, 1);

    (void)asked_of(&before);
    const struct life_asked asked = asked_of(&after);

    assert_int_equal(asked.life_count, 1);
    assert_int_equal(asked.lives[0].keep_us, HOUR_US);
    assert_in_range(asked.lives[0].was_us, MINUTE_US - 10 * SECOND_US, MINUTE_US);
    assert_true(asked.keeps_us > HOUR_US - 10 * SECOND_US && asked.keeps_us <= HOUR_US);
    assert_int_equal(remaining_of(&before), CAPACITY - 3);
}

/* Whoever made its key end sooner, the entry goes on until then. */
static void an_entry_that_is_to_outlive_its_key_ends_with_it(void **state)
{
    (void)state;
    struct limit limits[] = {limit_of(1), limit_of(2)};
    limits[0].algorithm = ALGORITHM_TOKEN_BUCKET;
    struct operation operation = operation_new(limits, 2, 4);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    limits[1].window_us = SECOND_US;
    (void)asked_of(&operation); /* full again in 24 s */

    (void)script_redis_keys(&operation, keys);
    (void)redis_server_command(server, "PEXPIRE %s 11000", keys[0]);
    operation.now_us += SECOND_US;
    struct operation other = operation_of(&operation, limits + 1, 1, 1);
    (void)asked_of(&other);

    assert_int_equal(entries_of(&other), 2);
    operation.costs[0] = 0;
    assert_true(remaining_of(&operation) < CAPACITY);
    other.now_us += 13 * SECOND_US;
    (void)asked_of(&other);
    assert_int_equal(entries_of(&other), 1);
}

/* Then the life of its key is no measure for that of the others. */
static void a_key_that_was_made_to_stay_gets_an_expiry(void **state)
{
    (void)state;

    for (size_t count = 1; count <= 2; count++) {
        struct limit year[] = {limit_of(1)};
        struct limit quick[] = {limit_of(2), limit_of(3)};
        year[0].window_us = 5 * MINUTE_US;
        quick[0].algorithm = quick[1].algorithm = ALGORITHM_TOKEN_BUCKET;
        quick[0].quota = quick[1].quota = 1000000;
        struct operation before = operation_new(year, 1, 3);
        struct operation after = operation_of(&before, quick, count, 1);
        char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

        (void)asked_of(&before);
        after.now_us += 5 * MINUTE_US - SECOND_US / 2; /* the other one ends within a second */
        (void)script_redis_keys(&before, keys);
        (void)redis_server_command(server, "PERSIST %s", keys[0]);
        assert_true(asked_of(&after).outcome.allowed);

        assert_int_not_equal(redis_server_command(server, "PTTL %s", keys[0])->integer, -1);
    }
}

static void entries_in_disorder(const struct operation *operation, const char *value, size_t bytes)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)script_redis_keys(operation, keys);
    (void)redis_server_command(server, "SET %s %b PX 3600000", keys[0], value, bytes);
    for (int64_t i = 1; i <= 2; i++) {
        const struct life_asked asked = asked_of(operation);

        assert_true(asked.outcome.allowed);
        assert_true(i == 1 || asked.outcome.refused == 0);
        for (size_t n = 0; n < operation->limit_count; n++)
            assert_int_equal(asked.outcome.at[n].remaining, CAPACITY - i);
        assert_true(entries_of(operation) >= (int)operation->limit_count);
        assert_true(entries_of(operation) <= (int)operation->limit_count + LIMITS_MAX);
    }
    assert_true(redis_server_command(server, "STRLEN %s", keys[0])->integer <= 1024);
    assert_int_not_equal(redis_server_command(server, "PTTL %s", keys[0])->integer, -1);
}

static void a_string_that_nobody_can_have_written_counts_as_never_seen(void **state)
{
    (void)state;
    static char long_one[1 << 20];
    static const char junk[] = "\x03 no ids, and nothing after them";

    for (size_t count = 1; count <= 2; count++) {
        const struct limit limits[] = {limit_of(1), limit_of(2)};
        const struct operation operation = operation_new(limits, count, 1);

        for (int byte = 0; byte < 256; byte++) {
            memset(long_one, byte, sizeof(long_one));
            entries_in_disorder(&operation, long_one, byte % 16 == 0 ? sizeof(long_one) : 1000);
            for (size_t bytes = 1; bytes < 64; bytes += 7)
                entries_in_disorder(&operation, long_one, bytes);
        }
        for (size_t bytes = 1; bytes < sizeof(junk); bytes++)
            entries_in_disorder(&operation, junk, bytes);
    }
}

/* What a script has left, cut anywhere, and with every other byte at the places that say how long
 * it is. */
static void a_string_that_is_cut_counts_as_never_seen(void **state)
{
    (void)state;
    const struct limit stored[] = {limit_of(7), limit_of(8), limit_of(9)};
    const struct limit limits[] = {limit_of(1), limit_of(2)};
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    const size_t lengths_at[] = {0, 1, 9, 17};
    struct operation written = operation_new(stored, 3, 1);
    char value[128];

    (void)asked_of(&written);
    (void)script_redis_keys(&written, keys);
    const redisReply *found = redis_server_command(server, "GET %s", keys[0]);
    const size_t length = found->len;
    assert_int_equal(length, 1 + 3 * (8 + 24));
    memcpy(value, found->str, length);
    for (size_t count = 1; count <= 2; count++) {
        const struct operation operation = operation_of(&written, limits, count, 1);

        for (size_t cut = 1; cut <= length; cut++)
            entries_in_disorder(&operation, value, cut);
        for (size_t i = 0; i < ARRAY_COUNT(lengths_at); i++) {
            for (int byte = 0; byte < 256; byte++) {
                char changed[sizeof(value)];

                memcpy(changed, value, length);
                changed[lengths_at[i]] = (char)byte;
                entries_in_disorder(&operation, changed, length);
            }
        }
    }
}

static void an_entry_whose_end_makes_no_sense_goes(void **state)
{
    (void)state;
    const double ends_us[] = {NAN, -INFINITY, -1, 0, START_US};
    const struct limit stored[] = {limit_of(7)};
    const struct limit limits[] = {limit_of(1)};
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    for (size_t i = 0; i < ARRAY_COUNT(ends_us); i++) {
        struct operation written = operation_new(stored, 1, 1);
        struct operation operation = operation_of(&written, limits, 1, 1);

        (void)asked_of(&written);
        (void)script_redis_keys(&written, keys);
        (void)redis_server_command(server, "SETRANGE %s 9 %b", keys[0], &ends_us[i],
                                   sizeof(ends_us[i]));
        (void)asked_of(&operation);
        assert_int_equal(entries_of(&operation), 1);
    }
}

/* However late its end: it goes with the key as it would have without it. */
static void an_entry_without_an_end_ends_with_its_key(void **state)
{
    (void)state;
    const double for_ever = INFINITY;
    const struct limit stored[] = {limit_of(7)};
    struct limit limits[] = {limit_of(1)};
    struct operation written = operation_new(stored, 1, 1);
    struct operation operation = operation_of(&written, limits, 1, 1);
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    limits[0].window_us = HOUR_US;
    (void)asked_of(&written);
    (void)script_redis_keys(&written, keys);
    (void)redis_server_command(server, "SETRANGE %s 9 %b", keys[0], &for_ever, sizeof(for_ever));
    (void)asked_of(&operation);
    assert_int_equal(entries_of(&operation), 2);
    operation.now_us += MINUTE_US + SECOND_US;
    limits[0].id = limit_of(2).id;
    (void)asked_of(&operation);
    assert_int_equal(entries_of(&operation), 2);
    assert_int_equal(remaining_of(&operation), CAPACITY - 1);
    assert_int_equal(remaining_of(&written), CAPACITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_gained_lost_and_reordered_reset_no_other),
        cmocka_unit_test(entries_of_others_are_kept_until_they_end),
        cmocka_unit_test(the_newest_entries_of_others_are_kept_and_no_more_than_a_policy_has),
        cmocka_unit_test(a_key_lives_on_for_an_entry_of_another),
        cmocka_unit_test(a_charge_that_outlives_the_entries_of_others_tells_so),
        cmocka_unit_test(an_entry_that_is_to_outlive_its_key_ends_with_it),
        cmocka_unit_test(a_key_that_was_made_to_stay_gets_an_expiry),
        cmocka_unit_test(a_string_that_nobody_can_have_written_counts_as_never_seen),
        cmocka_unit_test(a_string_that_is_cut_counts_as_never_seen),
        cmocka_unit_test(an_entry_whose_end_makes_no_sense_goes),
        cmocka_unit_test(an_entry_without_an_end_ends_with_its_key),
    };

    return cmocka_run_group_tests(tests, life_open, life_close);
}
