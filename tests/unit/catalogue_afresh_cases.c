/* SPDX-License-Identifier: MIT
 *
 * A save tells whether the counters of the policy that it replaces are not used again. */
#include "catalogue_case.h"

#include "base/arena.h"
#include "catalogue/stored_policy.h"
#include "sample_policy.h"

#include <pthread.h>

#define SAVES 60 /* of each rival */

static const char by_org[] = "{'route_key':'/a','rate':'5/s','by':'org'}";
static const char by_team[] = "{'route_key':'/a','rate':'5/s','by':'team'}";

static bool save_is_afresh(struct catalogue_backend *backend, const char *quoted,
                           enum catalogue_status expected)
{
    struct arena arena = {0};
    struct error error = {0};
    struct policy *policy = sample_policy(&arena, quoted);
    bool afresh = false;

    policy->id = stored_policy_new_id();
    expect_status(
        backend->operations->policy_save(backend, "app_a00000000000", policy, &afresh, &error),
        expected, &error);
    arena_close(&arena);
    return afresh;
}

static void counters_start_afresh_when_limits_have_other_subjects_in_common(void **state)
{
    struct catalogue_pair *pair = *state;
    static const struct {
        const char *document;
        bool is_afresh;
    } saves[] = {
        {"{'route_key':'/a','rate':'5/m'}", false},
        {"{'route_key':'/a','rate':'9/h','algorithm':'token_bucket','mode':'shadow'}", false},
        {"{'route_key':'/a','rate':'5/s','by':'user'}", false},
        {by_org, true},
        {"{'route_key':'/a','rate':'5/s','by':'org','counts':'tokens'}", false},
        {"{'route_key':'/a','rate':'5/s','by':'org','candidate':{'rate':'1/s','by':'team'}}",
         false},
        {"{'route_key':'/a','limits':[{'rate':'5/s','by':'org'},{'rate':'9/s','by':['team','org']}]"
         "}",
         false},
        {"{'route_key':'/a','limits':[{'rate':'9/s','by':['org','team']},{'rate':'5/s','by':'org'}]"
         "}",
         false},
        {"{'route_key':'/a','rate':'9/s','by':['org','team']}", true},
        {"{'route_key':'/a','limits':[{'rate':'9/s','by':['org','team']},{'rate':'5/s','by':[]}]}",
         true},
    };
    sample_app(pair->one, 'a');
    assert_false(save_is_afresh(pair->one, "{'route_key':'/a','rate':'5/s'}", CATALOGUE_CREATED));

    for (size_t i = 0; i < ARRAY_COUNT(saves); i++) {
        if (save_is_afresh(i % 2 == 0 ? pair->other : pair->one, saves[i].document, CATALOGUE_OK) !=
            saves[i].is_afresh)
            fail_msg("%s", saves[i].document);
    }
}

static void counters_of_other_policies_are_not_compared(void **state)
{
    struct catalogue_pair *pair = *state;
    sample_app(pair->one, 'a');
    save_is_afresh(pair->one, "{'route_key':'/a','rate':'5/s'}", CATALOGUE_CREATED);

    assert_false(save_is_afresh(pair->one, "{'route_key':'/a*','rate':'5/s','by':'org'}",
                                CATALOGUE_CREATED));
    assert_false(save_is_afresh(
        pair->one, "{'route_key':'/a','subject':{'org':'acme'},'rate':'5/s','by':'org'}",
        CATALOGUE_CREATED));
}

/* One of two writers at once. It saves two documents in turn. */
struct rival {
    struct catalogue_backend *backend;
    const char *documents[2];
    const char *made[2 * SAVES + 2]; /* by version: what this rival saved, or NULL */
    bool afresh[2 * SAVES + 2];
};

static void *rival_run(void *context)
{
    struct rival *rival = context;
    struct arena arena = {0};

    for (size_t i = 0; i < SAVES; i++) {
        const char *document = rival->documents[i % ARRAY_COUNT(rival->documents)];
        struct policy *policy = sample_policy(&arena, document);
        struct error error = {0};
        bool afresh = false;

        policy->id = stored_policy_new_id();
        if (rival->backend->operations->policy_save(rival->backend, "app_a00000000000", policy,
                                                    &afresh, &error) != CATALOGUE_OK)
            continue;
        rival->made[policy->version] = document;
        rival->afresh[policy->version] = afresh;
    }
    arena_close(&arena);
    return NULL;
}

static void each_of_two_writers_compares_with_what_it_replaces(void **state)
{
    struct catalogue_pair *pair = *state;
    struct rival rivals[] = {{.backend = pair->one, .documents = {by_org, by_org}},
                             {.backend = pair->other, .documents = {by_team, by_org}}};
    pthread_t threads[ARRAY_COUNT(rivals)];
    const char *before = by_org;
    size_t saved = 0;
    sample_app(pair->one, 'a');
    save_is_afresh(pair->one, by_org, CATALOGUE_CREATED);

    for (size_t i = 0; i < ARRAY_COUNT(rivals); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rival_run, &rivals[i]), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rivals); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    for (size_t version = 2; version < ARRAY_COUNT(rivals[0].made); version++) {
        const struct rival *maker = &rivals[rivals[0].made[version] != NULL ? 0 : 1];

        if (maker->made[version] == NULL)
            break;
        saved++;
        assert_int_equal(maker->afresh[version], maker->made[version] != before);
        before = maker->made[version];
    }
    assert_true(saved > SAVES);
}

int catalogue_afresh_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(counters_start_afresh_when_limits_have_other_subjects_in_common),
        CASE(counters_of_other_policies_are_not_compared),
        CASE(each_of_two_writers_compares_with_what_it_replaces),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
