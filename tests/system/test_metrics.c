/* SPDX-License-Identifier: MIT
 *
 * GET /metrics: its form, what it counts, and what it never contains. Also that the dashboard and
 * the alert rules use only names that are exported. */
#include "../../src/app/settings_parts.h"
#include "base/memory.h"
#include "promql.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <glob.h>
#include <unistd.h>

#define WAIT_SECONDS 30
#define PATIENT_MS   "5000" /* at most */
#define LARGE_BODIES 70     /* of a megabyte each; there is room for 64 */
#define LARGE_BYTES  ((size_t)600 * 1024)
#define CHECK_ROUTE  "route=\"/check\",method=\"POST\",status="

static struct scrape scrape; /* too large for a stack */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static double decisions(struct client *client, const char *labels)
{
    scrape_read(&scrape, client);
    return scrape_value(&scrape, "sluice_decisions_total", labels);
}

static void check_three_times(struct client *tenant, const char *user)
{
    tenant_policy(tenant, "{'route_key':'/two','limit':2,'window_seconds':31536000}");
    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, user, "/two"), i < 2 ? 200 : 429, NULL);
}

static void names_and_types_follow_the_conventions(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);
    scrape_read(&scrape, client);

    for (size_t i = 0; i < scrape.family_count; i++) {
        const struct scrape_family *family = &scrape.families[i];
        bool is_counter = strcmp(family->type, "counter") == 0;

        if (strncmp(family->name, "sluice_", 7) != 0 && strncmp(family->name, "process_", 8) != 0)
            fail_msg("%s has neither prefix", family->name);
        if (strspn(family->name, "abcdefghijklmnopqrstuvwxyz_") != strlen(family->name))
            fail_msg("%s is not in lower case", family->name);
        if (is_counter != ends_with(family->name, "_total"))
            fail_msg("%s must not be a %s", family->name, family->type);
        if (strcmp(family->type, "histogram") == 0 && !ends_with(family->name, "_seconds"))
            fail_msg("%s has no unit", family->name);
        if (!is_counter && strcmp(family->type, "gauge") != 0 &&
            strcmp(family->type, "histogram") != 0)
            fail_msg("%s has an unknown type: %s", family->name, family->type);
    }
    assert_true(scrape.family_count > 20);
    client_free(client);
}

static void buckets_grow_up_to_the_count(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    double before = 0;
    size_t buckets = 0;
    check_three_times(tenant, "alice");

    scrape_read(&scrape, tenant);

    for (size_t i = 0; i < scrape.sample_count; i++) {
        const struct scrape_sample *sample = &scrape.samples[i];

        if (strcmp(sample->name, "sluice_decision_duration_seconds_bucket") != 0)
            continue;
        assert_true(sample->value >= before);
        before = sample->value;
        buckets++;
    }
    assert_true(buckets > 10);
    assert_true(before >= 3);
    assert_true(before == scrape_value(&scrape, "sluice_decision_duration_seconds_count", ""));
    assert_true(scrape_value(&scrape, "sluice_decision_duration_seconds_sum", "") > 0);
    client_free(tenant);
}

static void decisions_and_answers_are_counted_one_by_one(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/shadow','mode':'shadow','limit':0,'window_seconds':60}");
    check_three_times(tenant, "bob");
    double allowed = decisions(tenant, "outcome=\"allowed\"");
    double denied = decisions(tenant, "outcome=\"denied\"");
    double shadow = scrape_value(&scrape, "sluice_shadow_denials_total", "");
    double answered = scrape_value(&scrape, "sluice_http_requests_total", CHECK_ROUTE "\"200\"");
    double refused = scrape_value(&scrape, "sluice_http_requests_total", CHECK_ROUTE "\"429\"");

    check_three_times(tenant, "carol");
    EXPECT(client_check(tenant, "carol", "/shadow"), 200, NULL);
    EXPECT(client_post(tenant, "/check", "{'user_id':7}"), 422, NULL);
    EXPECT(client_get(tenant, "/nothing/here"), 404, NULL);

    assert_true(decisions(tenant, "outcome=\"allowed\"") == allowed + 3);
    assert_true(decisions(tenant, "outcome=\"denied\"") == denied + 1);
    assert_true(scrape_value(&scrape, "sluice_shadow_denials_total", "") == shadow + 1);
    assert_true(scrape_value(&scrape, "sluice_http_requests_total", CHECK_ROUTE "\"200\"") ==
                answered + 3);
    assert_true(scrape_value(&scrape, "sluice_http_requests_total", CHECK_ROUTE "\"429\"") ==
                refused + 1);
    assert_true(scrape_value(&scrape, "sluice_http_requests_total", CHECK_ROUTE "\"422\"") >= 1);
    assert_true(scrape_value(&scrape, "sluice_http_requests_total",
                             "route=\"other\",method=\"other\",status=\"404\"") >= 1);
    client_free(tenant);
}

static void calls_to_redis_are_counted_and_timed(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    check_three_times(tenant, "dave");

    scrape_read(&scrape, tenant);

    double done = scrape_value(&scrape, "sluice_store_calls_total", "result=\"done\"");
    double timed = scrape_value(&scrape, "sluice_store_call_duration_seconds_count", "");
    assert_true(done == 0 ? world->redis == NULL : done >= 3);
    assert_true(timed >= done);
    assert_true(scrape_value(&scrape, "sluice_store_links_connected", "") ==
                scrape_value(&scrape, "sluice_workers", ""));
    client_free(tenant);
}

static void neither_users_nor_keys_are_told(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    check_three_times(tenant, "erin the unmistakable");

    const struct reply *reply = client_get(tenant, "/metrics");

    EXPECT(reply, 200, NULL);
    assert_null(strstr(reply->body, "unmistakable"));
    assert_null(strstr(reply->body, client_key(tenant)));
    assert_null(strstr(reply->body, "app_")); /* metrics_apps is 0 */
    client_free(tenant);
}

static void only_so_many_apps_have_figures_of_their_own(void **state)
{
    const struct world *world = *state;
    static const char *const flags[] = {"--metrics-apps", "1", NULL};
    struct service_options options = world_options(world);
    options.flags = flags;
    struct service *service = service_start(&options);
    size_t apps = 0;

    for (int i = 0; i < 3; i++) {
        struct client *tenant = tenant_new(service);
        check_three_times(tenant, "frank");
        client_free(tenant);
    }

    struct client *client = stranger_new(service);
    scrape_read(&scrape, client);
    for (size_t i = 0; i < scrape.sample_count; i++)
        apps += strncmp(scrape.samples[i].labels, "app=\"app_", 9) == 0 &&
                ends_with(scrape.samples[i].labels, "outcome=\"denied\"");
    assert_int_equal(apps, 1);
    assert_true(scrape_value(&scrape, "sluice_app_decisions_total",
                             "app=\"other\",outcome=\"allowed\"") == 4);
    assert_true(scrape_value(&scrape, "sluice_app_decisions_total",
                             "app=\"other\",outcome=\"denied\"") == 2);
    client_free(client);
    service_stop(service);
}

/* The port in the line of the log that tells it. */
static int metrics_port(const struct service *service)
{
    static const char name[] = "\"metrics_port\":";
    char *log = scratch_read(service_log(service));
    const char *at = log == NULL ? NULL : strstr(log, name);
    int port = at == NULL ? 0 : (int)strtol(at + strlen(name), NULL, 10);

    free(log);
    return port;
}

static void a_listener_apart_takes_it_from_the_others(void **state)
{
    const struct world *world = *state;
    static const char *const flags[] = {"--metrics-listen", "127.0.0.1:0", NULL};
    struct service_options options = world_options(world);
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    struct client *apart = client_new(metrics_port(service));

    EXPECT_PROBLEM(client_get(client, "/metrics"), 404, NULL);
    EXPECT(client_get(client, "/livez"), 200, NULL);
    scrape_read(&scrape, apart);
    EXPECT(client_get(apart, "/livez"), 200, "{'status':'alive'}");
    EXPECT(client_get(apart, "/readyz"), 200, "{'status':'ready'}");
    EXPECT_PROBLEM(client_get(apart, "/docs"), 404, NULL);
    EXPECT_PROBLEM(client_get(apart, "/metrics?unknown=1"), 422, "parameter unknown");
    EXPECT_PROBLEM(client_post(apart, "/check", "{}"), 404, NULL);
    EXPECT_PROBLEM(client_post(apart, "/metrics", "{}"), 405, NULL);
    client_free(client);
    client_free(apart);
    service_stop(service);
}

static struct service *service_with_its_catalogue_in_a_file(const struct world *world)
{
    struct service_options options = world_options(world);

    options.catalogue_in_file = true;
    return service_start(&options);
}

/* Returns once the service knows it. */
static void kill_redis(const struct world *world, struct client *client)
{
    redis_server_kill(world->redis);
    WAIT_FOR (WAIT_SECONDS, (scrape_read(&scrape, client),
                             scrape_value(&scrape, "sluice_store_links_connected", "") == 0))
        ;
}

static void a_redis_that_is_gone_is_told_and_keeps_nobody_from_asking(void **state)
{
    const struct world *world = *state;
    if (world->redis == NULL)
        skip();
    struct service *service = service_with_its_catalogue_in_a_file(world);
    struct client *tenant = tenant_new(service);
    check_three_times(tenant, "grace");

    kill_redis(world, tenant);
    for (int i = 0; i < 5; i++)
        EXPECT(client_look(tenant, "grace", "/two"), 200, "{'degraded':true}");

    scrape_read(&scrape, tenant);
    assert_true(scrape_value(&scrape, "sluice_degraded_decisions_total", "by=\"local\"") >= 5);
    assert_true(scrape_value(&scrape, "sluice_store_calls_total", "result=\"down\"") >= 5);
    assert_true(scrape_value(&scrape, "sluice_catalogue_ready", "") == 1);
    redis_server_restart(world->redis);
    WAIT_FOR (WAIT_SECONDS, (scrape_read(&scrape, tenant),
                             scrape_value(&scrape, "sluice_store_links_connected", "") ==
                                 scrape_value(&scrape, "sluice_workers", "")))
        ;
    client_free(tenant);
    service_stop(service);
}

static void what_was_allowed_without_redis_is_handed_back_and_counted(void **state)
{
    const struct world *world = *state;
    if (world->redis == NULL)
        skip();
    struct service *service = service_with_its_catalogue_in_a_file(world);
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/two','limit':2,'window_seconds':31536000}");
    kill_redis(world, tenant);

    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "ivan", "/two"), i < 2 ? 200 : 429, "{'degraded':true}");
    redis_server_restart(world->redis);
    WAIT_FOR (WAIT_SECONDS,
              (scrape_read(&scrape, tenant),
               scrape_value(&scrape, "sluice_handed_back_total", "result=\"done\"") == 2))
        ;

    assert_true(scrape_value(&scrape, "sluice_handed_back_total", "result=\"lost\"") == 0);
    client_free(tenant);
    service_stop(service);
}

static void who_is_too_slow_is_counted(void **state)
{
    static const char *const flags[] = {"--request-timeout-s", "1", NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct raw_reply reply;
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);

    const int slow = raw_connect(service_port(service));
    raw_send(slow, "GET /livez", strlen("GET /livez"));
    raw_receive(slow, WAIT_SECONDS, &reply); /* the idle time-out is 75 s */

    assert_true(reply.closed);
    /* The worker reports it at the end of the turn. */
    WAIT_FOR (WAIT_SECONDS, (scrape_read(&scrape, client),
                             scrape_value(&scrape, "sluice_http_slow_requests_total", "") == 1))
        ;
    (void)close(slow);
    client_free(client);
    service_stop(service);
}

/* Begins the body of a batch, which never ends. */
static int begin_large_body(const struct service *service, const char *key, const char *body)
{
    char head[512];
    const int fd = raw_connect(service_port(service));
    const int length = snprintf(head, sizeof(head),
                                "POST /check/batch HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n"
                                "Content-Length: %zu\r\n\r\n",
                                key, strlen(body) + 1);

    raw_send(fd, head, (size_t)length);
    raw_send(fd, body, strlen(body));
    return fd;
}

static void large_bodies_that_find_no_room_are_counted(void **state)
{
    static const char *const flags[] = {"--workers", "1", NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    int connections[LARGE_BODIES];
    char *body = memory_new(LARGE_BYTES + 1, 1);
    memset(body, ' ', LARGE_BYTES);
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    /* Only a known key may send so large a body. */
    WAIT_FOR (WAIT_SECONDS,
              client_send(tenant, "POST", "/check/batch", body, LARGE_BYTES)->status == 400)
        ;

    for (size_t i = 0; i < LARGE_BODIES; i++)
        connections[i] = begin_large_body(service, client_key(tenant), body);
    WAIT_FOR (WAIT_SECONDS, (scrape_read(&scrape, tenant),
                             scrape_value(&scrape, "sluice_http_bodies_refused_total", "") > 0))
        ;

    for (size_t i = 0; i < LARGE_BODIES; i++)
        (void)close(connections[i]);
    WAIT_FOR (WAIT_SECONDS,
              client_send(tenant, "POST", "/check/batch", body, LARGE_BYTES)->status == 400)
        ;
    client_free(tenant);
    service_stop(service);
    free(body);
}

static void begin_batch_of_two(const struct service *service, struct client *tenant, int *fd)
{
    static const char body[] = "{\"checks\":[{\"user_id\":\"judy\",\"route_key\":\"/two\"},"
                               "{\"user_id\":\"judy\",\"route_key\":\"/two\"}]}";
    char request[512];
    const int length = snprintf(request, sizeof(request),
                                "POST /check/batch HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n"
                                "Content-Length: %zu\r\n\r\n%s",
                                client_key(tenant), strlen(body), body);

    *fd = raw_connect(service_port(service));
    raw_send(*fd, request, (size_t)length);
}

static void batches_beyond_what_may_be_under_way_are_refused(void **state)
{
    static const char *const flags[] = {"--workers", "1", "--batch-checks-max", "3", NULL};
    const struct world *world = *state;
    if (world->redis == NULL)
        skip();
    struct service_options options = world_options(world);
    struct raw_reply reply;
    int waiting;
    options.flags = flags;
    options.redis_timeout_ms = PATIENT_MS;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    check_three_times(tenant, "judy");

    redis_server_pause(world->redis);
    begin_batch_of_two(service, tenant, &waiting);
    WAIT_FOR (WAIT_SECONDS,
              (scrape_read(&scrape, tenant), scrape_value(&scrape, "sluice_batch_checks", "") == 2))
        ;
    const struct reply *refused = client_post(
        tenant, "/check/batch",
        "{'checks':[{'user_id':'u','route_key':'/two'},{'user_id':'u','route_key':'/two'}]}");
    EXPECT_PROBLEM(refused, 503, "Too many checks are under way.");
    EXPECT_FIELD(refused, "Retry-After", "1");
    redis_server_continue(world->redis);
    raw_receive_until(waiting, "]}", WAIT_SECONDS, &reply);
    assert_int_equal(reply.status, 200);
    WAIT_FOR (WAIT_SECONDS,
              (scrape_read(&scrape, tenant), scrape_value(&scrape, "sluice_batch_checks", "") == 0))
        ;

    assert_true(scrape_value(&scrape, "sluice_batches_refused_total", "") == 1);
    /* More than may be under way, but no other batch is. */
    EXPECT(client_post(tenant, "/check/batch",
                       "{'checks':[{'user_id':'u','route_key':'/two'},{'user_id':7},{},{}]}"),
           200, "{'results':[{'status':200},{'status':422},{'status':422},{'status':422}]}");
    (void)close(waiting);
    client_free(tenant);
    service_stop(service);
}

/* Checks each text of a member `expr`, and the queries of the dashboard's variables. */
static size_t check_queries(const json_t *node)
{
    const char *key;
    json_t *child;
    size_t names = 0;

    json_object_foreach ((json_t *)(uintptr_t)node, key, child) {
        if (json_is_string(child) && (strcmp(key, "expr") == 0 || strcmp(key, "query") == 0))
            names += promql_check(json_string_value(child), &scrape);
        names += check_queries(child);
    }
    for (size_t i = 0; i < json_array_size(node); i++)
        names += check_queries(json_array_get(node, i));
    return names;
}

static void the_dashboard_and_the_alerts_ask_only_for_what_is_exported(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    struct error error = {0};
    char *alerts_text = scratch_read(ALERTS);
    assert_non_null(alerts_text);
    json_t *alerts = settings_yaml_parse(text_of(alerts_text), NULL, &error);
    if (alerts == NULL)
        fail_msg("%s: %s", ALERTS, error.message);
    json_t *dashboard = json_load_file(DASHBOARD, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(dashboard);
    check_three_times(tenant, "heidi");

    scrape_read(&scrape, tenant);

    assert_true(check_queries(alerts) >= 14);
    assert_true(check_queries(dashboard) >= 30);
    json_decref(alerts);
    json_decref(dashboard);
    free(alerts_text);
    client_free(tenant);
}

/* Each figure that stands by itself between backquotes. */
static size_t check_page(const char *path)
{
    char *text = scratch_read(path);
    size_t names = 0;

    assert_non_null(text);
    for (char *at = strstr(text, "`sluice_"); at != NULL; at = strstr(at, "`sluice_")) {
        char *end = strchr(++at, '`');

        assert_non_null(end);
        *end = '\0';
        names += promql_check(at, &scrape);
        at = end + 1;
    }
    free(text);
    return names;
}

static void the_pages_name_only_figures_that_are_exported(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    size_t names = 0;
    glob_t pages;

    check_three_times(tenant, "ivan");
    scrape_read(&scrape, tenant);
    assert_int_equal(glob(PAGES, 0, NULL, &pages), 0);

    for (size_t i = 0; i < pages.gl_pathc; i++)
        names += check_page(pages.gl_pathv[i]);

    assert_true(names >= 30);
    globfree(&pages);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_types_follow_the_conventions),
        cmocka_unit_test(buckets_grow_up_to_the_count),
        cmocka_unit_test(decisions_and_answers_are_counted_one_by_one),
        cmocka_unit_test(calls_to_redis_are_counted_and_timed),
        cmocka_unit_test(neither_users_nor_keys_are_told),
        cmocka_unit_test(only_so_many_apps_have_figures_of_their_own),
        cmocka_unit_test(a_listener_apart_takes_it_from_the_others),
        cmocka_unit_test(the_dashboard_and_the_alerts_ask_only_for_what_is_exported),
        cmocka_unit_test(the_pages_name_only_figures_that_are_exported),
        cmocka_unit_test(a_redis_that_is_gone_is_told_and_keeps_nobody_from_asking),
        cmocka_unit_test(what_was_allowed_without_redis_is_handed_back_and_counted),
        cmocka_unit_test(who_is_too_slow_is_counted),
        cmocka_unit_test(large_bodies_that_find_no_room_are_counted),
        cmocka_unit_test(batches_beyond_what_may_be_under_way_are_refused),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
