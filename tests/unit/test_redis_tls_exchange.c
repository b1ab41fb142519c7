/* SPDX-License-Identifier: MIT
 *
 * What a session hears of a server that speaks TLS, hangs in the middle, or does not speak it. */
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "redis/redis_tls.h"
#include "session_case.h"
#include "support/impostor.h"
#include "tls_case.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

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
    assert_false(session_run(session, "INCR", "counter", NULL, error));
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
    assert_true(session_run(session, "INCR", "counter", NULL, &error));

    redis_server_pause(tls_open_server);
    const bool is_answered = session_run(session, "INCR", "counter", NULL, &error);
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

    assert_string_equal(tls_case_ping_with(tls_open_server, &right), "");
    assert_string_not_equal(tls_case_ping_with(tls_open_server, &wrong), "");

    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_without_tls_is_told),
        cmocka_unit_test(a_handshake_that_stops_is_given_up),
        cmocka_unit_test(a_long_reply_comes_whole),
        cmocka_unit_test(a_hung_server_costs_one_timeout),
        cmocka_unit_test(no_descriptor_is_left_of_a_connection),
    };

    return cmocka_run_group_tests(tests, tls_case_open, tls_case_close);
}
