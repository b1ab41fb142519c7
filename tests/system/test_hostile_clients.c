/* SPDX-License-Identifier: MIT
 *
 * Clients that take more than their share: of fields, bodies, connections and look-ups. */
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SECONDS  20
#define CONNECTIONS_MAX 4
#define HALF_CLOSED     200
#define COOKIE_MAX      12000
#define REQUEST_BYTES   (COOKIE_MAX + 1024)

static const char cheap[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";

static struct service *start(const struct world *world, const char *const flags[])
{
    struct service_options options = world_options(world);

    options.flags = flags;
    return service_start(&options);
}

/* A check with a cookie of so many bytes. Returns the status; 0 when no answer came. */
static int check_with_cookie(const struct world *world, const char *key, int cookie_bytes)
{
    static const char body[] = "{\"user_id\":\"ada\",\"route_key\":\"/a\"}";
    char *request = memory_new(1, REQUEST_BYTES);
    struct raw_reply reply;
    char cookie[COOKIE_MAX + 1];

    memset(cookie, 'c', sizeof cookie);
    for (int i = 9; i < cookie_bytes; i += 10)
        cookie[i] = ';';
    int length =
        snprintf(request, REQUEST_BYTES,
                 "POST /check HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: %s\r\n"
                 "Cookie: %.*s\r\nContent-Length: %zu\r\n\r\n%s",
                 key, cookie_bytes, cookie, sizeof body - 1, body);
    raw_exchange(service_port(world->service), request, (size_t)length, ANSWER_SECONDS, &reply);
    free(request);
    return reply.status;
}

/* Meanwhile other connections are open, and the store is slow. */
static void a_client_that_has_nothing_more_to_say_is_answered(void **state)
{
    static const char body[] = "{\"user_id\":\"ada\",\"route_key\":\"/a\"}";
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char request[512];

    tenant_policy(tenant, "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
    int length = snprintf(request, sizeof request,
                          "POST /check HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          client_key(tenant), sizeof body - 1, body);
    for (int i = 0; i < HALF_CLOSED; i++) {
        struct raw_reply reply;
        int fd = raw_connect(service_port(world->service));

        raw_send(fd, request, (size_t)length);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        EXPECT(client_check(tenant, "bob", "/a"), 200, NULL);
        raw_receive(fd, ANSWER_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
        (void)close(fd);
    }
    client_free(tenant);
}

/* libmicrohttpd drops the connection when the fields of the answer do not fit beside those of the
 * request. That must not happen to a check that was charged. */
static void what_is_charged_is_answered_however_long_the_fields(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    int answered = 0;

    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'limit':1000000000,'window_seconds':31536000,"
                          "'name':'a-name-of-thirty-two-bytes-00001'},"
                          "{'limit':1000000000,'window_seconds':31535999,"
                          "'name':'a-name-of-thirty-two-bytes-00002'},"
                          "{'limit':1000000000,'window_seconds':31535998,"
                          "'name':'a-name-of-thirty-two-bytes-00003'},"
                          "{'limit':1000000000,'window_seconds':31535997,"
                          "'name':'a-name-of-thirty-two-bytes-00004'},"
                          "{'limit':1000000000,'window_seconds':31535996,"
                          "'name':'a-name-of-thirty-two-bytes-00005'},"
                          "{'limit':1000000000,'window_seconds':31535995,"
                          "'name':'a-name-of-thirty-two-bytes-00006'},"
                          "{'limit':1000000000,'window_seconds':31535994,"
                          "'name':'a-name-of-thirty-two-bytes-00007'},"
                          "{'limit':1000000000,'window_seconds':31535993,"
                          "'name':'a-name-of-thirty-two-bytes-00008'}]}");
    for (int bytes = 1; bytes < COOKIE_MAX; bytes += 397) {
        int status = check_with_cookie(world, client_key(tenant), bytes);

        answered += status == 200;
        if (status != 200 && status != 431 && status != 0)
            fail_msg("a cookie of %d bytes was answered %d", bytes, status);
    }

    assert_true(answered > 0);
    assert_int_equal(reply_integer(client_look(tenant, "ada", "/a"), "remaining"),
                     1000000000 - answered);
    client_free(tenant);
}

static void a_body_is_not_awaited_from_who_has_no_key(void **state)
{
    const struct world *world = *state;
    static const char *const requests[] = {
        "POST /check/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
        "POST /check/batch HTTP/1.1\r\nHost: a\r\nX-API-Key: slk_nonsense\r\n"
        "Content-Length: 1000000\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        struct raw_reply reply;

        raw_exchange(service_port(world->service), requests[i], strlen(requests[i]), ANSWER_SECONDS,
                     &reply);

        assert_int_equal(reply.status, 401);
        assert_true(reply.closed);
    }
}

static void a_place_that_becomes_free_is_taken_at_once(void **state)
{
    static const char *const flags[] = {"--connections-max", "4", "--workers", "1", NULL};
    struct service *service = start(*state, flags);
    int connections[CONNECTIONS_MAX];
    struct raw_reply reply;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        connections[i] = raw_connect(service_port(service));
        raw_send(connections[i], cheap, strlen(cheap));
        raw_receive(connections[i], ANSWER_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
    }
    int waiting = raw_connect(service_port(service));
    raw_send(waiting, cheap, strlen(cheap));

    (void)close(connections[0]);
    raw_receive(waiting, ANSWER_SECONDS, &reply); /* the idle time-out is 75 s */

    assert_int_equal(reply.status, 200);
    (void)close(waiting);
    for (size_t i = 1; i < CONNECTIONS_MAX; i++)
        (void)close(connections[i]);
    service_stop(service);
}

/* Sends one more of the bytes, which repeat. False once the service has ended the connection. */
static bool trickle(int fd, const char *bytes, size_t *sent)
{
    char byte = bytes[*sent % strlen(bytes)];

    ++*sent;
    return send(fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

/* In the fields, in the body, or after a complete request. Meanwhile a connection that is only kept
 * alive stays open. */
static void who_never_comes_to_an_end_is_let_go(void **state)
{
    static const char *const flags[] = {"--request-timeout-s", "1", NULL};
    static const char *const beginnings[] = {
        "GET /livez HTTP/1.1\r\nHost: a\r\nX-Never: ",
        "POST /register HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n{\"name\": ",
        "GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\n",
    };
    struct service *service = start(*state, flags);
    int patient = raw_connect(service_port(service));
    struct raw_reply reply;
    raw_send(patient, cheap, strlen(cheap));
    raw_receive(patient, ANSWER_SECONDS, &reply);
    assert_int_equal(reply.status, 200);

    for (size_t i = 0; i < ARRAY_COUNT(beginnings); i++) {
        int fd = raw_connect(service_port(service));
        size_t sent = 0;

        raw_send(fd, beginnings[i], strlen(beginnings[i]));
        WAIT_FOR (ANSWER_SECONDS, !trickle(fd, "aaaaaaaaa", &sent)) /* the idle time-out is 75 s */
            ;
        (void)close(fd);
    }

    raw_send(patient, cheap, strlen(cheap));
    raw_receive(patient, ANSWER_SECONDS, &reply);
    assert_int_equal(reply.status, 200);
    (void)close(patient);
    service_stop(service);
}

/* A part of a second request came together with a complete one. Nothing comes after it. */
static void a_request_that_begins_behind_another_has_no_more_time(void **state)
{
    static const char *const flags[] = {"--request-timeout-s", "1", NULL};
    static const char both[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
                               "GET /livez HTTP/1.1\r\nHost: a\r\n";
    struct service *service = start(*state, flags);
    int fd = raw_connect(service_port(service));
    struct raw_reply reply;

    raw_send(fd, both, strlen(both));
    raw_receive(fd, ANSWER_SECONDS, &reply);

    assert_int_equal(reply.status, 200);
    raw_receive(fd, ANSWER_SECONDS, &reply); /* the idle time-out is 30 s */
    assert_int_equal(reply.status, 0);
    assert_true(reply.closed);
    (void)close(fd);
    service_stop(service);
}

/* Its next request has arrived, and waits because the service holds the first one. */
static void who_is_kept_waiting_is_not_taken_for_slow(void **state)
{
    static const char *const flags[] = {"--request-timeout-s", "1", NULL};
    static const char body[] = "{\"user_id\":\"ada\",\"route_key\":\"/a\",\"wait\":true}";
    struct service *service = start(*state, flags);
    struct client *tenant = tenant_new(service);
    struct raw_reply reply;
    char request[512];
    tenant_policy(tenant, "{'route_key':'/a','algorithm':'leaky_bucket','limit':1,"
                          "'window_seconds':3,'burst':2}");
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);

    int length = snprintf(request, sizeof request,
                          "POST /check HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n"
                          "Content-Length: %zu\r\n\r\n%s%s",
                          client_key(tenant), sizeof body - 1, body, cheap);
    int fd = raw_connect(service_port(service));
    raw_send(fd, request, (size_t)length);
    raw_receive_until(fd, "\"status\":\"alive\"", ANSWER_SECONDS, &reply);

    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.text, "leaky_bucket"));
    (void)close(fd);
    client_free(tenant);
    service_stop(service);
}

/* A JSON tree needs many times the room of its text. */
static void a_document_of_very_many_values_is_refused(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const size_t checks = 200;
    const size_t values = 1500; /* per check */
    char *body = memory_new(checks * values, 4);
    size_t length = 0;

    length += (size_t)snprintf(body, 32, "{\"checks\":");
    for (size_t i = 0; i < checks * values; i++) {
        const char *value = i == 0 ? "[[{}" : i % values == 0 ? "],[{}" : ",{}";

        memcpy(body + length, value, strlen(value));
        length += strlen(value);
    }
    memcpy(body + length, "]]}", 3);

    const struct reply *reply = client_send(tenant, "POST", "/check/batch", body, length + 3);

    EXPECT_PROBLEM(reply, 400, "too many values");
    free(body);
    client_free(tenant);
}

static const char *const one_worker[] = {"--workers", "1", NULL};

/* Sends only the head of a request that is refused. Reads the refusal until the service has no more
 * to send. Then keeps the service busy with other requests. */
static int connect_to_be_refused(const struct service *service)
{
    static const char head[] =
        "POST /check HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n";
    struct raw_reply reply;
    struct client *other = stranger_new(service);
    int fd = raw_connect(service_port(service));

    raw_send(fd, head, strlen(head));
    raw_receive_until(fd, "", ANSWER_SECONDS, &reply);
    assert_int_equal(reply.status, 401);
    assert_true(reply.closed);
    for (int i = 0; i < 3; i++)
        EXPECT(client_get(other, "/livez"), 200, NULL);
    client_free(other);
    return fd;
}

static bool can_send(int fd)
{
    static const char piece[16 * 1024];

    return send(fd, piece, sizeof piece, MSG_NOSIGNAL) > 0;
}

/* A proxy first sends what it has of a request, and then reads the answer. If the instance resets
 * the connection meanwhile, the proxy believes that the instance is broken. */
static void who_is_refused_can_still_send_the_body(void **state)
{
    struct service *service = start(*state, one_worker);
    int fd = connect_to_be_refused(service);

    for (int i = 0; i < 100; i++)
        assert_true(can_send(fd));
    (void)close(fd);
    service_stop(service);
}

static void who_is_refused_cannot_send_for_ever(void **state)
{
    struct service *service = start(*state, one_worker);
    int fd = connect_to_be_refused(service);

    WAIT_FOR (ANSWER_SECONDS, !can_send(fd))
        ;
    (void)close(fd);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_has_nothing_more_to_say_is_answered),
        cmocka_unit_test(what_is_charged_is_answered_however_long_the_fields),
        cmocka_unit_test(a_body_is_not_awaited_from_who_has_no_key),
        cmocka_unit_test(a_place_that_becomes_free_is_taken_at_once),
        cmocka_unit_test(who_never_comes_to_an_end_is_let_go),
        cmocka_unit_test(a_request_that_begins_behind_another_has_no_more_time),
        cmocka_unit_test(who_is_kept_waiting_is_not_taken_for_slow),
        cmocka_unit_test(a_document_of_very_many_values_is_refused),
        cmocka_unit_test(who_is_refused_can_still_send_the_body),
        cmocka_unit_test(who_is_refused_cannot_send_for_ever),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
