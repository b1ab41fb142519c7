/* SPDX-License-Identifier: MIT */
#include "catalogue/policy_zones.h"

#include "base/arena.h"
#include "sample_policy.h"
#include "support/cmocka.h"

#define KNOWN   "{'name':'a','limit':5,'period':'day','zone':'Europe/Berlin'}"
#define NEAR    "{'name':'c','limit':5,'period':'day','zone':'Europe/Berln'}"
#define UNKNOWN "{'name':'b','limit':5,'period':'day','zone':'Mars/Olympus_Mons'}"

#define NOT_KNOWN "must be a zone of the tz database that this machine can read"

static struct arena arena;

static void assert_fault(const char *policy, const char *pointer, const char *detail)
{
    struct faults faults = {0};

    policy_zones_check(sample_policy(&arena, policy), "/policies/3", &faults);

    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, pointer);
    assert_string_equal(faults.at[0].detail, detail);
}

static void a_fault_names_the_place_of_the_limit(void **state)
{
    (void)state;

    assert_fault("{'route_key':'/a','limit':5,'period':'day','zone':'Mars/Olympus_Mons'}",
                 "/policies/3/zone", NOT_KNOWN);
    assert_fault("{'route_key':'/a','limits':[" UNKNOWN "]}", "/policies/3/limits/0/zone",
                 NOT_KNOWN);
    assert_fault("{'route_key':'/a','limits':[" KNOWN "," UNKNOWN "]}", "/policies/3/limits/1/zone",
                 NOT_KNOWN);
    assert_fault("{'route_key':'/a','rate':'5/m','candidate':{'limits':[" KNOWN "," UNKNOWN "]}}",
                 "/policies/3/candidate/limits/1/zone", NOT_KNOWN);
}

static void a_fault_names_the_nearest_zone(void **state)
{
    (void)state;

    assert_fault("{'route_key':'/a','limit':5,'period':'day','zone':'Europe/Berln'}",
                 "/policies/3/zone", NOT_KNOWN ", such as Europe/Berlin");
}

static void only_the_first_fault_names_the_nearest_zone(void **state)
{
    (void)state;
    struct faults faults = {0};

    policy_zones_check(sample_policy(&arena, "{'route_key':'/a','limits':[" NEAR ",{'name':'d',"
                                             "'limit':5,'period':'day','zone':'Europe/Pari'}],"
                                             "'candidate':" NEAR "}"),
                       "", &faults);

    assert_int_equal(faults.count, 3);
    assert_string_equal(faults.at[0].detail, NOT_KNOWN ", such as Europe/Berlin");
    assert_string_equal(faults.at[1].detail, NOT_KNOWN);
    assert_string_equal(faults.at[2].detail, NOT_KNOWN);
}

static void known_zones_and_limits_without_one_are_no_fault(void **state)
{
    (void)state;
    struct faults faults = {0};
    const struct policy *policy =
        sample_policy(&arena, "{'route_key':'/a','limits':[" KNOWN ",{'name':'c','rate':'5/m'},"
                              "{'name':'d','limit':5,'period':'day'}],"
                              "'candidate':" KNOWN "}");

    policy_zones_check(policy, "", &faults);

    assert_int_equal(faults.count, 0);
    assert_null(policy_zones_find_unknown(policy));
}

static void the_first_unknown_zone_is_found(void **state)
{
    (void)state;
    const struct policy *live =
        sample_policy(&arena, "{'route_key':'/a','limits':[" KNOWN "," UNKNOWN "]}");
    const struct policy *candidate =
        sample_policy(&arena, "{'route_key':'/a','rate':'5/m','candidate':" UNKNOWN "}");

    assert_ptr_equal(policy_zones_find_unknown(live), live->rule.limits[1].period);
    assert_ptr_equal(policy_zones_find_unknown(candidate), candidate->candidate->limits[0].period);
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_names_the_place_of_the_limit),
        cmocka_unit_test(a_fault_names_the_nearest_zone),
        cmocka_unit_test(only_the_first_fault_names_the_nearest_zone),
        cmocka_unit_test(known_zones_and_limits_without_one_are_no_fault),
        cmocka_unit_test(the_first_unknown_zone_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
