/* SPDX-License-Identifier: MIT */
#include "store/crowd.h"

#include "support/cmocka.h"
#include "support/random.h"

#include <inttypes.h>

#define ROOM     10000
#define SMALL    (ROOM / CROWD_SMALL)
#define NOBODY   UINT32_MAX
#define TENANTS  200
#define STEPS    20000
#define HELD_MAX 400

/* The tenants' numbers and holdings. A holding of 0 ends the list. */
static void hold(struct crowd *crowd, const struct holder holders[])
{
    for (size_t i = 0; holders[i].taken > 0; i++)
        crowd_change(crowd, holders[i].tenant, 0, holders[i].taken);
}

static uint32_t held_by(const struct holder holders[], uint32_t tenant)
{
    for (size_t i = 0; holders[i].taken > 0; i++) {
        if (holders[i].tenant == tenant)
            return holders[i].taken;
    }
    return 0;
}

static uint32_t giver_among(const struct holder holders[], uint32_t adder, bool own_are_spared)
{
    struct crowd crowd;
    uint32_t giver;

    crowd_init(&crowd, ROOM);
    hold(&crowd, holders);
    if (!crowd_gives_way(&crowd, (struct holder){adder, held_by(holders, adder)}, own_are_spared,
                         &giver))
        giver = NOBODY;
    crowd_close(&crowd);
    return giver;
}

static void the_rule_is_what_the_header_says(void **state)
{
    static const struct {
        const char *name;
        struct holder holders[8];
        uint32_t adder;
        uint32_t giver;
    } cases[] = {
        {"over half gives way to a newcomer", {{1, 5001}, {2, 4999}}, 9, 1},
        {"over half gives way to a large one", {{1, 5001}, {2, 4999}}, 2, 1},
        {"over half gives way to itself", {{1, 5001}, {2, 4999}}, 1, 1},
        {"half takes from its own", {{1, 5000}, {2, 5000}}, 1, 1},
        {"who holds its part takes from its own", {{1, 2500}, {2, 5000}, {3, 2500}}, 1, 1},
        {"a newcomer takes from the youngest", {{1, 4000}, {2, 3000}, {3, 3000}}, 9, 3},
        {"an old one that is small, too", {{1, 9}, {2, 3991}, {3, 3000}, {4, 3000}}, 1, 4},
        {"who holds less than its part does not pay", {{1, 5000}, {2, 3750}, {3, 1249}}, 9, 2},
        {"who holds just its part pays", {{1, 5000}, {2, 3333}, {3, 1667}}, 9, 3},
        {"a thousandth is no longer small", {{1, 5000}, {2, 4990}, {3, SMALL}}, 3, 3},
        {"just below it is", {{1, 5000}, {2, 4991}, {3, SMALL - 1}}, 3, 2},
        {"an older one gets back from a newer one", {{1, 5000}, {2, 500}, {3, 4500}}, 2, 3},
        {"but not from one below its part", {{1, 5000}, {2, 500}, {3, 4000}, {4, 500}}, 2, 3},
        {"a newer one gets none back from older ones", {{1, 5000}, {2, 4500}, {3, 500}}, 3, 3},
        {"the service itself is the oldest", {{0, 5000}, {1, 5000}}, 9, 1},
        {"nobody gives way in an empty table", {{0, 0}}, 1, NOBODY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint32_t giver = giver_among(cases[i].holders, cases[i].adder, false);

        if (giver != cases[i].giver)
            fail_msg("%s: %" PRIu32 " gives way", cases[i].name, giver);
    }
}

static void a_tenant_that_cannot_give_way_takes_from_none_below_its_part(void **state)
{
    static const struct holder over_half[] = {{1, 6000}, {2, 4000}, {0, 0}};
    static const struct holder half[] = {{1, 5000}, {2, 4500}, {3, 500}, {0, 0}};
    static const struct holder alone[] = {{1, 4999}, {0, 0}};

    (void)state;
    assert_int_equal(giver_among(over_half, 1, true), NOBODY);
    assert_int_equal(giver_among(over_half, 2, true), 1);
    assert_int_equal(giver_among(half, 1, true), 2);
    assert_int_equal(giver_among(half, 2, true), 1);
    assert_int_equal(giver_among(alone, 1, true), NOBODY);
}

/* With 600 tenants that hold as much, a tenant's part is less than a thousandth. */
static void newcomers_crowd_each_other(void **state)
{
    struct crowd crowd;
    uint32_t giver;

    (void)state;
    crowd_init(&crowd, ROOM);
    crowd_change(&crowd, 1, 0, ROOM / 2);
    for (uint32_t tenant = 2; tenant < 602; tenant++)
        crowd_change(&crowd, tenant, 0, ROOM / 2 / 600 + (tenant < 202));

    assert_true(crowd_gives_way(&crowd, (struct holder){9, SMALL - 1}, false, &giver));
    assert_int_equal(giver, 9);
    crowd_close(&crowd);
}

static void without_large_holders_the_table_must_look_for_itself(void **state)
{
    struct crowd crowd;
    uint32_t giver;

    (void)state;
    crowd_init(&crowd, ROOM);
    for (uint32_t tenant = 0; tenant < 2000; tenant++)
        crowd_change(&crowd, tenant, 0, ROOM / 2000);

    assert_false(crowd_has_large(&crowd));
    assert_false(crowd_gives_way(&crowd, (struct holder){9999, 0}, false, &giver));
    assert_true(crowd_gives_way(&crowd, (struct holder){9, ROOM / 2000}, false, &giver));
    assert_int_equal(giver, 9);
    crowd_close(&crowd);
}

static void whatever_changes_the_large_ones_are_known_in_their_order(void **state)
{
    struct crowd crowd;
    uint32_t held[TENANTS] = {0};

    (void)state;
    crowd_init(&crowd, ROOM);
    for (int step = 0; step < STEPS; step++) {
        uint32_t tenant = (uint32_t)random_below(TENANTS);
        uint32_t after = (uint32_t)random_of_any_size(HELD_MAX);
        uint32_t rank = 0;
        uint32_t taken = 0;
        uint32_t tenants = 0;

        crowd_change(&crowd, tenant, held[tenant], after);
        held[tenant] = after;

        for (uint32_t i = 0; i < TENANTS; i++) {
            taken += held[i];
            tenants += held[i] > 0;
            if (held[i] < SMALL)
                continue;
            assert_int_equal(crowd.large[rank].tenant, i);
            assert_int_equal(crowd.large[rank++].taken, held[i]);
        }
        assert_int_equal(crowd.large_count, rank);
        assert_int_equal(crowd.taken, taken);
        assert_int_equal(crowd.tenants, tenants);
    }
    crowd_close(&crowd);
}

static int set_up(void **state)
{
    (void)state;
    random_begin(random_seed());
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_is_what_the_header_says),
        cmocka_unit_test(a_tenant_that_cannot_give_way_takes_from_none_below_its_part),
        cmocka_unit_test(newcomers_crowd_each_other),
        cmocka_unit_test(without_large_holders_the_table_must_look_for_itself),
        cmocka_unit_test(whatever_changes_the_large_ones_are_known_in_their_order),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
