/* SPDX-License-Identifier: MIT */
#include "api/handlers.h"
#include "base/document.h"
#include "catalogue/app.h"
#include "fake_transport.h"
#include "sample_policy.h"
#include "support/cmocka.h"

#define POLICIES 100
#define LISTS    10
#define CROWD    1 /* a tenant */
#define ANOTHER  2

static struct api api;
static struct app *app;
static int64_t now_us;
static int64_t step_us;

/* The code reads it before and after each step. */
static int64_t clock_of_the_test(void)
{
    return now_us += step_us;
}

static int set_up(void **state)
{
    struct policy *policies[POLICIES];
    char policy[96];

    (void)state;
    app = app_new();
    for (size_t i = 0; i < POLICIES; i++) {
        (void)snprintf(policy, sizeof policy,
                       "{'route_key':'/%03zu','role':'%s','limit':3,'window_seconds':60}", i,
                       i % 2 == 0 ? "even" : "odd");
        policies[i] = sample_policy(&app->arena, policy);
    }
    app->policies = policy_set_new(&app->arena, policies, POLICIES);
    step_us = 0;
    slices_init(&api.slices, clock_of_the_test);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    slices_close(&api.slices);
    app_release(app);
    return 0;
}

static bool is_answered(const struct fake_exchange *exchange)
{
    return exchange->request.phase == REQUEST_ANSWERED;
}

static void ask(struct fake_exchange *exchange, uint32_t tenant, const struct fake_pair *arguments)
{
    app->tenant = tenant;
    fake_begin(exchange, NULL, arguments);
    exchange->request.principal = app;
    if (policy_get(&exchange->request, &api) == HANDLED_LATER)
        request_set_phase(&exchange->request, REQUEST_WAITING);
    else
        assert_true(is_answered(exchange));
}

/* Expects every `step`th policy, from number `first` on, in order. */
static void expect_list(struct fake_exchange *exchange, size_t first, size_t step)
{
    struct error error = {0};
    char route[16];

    assert_true(is_answered(exchange));
    assert_int_equal(exchange->request.response.status, 200);
    json_t *list = document_parse(exchange->request.response.body, &error);

    assert_int_equal(json_array_size(list), POLICIES / step);
    for (size_t i = 0; i < json_array_size(list); i++) {
        (void)snprintf(route, sizeof route, "/%03zu", first + i * step);
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(list, i), "route_key")), route);
    }
    json_decref(list);
    request_close(&exchange->request);
}

static void all_policies_are_listed_at_once_while_nobody_waits(void **state)
{
    struct fake_exchange exchange;
    (void)state;

    ask(&exchange, CROWD, NULL);

    assert_int_equal(exchange.resumed, 0);
    expect_list(&exchange, 0, 1);
}

static void a_filter_takes_what_it_names(void **state)
{
    static const struct fake_pair odd[] = {{"role", "odd"}, {NULL, NULL}};
    struct fake_exchange exchange;
    (void)state;

    ask(&exchange, CROWD, odd);

    expect_list(&exchange, 1, 2);
}

/* In one turn of the loop there is time for four steps. A list needs seven. */
static void a_list_comes_before_the_many_of_another_app(void **state)
{
    static struct fake_exchange crowd[LISTS];
    struct fake_exchange other;
    size_t answered = 0;
    (void)state;

    step_us = SLICE_US / 4;
    for (size_t i = 0; i < LISTS; i++)
        ask(&crowd[i], CROWD, NULL);
    ask(&other, ANOTHER, NULL);
    assert_false(is_answered(&other));
    for (int turns = 0; turns < 4; turns++)
        slices_turn(&api.slices);

    assert_int_equal(other.resumed, 1);
    expect_list(&other, 0, 1);
    for (size_t i = 0; i < LISTS; i++)
        answered += is_answered(&crowd[i]);
    assert_in_range(answered, 1, 2);
    while (slices_waiting(&api.slices) > 0)
        slices_turn(&api.slices);
    for (size_t i = 0; i < LISTS; i++)
        expect_list(&crowd[i], 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_policies_are_listed_at_once_while_nobody_waits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_filter_takes_what_it_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_comes_before_the_many_of_another_app, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
