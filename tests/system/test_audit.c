/* SPDX-License-Identifier: MIT
 *
 * What the log tells an operator about callers, and that no caller can flood it. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <jansson.h>

#define WAIT_SECONDS 20
#define FLOOD        100
#define LINES_MAX    20 /* per app and minute */
#define STRANGERS    30

#define FAR_PART "/far/farther/and/still/farther/away/than/that/aall"
#define FAR      FAR_PART FAR_PART FAR_PART FAR_PART /* the most that is told of a path */

/* The last line of the event in a service's log; NULL: there is none yet. The service may have
 * ended. */
static json_t *last_line(const char *log, const char *event)
{
    char *text = scratch_read(log);
    char *rest = text;
    json_t *found = NULL;

    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        json_t *fields = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(fields, "event"));
        if (name != NULL && strcmp(name, event) == 0) {
            json_decref(found);
            found = json_incref(fields);
        }
        json_decref(fields);
    }
    free(text);
    return found;
}

static json_t *await_line(const struct service *service, const char *event)
{
    json_t *line = NULL;

    WAIT_FOR (WAIT_SECONDS, (line = last_line(service_log(service), event)) != NULL)
        ;
    return line;
}

static void expect_text(const json_t *line, const char *name, const char *expected)
{
    const char *value = json_string_value(json_object_get(line, name));

    assert_non_null(value);
    assert_string_equal(value, expected);
}

static struct service *start(const struct world *world)
{
    const struct service_options options = world_options(world);

    return service_start(&options);
}

/* Stops the service. Returns the number in the line that sums up the event; 0: there is no such
 * line. */
static int64_t sum_at_the_end(struct service *service, const char *event, const char *subject,
                              const char *expected)
{
    char log[SCRATCH_PATH_BYTES];
    (void)snprintf(log, sizeof log, "%s", service_log(service));
    service_stop(service);
    json_t *line = last_line(log, event);
    if (line == NULL)
        return 0;
    expect_text(line, subject, expected);
    int64_t count = json_integer_value(json_object_get(line, "count"));
    json_decref(line);
    return count;
}

static void a_registration_is_told_with_app_name_and_address(void **state)
{
    struct service *service = start(*state);
    struct client *client = stranger_new(service);
    const struct reply *reply = client_post(client, "/register", "{'name':'Shop'}");
    EXPECT(reply, 201, NULL);

    json_t *line = await_line(service, "app registered");

    expect_text(line, "app_id", reply_text(reply, "app_id"));
    expect_text(line, "name", "Shop");
    expect_text(line, "address", "127.0.0.1");
    assert_false(scratch_contains(service_log(service), reply_text(reply, "api_key")));
    json_decref(line);
    client_free(client);
    service_stop(service);
}

static void policies_and_resets_are_told_without_the_user(void **state)
{
    struct service *service = start(*state);
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, "{'route_key':'/a','role':'gold','user_id':'secret-ada','rate':'5/h'}");
    json_t *saved = await_line(service, "policy saved");
    EXPECT(client_post(tenant, "/reset", "{'route_key':'/a','role':'gold','user_id':'secret-ada'}"),
           200, NULL);
    json_t *reset = await_line(service, "counters reset");
    EXPECT(
        client_delete(tenant, "/policy", "{'route_key':'/a','role':'gold','user_id':'secret-ada'}"),
        200, NULL);
    json_t *deleted = await_line(service, "policy deleted");

    json_t *const lines[] = {saved, reset, deleted};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        expect_text(lines[i], "route_key", "/a");
        expect_text(lines[i], "role", "gold");
        expect_text(lines[i], "address", "127.0.0.1");
        assert_non_null(json_object_get(lines[i], "app_id"));
        json_decref(lines[i]);
    }
    assert_false(scratch_contains(service_log(service), "secret-ada"));
    client_free(tenant);
    service_stop(service);
}

static void what_is_refused_is_told_with_its_status(void **state)
{
    static const char *const flags[] = {"--registration", "closed", NULL};
    struct service_options options = world_options(*state);
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);

    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Shop'}"), 403, NULL);

    json_t *line = await_line(service, "request refused");
    expect_text(line, "level", "warn");
    expect_text(line, "path", "/register");
    expect_text(line, "method", "POST");
    expect_text(line, "address", "127.0.0.1");
    assert_int_equal(json_integer_value(json_object_get(line, "status")), 403);
    json_decref(line);
    client_free(client);
    service_stop(service);
}

static void a_policy_for_another_subject_is_told_without_its_value(void **state)
{
    struct service *service = start(*state);
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, "{'route_key':'/a','subject':{'org':'secret-acme'},'rate':'5/h'}");
    json_t *saved = await_line(service, "policy saved");
    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/a','subject':{'org':'secret-acme'}}"),
           200, NULL);
    json_t *deleted = await_line(service, "policy deleted");

    expect_text(saved, "of", "one org");
    expect_text(deleted, "of", "one org");
    assert_false(scratch_contains(service_log(service), "secret-acme"));
    json_decref(saved);
    json_decref(deleted);
    client_free(tenant);
    service_stop(service);
}

static void a_tenant_who_saves_all_the_time_gets_so_many_lines_and_a_sum(void **state)
{
    struct service *service = start(*state);
    struct client *tenant = tenant_new(service);
    for (int i = 0; i < FLOOD; i++)
        tenant_policy(tenant, "{'route_key':'/a','limit':%d,'window_seconds':60}", i + 1);
    json_t *line = await_line(service, "policy saved");
    char app_id[32];
    (void)snprintf(app_id, sizeof app_id, "%s", json_string_value(json_object_get(line, "app_id")));
    json_decref(line);
    client_free(tenant);

    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "policy saved") >= LINES_MAX)
        ;
    int64_t sum = sum_at_the_end(service, "more policies changed", "app_id", app_id);

    assert_int_equal(sum, FLOOD - LINES_MAX);
}

static void keys_that_are_refused_are_summed_up_by_address(void **state)
{
    struct service *service = start(*state);
    struct client *stranger = stranger_new(service);
    client_set_key(stranger, "slk_no_key_at_all");
    for (int i = 0; i < STRANGERS; i++)
        EXPECT_PROBLEM(client_check(stranger, "alice", "/a"), 401, NULL);
    EXPECT_PROBLEM(client_get(stranger, "/policy"), 401, NULL);
    client_free(stranger);

    assert_int_equal(service_count_events(service, "request refused"), 0);
    int64_t sum = sum_at_the_end(service, "keys refused", "address", "127.0.0.1");

    assert_int_equal(sum, STRANGERS + 1);
}

/* Its key and the id in its path are those of nobody. */
static void at_debug_each_request_that_is_not_taken_has_a_line(void **state)
{
    static const char made_up[] = "slk_0123456789ab_0123456789abcdef0123456789ABCDEFGHIJKL";
    static const struct {
        const char *head;
        json_int_t status;
        const char *problem;
        const char *method;
        const char *path;
    } rows[] = {
        {"POST /check HTTP/1.1\r\nHost: a\r\n", 401, "no-key", "POST", "/check"},
        {"POST /check HTTP/1.1\r\nHost: a\r\nX-API-Key: "
         "slk_0123456789ab_0123456789abcdef0123456789ABCDEFGHIJKL\r\n",
         401, "bad-key", "POST", "/check"},
        {"GET /nowhere?user_id=alice HTTP/1.1\r\nHost: a\r\n", 404, "no-route", "GET", "/nowhere"},
        {"GET /check/slk_0123456789ab_0123456789abcdef0123456789ABCDEFGHIJKL HTTP/1.1\r\n"
         "Host: a\r\n",
         404, "no-route", "GET", "/check/"},
        {"DELETE /check HTTP/1.1\r\nHost: a\r\n", 405, "method-not-allowed", "DELETE", "/check"},
        {"GET /livez HTTP/1.1\r\nHost: a b\r\n", 400, "bad-request", "GET", "/livez"},
        {"GET " FAR FAR " HTTP/1.1\r\nHost: a\r\n", 404, "no-route", "GET", FAR},
    };
    static const char *const flags[] = {"--log-level", "debug", NULL};
    struct service_options options = world_options(*state);
    options.flags = flags;
    struct service *service = service_start(&options);

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct raw_reply reply;
        char request[512];
        (void)snprintf(request, sizeof(request), "%sConnection: close\r\n\r\n", rows[i].head);
        raw_exchange(service_port(service), request, strlen(request), WAIT_SECONDS, &reply);
        assert_int_equal(reply.status, rows[i].status);
        service_expect_events(service, "request not taken", (int)i + 1);
        json_t *line = last_line(service_log(service), "request not taken");
        assert_int_equal(json_integer_value(json_object_get(line, "status")), rows[i].status);
        expect_text(line, "level", "debug");
        expect_text(line, "problem", rows[i].problem);
        expect_text(line, "method", rows[i].method);
        expect_text(line, "path", rows[i].path);
        expect_text(line, "address", "127.0.0.1");
        json_decref(line);
    }
    assert_false(scratch_contains(service_log(service), strrchr(made_up, '_') + 1));
    assert_false(scratch_contains(service_log(service), "alice"));
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_is_told_with_app_name_and_address),
        cmocka_unit_test(policies_and_resets_are_told_without_the_user),
        cmocka_unit_test(what_is_refused_is_told_with_its_status),
        cmocka_unit_test(a_policy_for_another_subject_is_told_without_its_value),
        cmocka_unit_test(a_tenant_who_saves_all_the_time_gets_so_many_lines_and_a_sum),
        cmocka_unit_test(keys_that_are_refused_are_summed_up_by_address),
        cmocka_unit_test(at_debug_each_request_that_is_not_taken_has_a_line),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
