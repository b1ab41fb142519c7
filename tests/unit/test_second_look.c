/* SPDX-License-Identifier: MIT
 *
 * What happens before a request is answered that no policy applies. */
#include "api/second_look.h"

#include "base/duration.h"
#include "handling.h"
#include "support/cmocka.h"
#include "support/whole_catalogue.h"

#define NEW_POLICY "{'route_key':'/new','limit':3,'window_seconds':3600}"
#define NEW_CHECK  "{'user_id':'u','route_key':'/new'}"
#define OTHER_APP  7 /* a tenant */

static void begin(struct handling *handling, const char *name)
{
    handling_begin(handling, 0, "%s", name);
    handling->takes_renewals = true;
}

static bool has_no_policy(const struct handling *handling)
{
    const char *type = json_string_value(json_object_get(handling->body, "type"));

    return handling->status == 404 && type != NULL &&
           strcmp(type, "urn:sluice:problem:no-policy") == 0;
}

static int64_t status_of(const struct handling *handling, size_t index)
{
    const json_t *result = json_array_get(json_object_get(handling->body, "results"), index);

    return json_integer_value(json_object_get(result, "status"));
}

/* A check of the route that has no policy, whose renewal finds no change. */
static void look_in_vain(struct handling *handling)
{
    handling_run(handling, check_post, NEW_CHECK);
    handling_renew(handling, CATALOGUE_OK, true);
    handling_settle(handling);
    HANDLING_EXPECT(handling, has_no_policy(handling));
}

static void a_check_is_decided_by_a_policy_that_came_meanwhile(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "came meanwhile");
    handling_run(&handling, check_post, "{'user_id':'u','route_key':'/new','explain':true}");
    HANDLING_EXPECT(&handling, !handling.answers_at_once && handling.renewals == 1);
    handling_change(APP_ACTIVE, 0, NEW_POLICY);
    handling_renew(&handling, CATALOGUE_OK, false);
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.status == 200 && handling.records == 1);
    HANDLING_EXPECT(&handling, handling.fake.asked == 1);
    json_t *chosen = json_object_get(json_object_get(handling.body, "explain"), "chosen");
    HANDLING_EXPECT(&handling,
                    strcmp(json_string_value(json_object_get(chosen, "route_key")), "/new") == 0);
    handling_end(&handling);
}

static void a_check_whose_policy_is_found_asks_nobody(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "found");
    handling_run(&handling, check_post, "{'user_id':'u','route_key':'/local'}");
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.status == 200 && handling.renewals == 0);
    handling_end(&handling);
}

/* How a second look may end without a policy. */
static const struct {
    const char *name;
    enum catalogue_status status;
    bool is_in_vain;
    bool has_changed;
    enum app_state state;
    uint8_t key;
    const char *policy;
} fruitless[] = {
    {"no change", CATALOGUE_OK, true, false, APP_ACTIVE, 0, NULL},
    {"no answer", CATALOGUE_UNAVAILABLE, false, false, APP_ACTIVE, 0, NULL},
    {"other", CATALOGUE_OK, false, true, APP_ACTIVE, 0, "{'route_key':'/o','rate':'1/s'}"},
    {"suspended", CATALOGUE_OK, false, true, APP_SUSPENDED, 0, NEW_POLICY},
    {"another key", CATALOGUE_OK, false, true, APP_ACTIVE, 9, NEW_POLICY},
};

static void otherwise_it_is_answered_as_without_the_look(void **state)
{
    static const char check[] = "{'user_id':'u','route_key':'/new','explain':true}";
    static const char reset[] = "{'user_id':'u','route_key':'/new'}";

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_COUNT(fruitless); i++) {
        const size_t kind = i / 2;
        struct handling handling;

        begin(&handling, fruitless[kind].name);
        handling_run(&handling, i % 2 == 0 ? check_post : reset_post, i % 2 == 0 ? check : reset);
        HANDLING_EXPECT(&handling, !handling_is_answered(&handling));
        if (fruitless[kind].has_changed)
            handling_change(fruitless[kind].state, fruitless[kind].key, fruitless[kind].policy);
        handling_renew(&handling, fruitless[kind].status, fruitless[kind].is_in_vain);
        handling_settle(&handling);

        HANDLING_EXPECT(&handling, has_no_policy(&handling) && handling.renewals == 1);
        HANDLING_EXPECT(&handling, handling.fake.asked == 0 && handling.records == 0);
        HANDLING_EXPECT(&handling,
                        (json_object_get(handling.body, "explain") != NULL) == (i % 2 == 0));
        handling_end(&handling);
    }
}

static void a_catalogue_that_takes_no_more_costs_no_wait(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "takes no more");
    handling.takes_renewals = false;
    handling_run(&handling, check_post, NEW_CHECK);
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.answers_at_once && has_no_policy(&handling));
    handling_end(&handling);
}

static void an_app_that_asks_in_vain_too_often_is_answered_at_once_and_no_other(void **state)
{
    struct handling handling;
    struct handling other;

    (void)state;
    begin(&handling, "too often");
    for (int i = 0; i < SECOND_LOOK_PER_APP; i++)
        look_in_vain(&handling);
    for (int i = 0; i < 3; i++) {
        handling_run(&handling, check_post, NEW_CHECK);
        handling_settle(&handling);
        HANDLING_EXPECT(&handling, handling.answers_at_once && has_no_policy(&handling));
    }
    HANDLING_EXPECT(&handling, handling.renewals == SECOND_LOOK_PER_APP);

    handling_join(&other, &handling, OTHER_APP);
    other.takes_renewals = true;
    look_in_vain(&other);
    handling_part(&other);

    handling_join(&other, &handling, 0);
    other.takes_renewals = true;
    handling_pass(SECOND_US);
    look_in_vain(&other);
    handling_part(&other);
    handling_end(&handling);
}

/* Otherwise a few dozen of them could take the questions of all. */
static void apps_that_ask_in_vain_too_often_bar_no_other(void **state)
{
    enum { APPS = 100 };
    struct handling handling;
    struct handling other;

    (void)state;
    begin(&handling, "bar no other");
    for (uint32_t i = 0; i <= APPS; i++) {
        handling_join(&other, &handling, 1 + i);
        other.takes_renewals = true;
        for (int k = 0; k < (i < APPS ? SECOND_LOOK_PER_APP : 1); k++)
            look_in_vain(&other);
        handling_part(&other);
    }
    handling_end(&handling);
}

/* A locked database holds the catalogue's thread for as long as a save waits for the lock. */
static void a_catalogue_that_cannot_be_written_is_not_asked(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "not written");
    whole_catalogue_is_read_only = true;
    handling_run(&handling, check_post, NEW_CHECK);
    whole_catalogue_is_read_only = false;
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.answers_at_once && has_no_policy(&handling));
    HANDLING_EXPECT(&handling, handling.renewals == 0);
    handling_end(&handling);
}

/* How one request counts. */
static const struct {
    const char *name;
    handling_fn *handler;
    const char *body;
    enum catalogue_status status;
    bool has_changed;
    enum app_state state;
    enum metric metric;
} counts[] = {
    {"changed", check_post, NEW_CHECK, CATALOGUE_OK, true, APP_ACTIVE, METRIC_SECOND_LOOKS_CHANGED},
    {"gone", check_post, NEW_CHECK, CATALOGUE_ABSENT, true, APP_DELETED,
     METRIC_SECOND_LOOKS_CHANGED},
    {"suspended", reset_post, NEW_CHECK, CATALOGUE_OK, true, APP_SUSPENDED,
     METRIC_SECOND_LOOKS_CHANGED},
    {"same", check_post, NEW_CHECK, CATALOGUE_OK, false, APP_ACTIVE, METRIC_SECOND_LOOKS_SAME},
    {"damaged", check_post, NEW_CHECK, CATALOGUE_DAMAGED, false, APP_ACTIVE,
     METRIC_SECOND_LOOKS_FAILED},
    {"away", check_post, NEW_CHECK, CATALOGUE_UNAVAILABLE, false, APP_ACTIVE,
     METRIC_SECOND_LOOKS_FAILED},
    {"batch", check_batch_post, "{'checks':[" NEW_CHECK "," NEW_CHECK "]}", CATALOGUE_OK, false,
     APP_ACTIVE, METRIC_SECOND_LOOKS_SAME},
};

static void each_request_counts_once_by_what_came_of_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct handling handling;
        uint64_t before[METRIC_SECOND_LOOKS_REFUSED + 1];

        begin(&handling, counts[i].name);
        for (enum metric k = METRIC_SECOND_LOOKS_CHANGED; k <= METRIC_SECOND_LOOKS_REFUSED; k++)
            before[k] = handling_figure(k);
        handling_run(&handling, counts[i].handler, counts[i].body);
        if (counts[i].has_changed)
            handling_change(counts[i].state, 0, NULL);
        handling_renew(&handling, counts[i].status, false);
        handling_settle(&handling);

        for (enum metric k = METRIC_SECOND_LOOKS_CHANGED; k <= METRIC_SECOND_LOOKS_REFUSED; k++)
            HANDLING_EXPECT(&handling, handling_figure(k) - before[k] == (k == counts[i].metric));
        handling_end(&handling);
    }
}

/* Otherwise an app that saves many policies and uses each at once would meet 404s again. */
static void what_was_not_in_vain_is_not_limited(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "not in vain");
    for (size_t i = 1; i <= (size_t)4 * SECOND_LOOK_PER_APP; i++) {
        handling_run(&handling, check_post, NEW_CHECK);
        handling_renew(&handling, CATALOGUE_OK, false);
        handling_settle(&handling);
        HANDLING_EXPECT(&handling, handling.renewals == i);
    }
    handling_end(&handling);
}

static void a_batch_looks_again_once_and_charges_each_check_once(void **state)
{
    static const char batch[] = "{'checks':[{'user_id':'u','route_key':'/local'},"
                                "{'user_id':'u','route_key':'/new'},{'user_id':''},"
                                "{'user_id':'u','route_key':'/none'},"
                                "{'user_id':'u','route_key':'/new'},"
                                "{'user_id':'u','route_key':'/deny'}]}";

    (void)state;
    for (int is_late = 0; is_late < 4; is_late++) {
        struct handling handling;

        begin(&handling, "batch");
        handling.fake.answers[0] = (struct fake_answer){.is_late = is_late > 0};
        handling.fake.answer_count = FAKE_ANSWERS_MAX;
        handling_run(&handling, check_batch_post, batch);
        HANDLING_EXPECT(&handling, handling.fake.asked == 1 && handling.renewal != NULL);
        handling_change(APP_ACTIVE, 0, NEW_POLICY);
        if (is_late == 1) {
            fake_store_answer(&handling.fake, 0);
            handling_turn();
            HANDLING_EXPECT(&handling, !handling_is_answered(&handling));
        }
        handling_renew(&handling, CATALOGUE_OK, false);
        if (is_late == 3)
            handling_turn();
        if (is_late > 1)
            fake_store_answer(&handling.fake, 0);
        handling_settle(&handling);

        HANDLING_EXPECT(&handling, handling.status == 200 && handling.renewals == 1);
        HANDLING_EXPECT(&handling, status_of(&handling, 0) == 200);
        HANDLING_EXPECT(&handling, status_of(&handling, 1) == 200);
        HANDLING_EXPECT(&handling, status_of(&handling, 2) == 422);
        HANDLING_EXPECT(&handling, status_of(&handling, 3) == 404);
        HANDLING_EXPECT(&handling, status_of(&handling, 4) == 200);
        HANDLING_EXPECT(&handling, status_of(&handling, 5) == 200);
        HANDLING_EXPECT(&handling, handling.fake.asked == 4 && handling.records == 4);
        HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/local", false) == 1);
        handling_end(&handling);
    }
}

static void a_batch_without_any_policy_asks_once(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "batch without policies");
    handling_run(&handling, check_batch_post,
                 "{'checks':[" NEW_CHECK "," NEW_CHECK "," NEW_CHECK "]}");
    handling_renew(&handling, CATALOGUE_OK, true);
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.status == 200 && handling.renewals == 1);
    for (size_t i = 0; i < 3; i++)
        HANDLING_EXPECT(&handling, status_of(&handling, i) == 404);
    handling_end(&handling);
}

static void a_reset_finds_a_policy_that_came_meanwhile(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "reset");
    handling_run(&handling, reset_post, NEW_CHECK);
    handling_change(APP_ACTIVE, 0, NEW_POLICY);
    handling_renew(&handling, CATALOGUE_OK, false);
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.status == 200 && handling.fake.asked == 1);
    handling_end(&handling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_decided_by_a_policy_that_came_meanwhile),
        cmocka_unit_test(a_check_whose_policy_is_found_asks_nobody),
        cmocka_unit_test(otherwise_it_is_answered_as_without_the_look),
        cmocka_unit_test(a_catalogue_that_takes_no_more_costs_no_wait),
        cmocka_unit_test(an_app_that_asks_in_vain_too_often_is_answered_at_once_and_no_other),
        cmocka_unit_test(apps_that_ask_in_vain_too_often_bar_no_other),
        cmocka_unit_test(a_catalogue_that_cannot_be_written_is_not_asked),
        cmocka_unit_test(each_request_counts_once_by_what_came_of_it),
        cmocka_unit_test(what_was_not_in_vain_is_not_limited),
        cmocka_unit_test(a_batch_looks_again_once_and_charges_each_check_once),
        cmocka_unit_test(a_batch_without_any_policy_asks_once),
        cmocka_unit_test(a_reset_finds_a_policy_that_came_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, handling_close);
}
