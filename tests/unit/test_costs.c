/* SPDX-License-Identifier: MIT */
#include "limit/costs.h"

#include "reading.h"
#include "support/cmocka.h"

typedef bool read_fn(struct form *form, struct arena *arena, struct costs *costs);

static bool read_with(read_fn *read, const char *json, struct costs *costs)
{
    struct form form;

    reading_begin(&form, json, "/checks/3");
    bool good = read(&form, &arena, costs);

    form_close(&form);
    return good;
}

static bool read_costs(const char *json, struct costs *costs)
{
    return read_with(costs_read, json, costs);
}

/* -1: the check does not say. */
static int64_t cost_in(const char *json, const char *measure)
{
    struct costs costs;
    int64_t cost;

    if (!read_costs(json, &costs))
        fail_msg("%s: %s", json, faults.at[0].detail);
    return costs_find(&costs, text_of(measure), &cost) ? cost : -1;
}

static void assert_fault(const char *json, const char *pointer, const char *detail)
{
    struct costs costs;

    if (read_costs(json, &costs))
        fail_msg("%s was accepted", json);
    reading_expect_fault(pointer, detail);
}

static void a_check_costs_one_request_unless_it_says_more(void **state)
{
    (void)state;

    assert_int_equal(cost_in("{}", "requests"), 1);
    assert_int_equal(cost_in("{\"cost\":0}", "requests"), 0);
    assert_int_equal(cost_in("{\"cost\":9007199254740991}", "requests"), INT64_C(9007199254740991));
    assert_int_equal(cost_in("{\"costs\":{\"tokens\":1500}}", "requests"), 1);
}

static void each_measure_has_its_cost(void **state)
{
    (void)state;
    const char *json = "{\"cost\":2,\"costs\":{\"tokens\":1500,\"bytes\":0,\"images\":3}}";

    assert_int_equal(cost_in(json, "requests"), 2);
    assert_int_equal(cost_in(json, "tokens"), 1500);
    assert_int_equal(cost_in(json, "bytes"), 0);
    assert_int_equal(cost_in(json, "images"), 3);
    assert_int_equal(cost_in(json, "token"), -1);
    assert_int_equal(cost_in("{\"costs\":{}}", "tokens"), -1);
}

static void measures_are_kept_by_name(void **state)
{
    (void)state;
    struct costs costs;

    assert_true(read_costs("{\"costs\":{\"c\":3,\"a\":1,\"b\":2}}", &costs));
    assert_int_equal(costs.count, 3);
    for (size_t i = 0; i < costs.count; i++)
        assert_int_equal(costs.at[i].cost, i + 1);
}

static void names_and_costs_have_rules(void **state)
{
    (void)state;
    const char *cost = "must be an integer from 0 to 9007199254740991";

    assert_fault("{\"cost\":-1}", "/checks/3/cost", cost);
    assert_fault("{\"costs\":{\"tokens\":-1}}", "/checks/3/costs/tokens", cost);
    assert_fault("{\"costs\":{\"tokens\":\"1\"}}", "/checks/3/costs/tokens", cost);
    assert_fault("{\"costs\":{\"tokens\":1.5}}", "/checks/3/costs/tokens", cost);
    assert_fault("{\"costs\":{\"tokens\":9007199254740992}}", "/checks/3/costs/tokens", cost);
    assert_fault("{\"costs\":{\"requests\":1}}", "/checks/3/costs/requests",
                 "must be absent: requests are counted by `cost`");
    assert_fault("{\"costs\":{\"To ken\":1}}", "/checks/3/costs/To ken",
                 "must have another name: it must be 1 to 32 of a-z, 0-9 and _, and begin with a "
                 "letter");
    assert_fault("{\"costs\":7}", "/checks/3/costs", "must be an object");
    assert_fault("{\"costs\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
                 "\"i\":1}}",
                 "/checks/3/costs", "must have at most 8 measures");
}

static void a_charge_costs_nothing_unless_it_says_so_and_may_give_back(void **state)
{
    (void)state;
    struct costs costs;

    assert_true(read_with(costs_read_charge, "{}", &costs));
    assert_int_equal(costs.requests, 0);
    assert_int_equal(costs.count, 0);
    assert_true(read_with(costs_read_charge,
                          "{\"cost\":-9007199254740991,\"costs\":{\"tokens\":-7}}", &costs));
    assert_int_equal(costs.requests, -INT64_C(9007199254740991));
    assert_int_equal(costs.at[0].cost, -7);
    assert_false(read_with(costs_read_charge, "{\"cost\":-9007199254740992}", &costs));
    assert_string_equal(faults.at[0].detail,
                        "must be an integer from -9007199254740991 to 9007199254740991");
    assert_false(read_with(costs_read_charge, "{\"costs\":{\"a\":-9007199254740992}}", &costs));
    assert_string_equal(faults.at[0].pointer, "/checks/3/costs/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_costs_one_request_unless_it_says_more),
        cmocka_unit_test(each_measure_has_its_cost),
        cmocka_unit_test(measures_are_kept_by_name),
        cmocka_unit_test(names_and_costs_have_rules),
        cmocka_unit_test(a_charge_costs_nothing_unless_it_says_so_and_may_give_back),
    };

    return cmocka_run_group_tests(tests, NULL, reading_end);
}
