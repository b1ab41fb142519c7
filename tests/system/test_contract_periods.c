/* SPDX-License-Identifier: MIT
 *
 * Limits by periods of a calendar. All periods here end half an hour from now, so that none ends
 * during a test. */
#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#include <sqlite3.h>
#include <time.h>

#define HALF_HOUR_S (HOUR_S / 2)
/* A busy machine may need so long for a test. */
#define SLACK_S 600

/* Clocks in UTC show it half an hour from now. */
static const char *end_of_period(void)
{
    static char anchor[32];
    const time_t end = (time_t)(clock_wall_us() / SECOND_US) + HALF_HOUR_S;
    struct tm date;

    gmtime_r(&end, &date);
    (void)strftime(anchor, sizeof(anchor), "%Y-%m-%dT%H:%M:%S", &date);
    return anchor;
}

static void policy(struct client *tenant, const char *period, const char *more)
{
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'period':'%s','anchor':'%s'%s}", period,
                  end_of_period(), more);
}

static const struct reply *ask(struct client *tenant, const char *path, const char *more)
{
    return client_post(tenant, path, "{'user_id':'ada','route_key':'/a'%s}", more);
}

static void expect_half_an_hour(const struct reply *reply, const char *member)
{
    assert_in_range(reply_integer(reply, member), HALF_HOUR_S - SLACK_S, HALF_HOUR_S);
}

static void every_unit_ends_when_the_anchor_says(void **state)
{
    const struct world *world = *state;
    static const char *const units[] = {"hour", "day", "week", "month", "year"};

    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        struct client *tenant = tenant_new(world->service);
        char field[64];

        policy(tenant, units[i], "");
        (void)snprintf(field, sizeof(field), "\"default\";q=5;sluice-period=\"%s\"", units[i]);
        const struct reply *reply = ask(tenant, "/check", "");
        EXPECT(reply, 200, "{'limit':5,'remaining':4,'algorithm':'fixed_window'}");
        expect_half_an_hour(reply, "reset_in");
        EXPECT_FIELD(reply, "RateLimit-Policy", field);
        client_free(tenant);
    }
}

static void a_period_ends_whether_it_is_used_or_not(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    policy(tenant, "day", "");

    const struct reply *look = client_look(tenant, "ada", "/a");
    EXPECT(look, 200, "{'remaining':5}");
    expect_half_an_hour(look, "reset_in");
    EXPECT(ask(tenant, "/check", ",'cost':5"), 200, "{'remaining':0}");
    const struct reply *denied = ask(tenant, "/check", ",'explain':true");
    EXPECT(denied, 429, "{'reason':'Rate limit exceeded','explain':{'limits':[{}]}}");
    expect_half_an_hour(denied, "retry_after");
    assert_in_range(reply_integer(denied, "explain.limits.0.reset_ms_after"),
                    (HALF_HOUR_S - SLACK_S) * SECOND_MS, HALF_HOUR_S * SECOND_MS);
    client_free(tenant);
}

static void a_period_counts_under_all_terms_and_charges(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    policy(tenant, "month", ",'headroom':2,'candidate':{'limit':9,'period':'hour'}");

    EXPECT(
        ask(tenant, "/check", ",'cost':9,'partial':true,'priority':'low','explain':true"), 200,
        "{'granted':3,'remaining':0,'explain':{'candidate':{'limits':[{'remaining_after':0}]}}}");
    EXPECT(ask(tenant, "/charge", ",'cost':4"), 200, "{'remaining':0}");
    EXPECT(ask(tenant, "/check", ",'limit_overrides':{'default':9}"), 200,
           "{'limit':9,'remaining':1}");
    const struct reply *back = ask(tenant, "/charge", ",'cost':-100");
    EXPECT(back, 200, "{'remaining':5}");
    expect_half_an_hour(back, "reset_in");
    EXPECT(client_post(tenant, "/check/batch",
                       "{'checks':[{'user_id':'ada','route_key':'/a','cost':2},"
                       "{'user_id':'bob','route_key':'/a'}]}"),
           200, "{'results':[{'remaining':3},{'remaining':4}]}");
    client_free(tenant);
}

static void a_reset_forgets_what_a_period_has_counted(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    policy(tenant, "week", "");

    EXPECT(ask(tenant, "/check", ",'cost':5"), 200, "{'remaining':0}");
    EXPECT(ask(tenant, "/reset", ""), 200, "{'reset':1}");
    EXPECT(ask(tenant, "/check", ""), 200, "{'remaining':4}");
    client_free(tenant);
}

/* Its anchor is in another month than `date`, but on the same day and at the same time. */
static void policy_of_month(struct client *tenant, const char *month, const char *date)
{
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'period':'month','anchor':'%s%s'}", month,
                  date + strlen(month));
}

static void an_anchor_of_another_year_keeps_what_was_used(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const char *date = end_of_period();

    policy_of_month(tenant, "2001-01", date);
    EXPECT(ask(tenant, "/check", ",'cost':3"), 200, "{'remaining':2}");
    policy_of_month(tenant, "2004-03", date);
    EXPECT(ask(tenant, "/check", ""), 200, "{'remaining':1}");
    client_free(tenant);
}

static void periods_and_windows_are_decided_together(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant,
                  "{'route_key':'/a','limits':["
                  "{'name':'minute','limit':3,'window_seconds':86400,'algorithm':'token_bucket'},"
                  "{'name':'month','by':[],'limit':4,'period':'month','zone':'Europe/Berlin'},"
                  "{'name':'day','limit':9,'period':'day','anchor':'%s'}]}",
                  end_of_period());

    EXPECT(ask(tenant, "/check", ",'cost':3"), 200,
           "{'limits':[{'remaining':0},{'remaining':1},{'remaining':6}]}");
    const struct reply *denied =
        client_post(tenant, "/check", "{'user_id':'bob','route_key':'/a','cost':2}");
    EXPECT(denied, 429,
           "{'denied_by':['month'],'limits':[{'remaining':3},{'remaining':1},{'remaining':9}]}");
    expect_half_an_hour(denied, "limits.2.reset_in");
    client_free(tenant);
}

/* As if a machine with other zones had saved them. */
static void zones_replace(const char *data_dir)
{
    char path[SCRATCH_PATH_BYTES + 16];
    sqlite3 *database = NULL;

    (void)snprintf(path, sizeof(path), "%s/sluice.db", data_dir);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "UPDATE policies SET document ="
                                  " replace(document, 'Europe/Berlin', 'Mars/Olympus')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_true(sqlite3_changes(database) > 0);
    (void)sqlite3_close(database);
}

static void a_stored_zone_that_is_not_known_follows_on_store_error(void **state)
{
    const struct world *world = *state;
    char data_dir[SCRATCH_PATH_BYTES];
    struct service_options options = world_options(world);
    static const char *const modes[] = {"local", "allow", "deny"};

    scratch_directory("zones", data_dir);
    options.data_dir = data_dir;
    options.catalogue_in_file = true;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        tenant_policy(tenant,
                      "{'route_key':'/%s','limit':2,'period':'year','zone':'Europe/Berlin',"
                      "'on_store_error':'%s'}",
                      modes[i], modes[i]);
    }
    EXPECT(client_check(tenant, "ada", "/deny"), 200, "{'remaining':1}");
    service_stop(service);
    zones_replace(data_dir);

    service = service_start(&options);
    struct client *again = client_new(service_port(service));
    client_set_key(again, client_key(tenant));
    EXPECT(client_get(again, "/policy?route_key=/local"), 200, "[{'zone':'Mars/Olympus'}]");
    for (int i = 1; i >= -1; i--)
        EXPECT(client_check(again, "ada", "/local"), i < 0 ? 429 : 200, "{'degraded':true}");
    EXPECT(client_check(again, "ada", "/allow"), 200, "{'degraded':true,'remaining':null}");
    EXPECT(client_check(again, "ada", "/deny"), 429, "{'degraded':true,'remaining':null}");
    EXPECT_PROBLEM(client_post(again, "/charge", "{'user_id':'ada','route_key':'/local','cost':1}"),
                   503, "has the zone \"Mars/Olympus\", which is not known here");

    client_free(again);
    client_free(tenant);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_ends_when_the_anchor_says),
        cmocka_unit_test(a_period_ends_whether_it_is_used_or_not),
        cmocka_unit_test(a_period_counts_under_all_terms_and_charges),
        cmocka_unit_test(a_reset_forgets_what_a_period_has_counted),
        cmocka_unit_test(an_anchor_of_another_year_keeps_what_was_used),
        cmocka_unit_test(periods_and_windows_are_decided_together),
        cmocka_unit_test(a_stored_zone_that_is_not_known_follows_on_store_error),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
