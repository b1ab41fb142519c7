/* SPDX-License-Identifier: MIT */
#include "limit/policy_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

#define TOLD_BYTES 512

static struct arena arena;

static struct policy *policy_of(const char *route, const char *role, const char *user)
{
    struct policy *policy = ARENA_NEW(&arena, struct policy);

    policy->identity = (struct policy_identity){
        .route_key = text_copy(&arena, text_of(route)),
        .role = text_copy(&arena, text_of(role)),
    };
    if (user != NULL)
        policy->identity.subject = (struct subject){TEXT("user"), text_of(user)};
    return policy;
}

static struct policy *policy_for(const char *route, const char *role, const char *name,
                                 const char *value)
{
    struct policy *policy = policy_of(route, role, NULL);

    policy->identity.subject = (struct subject){text_of(name), text_of(value)};
    return policy;
}

static const struct policy *match(const struct policy_set *set, const char *route, const char *role,
                                  const char *user)
{
    const struct subject subject = {TEXT("user"), text_of(user)};
    const struct subjects subjects = {.count = user != NULL, .at = &subject};

    return policy_set_match(set, text_of(route), text_of(role), &subjects);
}

/* By name. */
static const struct subject of_five[] = {{{"ip", 2}, {"192.0.2.1", 9}},
                                         {{"model", 5}, {"large", 5}},
                                         {{"org", 3}, {"acme", 4}},
                                         {{"user", 4}, {"u", 1}},
                                         {{"zone", 4}, {"eu", 2}}};
static const struct subjects five = {.count = ARRAY_COUNT(of_five), .at = of_five};

static void the_order_is_user_with_role_then_user_then_role_then_default(void **state)
{
    (void)state;
    struct policy *user_role = policy_of("/a", "gold", "u");
    struct policy *user = policy_of("/a", "default", "u");
    struct policy *role = policy_of("/a", "gold", NULL);
    struct policy *everybody = policy_of("/a", "default", NULL);
    struct policy *policies[] = {user_role, user, role, everybody};

    struct policy_set *all = policy_set_new(&arena, policies, 4);
    struct policy_set *without_first = policy_set_new(&arena, policies + 1, 3);
    struct policy_set *without_users = policy_set_new(&arena, policies + 2, 2);
    struct policy_set *last = policy_set_new(&arena, policies + 3, 1);

    assert_ptr_equal(match(all, "/a", "gold", "u"), user_role);
    assert_ptr_equal(match(without_first, "/a", "gold", "u"), user);
    assert_ptr_equal(match(without_users, "/a", "gold", "u"), role);
    assert_ptr_equal(match(last, "/a", "gold", "u"), everybody);
    assert_ptr_equal(match(all, "/a", NULL, "u"), user);
    assert_ptr_equal(match(all, "/a", "silver", "u"), user);
    assert_ptr_equal(match(all, "/a", "gold", "v"), role);
    assert_ptr_equal(match(all, "/a", "gold", NULL), role);
    assert_ptr_equal(match(all, "/a", NULL, NULL), everybody);
    assert_null(match(all, "/b", "gold", "u"));
}

static void other_subjects_come_by_name_after_the_user_and_the_address_after_them(void **state)
{
    (void)state;
    struct policy *const policies[] = {
        policy_of("/a", "gold", "u"),
        policy_of("/a", "default", "u"),
        policy_for("/a", "gold", "model", "large"),
        policy_for("/a", "default", "model", "large"),
        policy_for("/a", "gold", "org", "acme"),
        policy_for("/a", "default", "org", "acme"),
        policy_for("/a", "gold", "zone", "eu"),
        policy_for("/a", "default", "zone", "eu"),
        policy_for("/a", "gold", "ip", "192.0.2.1"),
        policy_for("/a", "default", "ip", "192.0.2.1"),
        policy_of("/a", "gold", NULL),
        policy_of("/a", "default", NULL),
        policy_for("/a*", "gold", "org", "acme"),
    };

    for (size_t first = 0; first < ARRAY_COUNT(policies); first++) {
        struct policy_set *set =
            policy_set_new(&arena, policies + first, ARRAY_COUNT(policies) - first);

        assert_ptr_equal(policy_set_match(set, TEXT("/a"), TEXT("gold"), &five), policies[first]);
    }
}

static void a_policy_for_one_subject_is_not_for_another_of_its_value(void **state)
{
    (void)state;
    struct policy *policies[] = {policy_for("/a", "default", "org", "u"),
                                 policy_for("/a", "default", "team", "acme"),
                                 policy_of("/a", "default", "large")};

    struct policy_set *set = policy_set_new(&arena, policies, ARRAY_COUNT(policies));

    assert_null(policy_set_match(set, TEXT("/a"), TEXT("default"), &five));
    assert_null(match(set, "/a", NULL, "u"));
    assert_ptr_equal(match(set, "/a", NULL, "large"), policies[2]);
}

static void a_policy_for_another_role_decides_nothing(void **state)
{
    (void)state;
    struct policy *policies[] = {policy_of("/a", "gold", NULL), policy_of("/b", "gold", "u")};

    struct policy_set *set = policy_set_new(&arena, policies, 2);

    assert_null(match(set, "/a", NULL, NULL));
    assert_null(match(set, "/a", "silver", "u"));
    assert_null(match(set, "/b", "gold", NULL));
    assert_null(match(set, "/b", NULL, "u"));
}

/* In the order in which a check of this role would find them, one hides all that come later. */
static void at_a_route_the_first_policy_in_order_decides_instead_of_another(void **state)
{
    (void)state;
    struct policy *policies[] = {policy_of("/a*", "gold", "u"),
                                 policy_of("/a*", "default", "u"),
                                 policy_for("/a*", "gold", "org", "acme"),
                                 policy_for("/a*", "default", "org", "acme"),
                                 policy_of("/a*", "gold", NULL),
                                 policy_of("/a*", "default", NULL)};
    /* By the number of the first policy in the set: who decides instead of each. */
    static const size_t deciders[][ARRAY_COUNT(policies)] = {
        {0, 1, 0, 1, 0, 1}, {0, 1, 1, 1, 1, 1}, {0, 0, 2, 3, 2, 3},
        {0, 0, 0, 3, 3, 3}, {0, 0, 0, 0, 4, 5}, {0, 0, 0, 0, 0, 5},
    };

    for (size_t first = 0; first < ARRAY_COUNT(policies); first++) {
        struct policy_set *set =
            policy_set_new(&arena, policies + first, ARRAY_COUNT(policies) - first);

        for (size_t i = first; i < ARRAY_COUNT(policies); i++)
            assert_ptr_equal(policy_set_match_at(set, policies[i], &five),
                             policies[deciders[first][i]]);
    }
}

static void policies_of_other_routes_and_roles_hide_nothing(void **state)
{
    (void)state;
    struct policy *everybody = policy_of("/a*", "gold", NULL);
    struct policy *policies[] = {everybody,
                                 policy_of("/a", "gold", "u"),
                                 policy_of("/ab*", "gold", "u"),
                                 policy_of("/a*", "silver", "u"),
                                 policy_of("/a*", "gold", "v"),
                                 policy_of("*", "default", "u")};

    struct policy_set *set = policy_set_new(&arena, policies, ARRAY_COUNT(policies));

    assert_ptr_equal(policy_set_match_at(set, everybody, &five), everybody);
}

static void a_policy_is_for_everybody_or_for_one_of_the_subjects(void **state)
{
    (void)state;

    assert_true(policy_identity_is_for(&policy_of("/a", "gold", NULL)->identity, &five));
    assert_true(policy_identity_is_for(&policy_of("/a", "gold", "u")->identity, &five));
    assert_false(policy_identity_is_for(&policy_of("/a", "gold", "v")->identity, &five));
    assert_true(policy_identity_is_for(&policy_for("/a", "gold", "org", "acme")->identity, &five));
    assert_false(policy_identity_is_for(&policy_for("/a", "gold", "org", "u")->identity, &five));
    assert_false(
        policy_identity_is_for(&policy_for("/a", "gold", "team", "acme")->identity, &five));
}

static void the_longest_prefix_wins_after_the_exact_route(void **state)
{
    (void)state;
    struct policy *exact = policy_of("/api/users", "default", NULL);
    struct policy *longer = policy_of("/api/users*", "default", NULL);
    struct policy *shorter = policy_of("/api*", "default", NULL);
    struct policy *any = policy_of("*", "default", NULL);
    struct policy *policies[] = {any, shorter, exact, longer};

    struct policy_set *set = policy_set_new(&arena, policies, 4);

    assert_ptr_equal(match(set, "/api/users", NULL, NULL), exact);
    assert_ptr_equal(match(set, "/api/users/7", NULL, NULL), longer);
    assert_ptr_equal(match(set, "/api/user", NULL, NULL), shorter);
    assert_ptr_equal(match(set, "/api", NULL, NULL), shorter);
    assert_ptr_equal(match(set, "/ap", NULL, NULL), any);
    assert_ptr_equal(match(set, "x", NULL, NULL), any);
}

static void a_shorter_prefix_decides_when_the_longer_has_nobody_s_policy(void **state)
{
    (void)state;
    struct policy *gold_only = policy_of("/api/users*", "gold", NULL);
    struct policy *shorter = policy_of("/api*", "default", NULL);
    struct policy *policies[] = {gold_only, shorter};

    struct policy_set *set = policy_set_new(&arena, policies, 2);

    assert_ptr_equal(match(set, "/api/users/7", "gold", NULL), gold_only);
    assert_ptr_equal(match(set, "/api/users/7", "silver", NULL), shorter);
}

static void a_star_in_a_route_asked_for_is_an_ordinary_character(void **state)
{
    (void)state;
    struct policy *prefix = policy_of("/a*", "default", NULL);
    struct policy *policies[] = {prefix};

    struct policy_set *set = policy_set_new(&arena, policies, 1);

    assert_ptr_equal(match(set, "/a*", NULL, NULL), prefix);
    assert_null(match(set, "*", NULL, NULL));
}

static void routes_longer_than_any_policy_s_match_by_prefix(void **state)
{
    (void)state;
    char longest[POLICY_ROUTE_BYTES_MAX + 1];
    char route[1000];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memset(route, 'x', sizeof(route) - 1);
    route[sizeof(route) - 1] = '\0';
    struct policy *exact = policy_of(longest, "default", NULL);
    longest[sizeof(longest) - 2] = '*';
    struct policy *prefix = policy_of(longest, "default", NULL);
    struct policy *policies[] = {prefix, exact};

    struct policy_set *set = policy_set_new(&arena, policies, 2);

    assert_ptr_equal(match(set, route, NULL, NULL), prefix);
    route[POLICY_ROUTE_BYTES_MAX] = '\0';
    assert_ptr_equal(match(set, route, NULL, NULL), exact);
    route[POLICY_ROUTE_BYTES_MAX - 1] = '\0';
    assert_ptr_equal(match(set, route, NULL, NULL), prefix);
    route[POLICY_ROUTE_BYTES_MAX - 2] = '\0';
    assert_null(match(set, route, NULL, NULL));
}

static void an_empty_set_matches_nothing(void **state)
{
    (void)state;

    struct policy_set *set = policy_set_new(&arena, NULL, 0);

    assert_int_equal(policy_set_count(set), 0);
    assert_null(match(set, "/a", "gold", "u"));
    assert_null(match(set, "", NULL, NULL));
}

static void a_full_set_finds_each_and_lists_them_in_order(void **state)
{
    (void)state;
    struct policy *policies[POLICIES_PER_APP_MAX];
    char route[32];

    for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
        snprintf(route, sizeof(route), "/route/%zu%s", (i * 7919) % 1000, i % 3 == 0 ? "*" : "");
        policies[i] = policy_of(route, i % 2 == 0 ? "default" : "gold", i % 5 == 0 ? "u" : NULL);
    }
    struct policy_set *set = policy_set_new(&arena, policies, ARRAY_COUNT(policies));

    assert_int_equal(policy_set_count(set), ARRAY_COUNT(policies));
    for (size_t i = 0; i < ARRAY_COUNT(policies); i++)
        assert_ptr_equal(policy_set_find(set, &policies[i]->identity), policies[i]);
    for (size_t i = 1; i < policy_set_count(set); i++)
        assert_true(policy_identity_compare(&policy_set_at(set, i - 1)->identity,
                                            &policy_set_at(set, i)->identity) < 0);
}

static void write_tried(void *context, const struct policy_tried *tried)
{
    char *told = context;
    size_t length = strlen(told);

    snprintf(told + length, TOLD_BYTES - length, "%.*s%s %.*s %.*s%s%.*s%s\n",
             TEXT_PRINTF(tried->route), tried->is_prefix ? "*" : "", TEXT_PRINTF(tried->role),
             TEXT_PRINTF(tried->subject.name), subject_is_absent(&tried->subject) ? "all" : " ",
             TEXT_PRINTF(tried->subject.value), tried->found ? " found" : "");
}

static void a_match_tells_what_it_looks_for_in_order(void **state)
{
    (void)state;
    struct policy *policies[] = {policy_of("/a/*", "gold", NULL), policy_of("*", "default", NULL),
                                 policy_of("/b/*", "default", NULL)};
    struct policy_set *set = policy_set_new(&arena, policies, 3);
    char told[TOLD_BYTES] = "";

    policy_set_match_telling(set, TEXT("/a/x"), TEXT("gold"), &five, told, write_tried);
    assert_string_equal(told, "/a/x gold user u\n"
                              "/a/x default user u\n"
                              "/a/x gold all\n"
                              "/a/x default all\n"
                              "/a/* gold user u\n"
                              "/a/* default user u\n"
                              "/a/* gold all found\n");

    told[0] = '\0';
    policy_set_match_telling(set, TEXT("/"), TEXT("default"), &(struct subjects){0}, told,
                             write_tried);
    assert_string_equal(told, "/ default all\n"
                              "* default all found\n");
}

/* The user is looked for in any case, as it was before there were other subjects. */
static void a_match_does_not_look_for_names_that_no_policy_has(void **state)
{
    (void)state;
    struct policy *policies[] = {
        policy_for("/b", "default", "zone", "us"), policy_for("/b", "default", "zone", "eu"),
        policy_for("/b", "default", "ip", "192.0.2.7"), policy_for("/b", "default", "team", "red")};
    struct policy_set *set = policy_set_new(&arena, policies, ARRAY_COUNT(policies));
    char told[TOLD_BYTES] = "";

    policy_set_match_telling(set, TEXT("/a"), (struct text){0}, &five, told, write_tried);

    assert_string_equal(told, "/a default user u\n"
                              "/a default zone eu\n"
                              "/a default ip 192.0.2.1\n"
                              "/a default all\n");
}

static void finding_takes_the_whole_identity(void **state)
{
    (void)state;
    struct policy *prefix = policy_of("/a*", "default", NULL);
    struct policy *policies[] = {prefix};
    struct policy_set *set = policy_set_new(&arena, policies, 1);
    struct policy_identity without_star = prefix->identity;
    struct policy_identity of_a_role = prefix->identity;
    struct policy_identity of_a_user = prefix->identity;
    struct policy_identity of_an_org = prefix->identity;
    without_star.route_key = TEXT("/a");
    of_a_role.role = TEXT("gold");
    of_a_user.subject = (struct subject){TEXT("user"), TEXT("u")};
    of_an_org.subject = (struct subject){TEXT("org"), TEXT("u")};

    assert_ptr_equal(policy_set_find(set, &prefix->identity), prefix);
    assert_null(policy_set_find(set, &without_star));
    assert_null(policy_set_find(set, &of_a_role));
    assert_null(policy_set_find(set, &of_a_user));
    assert_null(policy_set_find(set, &of_an_org));
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
        cmocka_unit_test(the_order_is_user_with_role_then_user_then_role_then_default),
        cmocka_unit_test(other_subjects_come_by_name_after_the_user_and_the_address_after_them),
        cmocka_unit_test(a_policy_for_one_subject_is_not_for_another_of_its_value),
        cmocka_unit_test(a_policy_for_another_role_decides_nothing),
        cmocka_unit_test(at_a_route_the_first_policy_in_order_decides_instead_of_another),
        cmocka_unit_test(policies_of_other_routes_and_roles_hide_nothing),
        cmocka_unit_test(a_policy_is_for_everybody_or_for_one_of_the_subjects),
        cmocka_unit_test(the_longest_prefix_wins_after_the_exact_route),
        cmocka_unit_test(a_shorter_prefix_decides_when_the_longer_has_nobody_s_policy),
        cmocka_unit_test(a_star_in_a_route_asked_for_is_an_ordinary_character),
        cmocka_unit_test(routes_longer_than_any_policy_s_match_by_prefix),
        cmocka_unit_test(an_empty_set_matches_nothing),
        cmocka_unit_test(a_full_set_finds_each_and_lists_them_in_order),
        cmocka_unit_test(a_match_tells_what_it_looks_for_in_order),
        cmocka_unit_test(a_match_does_not_look_for_names_that_no_policy_has),
        cmocka_unit_test(finding_takes_the_whole_identity),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
