/* SPDX-License-Identifier: MIT
 *
 * Random histories of one subject through decide() and its kin, and the Lua scripts in a real
 * Redis, which must answer alike and leave the same bits. SLUICE_TEST_SEED replays a run. */
#include "limit/algorithm.h"
#include "limit/calendar.h"
#include "limit/charge_log.h"
#include "plain_engine.h"
#include "script_redis.h"
#include "support/cmocka.h"
#include "support/one_set.h"
#include "support/random.h"
#include "support/same_outcome.h"

#define RANDOM_HISTORIES           200
#define RANDOM_HISTORIES_IN_C_ONLY 20000
#define RANDOM_STEPS               60

/* The life of one subject whose limits sometimes change. */
struct history {
    struct limit limits[LIMITS_MAX];
    struct calendar calendars[LIMITS_MAX]; /* of limits that have one */
    struct plain_engine plain;
    struct operation operation;
};

static void history_begin(struct history *history);
static void history_step(struct history *history, struct outcome *in_c);
static void calendars_choose(struct history *history);
static int64_t period_start(const struct limit *limit, int64_t number);
static bool is_in_time(const struct history *history);
static enum operation_kind random_kind(void);
static void random_costs(struct history *history);
static void history_end(struct history *history);
static size_t random_limits(struct limit limits[LIMITS_MAX]);
static int64_t random_quota(enum algorithm_id algorithm);
static int64_t random_cost(const struct limit *limit);
static void random_room(struct limit *limit);
static int64_t random_step_back(void);
static void stored_equal(const struct operation *operation, const struct plain_engine *engine);
static bool is_log(const struct limit *limit);
static const char *entry_equal(const struct operation *operation, const struct plain_engine *engine,
                               size_t i, const char *entry);
static void logs_equal(const struct take_arguments *arguments, const struct operation *operation,
                       const struct limit_state states[]);

static void random_histories_leave_the_same_bits_in_c_and_lua(void **state)
{
    (void)state;
    srand((unsigned)random_seed());

    for (int i = 0; i < RANDOM_HISTORIES; i++) {
        struct history history;

        history_begin(&history);
        for (int step = 0; step < RANDOM_STEPS; step++) {
            struct outcome in_c = {0};
            struct outcome in_lua = {0};

            history_step(&history, &in_c);
            script_redis_take(&history.operation, &in_lua);

            outcomes_equal(&in_c, &in_lua);
            assert_int_equal(in_lua.time_us, history.operation.now_us);
            if (in_c.status == TAKE_DONE && history.operation.kind == OPERATION_PART)
                assert_int_equal(in_c.granted, in_lua.granted);
            stored_equal(&history.operation, &history.plain);
        }
        history_end(&history);
    }
}

/* So no answer of the script is taken for one that a flipped bit has made. */
static void random_decisions_are_explained_by_what_was_asked(void **state)
{
    (void)state;
    srand((unsigned)random_seed());

    for (int i = 0; i < RANDOM_HISTORIES_IN_C_ONLY; i++) {
        struct history history;

        history_begin(&history);
        for (int step = 0; step < RANDOM_STEPS; step++) {
            struct take_arguments arguments;
            struct outcome outcome = {0};

            history_step(&history, &outcome);
            take_arguments_write(&arguments, &history.operation);

            assert_true(take_reply_explains(&arguments, &outcome));
        }
        history_end(&history);
    }
}

static void history_begin(struct history *history)
{
    *history = (struct history){0};
    history->operation = plain_operation_next(history->limits, random_limits(history->limits));
    if (rand() % 2 == 0)
        return;
    history->operation.now_us = INT64_C(1763735373123457);
    for (size_t i = 0; i < history->operation.limit_count; i++) {
        struct limit *limit = &history->limits[i];

        if (limit->algorithm == ALGORITHM_FIXED_WINDOW && rand() % 2 == 0)
            limit->calendar = &history->calendars[i];
    }
}

/* Makes the next operation, and decides it in C. */
static void history_step(struct history *history, struct outcome *in_c)
{
    struct operation *operation = &history->operation;
    size_t which = (size_t)rand() % operation->limit_count;

    if (rand() % 10 == 0)
        random_room(&history->limits[which]);
    operation->kind = random_kind();
    random_costs(history);
    operation->now_us += rand() % 8 == 0 ? -random_step_back() : rand() % (1 << (rand() % 30));
    operation->now_us = operation->now_us < 1 ? 1 : operation->now_us;
    calendars_choose(history);
    if (is_in_time(history))
        plain_engine_ask(&history->plain, operation, in_c);
    else
        *in_c = (struct outcome){.status = TAKE_ELSEWHEN, .time_us = operation->now_us};
}

/* As by an instance whose clock may be a period behind or ahead, and rarely more. */
static void calendars_choose(struct history *history)
{
    for (size_t i = 0; i < history->operation.limit_count; i++) {
        const struct limit *limit = &history->limits[i];
        const int64_t present = history->operation.now_us / limit->window_us;
        const int64_t off = rand() % 50 == 0 ? rand() % 9 - 4 : rand() % 2 - 1;

        for (size_t place = 0; place < CALENDAR_STARTS; place++)
            history->calendars[i].starts_us[place] =
                period_start(limit, present + off - 1 + (int64_t)place);
    }
}

/* Periods are of unequal length. */
static int64_t period_start(const struct limit *limit, int64_t number)
{
    return number * limit->window_us + number % 5 * (limit->window_us / 7);
}

static bool is_in_time(const struct history *history)
{
    for (size_t i = 0; i < history->operation.limit_count; i++) {
        if (history->limits[i].calendar != NULL &&
            !calendar_covers(history->limits[i].calendar, history->operation.now_us))
            return false;
    }
    return true;
}

static enum operation_kind random_kind(void)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_TAKE, OPERATION_PART,
                                                OPERATION_CHARGE};

    return kinds[(size_t)rand() % ARRAY_COUNT(kinds)];
}

/* A part has one cost for all limits. */
static void random_costs(struct history *history)
{
    struct operation *operation = &history->operation;
    const size_t which = (size_t)rand() % operation->limit_count;

    one_set_cost(operation, random_cost(&history->limits[which]));
    if (rand() % 4 == 0 && operation->kind != OPERATION_PART)
        operation->costs[which] = random_cost(&history->limits[which]);
    for (size_t i = 0; i < operation->limit_count && operation->kind == OPERATION_CHARGE; i++)
        operation->costs[i] *= rand() % 2 == 0 ? 1 : -1;
}

static void history_end(struct history *history)
{
    plain_engine_close(&history->plain);
}

static size_t random_limits(struct limit limits[LIMITS_MAX])
{
    size_t count = rand() % 2 == 0 ? 1 : 1 + (size_t)rand() % LIMITS_MAX;

    for (size_t i = 0; i < count; i++) {
        enum algorithm_id algorithm = (enum algorithm_id)(rand() % ALGORITHM_COUNT);

        limits[i] = (struct limit){
            .algorithm = algorithm,
            .window_us = INT64_C(1000000) * (1 + rand() % (1 << (rand() % 25))),
        };
        random_room(&limits[i]);
    }
    one_set_tell_apart(limits, count);
    return count;
}

static void random_room(struct limit *limit)
{
    limit->quota = random_quota(limit->algorithm);
    limit->burst =
        algorithm_of(limit->algorithm)->has_burst ? random_quota(limit->algorithm) : limit->quota;
}

/* As by a thread that is late, or by a corrected clock. */
static int64_t random_step_back(void)
{
    return rand() % 2 == 0 ? rand() % 1000000 : INT64_C(10000) * (rand() % 1000000);
}

/* Often small, to meet the edges often, but of every size. */
static int64_t random_quota(enum algorithm_id algorithm)
{
    int64_t max = algorithm_quota_max(algorithm);
    int64_t quota = rand() % 2 == 0 ? rand() % 20 : rand() % (1 << (rand() % 30));

    return rand() % 20 == 0 || quota > max ? max : quota;
}

static int64_t random_cost(const struct limit *limit)
{
    if (rand() % 40 == 0)
        return LIMIT_COST_MAX;
    if (rand() % 4 == 0)
        return 0;
    return rand() % 2 == 0 ? 1 : rand() % (limit->burst + 2);
}

/* The machine must be little-endian, because the stored doubles are. */
static void stored_equal(const struct operation *operation, const struct plain_engine *engine)
{
    struct take_arguments arguments;
    bool untouched = true;

    for (size_t i = 0; i < operation->limit_count; i++)
        untouched = untouched && (engine->ends_us[i] == 0 || is_log(&operation->limits[i]));
    take_arguments_write(&arguments, operation);
    logs_equal(&arguments, operation, engine->states);
    if (arguments.string_count == 0)
        return;
    const redisReply *reply = redis_server_command(server, "GET %s", arguments.keys[0]);
    if (untouched) {
        assert_int_equal(reply->type, REDIS_REPLY_NIL);
        return;
    }

    const size_t head_bytes = 1 + (size_t)arguments.heads[0] * TAKE_SCRIPT_ID_BYTES;
    const char *next = reply->str + head_bytes;

    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_memory_equal(reply->str, arguments.heads, head_bytes);
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (!is_log(&operation->limits[i]))
            next = entry_equal(operation, engine, i, next);
    }
    assert_ptr_equal(next, reply->str + reply->len);
}

static bool is_log(const struct limit *limit)
{
    return algorithm_state(limit->algorithm) == STATE_LOG;
}

/* When it ends, and its state. A state of which nothing is used may be any such. Returns the end of
 * the entry. */
static const char *entry_equal(const struct operation *operation, const struct plain_engine *engine,
                               size_t i, const char *entry)
{
    struct limit limit = operation->limits[i];
    const struct algorithm *algorithm = algorithm_of(limit.algorithm);
    const size_t bytes = algorithm->state_numbers * sizeof(double);
    const double ends_us = (double)engine->ends_us[i];
    struct limit_state stored = {0};
    struct limit_state kept = engine->states[i];

    assert_memory_equal(entry, &ends_us, sizeof(ends_us));
    memcpy(stored.number, entry + sizeof(ends_us), bytes);
    limit.quota = 1; /* a bucket without any reads no state */
    (void)algorithm->settle(&limit, &stored, operation->now_us);
    (void)algorithm->settle(&limit, &kept, operation->now_us);
    assert_memory_equal(stored.number, kept.number, bytes);
    return entry + sizeof(ends_us) + bytes;
}

/* Compares the time and the amount of each charge. */
static void logs_equal(const struct take_arguments *arguments, const struct operation *operation,
                       const struct limit_state states[])
{
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (!is_log(&operation->limits[i]))
            continue;
        const struct charge_log *log = states[i].logged.log;
        const redisReply *reply = redis_server_command(server, "ZRANGE %s 0 -1 WITHSCORES",
                                                       arguments->keys[arguments->key_of[i]]);

        assert_int_equal(reply->elements, 2 * charge_log_count(log));
        for (size_t rank = 0; rank < charge_log_count(log); rank++) {
            const struct charge charge = charge_log_at(log, rank);
            const char *member = reply->element[2 * rank]->str;

            assert_int_equal(strtoll(member, NULL, 10), charge.before);
            assert_int_equal(strtoll(reply->element[2 * rank + 1]->str, NULL, 10), charge.at_us);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_leave_the_same_bits_in_c_and_lua),
        cmocka_unit_test(random_decisions_are_explained_by_what_was_asked),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_redis_close);
}
