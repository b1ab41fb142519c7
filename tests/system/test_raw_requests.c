/* SPDX-License-Identifier: MIT
 *
 * Bytes that two HTTP parsers could read differently, and bytes that are no HTTP. */
#include "base/arena.h"
#include "base/buffer.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/world.h"

#include <ctype.h>
#include <unistd.h>

#define ANSWER_SECONDS 20
#define CHECK          "POST /check HTTP/1.1\r\nX-API-Key: $KEY\r\n"
#define HOST           "Host: localhost\r\n"
#define BODY           "{\"user_id\":\"alice\",\"route_key\":\"/a\"}" /* 36 bytes */
#define BODY_BYTES     "36"
#define CHUNKED_BODY   "24\r\n" BODY "\r\n0\r\n\r\n"

/* $KEY stands for a good API key; @300 for 300 letters. */
static struct text expand(struct arena *arena, const char *request, const char *key)
{
    struct buffer out;

    buffer_init(&out, arena, 1024);
    while (*request != '\0') {
        if (strncmp(request, "$KEY", 4) == 0) {
            buffer_add(&out, text_of(key));
            request += 4;
        } else if (*request == '@') {
            char *end = NULL;
            for (long left = strtol(request + 1, &end, 10); left > 0; left--)
                buffer_add_char(&out, 'a');
            request = end;
        } else {
            buffer_add_char(&out, *request++);
        }
    }
    return buffer_text(&out);
}

static struct client *tenant_with_policy(const struct world *world)
{
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    return tenant;
}

static void exchange(const struct world *world, struct client *tenant, const char *request,
                     struct raw_reply *reply)
{
    struct arena arena = {0};
    struct text bytes = expand(&arena, request, client_key(tenant));

    raw_exchange(service_port(world->service), bytes.at, bytes.length, ANSWER_SECONDS, reply);
    arena_close(&arena);
}

static void fail_with(const char *request, const struct raw_reply *reply)
{
    fail_msg("%s\nwas answered, %s:\n%s", request, reply->closed ? "and closed" : "not closed",
             reply->text);
}

static void a_sound_request_is_taken_by_the_same_means(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const requests[] = {
        CHECK HOST "Connection: close\r\nContent-Length: " BODY_BYTES "\r\n\r\n" BODY,
        CHECK HOST "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKED_BODY,
        CHECK HOST "Connection: close\r\ntransfer-encoding: CHUNKED\r\n\r\n" CHUNKED_BODY,
        "POST /check HTTP/1.0\r\nX-API-Key: $KEY\r\nContent-Length: " BODY_BYTES "\r\n\r\n" BODY,
    };
    struct raw_reply reply;

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        exchange(world, tenant, requests[i], &reply);
        if (reply.status != 200 || !reply.closed)
            fail_with(requests[i], &reply);
    }
    EXPECT(client_look(tenant, "alice", "/a"), 200, "{'remaining':1}");
    client_free(tenant);
}

/* With a problem, or with the page of libmicrohttpd 1.0, which refuses some by itself. */
static bool says_why(const struct raw_reply *reply)
{
    return strstr(reply->text, "application/problem+json") != NULL ||
           strstr(reply->text, "<html><head><title>") != NULL;
}

static void ambiguous_framing_is_refused_and_ends_the_connection(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const requests[] = {
        CHECK HOST "Content-Length: " BODY_BYTES
                   "\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKED_BODY,
        CHECK HOST "Transfer-Encoding: chunked\r\nContent-Length: " BODY_BYTES
                   "\r\n\r\n" CHUNKED_BODY,
        CHECK HOST "Content-Length: " BODY_BYTES "\r\nContent-Length: 0\r\n\r\n" BODY,
        CHECK HOST "Content-Length: 0\r\nContent-Length: " BODY_BYTES "\r\n\r\n" BODY,
        CHECK HOST "Content-Length: 36\r\nContent-Length: 36\r\n\r\n" BODY,
        CHECK HOST "Transfer-Encoding: gzip\r\n\r\n" CHUNKED_BODY,
        CHECK HOST "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNKED_BODY,
        CHECK HOST "Transfer-Encoding: identity\r\n\r\n" BODY,
        CHECK HOST "Transfer-Encoding: xchunked\r\n\r\n" CHUNKED_BODY,
        CHECK HOST "Transfer-Encoding: chunked, chunked\r\n\r\n" CHUNKED_BODY,
        CHECK HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n" CHUNKED_BODY,
        CHECK "Content-Length: " BODY_BYTES "\r\n\r\n" BODY,
        CHECK HOST HOST "Content-Length: " BODY_BYTES "\r\n\r\n" BODY,
        CHECK HOST "Host: elsewhere\r\nContent-Length: " BODY_BYTES "\r\n\r\n" BODY,
        "POST /check%00 HTTP/1.1\r\nX-API-Key: $KEY\r\n" HOST "Content-Length: " BODY_BYTES
        "\r\n\r\n" BODY,
        "GET /%00 HTTP/1.1\r\n" HOST "\r\n",
        "GET /livez%00/x HTTP/1.1\r\n" HOST "\r\n",
    };
    struct raw_reply reply;

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        exchange(world, tenant, requests[i], &reply);
        /* One answer: what follows the first request's headers is not taken for another request. */
        const char *second = strstr(reply.text + 1, "HTTP/1.1 ");
        bool is_one = second == NULL || !isdigit((unsigned char)second[strlen("HTTP/1.1 ")]);
        if (reply.status != 400 || !reply.closed || !is_one || !says_why(&reply))
            fail_with(requests[i], &reply);
        EXPECT(client_look(tenant, "alice", "/a"), 200, "{'remaining':5}");
    }
    client_free(tenant);
}

/* By libmicrohttpd itself, so not with a problem of ours. */
static void what_is_no_http_is_refused_and_ends_the_connection(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const requests[] = {
        "\x16\x03\x01\x02\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET /@70000 HTTP/1.1\r\n" HOST "\r\n",
        "GET /livez HTTP/1.1\r\n" HOST "X-Long: @70000\r\n\r\n",
        "GET /livez HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
        CHECK HOST "Content-Length: 36, 36\r\n\r\n" BODY,
        CHECK HOST "Content-Length: +36\r\n\r\n" BODY,
        CHECK HOST "Content-Length: -36\r\n\r\n" BODY,
        CHECK HOST "Content-Length: 36x\r\n\r\n" BODY,
        CHECK HOST "Content-Length: 0x24\r\n\r\n" BODY,
        CHECK HOST "Content-Length: 3 6\r\n\r\n" BODY,
        CHECK HOST "Content-Length:\r\n\r\n" BODY,
        CHECK HOST "Content-Length: 18446744073709551652\r\n\r\n" BODY,
        CHECK HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n" BODY "\r\n0\r\n\r\n",
        CHECK HOST "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n" BODY "\r\n0\r\n\r\n",
        CHECK HOST "Transfer-Encoding: chunked\r\n\r\n300000\r\n@3145728",
        CHECK HOST "Transfer-Encoding: chunked\r\n\r\n-24\r\n" BODY "\r\n0\r\n\r\n",
    };
    struct raw_reply reply;

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        exchange(world, tenant, requests[i], &reply);
        bool refused = reply.status == 0 || (reply.status >= 400 && reply.status < 500);
        if (!refused || !reply.closed)
            fail_with(requests[i], &reply);
        EXPECT(client_look(tenant, "alice", "/a"), 200, "{'remaining':5}");
    }
    client_free(tenant);
}

static void a_body_that_is_too_large_is_refused_before_it_is_sent(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const requests[] = {
        CHECK HOST "Content-Length: 16385\r\n\r\n",
        CHECK HOST "Content-Length: 9223372036854775807\r\n\r\n",
        CHECK HOST "Expect: 100-continue\r\nContent-Length: 16385\r\n\r\n",
        CHECK HOST "Transfer-Encoding: chunked\r\n\r\n4001\r\n@16385\r\n0\r\n\r\n",
        "POST /check/batch HTTP/1.1\r\nX-API-Key: $KEY\r\n" HOST "Content-Length: 1048577\r\n\r\n",
    };
    struct raw_reply reply;

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        exchange(world, tenant, requests[i], &reply);
        if (reply.status != 413 || !reply.closed ||
            strstr(reply.text, "application/problem+json") == NULL)
            fail_with(requests[i], &reply);
    }
    client_free(tenant);
}

/* The idle timeout ends it, if the close is not noticed: libmicrohttpd 0.9.75 misses one that comes
 * together with data. */
static void a_request_that_never_ends_is_not_charged_and_holds_nothing_up(void **state)
{
    static const char half[] = CHECK HOST "Content-Length: " BODY_BYTES "\r\n\r\n{\"user_id\":\"al";
    static const char *const flags[] = {"--idle-timeout-s", "2", NULL};
    struct service_options options = world_options(*state);
    options.flags = flags;
    struct service *service = service_start(&options);
    const struct world world = {.service = service};
    struct client *tenant = tenant_with_policy(&world);
    struct arena arena = {0};
    struct text bytes = expand(&arena, half, client_key(tenant));

    int fd = raw_connect(service_port(service));
    raw_send(fd, bytes.at, bytes.length);
    (void)close(fd);

    EXPECT(client_look(tenant, "alice", "/a"), 200, "{'remaining':5}");
    arena_close(&arena);
    client_free(tenant);
    service_stop(service);
}

static void requests_that_follow_each_other_at_once_are_all_answered(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char request[] =
        CHECK HOST "Content-Length: " BODY_BYTES "\r\n\r\n" BODY CHECK HOST
                   "Content-Length: " BODY_BYTES "\r\n\r\n" BODY CHECK HOST
                   "Connection: close\r\nContent-Length: " BODY_BYTES "\r\n\r\n" BODY;
    struct raw_reply reply;

    exchange(world, tenant, request, &reply);

    assert_non_null(strstr(reply.text, "\"remaining\":4"));
    assert_non_null(strstr(reply.text, "\"remaining\":3"));
    assert_non_null(strstr(reply.text, "\"remaining\":2"));
    assert_true(reply.closed);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_request_is_taken_by_the_same_means),
        cmocka_unit_test(ambiguous_framing_is_refused_and_ends_the_connection),
        cmocka_unit_test(what_is_no_http_is_refused_and_ends_the_connection),
        cmocka_unit_test(a_body_that_is_too_large_is_refused_before_it_is_sent),
        cmocka_unit_test(a_request_that_never_ends_is_not_charged_and_holds_nothing_up),
        cmocka_unit_test(requests_that_follow_each_other_at_once_are_all_answered),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
