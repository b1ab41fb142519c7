/* SPDX-License-Identifier: MIT
 *
 * Bytes that no library sends: requests that two HTTP parsers could read differently, and bytes
 * that are not HTTP. After a request that ends its connection, no other may follow. Bytes that came
 * with it are not taken for a request, and there is only one answer. */
#include "base/arena.h"
#include "http/head.h"
#include "raw_rows.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/world.h"

#include <ctype.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_SECONDS 20
#define LIMIT          1000

static struct client *tenant_with_policy(const struct world *world)
{
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'/a','limit':%d,'window_seconds':3600}", LIMIT);
    return tenant;
}

static void exchange(const struct world *world, struct client *tenant, const char *request,
                     struct raw_reply *reply)
{
    struct arena arena = {0};
    struct text bytes = raw_rows_expand(&arena, request, client_key(tenant));

    raw_exchange(service_port(world->service), bytes.at, bytes.length, ANSWER_SECONDS, reply);
    arena_close(&arena);
}

static void print_wrong(const char *request, const struct raw_reply *reply)
{
    print_error("%s\nwas answered, %s:\n%s\n", request, reply->closed ? "and closed" : "not closed",
                reply->text);
}

static void expect_remaining(struct client *tenant, int remaining)
{
    char pattern[64];

    snprintf(pattern, sizeof pattern, "{'remaining':%d}", remaining);
    EXPECT(client_look(tenant, "alice", "/a"), 200, pattern);
}

static int count_answers(const struct raw_reply *reply)
{
    static const char version[] = "HTTP/1.1 ";
    int count = 0;

    for (const char *at = reply->text; (at = strstr(at, version)) != NULL; at++)
        count += isdigit((unsigned char)at[strlen(version)]) ? 1 : 0;
    return count;
}

static bool is_as_said(const struct raw_row *row, const struct raw_reply *reply)
{
    int answers = (row->status != 0 ? 1 : 0) + (row->stays_open ? 1 : 0);
    bool is_problem = strstr(reply->text, "application/problem+json") != NULL;

    return reply->closed && reply->status == row->status && count_answers(reply) == answers &&
           is_problem == (row->refusal == OURS);
}

/* A refused request is charged to no app. */
static void each_request_is_answered_as_the_table_says(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    int remaining = LIMIT;
    int wrong = 0;
    struct raw_reply reply;

    for (size_t i = 0; i < raw_rows_count; i++) {
        const struct raw_row *row = &raw_rows[i];
        char request[2048];

        snprintf(request, sizeof request, "%s" FOLLOWER, row->request);
        exchange(world, tenant, request, &reply);

        if (!is_as_said(row, &reply)) {
            print_wrong(row->request, &reply);
            wrong++;
        }
        remaining -= strstr(reply.text, "\"allowed\":true") != NULL ? 1 : 0;
        expect_remaining(tenant, remaining);
    }
    assert_int_equal(wrong, 0);
    client_free(tenant);
}

static double cpu_ms(pid_t process)
{
    clockid_t clock;
    struct timespec spent;

    assert_int_equal(clock_getcpuclockid(process, &clock), 0);
    assert_int_equal(clock_gettime(clock, &spent), 0);
    return (double)spent.tv_sec * 1e3 + (double)spent.tv_nsec / 1e6;
}

/* Such a line kept libmicrohttpd 0.9.75 busy until the time-out. */
static void an_endless_chunk_line_costs_next_to_nothing(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    pid_t process = service_process(world->service);
    struct raw_reply reply;
    double before_ms = cpu_ms(process);

    exchange(world, tenant, CHECK CHUNKED END "~16240", &reply);

    assert_int_equal(reply.status, 413);
    assert_true(reply.closed);
    assert_true(cpu_ms(process) - before_ms < 50);
    client_free(tenant);
}

/* With one of these numbers the request was never answered, and leaked. */
static void any_number_of_arguments_is_answered(void **state)
{
    static const int most[] = {64, 100, 128, 150, 180, 200, 256, 1000, 4000};
    static const size_t requests = 10000;
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    struct raw_reply reply;
    char request[128];

    for (size_t i = 0; i < requests; i++) {
        snprintf(request, sizeof request, "GET /livez?^%d HTTP/1.1\r\n" HOST END FOLLOWER,
                 most[i % ARRAY_COUNT(most)]);
        exchange(world, tenant, request, &reply);
        if (reply.status == 0 || reply.status >= 500 || !reply.closed) {
            print_wrong(request, &reply);
            fail();
        }
    }
    client_free(tenant);
}

/* The bytes of HEAD_BYTES_MAX that each field takes besides its text; see head.c. */
#define FIELD_BYTES 64

static size_t bytes_of_fields(const char *api_key, size_t length_digits)
{
    return strlen("/check") + strlen("X-API-Key") + strlen(api_key) + strlen("Host") +
           strlen("localhost") + strlen("Content-Length") + length_digits + 3 * FIELD_BYTES;
}

/* Text and bookkeeping share one pool. One large field leaves the most text in it, and many small
 * fields leave the most bookkeeping of libmicrohttpd. */
static void the_largest_head_leaves_room_for_the_longest_answer(void **state)
{
    static const char name_of_31[] = "a-name-as-long-as-they-may-be-0";
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    struct raw_reply reply;
    char limits[2048];
    char request[1024];
    size_t length = 0;
    size_t left = HEAD_BYTES_MAX - bytes_of_fields(client_key(tenant), 2);

    for (int i = 0; i < 8; i++)
        length +=
            (size_t)snprintf(limits + length, sizeof limits - length,
                             "%s{'name':'%s%d','limit':1000000000,'window_seconds':3153599%d}",
                             i > 0 ? "," : "", name_of_31, i, i);
    tenant_policy(tenant, "{'route_key':'/a','limits':[%s]}", limits);

    snprintf(request, sizeof request, CHECK COUNTED "X: @%zu\r\n" END BODY FOLLOWER,
             left - FIELD_BYTES - 1);
    exchange(world, tenant, request, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(count_answers(&reply), 2);

    snprintf(request, sizeof request, CHECK COUNTED "X: @%zu\r\n" END BODY FOLLOWER,
             left - FIELD_BYTES);
    exchange(world, tenant, request, &reply);
    assert_int_equal(reply.status, 431);
    assert_int_equal(count_answers(&reply), 1);

    snprintf(request, sizeof request, CHECK COUNTED "|%zu" END BODY FOLLOWER,
             left / (FIELD_BYTES + 2));
    exchange(world, tenant, request, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(count_answers(&reply), 2);
    client_free(tenant);
}

static void a_request_that_never_ends_is_not_charged_and_holds_nothing_up(void **state)
{
    static const char half[] = CHECK COUNTED "\r\n{\"user_id\":\"al";
    static const char *const flags[] = {"--idle-timeout-s", "2", NULL};
    struct service_options options = world_options(*state);
    options.flags = flags;
    struct service *service = service_start(&options);
    const struct world world = {.service = service};
    struct client *tenant = tenant_with_policy(&world);
    struct arena arena = {0};
    struct text bytes = raw_rows_expand(&arena, half, client_key(tenant));

    int fd = raw_connect(service_port(service));
    raw_send(fd, bytes.at, bytes.length);
    (void)close(fd);

    expect_remaining(tenant, LIMIT);
    arena_close(&arena);
    client_free(tenant);
    service_stop(service);
}

static void requests_that_follow_each_other_at_once_are_all_answered(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char request[] = CHECK COUNTED "\r\n" BODY CHECK COUNTED "\r\n" BODY CHECK
                                                "Connection: close\r\n" COUNTED END BODY;
    struct raw_reply reply;

    exchange(world, tenant, request, &reply);

    assert_non_null(strstr(reply.text, "\"remaining\":999"));
    assert_non_null(strstr(reply.text, "\"remaining\":998"));
    assert_non_null(strstr(reply.text, "\"remaining\":997"));
    assert_true(reply.closed);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_answered_as_the_table_says),
        cmocka_unit_test(an_endless_chunk_line_costs_next_to_nothing),
        cmocka_unit_test(any_number_of_arguments_is_answered),
        cmocka_unit_test(the_largest_head_leaves_room_for_the_longest_answer),
        cmocka_unit_test(a_request_that_never_ends_is_not_charged_and_holds_nothing_up),
        cmocka_unit_test(requests_that_follow_each_other_at_once_are_all_answered),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
