/* SPDX-License-Identifier: MIT */
#include "base/tenant_map.h"

#include "support/cmocka.h"
#include "support/random.h"

#define TENANTS 500
#define STEPS   200000

static void a_tenant_has_what_was_set_last(void **state)
{
    struct tenant_map map;
    (void)state;

    tenant_map_init(&map);
    assert_int_equal(tenant_map_get(&map, 7), 0);

    tenant_map_set(&map, 7, 3);
    tenant_map_set(&map, 0, 5);
    tenant_map_set(&map, 7, 4);

    assert_int_equal(tenant_map_get(&map, 7), 4);
    assert_int_equal(tenant_map_get(&map, 0), 5);
    assert_int_equal(map.count, 2);
    tenant_map_set(&map, 7, 0);
    assert_int_equal(tenant_map_get(&map, 7), 0);
    assert_int_equal(map.count, 1);
    tenant_map_close(&map);
}

static void taking_out_who_is_not_there_changes_nothing(void **state)
{
    struct tenant_map map;
    (void)state;

    tenant_map_init(&map);
    tenant_map_set(&map, 1, 1);
    tenant_map_set(&map, 2, 0);

    assert_int_equal(map.count, 1);
    tenant_map_close(&map);
}

static void random_histories_end_as_in_an_array(void **state)
{
    uint32_t values[TENANTS] = {0};
    uint32_t count = 0;
    struct tenant_map map;
    (void)state;

    random_begin(random_seed());
    tenant_map_init(&map);
    for (int i = 0; i < STEPS; i++) {
        const uint32_t tenant = (uint32_t)random_below(TENANTS);

        values[tenant] = (uint32_t)random_below(3);
        tenant_map_set(&map, tenant, values[tenant]);
        assert_int_equal(tenant_map_get(&map, tenant), values[tenant]);
    }

    for (uint32_t tenant = 0; tenant < TENANTS; tenant++) {
        assert_int_equal(tenant_map_get(&map, tenant), values[tenant]);
        count += values[tenant] > 0;
    }
    assert_int_equal(map.count, count);
    tenant_map_close(&map);
}

/* Tenants are numbered in order. But those in a crowd may have any numbers. */
static void it_grows_with_the_tenants(void **state)
{
    struct tenant_map map;
    (void)state;

    tenant_map_init(&map);
    for (uint32_t i = 0; i < 100000; i++)
        tenant_map_set(&map, i * 1024, i + 1);

    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(tenant_map_get(&map, i * 1024), i + 1);
    tenant_map_close(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_has_what_was_set_last),
        cmocka_unit_test(taking_out_who_is_not_there_changes_nothing),
        cmocka_unit_test(random_histories_end_as_in_an_array),
        cmocka_unit_test(it_grows_with_the_tenants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
