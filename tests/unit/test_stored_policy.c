/* SPDX-License-Identifier: MIT */
#include "catalogue/stored_policy.h"

#include "base/log.h"
#include "sample_policy.h"
#include "support/cmocka.h"

#define JUNK 1000

/* All that was skipped is one line. The policy among it is kept. */
static void an_app_full_of_junk_is_one_line_of_the_log(void **state)
{
    (void)state;
    struct app *app = app_new();
    struct stored_policies policies;
    struct policy *good =
        sample_policy(&app->arena, "{'route_key':'/good','limit':5,'window_seconds':60}");
    const uint64_t before = log_lines(LOG_WARN);

    good->id = 1;
    good->version = 1;
    stored_policies_begin(&policies, app);
    for (int i = 0; i < JUNK; i++)
        stored_policies_add(&policies, TEXT("{\"route_key\":5}"));
    stored_policies_add(&policies, stored_policy_write(good, &app->arena));
    stored_policies_add(&policies, stored_policy_write(good, &app->arena));
    stored_policies_finish(&policies);

    assert_int_equal(policies.skipped, JUNK + 1);
    assert_int_equal(policy_set_count(app->policies), 1);
    assert_int_equal(log_lines(LOG_WARN) - before, 1);
    app_release(app);
}

/* It may be known where the policy was saved. */
static void a_policy_with_an_unknown_zone_is_kept_and_told(void **state)
{
    (void)state;
    struct app *app = app_new();
    struct stored_policies policies;
    struct policy *policy = sample_policy(
        &app->arena, "{'route_key':'/a','limit':5,'period':'day','zone':'Mars/Olympus_Mons'}");
    const uint64_t before = log_lines(LOG_WARN);

    stored_policies_begin(&policies, app);
    stored_policies_add(&policies, stored_policy_write(policy, &app->arena));
    stored_policies_finish(&policies);

    assert_int_equal(policies.zoneless, 1);
    assert_same_policy(policy_set_find(app->policies, &policy->identity), policy);
    assert_int_equal(log_lines(LOG_WARN) - before, 1);
    app_release(app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_app_full_of_junk_is_one_line_of_the_log),
        cmocka_unit_test(a_policy_with_an_unknown_zone_is_kept_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
