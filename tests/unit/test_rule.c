/* SPDX-License-Identifier: MIT
 *
 * By what the limits of a rule count, and what their states are known by. */
#include "limit/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/document.h"
#include "limit/policy.h"
#include "limit/rule_part.h"
#include "sample_policy.h"

#include <sodium.h>

#define ORG  "{'name':'org','rate':'9/s','by':'org'}"
#define BOTH "{'name':'both','rate':'9/s','by':['user','org']}"
#define USER "{'name':'user','rate':'9/s','by':'user'}"
#define POOL "{'name':'pool','rate':'9/s','by':[]}"
#define BARE "{'name':'bare','rate':'9/s'}"
#define ANON "{'name':'anon','rate':'9/s','by':'ip'}"

static struct arena arena;

/* The rule of a policy with these limits. */
static const struct rule *rule_of(const char *limits)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), "{'route_key':'/a','limits':[%s]}", limits);
    return &sample_policy(&arena, text)->rule;
}

/* `names`: "org,user"; "" is the pool, and NULL is user, else ip. */
static void assert_by(const struct by *by, const char *names)
{
    char is[BY_MAX * 33 + 1] = "";

    assert_int_equal(by == NULL, names == NULL);
    for (size_t i = 0; by != NULL && i < by->count; i++) {
        const size_t length = strlen(is);

        (void)snprintf(is + length, sizeof(is) - length, "%s%.*s", i == 0 ? "" : ",",
                       TEXT_PRINTF(by->names[i]));
    }
    if (names != NULL)
        assert_string_equal(is, names);
}

/* The id of the limit of this name. */
static uint64_t id_in(const struct rule *rule, const char *name)
{
    const struct limit *limit = rule_find_limit(rule, text_of(name));

    if (limit == NULL)
        fail_msg("no limit is called %s", name);
    return limit == NULL ? 0 : limit->id;
}

/* The id of the one limit. */
static uint64_t id_of(const char *limit)
{
    return rule_of(limit)->limits[0].id;
}

static void limits_that_do_not_say_by_whom_are_in_one_set(void **state)
{
    (void)state;

    const struct rule *rule = rule_of(BARE ",{'rate':'9/m'}");

    assert_true(rule->is_plain);
    assert_int_equal(rule->set_count, 1);
    assert_null(rule->sets[0]);
    assert_null(rule->common);
    assert_int_equal(rule->common_set, 0);
    assert_int_equal(rule->limits[1].set, 0);
}

static void limits_by_the_same_subjects_share_a_set_and_the_sets_have_a_common_part(void **state)
{
    (void)state;

    const struct rule *rule = rule_of(BOTH "," ORG ",{'rate':'9/m','by':['org','user']}");

    assert_false(rule->is_plain);
    assert_int_equal(rule->set_count, 2);
    assert_by(rule->sets[rule->limits[0].set], "org,user");
    assert_by(rule->sets[rule->limits[1].set], "org");
    assert_int_equal(rule->limits[2].set, rule->limits[0].set);
    assert_by(rule->common, "org");
    assert_int_equal(rule->common_set, rule->limits[1].set);
}

static void a_pool_beside_others_leaves_nothing_in_common(void **state)
{
    (void)state;

    const struct rule *rule = rule_of(ORG "," POOL);

    assert_by(rule->common, "");
    assert_int_equal(rule->common_set, rule->limits[1].set);
}

static void the_common_part_need_not_be_a_set(void **state)
{
    (void)state;

    const struct rule *nothing = rule_of(ORG "," ANON);
    const struct rule *org =
        rule_of(BOTH ",{'rate':'9/s','by':['org','model']},{'rate':'9/m','by':['org','team']}");

    assert_by(nothing->common, "");
    assert_int_equal(nothing->common_set, -1);
    assert_by(org->common, "org");
    assert_int_equal(org->common_set, -1);
}

static void who_does_not_say_counts_by_user_where_another_limit_needs_one(void **state)
{
    (void)state;

    const struct rule *with_user = rule_of(BARE "," USER);
    const struct rule *with_both = rule_of(BARE "," BOTH);
    const struct rule *without = rule_of(BARE "," ORG);

    assert_null(with_user->limits[0].by);
    assert_by(with_user->sets[with_user->limits[0].set], "user");
    assert_int_equal(with_user->set_count, 1);
    assert_by(with_both->common, "user");
    assert_null(without->sets[without->limits[0].set]);
    assert_by(without->common, "");
}

static void a_rule_that_counts_another_measure_is_not_plain(void **state)
{
    (void)state;

    assert_false(rule_of("{'rate':'9/s','counts':'tokens'}")->is_plain);
    assert_true(rule_of("{'rate':'9/s','counts':'requests'}")->is_plain);
    assert_false(rule_of(BARE "," POOL)->is_plain);
}

static void a_rule_knows_whether_a_limit_has_a_period_or_headroom(void **state)
{
    (void)state;

    const struct rule *bare = rule_of(BARE "," ORG);
    const struct rule *period = rule_of(BARE ",{'name':'bill','limit':9,'period':'month'}");
    const struct rule *headroom = rule_of(BARE ",{'name':'low','rate':'9/s','headroom':'1%'}");

    assert_false(bare->has_period || bare->has_headroom);
    assert_true(period->has_period && !period->has_headroom);
    assert_true(headroom->has_headroom && !headroom->has_period);
    assert_false(rule_of(BARE ",{'name':'low','rate':'9/s','headroom':0}")->has_headroom);
}

/* The context is the name that a set must not have. */
static bool takes_without(const void *context, const struct by *set)
{
    return set == NULL || !by_has(set, text_of(context));
}

static void a_part_of_a_rule_has_the_limits_of_the_sets_taken_in_order(void **state)
{
    (void)state;
    const struct rule *rule = rule_of(BOTH "," USER "," ORG ",{'rate':'9/m','by':'user'}");
    struct rule_part part;

    rule_part_choose(&part, rule, "org", takes_without);

    assert_int_equal(part.rule.limit_count, 2);
    assert_string_equal(part.rule.limits[0].name, "user");
    assert_int_equal(part.rule.limits[0].id, rule->limits[1].id);
    assert_int_equal(part.rule.limits[1].id, rule->limits[3].id);
    assert_int_equal(part.rule.set_count, 1);
    assert_by(part.rule.sets[part.rule.limits[1].set], "user");
}

static void a_part_of_a_rule_keeps_what_all_sets_of_the_whole_have_in_common(void **state)
{
    (void)state;
    const struct rule *rule = rule_of(BOTH "," ORG);
    struct rule_part with;
    struct rule_part without;

    rule_part_choose(&with, rule, "user", takes_without);
    rule_part_choose(&without, rule_of(ORG "," POOL ",{'rate':'9/m','by':'team'}"), "org",
                     takes_without);

    assert_by(with.rule.common, "org");
    assert_int_equal(with.rule.common_set, 0);
    assert_by(without.rule.common, "");
    assert_int_equal(without.rule.common_set, 0);
    assert_int_equal(without.rule.limit_count, 2);
}

static void a_part_of_a_rule_may_be_empty(void **state)
{
    (void)state;
    struct rule_part part;

    rule_part_choose(&part, rule_of(ORG "," BOTH), "org", takes_without);

    assert_int_equal(part.rule.limit_count, 0);
    assert_int_equal(part.rule.set_count, 0);
    assert_int_equal(part.rule.common_set, -1);
}

static void a_limit_is_found_by_its_whole_name(void **state)
{
    (void)state;

    const struct rule *rule = rule_of(BARE "," ORG);

    assert_ptr_equal(rule_find_limit(rule, TEXT("org")), &rule->limits[1]);
    assert_null(rule_find_limit(rule, TEXT("or")));
    assert_null(rule_find_limit(rule, TEXT("organ")));
    assert_null(rule_find_limit(rule, TEXT("")));
}

static void only_another_common_part_starts_counters_afresh(void **state)
{
    (void)state;

    assert_false(rule_counters_differ(rule_of(BARE), rule_of(BARE ",{'rate':'9/m'}")));
    assert_false(rule_counters_differ(rule_of(BARE), rule_of(USER)));
    assert_false(rule_counters_differ(rule_of(BARE), rule_of(BARE "," BOTH)));
    assert_false(rule_counters_differ(rule_of(ORG), rule_of(BOTH "," ORG)));
    assert_false(rule_counters_differ(rule_of(ORG "," POOL), rule_of(POOL)));
    assert_true(rule_counters_differ(rule_of(BARE), rule_of(ANON)));
    assert_true(rule_counters_differ(rule_of(BARE), rule_of(POOL)));
    assert_true(rule_counters_differ(rule_of(ORG), rule_of(BOTH)));
    assert_true(rule_counters_differ(rule_of(ORG), rule_of(ORG "," POOL)));
}

static void a_state_belongs_to_subjects_measure_algorithm_and_window_or_period(void **state)
{
    (void)state;
    const char *const apart[] = {
        "{'rate':'9/s'}",
        "{'rate':'9/m'}",
        "{'rate':'9/s','algorithm':'token_bucket'}",
        "{'rate':'9/s','counts':'tokens'}",
        "{'rate':'9/s','counts':'token_bucket'}",
        "{'rate':'9/s','by':'user'}",
        "{'rate':'9/s','by':'ip'}",
        "{'rate':'9/s','by':[]}",
        "{'rate':'9/s','by':['ip','user']}",
        "{'rate':'9/s','by':'requests'}",
        "{'limit':9,'period':'hour'}",
        "{'limit':9,'window_seconds':3600}",
        "{'limit':9,'period':'month'}",
        "{'limit':9,'period':'month','zone':'Europe/Berlin'}",
        "{'limit':9,'period':'month','anchor':'2026-01-17'}",
        "{'limit':9,'period':'month','anchor':'2026-01-17T08:30'}",
    };

    for (size_t i = 0; i < ARRAY_COUNT(apart); i++) {
        for (size_t before = 0; before < i; before++)
            assert_int_not_equal(id_of(apart[i]), id_of(apart[before]));
    }
    assert_int_equal(id_of("{'rate':'9/s'}"), id_of("{'rate':'1/s','name':'n'}"));
    assert_int_equal(id_of("{'rate':'9/s'}"), id_of("{'rate':'1/s','counts':'requests'}"));
    assert_int_equal(id_of("{'rate':'9/s','algorithm':'token_bucket'}"),
                     id_of("{'rate':'9/s','algorithm':'token_bucket','burst':3}"));
    assert_int_equal(id_of("{'rate':'9/s','by':['a','b']}"),
                     id_of("{'rate':'9/s','by':['b','a']}"));
    assert_int_equal(id_of("{'limit':9,'period':'month'}"),
                     id_of("{'limit':1,'period':'month','zone':'UTC'}"));
    assert_int_equal(id_of("{'limit':9,'period':'month','anchor':'2026-01-17'}"),
                     id_of("{'limit':9,'period':'month','anchor':'2027-02-17'}"));
}

/* Their algorithm and window together once had the same 32-bit hash, so they shared one state. */
static void limits_that_were_made_to_collide_have_ids_of_their_own(void **state)
{
    (void)state;

    assert_int_not_equal(
        id_of("{'algorithm':'token_bucket','limit':1,'window_seconds':31300256}"),
        id_of("{'algorithm':'sliding_window','limit':1,'window_seconds':31525260}"));
}

static void other_limits_and_their_order_change_no_id(void **state)
{
    (void)state;

    const struct rule *one = rule_of(ORG "," BARE "," POOL);
    const struct rule *other = rule_of(POOL "," BOTH "," ORG);

    assert_int_equal(id_in(one, "org"), id_in(other, "org"));
    assert_int_equal(id_in(one, "pool"), id_in(other, "pool"));
}

static void of_limits_that_are_alike_all_but_the_first_are_told_apart_by_name(void **state)
{
    (void)state;
    const uint64_t alone = id_of("{'rate':'9/s','name':'b'}");

    const struct rule *rule =
        rule_of("{'rate':'9/s','name':'c'},{'rate':'9/s','name':'b'},{'rate':'9/s','name':'d'}");
    const struct rule *later = rule_of("{'rate':'9/s','name':'d'},{'rate':'9/s','name':'b'}");

    assert_int_equal(id_in(rule, "b"), alone);
    assert_int_not_equal(id_in(rule, "c"), alone);
    assert_int_not_equal(id_in(rule, "d"), alone);
    assert_int_not_equal(id_in(rule, "c"), id_in(rule, "d"));
    assert_int_equal(id_in(later, "d"), id_in(rule, "d"));
}

/* Stored counters outlive the process, and other versions must find them. */
static void an_id_stays_what_it_is(void **state)
{
    (void)state;

    /* the first 8 bytes, the lowest first, of BLAKE2b-128 of "- requests fixed_window 1000000  " */
    assert_int_equal(id_of("{'rate':'9/s'}"), UINT64_C(0x53758670e4859352));
    assert_int_equal(id_of("{'rate':'9/h','by':['user','org'],'counts':'tokens',"
                           "'algorithm':'token_bucket'}"),
                     UINT64_C(0x61195b22ce9bb4e4));
    assert_int_equal(id_in(rule_of("{'rate':'9/s','name':'a'},{'rate':'9/s','name':'b'}"), "b"),
                     UINT64_C(0xc959aedee8f69640));
    /* "- requests fixed_window month/2001-01-17T00:00:00/Europe/Berlin  " */
    assert_int_equal(id_of("{'limit':9,'period':'month','zone':'Europe/Berlin',"
                           "'anchor':'2026-01-17'}"),
                     UINT64_C(0x42d94df1a99f5946));
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
        cmocka_unit_test(limits_that_do_not_say_by_whom_are_in_one_set),
        cmocka_unit_test(limits_by_the_same_subjects_share_a_set_and_the_sets_have_a_common_part),
        cmocka_unit_test(a_pool_beside_others_leaves_nothing_in_common),
        cmocka_unit_test(the_common_part_need_not_be_a_set),
        cmocka_unit_test(who_does_not_say_counts_by_user_where_another_limit_needs_one),
        cmocka_unit_test(a_rule_that_counts_another_measure_is_not_plain),
        cmocka_unit_test(a_rule_knows_whether_a_limit_has_a_period_or_headroom),
        cmocka_unit_test(a_part_of_a_rule_has_the_limits_of_the_sets_taken_in_order),
        cmocka_unit_test(a_part_of_a_rule_keeps_what_all_sets_of_the_whole_have_in_common),
        cmocka_unit_test(a_part_of_a_rule_may_be_empty),
        cmocka_unit_test(a_limit_is_found_by_its_whole_name),
        cmocka_unit_test(only_another_common_part_starts_counters_afresh),
        cmocka_unit_test(a_state_belongs_to_subjects_measure_algorithm_and_window_or_period),
        cmocka_unit_test(limits_that_were_made_to_collide_have_ids_of_their_own),
        cmocka_unit_test(other_limits_and_their_order_change_no_id),
        cmocka_unit_test(of_limits_that_are_alike_all_but_the_first_are_told_apart_by_name),
        cmocka_unit_test(an_id_stays_what_it_is),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, end);
}
