/* SPDX-License-Identifier: MIT */
#include "counted.h"

#include "script_redis.h"
#include "store/store_memory.h"
#include "support/one_set.h"
#include "support/random.h"

#include <sodium.h>

#define COUNTERS_MAX (1 << 16)

static struct memory_table *table;

static void memory_ask(const struct operation *operation, struct outcome *outcome);
static void script_ask(const struct operation *operation, struct outcome *outcome);

static struct counted_engine engines[] = {
    {"the memory engine", memory_ask, 1000000},
    {"the script", script_ask, 50000},
};

static struct counted_engine *engine_next;

static int engine_choose(void **state)
{
    print_message("On %s:\n", engine_next->name);
    *state = engine_next++;
    return 0;
}

int counted_run_tests(const struct CMUnitTest tests[], size_t count)
{
    int failed = 0;

    if (script_redis_open(NULL) != 0)
        return 1;
    table = memory_table_new(COUNTERS_MAX);
    engine_next = engines;
    for (size_t i = 0; i < ARRAY_COUNT(engines); i++)
        failed += _cmocka_run_group_tests(engines[i].name, tests, count, engine_choose, NULL);
    memory_table_free(table);
    (void)script_redis_close(NULL);
    return failed;
}

struct limit counted_limit(enum algorithm_id algorithm, int64_t quota, int64_t seconds,
                           int64_t burst)
{
    return (struct limit){
        .algorithm = algorithm,
        .quota = quota,
        .window_us = seconds * SECOND,
        .burst = algorithm_of(algorithm)->has_burst ? burst : quota,
    };
}

struct limit counted_random_limit(enum algorithm_id algorithm)
{
    int64_t quota = 1 + random_below(12);
    int64_t seconds = 1 + random_below(100);

    return counted_limit(algorithm, quota, seconds, 1 + random_below(12));
}

struct counted counted_new(const struct counted_engine *engine, const struct limit limits[],
                           size_t count)
{
    struct counted counted = {.engine = engine, .count = count};

    ASSERT(count <= LIMITS_MAX);
    randombytes_buf(counted.set.bytes, sizeof(counted.set.bytes));
    memcpy(counted.limits, limits, count * sizeof(limits[0]));
    one_set_tell_apart(counted.limits, count);
    return counted;
}

struct counted counted_of(const struct counted_engine *engine, struct limit limit)
{
    return counted_new(engine, &limit, 1);
}

bool counted_take(struct counted *counted, int64_t now_us, int64_t cost)
{
    return counted_ask(counted, OPERATION_TAKE, now_us, cost);
}

bool counted_ask(struct counted *counted, enum operation_kind kind, int64_t now_us, int64_t cost)
{
    struct operation operation = one_set_take(0, counted->limits, counted->count, cost);

    operation.kind = kind;
    operation.policy_id = counted->policy_id;
    operation.tag = operation.sets[0] = counted->set;
    operation.now_us = now_us;
    counted->outcome = (struct outcome){.status = TAKE_BROKEN};
    counted->engine->ask(&operation, &counted->outcome);
    assert_int_equal(counted->outcome.status, TAKE_DONE);
    assert_int_equal(counted->outcome.count, counted->count);
    return counted->outcome.allowed;
}

int64_t counted_random_step(const struct counted *counted)
{
    int64_t window_us = counted->limits[0].window_us;

    if (random_one_in(10))
        return 0;
    if (random_one_in(20))
        return random_below(3 * window_us);
    return random_below(window_us / (random_one_in(2) ? 5 : 50));
}

int64_t counted_random_cost(const struct counted *counted)
{
    return random_one_in(2) ? 1 : 1 + random_below(limit_capacity(&counted->limits[0]));
}

void charges_make(struct counted *counted, struct charges *charges)
{
    int64_t now_us = random_one_in(2) ? 0 : COUNTED_WALL_US;

    charges->count = 0;
    while (charges->count < CHARGES_MAX) {
        int64_t cost = counted_random_cost(counted);

        now_us += counted_random_step(counted);
        if (!counted_take(counted, now_us, cost))
            continue;
        charges->at[charges->count++] = (struct charge){now_us, cost, counted->outcome.at[0]};
    }
}

int64_t charges_most_within(const struct charges *charges, int64_t length_us)
{
    int64_t most = 0;
    int64_t sum = 0;
    size_t first = 0;

    for (size_t last = 0; last < charges->count; last++) {
        sum += charges->at[last].cost;
        for (; charges->at[last].at_us - charges->at[first].at_us > length_us; first++)
            sum -= charges->at[first].cost;
        most = sum > most ? sum : most;
    }
    return most;
}

static void memory_ask(const struct operation *operation, struct outcome *outcome)
{
    memory_table_ask(table, operation, outcome);
}

static void script_ask(const struct operation *operation, struct outcome *outcome)
{
    script_redis_take(operation, outcome);
}
