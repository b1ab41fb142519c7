/* SPDX-License-Identifier: MIT
 *
 * Many threads take, take parts, charge and give back at once. What was granted and charged adds up
 * to the unit. */
#include "support/random.h"
#include "support/several_sets.h"
#include "table_case.h"

#include <pthread.h>

#define THREADS    8
#define OPERATIONS 4000
#define SETS       3
#define UNITS_MAX  20
/* Much less than all threads ask for. */
#define QUOTA 30000

struct ledger {
    pthread_t thread;
    struct memory_table *table;
    const struct limit *limits;
    uint64_t random;
    int64_t held; /* what this thread was granted or charged, and has not given back */
    int64_t granted_past;
};

static int64_t units_of(struct ledger *ledger)
{
    return 1 + (int64_t)(random_next(&ledger->random) % UNITS_MAX);
}

static struct operation operation_of(const struct limit limits[])
{
    static const int64_t sets[SETS] = {1, 2, 3};
    struct operation operation = several_sets_take(sets, limits, SETS, 0);

    operation.now_us = START_US;
    for (size_t i = 0; i < SETS; i++)
        operation.sets[i].bytes[0] = (uint8_t)(SETS - i);
    return operation;
}

/* It gives back only what it holds, so nothing is ever given back that was not used. */
static void *ledger_run(void *context)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_PART, OPERATION_PART,
                                                OPERATION_CHARGE};
    struct ledger *ledger = context;

    for (int i = 0; i < OPERATIONS; i++) {
        struct operation operation = operation_of(ledger->limits);
        struct outcome outcome;
        int64_t units = units_of(ledger);

        operation.kind = kinds[random_next(&ledger->random) % ARRAY_COUNT(kinds)];
        if (operation.kind == OPERATION_CHARGE && random_next(&ledger->random) % 4 != 0)
            units = ledger->held < units ? -ledger->held : -units;
        one_set_cost(&operation, units);
        memory_table_ask(ledger->table, &operation, &outcome);
        if (operation.kind == OPERATION_CHARGE)
            ledger->held += units;
        else
            ledger->held += outcome.granted;
        ledger->granted_past += operation.kind != OPERATION_CHARGE && outcome.granted > units;
    }
    return NULL;
}

static void what_was_granted_and_charged_adds_up(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limits[SETS];
    struct ledger ledgers[THREADS];
    int64_t held = 0;
    (void)state;

    for (size_t i = 0; i < SETS; i++)
        limits[i] = table_window(QUOTA, MINUTE_US);
    limits[1].algorithm = ALGORITHM_TOKEN_BUCKET;
    limits[2].algorithm = ALGORITHM_SLIDING_WINDOW;
    several_sets_tell_apart(limits, SETS);
    for (size_t i = 0; i < THREADS; i++) {
        ledgers[i] = (struct ledger){.table = table, .limits = limits, .random = i};
        assert_int_equal(pthread_create(&ledgers[i].thread, NULL, ledger_run, &ledgers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(ledgers[i].thread, NULL);
        assert_int_equal(ledgers[i].granted_past, 0);
        held += ledgers[i].held;
    }

    /* Leaves one unit free, if what is used is what they hold. */
    struct operation operation = operation_of(limits);
    struct outcome outcome;

    operation.kind = OPERATION_CHARGE;
    one_set_cost(&operation, QUOTA - 1 - held);
    memory_table_ask(table, &operation, &outcome);
    for (size_t i = 0; i < SETS; i++)
        assert_int_equal(outcome.at[i].remaining, 1);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_granted_and_charged_adds_up),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
