/* SPDX-License-Identifier: MIT
 *
 * Which servers a session believes, and what it says when it does not. */
#include "redis/redis_tls.h"

#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/redis_group.h"
#include "tls_case.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOT_ACCEPTED "redis: the server's certificate is not accepted: "

/* What a ping with these options says. */
static const char *ping(struct redis_server *where, const struct redis_tls_options *options)
{
    struct redis_tls *tls = tls_case_new(options);
    const char *said = tls_case_ping(tls, redis_server_tcp_url(where));

    redis_tls_free(tls);
    return said;
}

static void a_server_of_the_right_authority_and_address_is_believed(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    (void)state;

    assert_string_equal(ping(tls_open_server, &options), "");
}

static void one_of_several_authorities_is_enough(void **state)
{
    char both[16384];
    (void)state;
    (void)snprintf(both, sizeof(both), "%s%s", tls_stranger.pem, tls_authority.pem);
    const struct redis_tls_options options = {.authorities = both};

    assert_string_equal(ping(tls_open_server, &options), "");
}

static void a_server_of_an_unknown_authority_is_refused(void **state)
{
    const struct redis_tls_options options = {.authorities = tls_stranger.pem};
    (void)state;

    const char *said = ping(tls_open_server, &options);

    assert_ptr_equal(strstr(said, NOT_ACCEPTED), said);
}

static void a_server_with_another_name_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *said;
    } others[] = {{"other.example", NOT_ACCEPTED "hostname mismatch"},
                  {"example", NOT_ACCEPTED "hostname mismatch"},
                  {"127.0.0.2", NOT_ACCEPTED "IP address mismatch"}};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct redis_tls_options options = tls_case_options();

        options.server_name = others[i].name;
        assert_string_equal(ping(tls_open_server, &options), others[i].said);
    }
}

static void a_name_that_is_given_replaces_the_host(void **state)
{
    static const char *const names[] = {TLS_CASE_NAME, TLS_CASE_NAME ".", "127.0.0.1"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct redis_tls_options options = tls_case_options();

        options.server_name = names[i];
        assert_string_equal(ping(tls_open_server, &options), "");
    }
}

static void without_a_name_nothing_is_believed(void **state)
{
    static const char *const names[] = {"", "."};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct redis_tls_options options = tls_case_options();

        options.server_name = names[i];
        assert_non_null(strstr(ping(tls_open_server, &options), "is no name"));
    }
}

static void a_certificate_of_ours_is_shown_to_a_server_that_demands_it(void **state)
{
    struct redis_tls_options options = tls_case_options();
    (void)state;
    options.certificate = tls_client.pem;
    options.key = tls_client.key;

    assert_string_equal(ping(tls_strict_server, &options), "");
}

static void without_it_the_server_says_what_it_demands(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    (void)state;

    assert_string_equal(ping(tls_strict_server, &options),
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
    assert_string_equal(tls_case_ping(tls, url), NOT_ACCEPTED "hostname mismatch");

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

static bool ask(struct redis_session *session, const char *command, const char *key,
                struct error *error)
{
    const char *argv[] = {command, key};
    const size_t lengths[] = {strlen(command), strlen(key)};
    redisReply *reply = redis_session_command(session, error, 2, argv, lengths);
    const bool is_answered = reply != NULL;

    freeReplyObject(reply);
    return is_answered;
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
    assert_true(ask(session, "INCR", "counter", &error));

    assert_true(redis_tls_renew(tls, &other, &error));

    assert_true(ask(session, "INCR", "counter", &error));
    redis_session_free(session);
    redis_tls_free(tls);
    redis_dialer_free(dialer);
}

static void what_is_no_pem_is_refused(void **state)
{
    char cut[16384];
    (void)state;
    (void)snprintf(cut, sizeof(cut), "%s%.*s", tls_authority.pem, (int)strlen(tls_stranger.pem) / 2,
                   tls_stranger.pem);
    const struct redis_tls_options wrong[] = {
        {.authorities = ""},
        {.authorities = "no certificate"},
        {.authorities = cut},
        {.authorities = tls_authority.key},
        {.authorities = tls_authority.pem, .certificate = "", .key = tls_client.key},
        {.authorities = tls_authority.pem, .certificate = cut, .key = tls_client.key},
        {.authorities = tls_authority.pem, .certificate = tls_client.pem, .key = ""},
        {.authorities = tls_authority.pem, .certificate = tls_client.pem, .key = tls_client.pem},
    };

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct error error = {0};

        assert_null(redis_tls_new(&wrong[i], &error));
        assert_string_not_equal(error.message, "");
    }
}

static void the_key_of_another_certificate_is_refused(void **state)
{
    struct redis_tls_options options = tls_case_options();
    struct error error = {0};
    (void)state;
    options.certificate = tls_client.pem;
    options.key = tls_stranger.key;

    assert_null(redis_tls_new(&options, &error));

    assert_non_null(strstr(error.message, "the key is not that of the certificate"));
}

/* A server that says `words`, and then says `drip` again and again until the client leaves. */
struct speaker {
    struct impostor impostor;
    const char *words;
    size_t length;
    bool drips;
};

static void *speak(void *context)
{
    const struct speaker *speaker = context;
    struct pollfd incoming = {.fd = speaker->impostor.listening, .events = POLLIN};

    while (poll(&incoming, 1, -1) < 0)
        ;
    struct pollfd client = {.fd = accept(speaker->impostor.listening, NULL, NULL),
                            .events = POLLRDHUP};
    ssize_t sent = send(client.fd, speaker->words, speaker->length, MSG_NOSIGNAL);
    while (sent >= 0 && poll(&client, 1, speaker->drips ? 10 : -1) == 0)
        sent = send(client.fd, "", 1, MSG_NOSIGNAL);
    (void)close(client.fd);
    return NULL;
}

/* What a session with such a server says. */
static void listen_to(struct speaker *speaker, struct error *error)
{
    const struct redis_tls_options options = tls_case_options();
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_tls *tls = tls_case_new(&options);
    pthread_t thread;

    impostor_open(&speaker->impostor);
    impostor_listen(&speaker->impostor);
    struct redis_session *session =
        tls_case_session(dialer, tls, speaker->impostor.url, TLS_CASE_TIMEOUT_MS);
    assert_int_equal(pthread_create(&thread, NULL, speak, speaker), 0);
    assert_false(ask(session, "INCR", "counter", error));
    redis_session_free(session);
    assert_int_equal(pthread_join(thread, NULL), 0);
    impostor_close(&speaker->impostor);
    redis_tls_free(tls);
    redis_dialer_free(dialer);
}

static void a_server_without_tls_is_told(void **state)
{
    static const char words[] = "-ERR unknown command\r\n";
    struct speaker speaker = {.words = words, .length = strlen(words)};
    struct error error = {0};
    (void)state;

    listen_to(&speaker, &error);

    assert_string_equal(error.message, "redis: the server there does not speak TLS");
}

static void a_handshake_that_stops_is_given_up(void **state)
{
    /* The head of a record of 16 KB, of which a byte comes now and then. */
    static const char head[] = {0x16, 3, 3, 0x40, 0};
    struct speaker speakers[] = {
        {.words = ""},
        {.words = head, .length = sizeof(head)},
        {.words = head, .length = sizeof(head), .drips = true},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(speakers); i++) {
        struct error error = {0};

        listen_to(&speakers[i], &error);

        assert_string_equal(error.message, "redis: no TLS handshake within 300 ms");
    }
}

static void a_long_reply_comes_whole(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_tls *tls = tls_case_new(&options);
    struct redis_session *session =
        tls_case_session(dialer, tls, redis_server_tcp_url(tls_open_server), 10000);
    static char value[1024 * 1024 + 1];
    const char *argv[] = {"ECHO", value};
    struct error error = {0};
    (void)state;
    memset(value, 'x', sizeof(value) - 1);

    redisReply *reply =
        redis_session_command(session, &error, 2, argv, (size_t[]){4, sizeof(value) - 1});

    assert_non_null(reply);
    assert_int_equal(reply->len, sizeof(value) - 1);
    assert_memory_equal(reply->str, value, sizeof(value) - 1);
    freeReplyObject(reply);
    redis_session_free(session);
    redis_tls_free(tls);
    redis_dialer_free(dialer);
}

static void a_hung_server_costs_one_timeout(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_tls *tls = tls_case_new(&options);
    struct redis_session *session =
        tls_case_session(dialer, tls, redis_server_tcp_url(tls_open_server), TLS_CASE_TIMEOUT_MS);
    struct error error = {0};
    (void)state;
    assert_true(ask(session, "INCR", "counter", &error));

    redis_server_pause(tls_open_server);
    const bool is_answered = ask(session, "INCR", "counter", &error);
    redis_server_continue(tls_open_server);

    assert_false(is_answered);
    assert_string_equal(error.message, "redis: no answer within 300 ms");
    redis_session_free(session);
    redis_tls_free(tls);
    redis_dialer_free(dialer);
}

static size_t open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    (void)closedir(directory);
    return count;
}

static void no_descriptor_is_left_of_a_connection(void **state)
{
    const struct redis_tls_options right = tls_case_options();
    const struct redis_tls_options wrong = {.authorities = tls_stranger.pem};
    const size_t before = open_descriptors();
    (void)state;

    assert_string_equal(ping(tls_open_server, &right), "");
    assert_string_not_equal(ping(tls_open_server, &wrong), "");

    assert_int_equal(open_descriptors(), before);
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

        visitor->has_failed |= !ask(session, "INCR", "counter", &error);
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
        cmocka_unit_test(a_server_of_the_right_authority_and_address_is_believed),
        cmocka_unit_test(one_of_several_authorities_is_enough),
        cmocka_unit_test(a_server_of_an_unknown_authority_is_refused),
        cmocka_unit_test(a_server_with_another_name_is_refused),
        cmocka_unit_test(a_name_that_is_given_replaces_the_host),
        cmocka_unit_test(without_a_name_nothing_is_believed),
        cmocka_unit_test(a_certificate_of_ours_is_shown_to_a_server_that_demands_it),
        cmocka_unit_test(without_it_the_server_says_what_it_demands),
        cmocka_unit_test(its_words_are_read_after_a_write_that_failed),
        cmocka_unit_test(what_is_renewed_counts_for_the_next_connection),
        cmocka_unit_test(a_renewal_that_fails_changes_nothing),
        cmocka_unit_test(a_connection_keeps_what_it_began_with),
        cmocka_unit_test(what_is_no_pem_is_refused),
        cmocka_unit_test(the_key_of_another_certificate_is_refused),
        cmocka_unit_test(a_server_without_tls_is_told),
        cmocka_unit_test(a_handshake_that_stops_is_given_up),
        cmocka_unit_test(a_long_reply_comes_whole),
        cmocka_unit_test(a_hung_server_costs_one_timeout),
        cmocka_unit_test(no_descriptor_is_left_of_a_connection),
        cmocka_unit_test(threads_connect_while_it_is_renewed),
    };

    return cmocka_run_group_tests(tests, tls_case_open, tls_case_close);
}
