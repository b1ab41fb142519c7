/* SPDX-License-Identifier: MIT
 *
 * Redis keys of the log and of usage hold something else. Each costs its app what it held, and
 * costs no other app anything. */
#include "journal_case.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <inttypes.h>

#define SPOILT        "app000spoilt0000"
#define SPOILT_STREAM "sluice:log:{" SPOILT "}"
#define HUGE_FIELDS   "400" /* per entry of a full stream, so that a page exceeds a reply's bound */

static const struct usage_query last_hour = {.window_minutes = 60, .step_minutes = 1};

/* Each command makes the key another type. The last one makes a stream to which nothing can be
 * added. */
static const char *const damages[] = {
    "SET %s x",    "RPUSH %s a b", "SADD %s a b",
    "ZADD %s 1 a", "HSET %s a b",  "XADD %s 18446744073709551615-18446744073709551615 e {} o x",
};

static void damage(const char *how, const char *key)
{
    (void)redis_server_command(server, "DEL %s", key);
    (void)redis_server_command(server, how, key);
}

static void decide(struct journal *journal, const char *app_id)
{
    const struct subject alice = {TEXT("user"), TEXT("alice")};
    const struct record record = {.counted_us = clock_wall_us(),
                                  .subjects = {1, &alice},
                                  .route = TEXT("/usage"),
                                  .role = TEXT("default"),
                                  .costs = {.requests = 1},
                                  .allowed = true,
                                  .mode = "enforce"};

    journal_record(journal_app(journal, app_id), &record);
}

/* The decisions that all instances have counted of an app; -1: only this instance's are known. */
static int64_t decided(struct journal *journal, const char *app_id)
{
    struct journal_job job = {.asks = JOURNAL_USAGE, .query = last_hour};
    (void)snprintf(job.app_id, sizeof job.app_id, "%s", app_id);
    json_t *usage = journal_await(journal, &job);
    const json_t *totals = json_object_get(usage, "totals");
    const int64_t count = json_is_true(json_object_get(usage, "degraded"))
                              ? -1
                              : json_integer_value(json_object_get(totals, "allowed"));

    json_decref(usage);
    return count;
}

static size_t log_length(struct journal *journal, const char *app_id)
{
    struct journal_job job = {.filter = journal_everything};
    (void)snprintf(job.app_id, sizeof job.app_id, "%s", app_id);
    json_t *entries = journal_await(journal, &job);
    const size_t length = json_array_size(entries);

    json_decref(entries);
    return length;
}

static long long stream_length(void)
{
    return redis_server_command(server, "XLEN " SPOILT_STREAM)->integer;
}

static bool is_stream(void)
{
    return strcmp(redis_server_command(server, "TYPE " SPOILT_STREAM)->str, "stream") == 0;
}

static void a_stream_that_is_none_is_replaced_and_costs_nobody_else_anything(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(damages); i++) {
        struct journal *here = journal_on_redis();
        struct journal *there = journal_on_redis();
        (void)redis_group_empty(state);
        damage(damages[i], SPOILT_STREAM);

        journal_number(here, SPOILT, 1);
        decide(here, JOURNAL_APP);
        decide(here, SPOILT);

        WAIT_FOR (JOURNAL_PATIENCE_S, is_stream() && stream_length() == 2)
            ;
        assert_int_equal(journal_counts(here).replaced, 1);
        assert_int_equal(journal_counts(here).flush_failures, 0);
        WAIT_FOR (JOURNAL_PATIENCE_S, decided(there, JOURNAL_APP) == 1)
            ;
        assert_int_equal(decided(here, JOURNAL_APP), 1);
        assert_int_equal(decided(here, SPOILT), 1);
        journal_free(here);
        journal_free(there);
    }
}

static void what_is_held_of_a_replaced_log_is_sent_again(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();
    (void)state;
    decide(here, SPOILT);
    decide(here, SPOILT);
    assert_int_equal(log_length(here, SPOILT), 2);

    for (int of_reading = 0; of_reading < 2; of_reading++) {
        damage(damages[0], SPOILT_STREAM);
        if (of_reading == 0)
            decide(here, SPOILT);
        assert_int_equal(log_length(here, SPOILT), 3);
        assert_int_equal(log_length(here, SPOILT), 3);
        assert_int_equal(log_length(there, SPOILT), 3);
    }

    assert_int_equal(journal_counts(here).replaced, 2);
    assert_int_equal(journal_counts(here).dropped, 0);
    journal_free(here);
    journal_free(there);
}

static void reading_the_log_replaces_a_wrong_key_too(void **state)
{
    struct journal *journal = journal_on_redis();
    (void)state;
    damage(damages[0], SPOILT_STREAM);

    assert_int_equal(log_length(journal, SPOILT), 0);
    assert_int_equal(decided(journal, JOURNAL_APP), 0);

    assert_int_equal(journal_counts(journal).replaced, 1);
    assert_int_equal(redis_server_command(server, "EXISTS " SPOILT_STREAM)->integer, 0);
    journal_free(journal);
}

/* The stream stays, because what it holds may be worth more than the log. */
static void a_stream_too_long_to_read_costs_nobody_else_anything(void **state)
{
    struct journal *here = journal_on_redis();
    (void)state;
    decide(here, JOURNAL_APP);
    assert_int_equal(decided(here, JOURNAL_APP), 1);
    /* So nothing is left to be sent while the script keeps Redis busy. */
    assert_int_equal(log_length(here, JOURNAL_APP), 1);
    (void)redis_server_command(server, "EVAL %s 1 " SPOILT_STREAM,
                               "local fields = {} "
                               "for i = 1, 2 * " HUGE_FIELDS " do fields[i] = 'x' end "
                               "for i = 1, 1000 do "
                               "  redis.call('XADD', KEYS[1], '*', unpack(fields)) "
                               "end");

    decide(here, SPOILT);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(log_length(here, SPOILT), 1); /* only this instance's */
        assert_int_equal(decided(here, JOURNAL_APP), 1);
        assert_int_equal(decided(here, SPOILT), 1);
    }

    assert_int_equal(journal_counts(here).replaced, 0);
    journal_free(here);
}

/* Damages the usage of this hour or day, and of the next one, in case that begins meanwhile. */
static void damage_usage(const char *how, bool is_hours)
{
    const int64_t span_s = is_hours ? 24 * HOUR_S : HOUR_S;
    const int64_t start_s = clock_wall_us() / SECOND_US / span_s * span_s;
    char key[96];

    for (int i = 0; i < 2; i++) {
        (void)snprintf(key, sizeof key, "sluice:usage:{" SPOILT "}:%s:%" PRId64,
                       is_hours ? "hours" : "minutes", start_s + i * span_s);
        damage(how, key);
    }
}

/* Whether the command makes a hash, which is the right type for usage. */
static bool is_usage(const char *how)
{
    return strncmp(how, "HSET", 4) == 0;
}

static void usage_that_is_none_is_replaced_and_costs_nobody_else_anything(void **state)
{
    (void)state;

    for (size_t i = 0; i < 2 * ARRAY_COUNT(damages); i++) {
        const char *how = damages[i / 2];
        struct journal *here = journal_on_redis();
        struct journal *there = journal_on_redis();
        (void)redis_group_empty(state);
        damage_usage(how, i % 2 == 0);

        decide(here, SPOILT);
        decide(here, JOURNAL_APP);

        WAIT_FOR (JOURNAL_PATIENCE_S, decided(there, SPOILT) == 1)
            ;
        WAIT_FOR (JOURNAL_PATIENCE_S, decided(there, JOURNAL_APP) == 1)
            ;
        assert_true((journal_counts(here).replaced + journal_counts(there).replaced == 0) ==
                    is_usage(how));
        journal_free(here);
        journal_free(there);
    }
}

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(a_stream_that_is_none_is_replaced_and_costs_nobody_else_anything),
        WITH_REDIS(what_is_held_of_a_replaced_log_is_sent_again),
        WITH_REDIS(reading_the_log_replaces_a_wrong_key_too),
        WITH_REDIS(a_stream_too_long_to_read_costs_nobody_else_anything),
        WITH_REDIS(usage_that_is_none_is_replaced_and_costs_nobody_else_anything),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
