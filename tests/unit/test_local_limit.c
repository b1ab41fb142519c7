/* SPDX-License-Identifier: MIT
 *
 * The service's own limits, beside floods of other counters of this process. */
#include "api/local_limit.h"

#include "base/duration.h"
#include "store/store_memory.h"
#include "support/cmocka.h"
#include "support/one_set.h"

#include <sodium.h>

#define NOW_US   (1000 * SECOND_US)
#define COUNTERS 1024
#define SUBJECTS 300 /* more than half of the room of some stripes */
#define FLOOD    (3 * LOCAL_LIMIT_COUNTERS_MAX)

static const struct rate once_an_hour = {1, 3600};
static const struct limit endless = {.name = "window",
                                     .algorithm = ALGORITHM_FIXED_WINDOW,
                                     .quota = 1,
                                     .window_us = YEAR_S * SECOND_US,
                                     .burst = 1};

static int open_api(void **state)
{
    static struct api api;

    if (sodium_init() < 0)
        return -1;
    api = (struct api){
        .local = memory_table_new(COUNTERS),
        .own_limits = memory_table_new(LOCAL_LIMIT_COUNTERS_MAX),
        .now_us = NOW_US,
    };
    *state = &api;
    return 0;
}

static int close_api(void **state)
{
    struct api *api = *state;

    memory_table_free(api->local);
    memory_table_free(api->own_limits);
    return 0;
}

static bool allows(struct api *api, enum local_limit limit, struct text subject)
{
    return local_limit_take(api, limit, subject, once_an_hour, 1).allowed;
}

static bool app_allows(struct api *api, uint32_t tenant, int64_t subject)
{
    struct operation take = one_set_take(subject, &endless, 1, 1);
    struct outcome outcome;

    take.tenant = tenant;
    take.now_us = api->now_us;
    memory_table_ask(api->local, &take, &outcome);
    return outcome.allowed;
}

static void flood(struct api *api, enum local_limit limit, uint32_t addresses)
{
    for (uint32_t i = 0; i < addresses; i++)
        assert_true(allows(api, limit, (struct text){(const char *)&i, sizeof i}));
}

static void no_app_pushes_out_the_services_own_limits(void **state)
{
    struct api *api = *state;

    assert_true(allows(api, LOCAL_LIMIT_REGISTER, TEXT("address")));

    for (uint32_t i = 0; i < 100 * COUNTERS; i++)
        assert_true(app_allows(api, 1 + i % 100, i));

    assert_false(allows(api, LOCAL_LIMIT_REGISTER, TEXT("address")));
}

static void no_flood_of_addresses_pushes_out_what_an_app_counts(void **state)
{
    struct api *api = *state;

    for (uint32_t i = 0; i < SUBJECTS; i++)
        assert_true(app_allows(api, 1, i));

    flood(api, LOCAL_LIMIT_MANAGE, 10 * COUNTERS);

    for (uint32_t i = 0; i < SUBJECTS; i++)
        assert_false(app_allows(api, 1, i));
}

static void a_flood_at_one_limit_pushes_out_no_counter_of_another(void **state)
{
    struct api *api = *state;

    assert_true(allows(api, LOCAL_LIMIT_REGISTER, TEXT("address")));
    assert_true(allows(api, LOCAL_LIMIT_LOOKUPS, TEXT("")));
    assert_true(allows(api, LOCAL_LIMIT_ABSENT, TEXT("key")));

    flood(api, LOCAL_LIMIT_LOOKUP, FLOOD / 2);
    flood(api, LOCAL_LIMIT_MANAGE, FLOOD / 2);

    assert_false(allows(api, LOCAL_LIMIT_REGISTER, TEXT("address")));
    assert_false(allows(api, LOCAL_LIMIT_LOOKUPS, TEXT("")));
    assert_false(allows(api, LOCAL_LIMIT_ABSENT, TEXT("key")));
}

static void a_flood_of_addresses_is_bounded_and_what_goes_is_counted(void **state)
{
    struct api *api = *state;

    flood(api, LOCAL_LIMIT_MANAGE, FLOOD);

    struct memory_table_usage usage = memory_table_usage(api->own_limits);
    assert_int_equal(usage.counters, LOCAL_LIMIT_COUNTERS_MAX);
    assert_int_equal(usage.evictions, FLOOD - LOCAL_LIMIT_COUNTERS_MAX);
    assert_true(usage.bytes <= (size_t)96 * LOCAL_LIMIT_COUNTERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_app_pushes_out_the_services_own_limits, open_api,
                                        close_api),
        cmocka_unit_test_setup_teardown(no_flood_of_addresses_pushes_out_what_an_app_counts,
                                        open_api, close_api),
        cmocka_unit_test_setup_teardown(a_flood_at_one_limit_pushes_out_no_counter_of_another,
                                        open_api, close_api),
        cmocka_unit_test_setup_teardown(a_flood_of_addresses_is_bounded_and_what_goes_is_counted,
                                        open_api, close_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
