/* SPDX-License-Identifier: MIT
 *
 * Many threads ask for several sets of subjects at once. No two wait for each other, and no unit is
 * lost. */
#include "support/random.h"
#include "support/several_sets.h"
#include "table_case.h"

#include <pthread.h>

#define THREADS 4

#define PAIR       2
#define PAIR_TAKES 20000
#define PAIR_QUOTA (PAIR_TAKES + PAIR_TAKES / 2)

#define SETS  24
#define TAKES 4000

struct opposite {
    pthread_t thread;
    struct memory_table *table;
    struct operation take;
    int64_t allowed;
};

static void *opposite_run(void *context)
{
    struct opposite *opposite = context;

    for (int i = 0; i < PAIR_TAKES; i++)
        opposite->allowed += table_allows(opposite->table, &opposite->take);
    return NULL;
}

/* The second has the same limits and sets, the other way round. */
static void opposites_make(struct limit limits[PAIR][PAIR], struct opposite opposites[PAIR])
{
    static const int64_t sets[PAIR][PAIR] = {{1, 2}, {2, 1}};
    struct memory_table *table = memory_table_new(1024);

    for (size_t i = 0; i < PAIR; i++)
        limits[0][i] = table_window(PAIR_QUOTA, MINUTE_US);
    one_set_tell_apart(limits[0], PAIR);
    for (size_t i = 0; i < PAIR; i++)
        limits[1][i] = limits[0][PAIR - 1 - i];
    for (size_t i = 0; i < PAIR; i++) {
        limits[i][1].set = 1;
        opposites[i] = (struct opposite){.table = table};
        opposites[i].take = several_sets_take(sets[i], limits[i], PAIR, 1);
        opposites[i].take.now_us = START_US;
        for (size_t set = 0; set < PAIR; set++)
            opposites[i].take.sets[set].bytes[0] = (uint8_t)sets[i][set]; /* its stripe */
    }
}

static void threads_that_take_the_same_sets_in_opposite_order_lose_no_unit(void **state)
{
    struct limit limits[PAIR][PAIR];
    struct opposite opposites[PAIR];
    (void)state;
    opposites_make(limits, opposites);

    for (size_t i = 0; i < PAIR; i++) {
        const int started = pthread_create(&opposites[i].thread, NULL, opposite_run, &opposites[i]);
        assert_int_equal(started, 0);
    }
    for (size_t i = 0; i < PAIR; i++)
        pthread_join(opposites[i].thread, NULL);

    assert_int_equal(opposites[0].allowed + opposites[1].allowed, PAIR_QUOTA);
    for (size_t i = 0; i < PAIR; i++)
        assert_int_equal(table_remaining(opposites[0].table, opposites[0].take, i), 0);
    memory_table_free(opposites[0].table);
}

/* The limit of each set: some of them deny soon, and others never. */
static struct limit limit_of(int64_t set)
{
    struct limit limit = table_window((set + 1) * 700, MINUTE_US);

    limit.id = (uint64_t)(set + 1) << 8;
    return limit;
}

struct taker {
    pthread_t thread;
    struct memory_table *table;
    uint64_t random;
    int64_t charged[SETS];
    int64_t denied;
};

static int64_t taker_below(struct taker *taker, uint64_t limit)
{
    return (int64_t)(random_next(&taker->random) % limit);
}

/* Of 1 to LIMITS_MAX sets, in any order. */
static void taker_choose(struct taker *taker, int64_t sets[LIMITS_MAX], size_t *count)
{
    const size_t wanted = 1 + (size_t)taker_below(taker, LIMITS_MAX);
    bool is_chosen[SETS] = {0};

    *count = 0;
    while (*count < wanted) {
        const int64_t set = taker_below(taker, SETS);

        if (is_chosen[set])
            continue;
        is_chosen[set] = true;
        sets[(*count)++] = set;
    }
}

static void *taker_run(void *context)
{
    struct taker *taker = context;

    for (int i = 0; i < TAKES; i++) {
        int64_t sets[LIMITS_MAX];
        struct limit limits[LIMITS_MAX];
        struct outcome outcome;
        size_t count;

        taker_choose(taker, sets, &count);
        for (size_t limit = 0; limit < count; limit++) {
            limits[limit] = limit_of(sets[limit]);
            limits[limit].set = (uint8_t)limit;
        }

        struct operation take = several_sets_take(sets, limits, count, 0);

        take.now_us = START_US;
        take.kind = taker_below(taker, 8) == 0 ? OPERATION_LOOK : OPERATION_TAKE;
        for (size_t limit = 0; limit < count; limit++)
            take.costs[limit] = taker_below(taker, 6);
        memory_table_ask(taker->table, &take, &outcome);
        taker->denied += !outcome.allowed;
        for (size_t limit = 0; limit < count; limit++) {
            if (outcome.allowed && take.kind == OPERATION_TAKE)
                taker->charged[sets[limit]] += take.costs[limit];
        }
    }
    return NULL;
}

static void what_threads_charge_to_random_sets_adds_up_to_the_unit(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct taker takers[THREADS];
    const uint64_t seed = random_seed();
    int64_t denied = 0;
    (void)state;

    for (size_t i = 0; i < THREADS; i++) {
        takers[i] = (struct taker){.table = table, .random = seed + i};
        const int started = pthread_create(&takers[i].thread, NULL, taker_run, &takers[i]);
        assert_int_equal(started, 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(takers[i].thread, NULL);

    for (int64_t set = 0; set < SETS; set++) {
        const struct limit limit = limit_of(set);
        struct operation look = several_sets_take(&set, &limit, 1, 1);
        int64_t charged = 0;

        look.now_us = START_US;
        for (size_t i = 0; i < THREADS; i++)
            charged += takers[i].charged[set];
        assert_int_equal(table_remaining(table, look, 0), limit.quota - charged);
    }
    for (size_t i = 0; i < THREADS; i++)
        denied += takers[i].denied;
    assert_in_range(denied, 1, THREADS * TAKES - 1);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_take_the_same_sets_in_opposite_order_lose_no_unit),
        cmocka_unit_test(what_threads_charge_to_random_sets_adds_up_to_the_unit),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
