/* SPDX-License-Identifier: MIT
 *
 * Each case runs in two ways: on a loop, as links connect, and blocking, as sessions do.
 * "redis.test" is a name in the test's own name server. All of 127.0.0.0/8 is this machine. */
#include "redis/redis_connector.h"

#include "base/clock.h"
#include "base/duration.h"
#include "redis/redis_dialer.h"
#include "support/cmocka.h"
#include "support/listener.h"
#include "support/name_server.h"

#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENT_MS 4000
#define HASTY_MS   100
#define ANY_PORT   0
#define MANY       20

static struct name_server *names;
static char resolv_conf[SCRATCH_PATH_BYTES];

/* A way to connect. Returns -1 and sets *error when it fails. */
typedef int connect_fn(const struct redis_endpoint *endpoint, int timeout_ms, struct error *error);

struct attempt {
    bool is_over;
    int fd;
    struct error *error;
};

static void on_connected(void *context, int fd, const char *reason)
{
    struct attempt *attempt = context;

    attempt->is_over = true;
    attempt->fd = fd;
    assert_int_equal(reason == NULL, fd >= 0);
    if (reason != NULL)
        error_set(attempt->error, "%s", reason);
}

static int connect_on_loop(const struct redis_endpoint *endpoint, int timeout_ms,
                           struct error *error)
{
    struct attempt attempt = {.error = error};
    struct event_base *base = event_base_new();
    struct redis_connector *connector =
        redis_connector_new(base, resolv_conf, &attempt, on_connected);

    redis_connector_begin(connector, endpoint, clock_monotonic_us() + timeout_ms * MILLISECOND_US);
    while (!attempt.is_over)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    redis_connector_free(connector);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
    return attempt.fd;
}

static int connect_waiting(const struct redis_endpoint *endpoint, int timeout_ms,
                           struct error *error)
{
    struct redis_dialer *dialer = redis_dialer_new(resolv_conf);
    const int fd = redis_dialer_dial(dialer, endpoint, timeout_ms, error);

    redis_dialer_free(dialer);
    return fd;
}

static connect_fn *const ways[] = {connect_on_loop, connect_waiting};

#define FOR_EACH_WAY(way) for (size_t way = 0; way < ARRAY_COUNT(ways); way++)

static struct redis_endpoint endpoint_of(const char *host, int port)
{
    struct redis_endpoint endpoint = {.port = port};

    (void)snprintf(endpoint.host, sizeof(endpoint.host), "%s", host);
    return endpoint;
}

/* Expects that the other end has this address, and closes the connection. */
static void expect_peer(int fd, const char *expected)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);
    char host[NI_MAXHOST];

    assert_true(fd >= 0);
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    assert_int_equal(getnameinfo((const struct sockaddr *)&peer, length, host, sizeof(host), NULL,
                                 0, NI_NUMERICHOST),
                     0);
    assert_string_equal(host, expected);
    (void)close(fd);
}

/* "redis.test" has `addresses`. Expects a connection to `expected` at this port. */
static void expect_connected(const char *const addresses[], size_t count, int port,
                             const char *expected)
{
    const struct redis_endpoint endpoint = endpoint_of("redis.test", port);

    name_server_forget(names);
    for (size_t i = 0; i < count; i++)
        name_server_add(names, "redis.test", addresses[i]);
    FOR_EACH_WAY(way)
    {
        struct error error = {0};
        expect_peer(ways[way](&endpoint, PATIENT_MS, &error), expected);
    }
}

static void an_address_that_refuses_gives_way_to_the_next(void **state)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
    struct listener live;
    (void)state;
    listener_open(&live, "127.0.0.1", ANY_PORT);

    expect_connected(addresses, ARRAY_COUNT(addresses), live.port, "127.0.0.1");

    listener_close(&live);
}

static void an_address_that_is_silent_costs_only_its_share(void **state)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.1"};
    struct listener listeners[ARRAY_COUNT(addresses)];
    (void)state;
    listeners_open(listeners, addresses, ARRAY_COUNT(addresses));
    listener_fill(&listeners[0]);

    expect_connected(addresses, ARRAY_COUNT(addresses), listeners[0].port, "127.0.0.1");

    listeners_close(listeners, ARRAY_COUNT(addresses));
}

static void one_family_is_enough_and_either_replaces_the_other(void **state)
{
    static const char *const ipv4[] = {"127.0.0.1"};
    static const char *const ipv6[] = {"::1"};
    static const char *const both[] = {"::1", "127.0.0.1"};
    struct listener on_ipv4;
    struct listener on_ipv6;
    (void)state;
    listener_open(&on_ipv4, "127.0.0.1", ANY_PORT);
    listener_open(&on_ipv6, "::1", ANY_PORT);

    expect_connected(ipv4, 1, on_ipv4.port, "127.0.0.1");
    expect_connected(ipv6, 1, on_ipv6.port, "::1");
    expect_connected(both, 2, on_ipv6.port, "::1");
    expect_connected(both, 2, on_ipv4.port, "127.0.0.1");

    listener_close(&on_ipv4);
    listener_close(&on_ipv6);
}

static void each_attempt_resolves_the_name_anew(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "127.0.0.2"};
    struct listener listeners[ARRAY_COUNT(addresses)];
    (void)state;
    listeners_open(listeners, addresses, ARRAY_COUNT(addresses));
    const struct redis_endpoint endpoint = endpoint_of("redis.test", listeners[0].port);
    name_server_forget(names);

    FOR_EACH_WAY(way)
    {
        struct error error = {0};
        assert_int_equal(ways[way](&endpoint, PATIENT_MS, &error), -1);
        assert_string_equal(error.message, "there is no such name");
    }
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++)
        expect_connected(&addresses[i], 1, endpoint.port, addresses[i]);

    listeners_close(listeners, ARRAY_COUNT(addresses));
}

static void a_failure_says_why_of_each_address(void **state)
{
    struct listener silent;
    (void)state;
    listener_open(&silent, "127.0.0.2", ANY_PORT);
    listener_fill(&silent);
    const struct redis_endpoint endpoint = endpoint_of("redis.test", silent.port);
    name_server_forget(names);
    name_server_add(names, "redis.test", "127.0.0.2");
    name_server_add(names, "redis.test", "127.0.0.3");

    FOR_EACH_WAY(way)
    {
        struct error error = {0};
        assert_int_equal(ways[way](&endpoint, 10 * HASTY_MS, &error), -1);
        assert_string_equal(error.message,
                            "127.0.0.2: Connection timed out, 127.0.0.3: Connection refused");
    }
    listener_close(&silent);
}

static void a_silent_name_server_ends_an_attempt_in_time(void **state)
{
    struct name_server *silent = name_server_start();
    char path[SCRATCH_PATH_BYTES];
    const struct redis_endpoint endpoint = endpoint_of("redis.test", 6379);
    struct error error = {0};
    (void)state;
    name_server_silence(silent);
    name_server_conf(&silent, 1, "", path);

    struct redis_dialer *dialer = redis_dialer_new(path);

    assert_int_equal(redis_dialer_dial(dialer, &endpoint, HASTY_MS, &error), -1);
    assert_string_equal(error.message, "the name was not resolved in time");
    assert_int_equal(redis_dialer_dial(dialer, &endpoint, PATIENT_MS, &error), -1);
    assert_non_null(strstr(error.message, "no name server gave an address: "));

    redis_dialer_free(dialer);
    name_server_stop(silent);
}

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);

    assert_int_equal(getsockopt(fd, level, option, &value, &length), 0);
    return value;
}

static void connections_ask_whether_an_idle_peer_is_there(void **state)
{
    struct listener live;
    (void)state;
    listener_open(&live, "127.0.0.1", ANY_PORT);
    const struct redis_endpoint endpoint = endpoint_of("127.0.0.1", live.port);

    FOR_EACH_WAY(way)
    {
        struct error error = {0};
        const int fd = ways[way](&endpoint, PATIENT_MS, &error);

        assert_true(fd >= 0);
        assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
        assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 5);
        assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
        assert_true(option_of(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
        assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        (void)close(fd);
    }
    listener_close(&live);
}

static void a_cancelled_attempt_calls_nobody_and_the_next_one_does(void **state)
{
    struct error error = {0};
    struct attempt attempt = {.error = &error};
    struct listener live;
    (void)state;
    listener_open(&live, "127.0.0.1", ANY_PORT);
    const struct redis_endpoint endpoint = endpoint_of("redis.test", live.port);
    struct event_base *base = event_base_new();
    struct redis_connector *connector =
        redis_connector_new(base, resolv_conf, &attempt, on_connected);
    name_server_forget(names);
    name_server_add(names, "redis.test", "127.0.0.1");

    for (int turns = 0; turns < 4; turns++) {
        redis_connector_begin(connector, &endpoint, clock_monotonic_us() + MINUTE_US);
        for (int i = 0; i < turns && !attempt.is_over; i++)
            assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
        redis_connector_cancel(connector);
        if (attempt.is_over)
            (void)close(attempt.fd);
        attempt.is_over = false;
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        assert_false(attempt.is_over);
    }
    redis_connector_begin(connector, &endpoint, clock_monotonic_us() + MINUTE_US);
    while (!attempt.is_over)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);

    expect_peer(attempt.fd, "127.0.0.1");
    redis_connector_free(connector);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
    listener_close(&live);
}

/* Dials a name of the test's, and expects to get to this address. */
static void expect_dialled(struct redis_dialer *dialer, const char *name, int port,
                           const char *expected)
{
    const struct redis_endpoint endpoint = endpoint_of(name, port);
    struct error error = {0};

    expect_peer(redis_dialer_dial(dialer, &endpoint, PATIENT_MS, &error), expected);
}

/* The name server may change the order of its answers. Only the address that was tried last
 * counts. */
static void each_attempt_begins_with_the_address_after_the_last_one_tried(void **state)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
    static const char *const others[] = {"127.0.0.1", "127.0.0.3"};
    struct listener listeners[ARRAY_COUNT(addresses)];
    (void)state;
    name_server_forget(names);
    listeners_open(listeners, addresses, ARRAY_COUNT(addresses));
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++)
        name_server_add(names, "redis.test", addresses[i]);
    const int port = listeners[0].port;
    struct redis_dialer *dialer = redis_dialer_new(resolv_conf);

    for (size_t i = 0; i < 2 * ARRAY_COUNT(addresses); i++)
        expect_dialled(dialer, "redis.test", port, addresses[i % ARRAY_COUNT(addresses)]);
    expect_dialled(dialer, "redis.test", port, "127.0.0.2");
    redis_dialer_trust(dialer);
    expect_dialled(dialer, "redis.test", port, "127.0.0.2");
    expect_dialled(dialer, "redis.test", port, "127.0.0.3");
    name_server_forget(names);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        name_server_add(names, "redis.test", others[i]);
    expect_dialled(dialer, "redis.test", port, "127.0.0.1");
    expect_dialled(dialer, "redis.test", port, "127.0.0.3");

    redis_dialer_free(dialer);
    listeners_close(listeners, ARRAY_COUNT(addresses));
}

/* The sessions of one thread share a dialer. */
static void each_name_goes_on_after_its_own_last_address(void **state)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
    struct listener listeners[ARRAY_COUNT(addresses)];
    (void)state;
    name_server_forget(names);
    listeners_open(listeners, addresses, ARRAY_COUNT(addresses));
    const int port = listeners[0].port;
    for (size_t i = 0; i < 2; i++) {
        name_server_add(names, "redis.test", addresses[i]);
        name_server_add(names, "same.test", addresses[i]);
        name_server_add(names, "other.test", addresses[i + 1]);
    }
    struct redis_dialer *dialer = redis_dialer_new(resolv_conf);

    expect_dialled(dialer, "redis.test", port, "127.0.0.2");
    expect_dialled(dialer, "same.test", port, "127.0.0.2");
    expect_dialled(dialer, "other.test", port, "127.0.0.3");
    expect_dialled(dialer, "redis.test", port, "127.0.0.3");
    expect_dialled(dialer, "other.test", port, "127.0.0.1");
    redis_dialer_trust(dialer);
    for (int i = 0; i < MANY; i++) { /* what is trusted takes no room */
        expect_dialled(dialer, "other.test", port, "127.0.0.3");
        redis_dialer_trust(dialer);
        expect_dialled(dialer, addresses[0], port, addresses[0]);
    }
    expect_dialled(dialer, "same.test", port, "127.0.0.3");

    redis_dialer_free(dialer);
    listeners_close(listeners, ARRAY_COUNT(addresses));
}

/* Allows no more descriptors than are open now. Returns the former limit. */
static struct rlimit allow_no_more_descriptors(void)
{
    const int free = dup(STDERR_FILENO);
    struct rlimit before;

    assert_true(free >= 0);
    (void)close(free);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = (rlim_t)free,
                                                               .rlim_max = before.rlim_max}),
                     0);
    return before;
}

static void without_a_descriptor_an_attempt_fails_and_the_next_one_may_succeed(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "redis.test"};
    static const char *const reasons[] = {"127.0.0.1: Too many open files",
                                          "no name server can be asked: Too many open files"};
    struct listener live;
    (void)state;
    listener_open(&live, "127.0.0.1", ANY_PORT);
    name_server_forget(names);
    name_server_add(names, "redis.test", "127.0.0.1");

    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        const struct redis_endpoint endpoint = endpoint_of(hosts[i], live.port);
        struct redis_dialer *dialer = redis_dialer_new(resolv_conf);
        struct error error = {0};

        const struct rlimit before = allow_no_more_descriptors();
        const int none = redis_dialer_dial(dialer, &endpoint, PATIENT_MS, &error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

        assert_int_equal(none, -1);
        assert_string_equal(error.message, reasons[i]);
        expect_peer(redis_dialer_dial(dialer, &endpoint, PATIENT_MS, &error), "127.0.0.1");
        redis_dialer_free(dialer);
    }
    listener_close(&live);
}

static int open_group(void **state)
{
    (void)state;
    names = name_server_start();
    name_server_conf(&names, 1, "", resolv_conf);
    return 0;
}

static int close_group(void **state)
{
    (void)state;
    name_server_stop(names);
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_refuses_gives_way_to_the_next),
        cmocka_unit_test(an_address_that_is_silent_costs_only_its_share),
        cmocka_unit_test(one_family_is_enough_and_either_replaces_the_other),
        cmocka_unit_test(each_attempt_resolves_the_name_anew),
        cmocka_unit_test(a_failure_says_why_of_each_address),
        cmocka_unit_test(a_silent_name_server_ends_an_attempt_in_time),
        cmocka_unit_test(connections_ask_whether_an_idle_peer_is_there),
        cmocka_unit_test(a_cancelled_attempt_calls_nobody_and_the_next_one_does),
        cmocka_unit_test(each_attempt_begins_with_the_address_after_the_last_one_tried),
        cmocka_unit_test(each_name_goes_on_after_its_own_last_address),
        cmocka_unit_test(without_a_descriptor_an_attempt_fails_and_the_next_one_may_succeed),
    };

    return cmocka_run_group_tests(tests, open_group, close_group);
}
