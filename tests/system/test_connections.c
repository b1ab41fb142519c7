/* SPDX-License-Identifier: MIT
 *
 * Connections: which get a place, which give way, and which are closed. */
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SECONDS 20
#define LOGS_SECONDS   120 /* forty logs of 1.5 MB, on a slow machine */
#define PLACES         8
#define BODY           "{\"user_id\":\"ada\",\"route_key\":\"/a\"}"

static const char cheap[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
static const char figures[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";

static struct service *start(const struct world *world, const char *const flags[])
{
    struct service_options options = world_options(world);

    options.flags = flags;
    return service_start(&options);
}

static int ask(int fd, const char *request)
{
    struct raw_reply reply;

    raw_send(fd, request, strlen(request));
    raw_receive(fd, ANSWER_SECONDS, &reply);
    return reply.status;
}

/* A request that names its app and changes nothing. */
static int ask_as(int fd, const struct client *client)
{
    char request[256];

    (void)snprintf(request, sizeof(request),
                   "GET /policy HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n\r\n", client_key(client));
    return ask(fd, request);
}

static void expect_end(int fd)
{
    struct raw_reply reply;

    raw_receive_until(fd, "what never comes", ANSWER_SECONDS, &reply);
    assert_int_equal(reply.length, 0);
    assert_true(reply.closed);
    (void)close(fd);
}

static void an_idle_client_gives_way_when_all_places_are_taken(void **state)
{
    static const char *const flags[] = {"--connections-max", "8", "--workers", "1", NULL};
    struct service *service = start(*state, flags);
    int seated[PLACES];
    struct raw_reply reply;
    for (size_t i = 0; i < PLACES; i++) {
        seated[i] = raw_connect(service_port(service));
        assert_int_equal(ask(seated[i], cheap), 200);
    }
    assert_int_equal(ask(seated[0], cheap), 200); /* now the second has been idle for longest */

    int newcomer = raw_connect(service_port(service));
    assert_int_equal(ask(newcomer, cheap), 200);

    expect_end(seated[1]);
    seated[1] = newcomer;
    for (size_t i = 0; i < PLACES; i++)
        assert_int_equal(ask(seated[i], cheap), 200);
    raw_send(newcomer, figures, strlen(figures));
    raw_receive_until(newcomer, "\nsluice_http_gave_way_total 1\n", ANSWER_SECONDS, &reply);
    assert_non_null(strstr(reply.text, "\nsluice_http_gave_way_total 1\n"));
    for (size_t i = 0; i < PLACES; i++)
        (void)close(seated[i]);
    service_stop(service);
}

/* However many newcomers there are. The connections that they displace were used a moment ago, and
 * those of the good app before them. */
static void who_holds_most_places_gives_way_and_nobody_else(void **state)
{
    static const char *const flags[] = {"--connections-max", "8", "--workers", "1", NULL};
    enum { GOOD = 2, NEWCOMERS = 20 };
    struct service *service = start(*state, flags);
    struct client *good = tenant_new(service);
    struct client *crowd = tenant_new(service);
    int seated[PLACES];
    int newcomers[NEWCOMERS];
    client_disconnect(good);
    client_disconnect(crowd);
    for (size_t i = 0; i < PLACES; i++) {
        seated[i] = raw_connect(service_port(service));
        assert_int_equal(ask_as(seated[i], i < GOOD ? good : crowd), 200);
    }

    for (size_t i = 0; i < NEWCOMERS; i++) {
        newcomers[i] = raw_connect(service_port(service));
        assert_int_equal(ask_as(newcomers[i], crowd), 200);
    }

    for (size_t i = 0; i < GOOD; i++)
        assert_int_equal(ask_as(seated[i], good), 200);
    for (size_t i = GOOD; i < PLACES; i++)
        expect_end(seated[i]);
    for (size_t i = 0; i < GOOD; i++)
        (void)close(seated[i]);
    for (size_t i = 0; i < NEWCOMERS; i++)
        (void)close(newcomers[i]);
    client_free(good);
    client_free(crowd);
    service_stop(service);
}

static void who_is_in_the_middle_of_a_request_keeps_the_place(void **state)
{
    static const char *const flags[] = {"--connections-max",   "8",  "--workers", "1",
                                        "--request-timeout-s", "60", NULL};
    struct service *service = start(*state, flags);
    struct client *tenant = tenant_new(service);
    int seated[PLACES];
    struct raw_reply reply;
    tenant_policy(tenant, "{'route_key':'/a','limit':1000,'window_seconds':31536000}");
    client_disconnect(tenant);
    for (size_t i = 0; i < PLACES; i++)
        seated[i] = raw_begin_check(service_port(service), client_key(tenant), strlen(BODY));
    int newcomer = raw_connect(service_port(service));
    raw_send(newcomer, cheap, strlen(cheap));

    for (size_t i = 0; i < PLACES; i++) {
        raw_send(seated[i], BODY, strlen(BODY));
        raw_receive(seated[i], ANSWER_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
    }
    raw_receive(newcomer, ANSWER_SECONDS, &reply);

    assert_int_equal(reply.status, 200);
    (void)close(newcomer);
    for (size_t i = 0; i < PLACES; i++)
        (void)close(seated[i]);
    client_free(tenant);
    service_stop(service);
}

/* In the first request of a connection, or in a later one. The time-outs are minutes. Sometimes the
 * end has arrived when the service reads the part before it, and sometimes it comes later. */
static void who_ends_in_the_middle_of_a_request_is_let_go(void **state)
{
    static const char *const flags[] = {"--idle-timeout-s", "600", "--request-timeout-s", "600",
                                        NULL};
    static const char *const parts[] = {
        "GET /liv",
        "GET /livez HTTP/1.1\r\nHo",
        "GET /livez HTTP/1.1\r\nHost: a\r\n",
        "POST /register HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
        "POST /register HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"name\":",
        "POST /register HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /register HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"na",
        "POST /register HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    };
    static const size_t count = ARRAY_COUNT(parts);
    struct service *service = start(*state, flags);
    int guests[20 * ARRAY_COUNT(parts)];

    for (size_t i = 0; i < ARRAY_COUNT(guests); i++) {
        guests[i] = raw_connect(service_port(service));
        if (i / count % 2 == 0)
            assert_int_equal(ask(guests[i], cheap), 200);
        raw_send(guests[i], parts[i % count], strlen(parts[i % count]));
        assert_int_equal(shutdown(guests[i], SHUT_WR), 0);
    }

    for (size_t i = 0; i < ARRAY_COUNT(guests); i++)
        expect_end(guests[i]);
    service_stop(service);
}

static void who_ends_after_several_requests_gets_all_the_answers(void **state)
{
    enum { GUESTS = 50 };
    const struct world *world = *state;
    struct raw_reply reply;
    char requests[4 * sizeof(cheap)];
    int length = snprintf(requests, sizeof(requests), "%s%s%s", cheap, cheap, cheap);
    int guests[GUESTS];

    for (size_t i = 0; i < GUESTS; i++) {
        guests[i] = raw_connect(service_port(world->service));
        raw_send(guests[i], requests, (size_t)length);
        assert_int_equal(shutdown(guests[i], SHUT_WR), 0);
    }

    for (size_t i = 0; i < GUESTS; i++) {
        int answers = 0;

        raw_receive_until(guests[i], "what never comes", ANSWER_SECONDS, &reply);
        for (const char *at = reply.text; (at = strstr(at, "\"alive\"")) != NULL; at++)
            answers++;
        assert_int_equal(answers, 3);
        assert_true(reply.closed);
        (void)close(guests[i]);
    }
}

/* The names are control characters, and JSON needs six bytes for each. */
static void fill_log(struct client *tenant)
{
    char name[6 * 250 + 1];
    char *body = memory_new(50, sizeof(name) + 64);
    size_t length = 0;

    for (size_t i = 0; i < 250; i++)
        memcpy(name + 6 * i, "\\u0001", 7);
    tenant_policy(tenant, "{'route_key':'*','limit':1000000000,'window_seconds':31536000}");
    length += (size_t)snprintf(body, 32, "{\"checks\":[");
    for (size_t i = 0; i < 9; i++) {
        length += (size_t)snprintf(body + length, sizeof(name) + 64,
                                   "%s{\"user_id\":\"%s\",\"route_key\":\"/a\"}", i == 0 ? "" : ",",
                                   name);
    }
    length += (size_t)snprintf(body + length, 3, "]}");
    for (size_t i = 0; i < 1000; i += 9)
        assert_int_equal(client_send(tenant, "POST", "/check/batch", body, length)->status, 200);
    free(body);
}

static double figure(struct client *client, const char *name)
{
    char line[128];
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *found = strstr(client_get(client, "/metrics")->body, line);

    assert_non_null(found);
    return strtod(found + strlen(line), NULL);
}

/* The whole log, or 503 if it takes too long to make. */
static bool gets_the_log(struct client *tenant)
{
    const struct reply *reply = client_get(tenant, "/logs/latest?limit=1000");

    return reply->status == 503 || (reply->status == 200 && reply->body_bytes > 1500000);
}

/* They are more than 64 MB. Meanwhile clients that read get their whole answers. */
static void answers_that_nobody_reads_make_room_for_those_who_read(void **state)
{
    static const char *const flags[] = {"--workers", "1", NULL};
    enum { GUESTS = 60 };
    struct service *service = start(*state, flags);
    struct client *tenant = tenant_new(service);
    char request[256];
    int guests[GUESTS];
    int length;
    fill_log(tenant);
    length = snprintf(request, sizeof(request),
                      "GET /logs/latest?limit=1000 HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n\r\n",
                      client_key(tenant));
    assert_true(client_get(tenant, "/logs/latest?limit=1000")->body_bytes > 1500000);

    /* The sockets hold a part of the answers. So there are so many that a part stays in the
     * service. */
    for (size_t i = 0; i < GUESTS; i++)
        guests[i] = raw_connect(service_port(service));
    /* They ask again and again, because a busy machine may be too slow for all logs in time. */
    WAIT_FOR (LOGS_SECONDS, figure(tenant, "sluice_http_answers_dropped_total") > 0) {
        for (size_t i = 0; i < GUESTS; i++)
            (void)send(guests[i], request, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_true(gets_the_log(tenant));
    }
    WAIT_FOR (ANSWER_SECONDS, client_get(tenant, "/logs/latest?limit=1000")->status == 200)
        ;

    for (size_t i = 0; i < GUESTS; i++)
        (void)close(guests[i]);
    client_free(tenant);
    service_stop(service);
}

/* What a request says about the connection, and whether the answer tells how long the connection is
 * kept. */
struct keeping {
    const char *request;
    bool told;
};

static const struct keeping keepings[] = {
    {"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
    {"GET /livez HTTP/1.1\r\nHost: a\r\nconnection: TE, Keep-Alive\r\n\r\n", true},
    {"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    {"GET /no HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
    {"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", false},
    {"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
    {"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: keep-alive-not\r\n\r\n", false},
    {"GET /livez HTTP/1.0\r\n\r\n", false},
};

static void who_asks_to_be_kept_is_told_for_how_long(void **state)
{
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_COUNT(keepings); i++) {
        int fd = raw_connect(service_port(world->service));
        struct raw_reply reply;

        raw_send(fd, keepings[i].request, strlen(keepings[i].request));
        raw_receive(fd, ANSWER_SECONDS, &reply);
        bool told = strstr(reply.text, "\r\nKeep-Alive: timeout=75\r\n") != NULL &&
                    strstr(reply.text, "\r\nConnection: Keep-Alive\r\n") != NULL;
        bool silent = strstr(reply.text, "Keep-Alive") == NULL;

        if (reply.status == 0 || (keepings[i].told ? !told : !silent))
            fail_msg("%swas answered %s", keepings[i].request, reply.text);
        (void)close(fd);
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_client_gives_way_when_all_places_are_taken),
        cmocka_unit_test(who_holds_most_places_gives_way_and_nobody_else),
        cmocka_unit_test(who_is_in_the_middle_of_a_request_keeps_the_place),
        cmocka_unit_test(who_ends_in_the_middle_of_a_request_is_let_go),
        cmocka_unit_test(who_ends_after_several_requests_gets_all_the_answers),
        cmocka_unit_test(answers_that_nobody_reads_make_room_for_those_who_read),
        cmocka_unit_test(who_asks_to_be_kept_is_told_for_how_long),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
