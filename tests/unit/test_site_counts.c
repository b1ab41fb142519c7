/* SPDX-License-Identifier: MIT */
#include "http/site_counts.h"

#include "support/cmocka.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#define EACH_MAX 3
#define THREADS  4
#define ROUNDS   2000
#define SITES    32

static struct site_counts *counts;

static int set_up(void **state)
{
    (void)state;
    counts = site_counts_new(4, EACH_MAX);
    return 0;
}

/* Asserts that nothing is left behind. */
static int tear_down(void **state)
{
    (void)state;
    site_counts_free(counts);
    return 0;
}

static struct ip_address numbered(uint8_t number)
{
    return (struct ip_address){{0x20, 0x01, 0x0d, 0xb8, [7] = number}};
}

static void a_site_gets_as_many_as_it_may(void **state)
{
    struct ip_address site = numbered(1);
    (void)state;

    for (int i = 0; i < EACH_MAX; i++)
        assert_true(site_counts_enter(counts, &site));
    assert_false(site_counts_enter(counts, &site));
    site_counts_leave(counts, &site);
    assert_true(site_counts_enter(counts, &site));

    for (int i = 0; i < EACH_MAX; i++)
        site_counts_leave(counts, &site);
}

static void sites_do_not_count_for_each_other(void **state)
{
    (void)state;

    for (uint8_t number = 0; number < 255; number++) {
        struct ip_address site = numbered(number);

        for (int i = 0; i < EACH_MAX; i++)
            assert_true(site_counts_enter(counts, &site));
    }
    for (uint8_t number = 0; number < 255; number++) {
        struct ip_address site = numbered(number);

        assert_false(site_counts_enter(counts, &site));
        for (int i = 0; i < EACH_MAX; i++)
            site_counts_leave(counts, &site);
        assert_true(site_counts_enter(counts, &site));
        site_counts_leave(counts, &site);
    }
}

static atomic_int inside[SITES];

static void *come_and_go(void *context)
{
    atomic_int *too_many = context;

    for (int i = 0; i < ROUNDS; i++) {
        struct ip_address site = numbered((uint8_t)(i % SITES));

        if (!site_counts_enter(counts, &site))
            continue;
        if (atomic_fetch_add(&inside[i % SITES], 1) >= EACH_MAX)
            atomic_fetch_add(too_many, 1);
        atomic_fetch_sub(&inside[i % SITES], 1);
        site_counts_leave(counts, &site);
    }
    return NULL;
}

static void threads_together_get_no_more(void **state)
{
    pthread_t threads[THREADS];
    atomic_int too_many = 0;
    (void)state;

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &too_many), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    assert_int_equal(too_many, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_site_gets_as_many_as_it_may),
        TEST(sites_do_not_count_for_each_other),
        TEST(threads_together_get_no_more),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
