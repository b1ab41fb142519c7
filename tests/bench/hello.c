/* SPDX-License-Identifier: MIT
 *
 * usage: bench_hello PORT [made]
 *        bench_hello version     of libmicrohttpd
 *
 * The cost that every answer of Sluice has at least: libmicrohttpd in external epoll mode inside
 * libevent, as in src/http/http_server.c. It reads a body, and always gives the same answer, which
 * looks like a check's. One thread. SIGTERM ends it.
 *
 * The answer is made once and kept. With `made` it is made for each request. libmicrohttpd needs
 * that from a service whose answers differ, and its own examples do it. So no such service can cost
 * less. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>

/* As in the service. tests/bench/test_bench.py checks that the two are equal. */
#define CONNECTION_POOL_BYTES ((size_t)16 * 1024)
#define CONNECTIONS_MAX       10000U
#define CLIENT_DISCIPLINE     1
#define IDLE_TIMEOUT_S        75U

static const char body[] =
    "{\"allowed\":true,\"limit\":1000000000,\"remaining\":999999999,\"reset_in\":3600,"
    "\"retry_after\":0,\"retry_after_ms\":0,\"reason\":null,\"route_key\":\"/search\","
    "\"role\":\"default\",\"algorithm\":\"fixed_window\",\"policy_version\":1}";

static const char *const fields[][2] = {
    {"Content-Type", "application/json"},
    {"RateLimit-Policy", "\"default\";q=1000000000;w=3600"},
    {"RateLimit", "\"default\";r=999999999;t=3600"},
    {"X-RateLimit-Limit", "1000000000"},
    {"X-RateLimit-Remaining", "999999999"},
    {"X-RateLimit-Reset", "3600"},
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Vary", "X-API-Key"},
};

struct hello {
    bool makes_answers;
    struct MHD_Daemon *daemon;
    struct MHD_Response *answer;
    struct event *timer;
};

static struct MHD_Response *answer_new(void);
static struct MHD_Daemon *daemon_new(struct hello *hello, uint16_t port);
static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **seen);
static void on_readable(evutil_socket_t fd, short events, void *context);
static void on_signal(evutil_socket_t fd, short events, void *context);

int main(int argc, char **argv)
{
    struct hello hello = {.answer = answer_new(),
                          .makes_answers = argc == 3 && strcmp(argv[2], "made") == 0};
    struct event_base *base = event_base_new();
    const long port = argc >= 2 ? strtol(argv[1], NULL, 10) : 0;
    struct event *readable, *stop;

    if (argc == 2 && strcmp(argv[1], "version") == 0)
        return puts(MHD_get_version()) < 0;
    if (port < 1 || port > UINT16_MAX)
        return 2;
    hello.daemon = daemon_new(&hello, (uint16_t)port);
    if (hello.daemon == NULL)
        return 69;
    readable =
        event_new(base, MHD_get_daemon_info(hello.daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
                  EV_READ | EV_PERSIST, on_readable, &hello);
    stop = evsignal_new(base, SIGTERM, on_signal, base);
    hello.timer = evtimer_new(base, on_readable, &hello);
    event_add(readable, NULL);
    event_add(stop, NULL);
    event_base_dispatch(base);

    MHD_stop_daemon(hello.daemon);
    MHD_destroy_response(hello.answer);
    event_free(hello.timer);
    event_free(stop);
    event_free(readable);
    event_base_free(base);
    return 0;
}

static struct MHD_Response *answer_new(void)
{
    /* The API is not const, but it only reads PERSISTENT memory. */
    union {
        const char *borrowed;
        void *carried;
    } content = {.borrowed = body};
    struct MHD_Response *answer =
        MHD_create_response_from_buffer(sizeof(body) - 1, content.carried, MHD_RESPMEM_PERSISTENT);

    for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
        MHD_add_response_header(answer, fields[i][0], fields[i][1]);
    return answer;
}

static struct MHD_Daemon *daemon_new(struct hello *hello, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_THREAD_SAFETY, 0, NULL, NULL,
        on_access, hello, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
        MHD_OPTION_CLIENT_DISCIPLINE_LVL, CLIENT_DISCIPLINE, MHD_OPTION_CONNECTION_LIMIT,
        CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_POOL_BYTES, MHD_OPTION_END);
}

/* Called for the headers, for each part of the body, and at the end of the request. */
static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **seen)
{
    struct hello *hello = context;

    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (*seen == NULL) {
        *seen = hello;
        return MHD_YES;
    }
    if (*data_size > 0) {
        *data_size = 0;
        return MHD_YES;
    }
    if (!hello->makes_answers)
        return MHD_queue_response(connection, MHD_HTTP_OK, hello->answer);

    struct MHD_Response *answer = answer_new();
    enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, answer);

    MHD_destroy_response(answer);
    return queued;
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct hello *hello = context;
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    struct timeval timeout;

    (void)fd;
    (void)events;
    MHD_run(hello->daemon);
    if (MHD_get_timeout(hello->daemon, &timeout_ms) != MHD_YES)
        return;
    if (timeout_ms == 0) {
        event_active(hello->timer, EV_TIMEOUT, 0);
    } else if (!evtimer_pending(hello->timer, NULL)) {
        timeout.tv_sec = (time_t)(timeout_ms / 1000);
        timeout.tv_usec = (suseconds_t)(timeout_ms % 1000 * 1000);
        evtimer_add(hello->timer, &timeout);
    }
}

static void on_signal(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    event_base_loopbreak(context);
}
