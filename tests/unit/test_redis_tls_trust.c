/* SPDX-License-Identifier: MIT
 *
 * Which servers a session believes, which believe it, and what it says when they do not. */
#include "redis/redis_tls.h"
#include "support/cmocka.h"
#include "tls_case.h"

#include <poll.h>

static void a_server_of_the_right_authority_and_address_is_believed(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    (void)state;

    assert_string_equal(tls_case_ping_with(tls_open_server, &options), "");
}

static void one_of_several_authorities_is_enough(void **state)
{
    char both[16384];
    (void)state;
    (void)snprintf(both, sizeof(both), "%s%s", tls_stranger.pem, tls_authority.pem);
    const struct redis_tls_options options = {.authorities = both};

    assert_string_equal(tls_case_ping_with(tls_open_server, &options), "");
}

static void a_server_of_an_unknown_authority_is_refused(void **state)
{
    const struct redis_tls_options options = {.authorities = tls_stranger.pem};
    (void)state;

    const char *said = tls_case_ping_with(tls_open_server, &options);

    assert_ptr_equal(strstr(said, TLS_CASE_NOT_ACCEPTED), said);
}

static void a_server_with_another_name_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *said;
    } others[] = {{"other.example", TLS_CASE_NOT_ACCEPTED "hostname mismatch"},
                  {"example", TLS_CASE_NOT_ACCEPTED "hostname mismatch"},
                  {"127.0.0.2", TLS_CASE_NOT_ACCEPTED "IP address mismatch"}};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct redis_tls_options options = tls_case_options();

        options.server_name = others[i].name;
        assert_string_equal(tls_case_ping_with(tls_open_server, &options), others[i].said);
    }
}

static void a_name_that_is_given_replaces_the_host(void **state)
{
    static const char *const names[] = {TLS_CASE_NAME, TLS_CASE_NAME ".", "127.0.0.1"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct redis_tls_options options = tls_case_options();

        options.server_name = names[i];
        assert_string_equal(tls_case_ping_with(tls_open_server, &options), "");
    }
}

static void without_a_name_nothing_is_believed(void **state)
{
    static const char *const names[] = {"", "."};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct redis_tls_options options = tls_case_options();

        options.server_name = names[i];
        assert_non_null(strstr(tls_case_ping_with(tls_open_server, &options), "is no name"));
    }
}

static void a_certificate_of_ours_is_shown_to_a_server_that_demands_it(void **state)
{
    struct redis_tls_options options = tls_case_options();
    (void)state;
    options.certificate = tls_client.pem;
    options.key = tls_client.key;

    assert_string_equal(tls_case_ping_with(tls_strict_server, &options), "");
}

static void without_it_the_server_says_what_it_demands(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    (void)state;

    assert_string_equal(tls_case_ping_with(tls_strict_server, &options),
                        "redis: the server demands a certificate of ours");
}

/* A connection whose handshake is over on our side, and nothing more was asked. */
static redisContext *shake_hands(struct redis_tls *tls, const struct redis_server *where)
{
    redisContext *context = redisConnect("127.0.0.1", redis_server_port(where));
    struct error error = {0};

    assert_int_equal(context->err, 0);
    context->flags &= ~REDIS_BLOCK;
    assert_true(redis_tls_begin(tls, context, "127.0.0.1", &error));
    while (redis_tls_is_beginning(context) && context->err == 0) {
        struct pollfd socket = {.fd = context->fd, .events = POLLIN};

        redis_tls_prepare(context);
        (void)redisBufferRead(context);
        if (redis_tls_is_beginning(context))
            (void)poll(&socket, 1, -1);
    }
    return context;
}

/* The server may have closed the connection before we write, and its words wait to be read. */
static void its_words_are_read_after_a_write_that_failed(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    struct redis_tls *tls = tls_case_new(&options);
    redisContext *context = shake_hands(tls, tls_strict_server);
    int is_sent = 0;
    (void)state;

    while (context->err == 0) {
        struct pollfd socket = {.fd = context->fd, .events = POLLRDHUP};

        (void)poll(&socket, 1, -1);
        (void)redisAppendCommand(context, "PING");
        redis_tls_prepare(context);
        (void)redisBufferWrite(context, &is_sent);
    }
    redis_tls_explain(context);

    assert_string_equal(context->errstr, "the server demands a certificate of ours");
    redisFree(context);
    redis_tls_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_of_the_right_authority_and_address_is_believed),
        cmocka_unit_test(one_of_several_authorities_is_enough),
        cmocka_unit_test(a_server_of_an_unknown_authority_is_refused),
        cmocka_unit_test(a_server_with_another_name_is_refused),
        cmocka_unit_test(a_name_that_is_given_replaces_the_host),
        cmocka_unit_test(without_a_name_nothing_is_believed),
        cmocka_unit_test(a_certificate_of_ours_is_shown_to_a_server_that_demands_it),
        cmocka_unit_test(without_it_the_server_says_what_it_demands),
        cmocka_unit_test(its_words_are_read_after_a_write_that_failed),
    };

    return cmocka_run_group_tests(tests, tls_case_open, tls_case_close);
}
