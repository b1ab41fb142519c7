/* SPDX-License-Identifier: MIT
 *
 * New certificates and names count for connections that begin later. */
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "redis/redis_tls.h"
#include "session_case.h"
#include "tls_case.h"

#include <pthread.h>
#include <stdatomic.h>

static void what_is_renewed_counts_for_the_next_connection(void **state)
{
    struct redis_tls_options options = tls_case_options();
    const char *url = redis_server_tcp_url(tls_strict_server);
    struct redis_tls *tls = tls_case_new(&options);
    struct error error = {0};
    (void)state;

    assert_string_not_equal(tls_case_ping(tls, url), "");
    options.certificate = tls_client.pem;
    options.key = tls_client.key;
    assert_true(redis_tls_renew(tls, &options, &error));
    assert_string_equal(tls_case_ping(tls, url), "");
    options.server_name = "other.example";
    assert_true(redis_tls_renew(tls, &options, &error));
    assert_string_equal(tls_case_ping(tls, url), TLS_CASE_NOT_ACCEPTED "hostname mismatch");

    redis_tls_free(tls);
}

static void a_renewal_that_fails_changes_nothing(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    const struct redis_tls_options wrong = {.authorities = "", .server_name = "other.example"};
    struct redis_tls *tls = tls_case_new(&options);
    struct error error = {0};
    (void)state;

    assert_false(redis_tls_renew(tls, &wrong, &error));

    assert_string_not_equal(error.message, "");
    assert_string_equal(tls_case_ping(tls, redis_server_tcp_url(tls_open_server)), "");
    redis_tls_free(tls);
}

static void a_connection_keeps_what_it_began_with(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    const struct redis_tls_options other = {.authorities = tls_stranger.pem};
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_tls *tls = tls_case_new(&options);
    struct redis_session *session =
        tls_case_session(dialer, tls, redis_server_tcp_url(tls_open_server), 10000);
    struct error error = {0};
    (void)state;
    assert_true(session_run(session, "INCR", "counter", NULL, &error));

    assert_true(redis_tls_renew(tls, &other, &error));

    assert_true(session_run(session, "INCR", "counter", NULL, &error));
    redis_session_free(session);
    redis_tls_free(tls);
    redis_dialer_free(dialer);
}

/* Connects again and again until it is told to stop. */
struct visitor {
    struct redis_tls *tls;
    const char *url;
    atomic_bool *is_over;
    atomic_int *visits;
    bool has_failed;
};

static void *visit(void *context)
{
    struct visitor *visitor = context;
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);

    while (!atomic_load(visitor->is_over)) {
        struct redis_session *session = tls_case_session(dialer, visitor->tls, visitor->url, 10000);
        struct error error = {0};

        visitor->has_failed |= !session_run(session, "INCR", "counter", NULL, &error);
        redis_session_free(session);
        (void)atomic_fetch_add(visitor->visits, 1);
    }
    redis_dialer_free(dialer);
    return NULL;
}

static void threads_connect_while_it_is_renewed(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    struct redis_tls *tls = tls_case_new(&options);
    atomic_bool is_over = false;
    atomic_int visits = 0;
    struct visitor visitor = {.tls = tls,
                              .url = redis_server_tcp_url(tls_open_server),
                              .is_over = &is_over,
                              .visits = &visits};
    struct visitor visitors[2] = {visitor, visitor};
    pthread_t threads[ARRAY_COUNT(visitors)];
    struct error error = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(visitors); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    while (atomic_load(&visits) < 20)
        assert_true(redis_tls_renew(tls, &options, &error));
    atomic_store(&is_over, true);
    for (size_t i = 0; i < ARRAY_COUNT(visitors); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    assert_false(visitors[0].has_failed || visitors[1].has_failed);
    redis_tls_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_renewed_counts_for_the_next_connection),
        cmocka_unit_test(a_renewal_that_fails_changes_nothing),
        cmocka_unit_test(a_connection_keeps_what_it_began_with),
        cmocka_unit_test(threads_connect_while_it_is_renewed),
    };

    return cmocka_run_group_tests(tests, tls_case_open, tls_case_close);
}
