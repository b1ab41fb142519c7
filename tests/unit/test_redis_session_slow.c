/* SPDX-License-Identifier: MIT
 *
 * Answers that come slowly, without TLS and with it. A proxy before Redis holds them back. */
#include "base/clock.h"
#include "base/duration.h"
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "support/cmocka.h"
#include "support/fault_proxy.h"
#include "support/redis_group.h"
#include "support/wait.h"
#include "tls_case.h"

#define TIMEOUT_MS  1500
#define PATIENCE_MS 20000
#define LONG        36000
#define PIECE_MS    500 /* so a record of TLS takes two seconds, and a long answer more than four */
#define SHORT       200
#define BYTE_MS     50 /* so a short one takes ten seconds */

static struct redis_dialer *dialer;
static struct redis_tls *tls;
static struct fault_proxy *proxy;
static struct redis_session *session;
static struct error error;

/* Connects by a path that is still fast. Redis keeps so many bytes. */
static void begin(bool has_tls, int timeout_ms, size_t bytes)
{
    static char value[LONG + 1];
    const char *ping[] = {"PING"};
    struct redis_server *redis = has_tls ? tls_open_server : server;
    const struct fault_proxy_options options = {.port = redis_server_port(redis)};
    char url[64];

    memset(value, 'x', bytes);
    value[bytes] = '\0';
    (void)redis_server_command(redis, "SET value %s", value);
    proxy = fault_proxy_start(&options);
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%d", fault_proxy_port(proxy));
    session = tls_case_session(dialer, has_tls ? tls : NULL, url, timeout_ms);
    redisReply *pong = redis_session_command(session, &error, 1, ping, NULL);
    assert_non_null(pong);
    freeReplyObject(pong);
}

static void end(void)
{
    redis_session_free(session);
    fault_proxy_stop(proxy);
}

/* How long the value is; 0: no answer. */
static size_t get(void)
{
    const char *words[] = {"GET", "value"};
    redisReply *reply = redis_session_command(session, &error, 2, words, NULL);
    const size_t length = reply == NULL ? 0 : reply->len;

    freeReplyObject(reply);
    return length;
}

static void a_long_answer_may_take_many_timeouts(void **state)
{
    (void)state;

    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        begin(has_tls, TIMEOUT_MS, LONG);
        fault_proxy_set(proxy, FAULT_PROXY_SLOW, PIECE_MS);

        assert_int_equal(get(), LONG);

        end();
    }
}

static void an_answer_that_comes_byte_by_byte_is_given_up(void **state)
{
    (void)state;

    for (int has_tls = 0; has_tls <= 1; has_tls++) {
        begin(has_tls, TIMEOUT_MS, SHORT);
        fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, BYTE_MS);

        assert_int_equal(get(), 0);

        assert_string_equal(error.message, "redis: no answer within 1500 ms");
        assert_true(redis_session_is_silent(session));
        end();
    }
}

/* Each of its three answers comes within the time of one. */
static void connecting_takes_twice_the_time_of_an_answer_at_most(void **state)
{
    const struct fault_proxy_options options = {.port = redis_server_port(server)};
    const char *ping[] = {"PING"};
    char url[64];
    (void)state;
    error = (struct error){0};
    proxy = fault_proxy_start(&options);
    fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, TIMEOUT_MS / 7);
    (void)snprintf(url, sizeof(url), "redis://default:any@127.0.0.1:%d/5", fault_proxy_port(proxy));
    session = tls_case_session(dialer, NULL, url, TIMEOUT_MS);

    redisReply *pong = redis_session_command(session, &error, 1, ping, NULL);

    assert_null(pong);

    assert_string_equal(error.message, "redis: no answer within 1500 ms");
    end();
}

static void all_ends_by_the_time_that_is_set(void **state)
{
    (void)state;
    begin(false, PATIENCE_MS, SHORT);
    fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, BYTE_MS);

    redis_session_end_by(session, clock_monotonic_us() + 10 * BYTE_MS * MILLISECOND_US);
    assert_int_equal(get(), 0);
    assert_true(redis_session_is_silent(session));
    assert_int_equal(get(), 0);
    assert_non_null(strstr(error.message, "no time is left"));

    fault_proxy_set(proxy, FAULT_PROXY_PASS, 0);
    redis_session_end_by(session, clock_monotonic_us() + PATIENCE_MS * MILLISECOND_US);
    WAIT_FOR (PATIENCE_MS / 1000, get() == SHORT)
        ;
    end();
}

static int open_group(void **state)
{
    if (tls_case_open(state) != 0)
        return -1;
    const struct redis_tls_options options = tls_case_options();

    tls = tls_case_new(&options);
    dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    return 0;
}

static int close_group(void **state)
{
    redis_dialer_free(dialer);
    redis_tls_free(tls);
    return tls_case_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_answer_may_take_many_timeouts),
        cmocka_unit_test(an_answer_that_comes_byte_by_byte_is_given_up),
        cmocka_unit_test(connecting_takes_twice_the_time_of_an_answer_at_most),
        cmocka_unit_test(all_ends_by_the_time_that_is_set),
    };

    return cmocka_run_group_tests(tests, open_group, close_group);
}
