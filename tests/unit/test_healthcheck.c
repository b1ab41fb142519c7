/* SPDX-License-Identifier: MIT
 *
 * The health check against a server that gives one answer to one caller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/healthcheck.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/un.h>
#include <unistd.h>

struct server {
    int listener;
    const char *answer; /* NULL: closes without an answer */
    char heard[256];
    pthread_t thread;
    struct settings settings; /* with the server's address */
};

static void *server_serve(void *context)
{
    struct server *server = context;
    int fd = accept(server->listener, NULL, NULL);

    assert_true(fd >= 0);
    assert_true(recv(fd, server->heard, sizeof(server->heard) - 1, 0) >= 0);
    if (server->answer != NULL)
        assert_int_equal(send(fd, server->answer, strlen(server->answer), 0),
                         strlen(server->answer));
    close(fd);
    return NULL;
}

static void server_listen(struct server *server)
{
    struct sockaddr_in *address = (void *)&server->settings.listen;

    *server = (struct server){.settings = {.listen_length = sizeof(*address)}};
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (void *)address, sizeof(*address)), 0);
    assert_int_equal(listen(server->listener, 1), 0);
    assert_int_equal(
        getsockname(server->listener, (void *)address, &server->settings.listen_length), 0);
}

static void server_start(struct server *server, const char *answer)
{
    server_listen(server);
    server->answer = answer;
    assert_int_equal(pthread_create(&server->thread, NULL, server_serve, server), 0);
}

static void server_stop(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static void a_service_that_answers_200_is_healthy(void **state)
{
    (void)state;
    struct server server;
    struct error error = {0};
    server_start(&server, "HTTP/1.1 200 OK\r\n\r\n");

    bool healthy = healthcheck_run(&server.settings, &error);

    server_stop(&server);
    assert_string_equal(error.message, "");
    assert_true(healthy);
    assert_string_equal(server.heard,
                        "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

static void the_address_of_every_interface_is_asked_on_the_loopback(void **state)
{
    (void)state;
    struct server server;
    struct error error = {0};
    server_start(&server, "HTTP/1.1 200 OK\r\n\r\n");
    ((struct sockaddr_in *)(void *)&server.settings.listen)->sin_addr.s_addr = htonl(INADDR_ANY);

    bool healthy = healthcheck_run(&server.settings, &error);

    server_stop(&server);
    assert_true(healthy);
}

static void a_socket_with_a_path_is_asked(void **state)
{
    (void)state;
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct server server = {.answer = "HTTP/1.1 200 OK\r\n\r\n"};
    struct error error = {0};
    (void)snprintf(path.sun_path, sizeof(path.sun_path), "/tmp/sluice-health-%d", (int)getpid());
    memcpy(&server.settings.listen, &path, sizeof(path));
    server.settings.listen_length = sizeof(path);
    server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.listener, (void *)&path, sizeof(path)), 0);
    assert_int_equal(listen(server.listener, 1), 0);
    assert_int_equal(pthread_create(&server.thread, NULL, server_serve, &server), 0);

    bool healthy = healthcheck_run(&server.settings, &error);

    server_stop(&server);
    assert_string_equal(error.message, "");
    assert_true(healthy);
    assert_false(healthcheck_run(&server.settings, &error));
    assert_string_equal(error.message, "cannot connect: Connection refused");
    assert_int_equal(unlink(path.sun_path), 0);
    assert_false(healthcheck_run(&server.settings, &error));
    assert_string_equal(error.message, "cannot connect: No such file or directory");
}

static void any_other_answer_is_quoted(void **state)
{
    (void)state;
    struct server server;
    struct error error = {0};
    server_start(&server, "HTTP/1.1 503 Service Unavailable\r\n\r\n");

    bool healthy = healthcheck_run(&server.settings, &error);

    server_stop(&server);
    assert_false(healthy);
    assert_string_equal(error.message,
                        "the answer begins with \"HTTP/1.1 503 \", not \"HTTP/1.1 200 \"");
}

static void a_connection_that_ends_without_an_answer_is_unhealthy(void **state)
{
    (void)state;
    struct server server;
    struct error error = {0};
    server_start(&server, NULL);

    bool healthy = healthcheck_run(&server.settings, &error);

    server_stop(&server);
    assert_false(healthy);
    assert_string_equal(error.message, "the connection was closed without an answer");
}

static void nobody_listening_is_unhealthy(void **state)
{
    (void)state;
    struct server server;
    struct error error = {0};
    server_listen(&server);
    close(server.listener);

    bool healthy = healthcheck_run(&server.settings, &error);

    assert_false(healthy);
    assert_string_equal(error.message, "cannot connect: Connection refused");
}

static void with_tls_a_connection_is_enough(void **state)
{
    (void)state;
    struct server server;
    struct error error = {0};
    server_listen(&server);
    server.settings.tls_certificate = "-----BEGIN CERTIFICATE-----";

    bool healthy = healthcheck_run(&server.settings, &error);

    close(server.listener);
    assert_string_equal(error.message, "");
    assert_true(healthy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_that_answers_200_is_healthy),
        cmocka_unit_test(the_address_of_every_interface_is_asked_on_the_loopback),
        cmocka_unit_test(a_socket_with_a_path_is_asked),
        cmocka_unit_test(any_other_answer_is_quoted),
        cmocka_unit_test(a_connection_that_ends_without_an_answer_is_unhealthy),
        cmocka_unit_test(nobody_listening_is_unhealthy),
        cmocka_unit_test(with_tls_a_connection_is_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
