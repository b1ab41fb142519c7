/* SPDX-License-Identifier: MIT
 *
 * Bytes as no library sends them: what two HTTP parsers could read differently, and what is no HTTP. A
 * request that ends its connection is not to be followed by another: neither is what came with it taken
 * for one, nor is there more than one answer. */
#include "base/arena.h"
#include "base/buffer.h"
#include "http/head.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/world.h"

#include <ctype.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_SECONDS 20
#define CHECK_LINE     "POST /check HTTP/1.1\r\n"
#define KEY            "X-API-Key: $KEY\r\n"
#define HOST           "Host: localhost\r\n"
#define CHECK          CHECK_LINE KEY HOST
#define LIVEZ          "GET /livez HTTP/1.1\r\n" HOST
#define BODY           "{\"user_id\":\"alice\",\"route_key\":\"/a\"}" /* 36 bytes */
#define COUNTED        "Content-Length: 36\r\n"
#define CHUNKED        "Transfer-Encoding: chunked\r\n"
#define CHUNKS         "24\r\n" BODY "\r\n0\r\n\r\n"
#define END            "\r\n"

/* Sent behind each request. Whether it is answered shows whether the connection stays open. */
#define FOLLOWER "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

/* Who refuses: we, with a problem, or libmicrohttpd, with a status. */
enum refusal { NONE, OURS, THEIRS };

struct row {
    const char *request; /* $KEY: a good key; $NUL: that byte; @300: see `repeated` */
    int status;          /* 0: it is closed without an answer */
    enum refusal refusal;
    bool stays_open;
};

/* "@300" is so many of what the mark stands for. */
struct repeated {
    char mark;
    const char *what;
};

static const struct repeated repeated[] = {
    {'@', "a"}, {'~', "0"}, {'^', "a&"}, {'|', "A: b\r\n"}, {'`', "a=b; "}};

#define LIMIT 1000

/* clang-format off */
static const struct row rows[] = {
    /* Sound. */
    {LIVEZ END, 200, NONE, true},
    {CHECK COUNTED END BODY, 200, NONE, true},
    {CHECK CHUNKED END CHUNKS, 200, NONE, true},
    {CHECK "transfer-encoding: CHUNKED\r\n" END CHUNKS, 200, NONE, true},
    {CHECK CHUNKED END "00024;x=y\r\n" BODY "\r\n0\r\nTrailer: a\r\n\r\n", 200, NONE, true},
    {CHECK COUNTED "Expect: 100-continue\r\n" END BODY, 200, NONE, true},
    {CHECK COUNTED "Connection: close\r\n" END BODY, 200, NONE, false},
    {"GET /livez HTTP/1.0\r\n\r\n", 200, NONE, false},
    {"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, NONE, true},
    {CHECK_LINE KEY HOST "Content-Length: 0036\t \r\n" END BODY, 200, NONE, true},
    {CHECK_LINE "X-API-Key:$KEY \t\r\n" HOST COUNTED END BODY, 200, NONE, true},
    {"\r\n" LIVEZ END, 200, NONE, true},
    {LIVEZ "X: \x80\xff\r\n" END, 200, NONE, true},
    {"HEAD /livez HTTP/1.1\r\n" HOST END, 200, NONE, true},
    /* The target: RFC 9112 §3.2. */
    {"GET http://localhost/livez HTTP/1.1\r\n" HOST END, 200, NONE, true},
    {"GET HTTPS://[::1]:443/livez HTTP/1.1\r\n" HOST END, 200, NONE, true},
    {"GET http://localhost HTTP/1.1\r\n" HOST END, 404, OURS, true},
    {"GET http://u@localhost/livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET http:///livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET http://localhost/livez HTTP/1.1\r\n" END, 400, THEIRS, false},
    {"GET livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET  HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"CONNECT localhost:80 HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /livez%00 HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez%00/x HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez%zz HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /li\x01vez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /li\tvez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /li\x7fvez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /li vez HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez\r HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez$NUL HTTP/1.1\r\n" HOST END, 0, THEIRS, false},
    /* The request line besides. */
    {"GE(T /livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"get /livez HTTP/1.1\r\n" HOST END, 405, OURS, true},
    {"GET /livez HTTP/2.0\r\n" HOST END, 505, THEIRS, false},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, THEIRS, false},
    {"GET /livez HTTP/11\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez\r\n\r\n", 400, THEIRS, false},
    {"GET\t/livez\tHTTP/1.1\r\n" HOST END, 0, THEIRS, false},
    {"\x16\x03\x01\x02\r\n\r\n", 0, THEIRS, false},
    {"\r\n\r\n" LIVEZ END, 0, THEIRS, false},
    {"GET /livez HTTP/1.1\nHost: localhost\n\n", 400, THEIRS, false},
    /* Host. */
    {CHECK_LINE KEY COUNTED END BODY, 400, THEIRS, false},
    {CHECK HOST COUNTED END BODY, 400, THEIRS, false},
    {CHECK "Host: elsewhere\r\n" COUNTED END BODY, 400, THEIRS, false},
    {CHECK_LINE KEY "Host:\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: a b\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: u@localhost\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: localhost/x\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: a$NULb\r\n" COUNTED END BODY, 400, THEIRS, false},
    /* Fields. */
    {CHECK ": x\r\n" COUNTED END BODY, 400, THEIRS, false},
    {CHECK "$NULx: y\r\n" COUNTED END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X: a\rb\r\n" END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X: a\nY: b\r\n" END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X: a\r\n b\r\n" END BODY, 400, THEIRS, false},
    {CHECK_LINE " folded\r\n" HOST KEY COUNTED END BODY, 400, THEIRS, false},
    {CHECK COUNTED "no colon\r\n" END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X Y: z\r\n" END BODY, 400, THEIRS, false},
    {CHECK_LINE "X-API-Key: $KEY$NULx\r\n" HOST COUNTED END BODY, 400, THEIRS, false},
    {CHECK KEY COUNTED END BODY, 401, OURS, true},
    {CHECK "X-API-Key: x\r\n" COUNTED END BODY, 401, OURS, true},
    {CHECK COUNTED "Expect: pizza\r\n" END BODY, 417, OURS, false},
    {CHECK COUNTED "Content-Type: text/plain\r\nContent-Type: application/json\r\n" END BODY,
     415, OURS, true},
    /* Framing. */
    {CHECK COUNTED CHUNKED END CHUNKS, 400, THEIRS, false},
    {CHECK CHUNKED COUNTED END CHUNKS, 400, THEIRS, false},
    {CHECK COUNTED COUNTED END BODY, 400, THEIRS, false},
    {CHECK COUNTED "Content-Length: 0\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 36, 36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length : 36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length\r\n 36: 0\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: +36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: -36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 36x\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 0x24\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 3 6\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length:\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 36$NUL\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 18446744073709551652\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Transfer-Encoding: gzip\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: gzip, chunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: chunked, chunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: identity\r\n" END BODY, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: xchunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: \x0b" "chunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: chunked$NUL\r\n" END CHUNKS, 400, THEIRS, false},
    {CHECK CHUNKED "Transfer-Encoding: gzip\r\n" END CHUNKS, 400, THEIRS, false},
    {"POST /check HTTP/1.0\r\n" KEY HOST CHUNKED "Connection: keep-alive\r\n" END CHUNKS,
     400, THEIRS, false},
    /* Chunks. */
    {CHECK CHUNKED END "zz\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "-24\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "0x24\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24\n" BODY "\n0\n\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24\r\n" BODY "0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24;\rx\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "FFFFFFFFFFFFFFFFF\r\n" BODY "\r\n0\r\n\r\n", 413, THEIRS, false},
    {CHECK CHUNKED END "24;@20000\r\n" BODY "\r\n0\r\n\r\n", 413, THEIRS, false},
    {CHECK CHUNKED END "24\r\n" BODY "\r\n0\r\nX: @20000\r\n\r\n", 431, THEIRS, false},
    /* Sizes. */
    {CHECK "Content-Length: 16385\r\n" END, 413, OURS, false},
    {CHECK "Content-Length: 9223372036854775807\r\n" END, 413, OURS, false},
    {CHECK "Expect: 100-continue\r\nContent-Length: 16385\r\n" END, 413, OURS, false},
    {CHECK CHUNKED END "4001\r\n@16385\r\n0\r\n\r\n", 413, OURS, false},
    {"POST /check/batch HTTP/1.1\r\n" KEY HOST "Content-Length: 1048577\r\n" END,
     413, OURS, false},
    {"GET /@8000 HTTP/1.1\r\n" HOST END, 404, OURS, true},
    {"GET /@70000 HTTP/1.1\r\n" HOST END, 414, THEIRS, false},
    {"GET /livez?^256 HTTP/1.1\r\n" HOST END, 431, THEIRS, false},
    {LIVEZ "X: @13000\r\n" END, 431, OURS, false},
    {LIVEZ "X: @70000\r\n" END, 431, THEIRS, false},
    {LIVEZ "|120" END, 200, NONE, true},
    {LIVEZ "|500" END, 431, THEIRS, false},
    {LIVEZ "Cookie: `100\r\n" END, 200, NONE, true},
};
/* clang-format on */

static const struct repeated *find_repeated(const char *at)
{
    for (size_t i = 0; i < ARRAY_COUNT(repeated); i++)
        if (repeated[i].mark == at[0] && isdigit((unsigned char)at[1]))
            return &repeated[i];
    return NULL;
}

static struct text expand(struct arena *arena, const char *request, const char *key)
{
    struct buffer out;

    buffer_init(&out, arena, 1024);
    while (*request != '\0') {
        const struct repeated *run = find_repeated(request);

        if (strncmp(request, "$KEY", 4) == 0) {
            buffer_add(&out, text_of(key));
            request += 4;
        } else if (strncmp(request, "$NUL", 4) == 0) {
            buffer_add_char(&out, '\0');
            request += 4;
        } else if (run) {
            char *end = NULL;
            for (long left = strtol(request + 1, &end, 10); left > 0; left--)
                buffer_add(&out, text_of(run->what));
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

    tenant_policy(tenant, "{'route_key':'/a','limit':%d,'window_seconds':3600}", LIMIT);
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

static bool is_as_said(const struct row *row, const struct raw_reply *reply)
{
    int answers = (row->status != 0 ? 1 : 0) + (row->stays_open ? 1 : 0);
    bool is_problem = strstr(reply->text, "application/problem+json") != NULL;

    return reply->closed && reply->status == row->status && count_answers(reply) == answers &&
           is_problem == (row->refusal == OURS);
}

/* What is refused is charged to nobody. */
static void each_request_is_answered_as_the_table_says(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    int remaining = LIMIT;
    int wrong = 0;
    struct raw_reply reply;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct row *row = &rows[i];
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

/* It kept libmicrohttpd 0.9.75 busy until the time-out. */
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

/* One of them was never answered, and leaked. */
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

/* What a head takes of HEAD_BYTES_MAX by a field of its own; see head.c. */
#define FIELD_BYTES 64

static size_t bytes_of_fields(const char *api_key, size_t length_digits)
{
    return strlen("/check") + strlen("X-API-Key") + strlen(api_key) + strlen("Host") +
           strlen("localhost") + strlen("Content-Length") + length_digits + 3 * FIELD_BYTES;
}

/* Both come from one pool: one large field leaves the most text in it, many small ones the most of
 * what libmicrohttpd keeps beside. */
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
    struct text bytes = expand(&arena, half, client_key(tenant));

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
