/* SPDX-License-Identifier: MIT */
#include "support/fault_proxy.h"

#include "base/clock.h"
#include "support/cmocka.h"
#include "support/wait.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define DELAY_MS     50
#define SEED         7

static int listening; /* the server's */
static int server;    /* the server's end of the newest connection; -1: none */
static int client;
static struct fault_proxy *proxy;

static int listen_anywhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void connect_client(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        .sin_port = htons((in_port_t)fault_proxy_port(proxy))};

    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static bool server_has_accepted(void)
{
    server = accept(listening, NULL, NULL);
    return server >= 0;
}

static void connect_both(void)
{
    connect_client();
    WAIT_FOR (WAIT_SECONDS, server_has_accepted())
        ;
}

/* Reads once. Returns the number of bytes, 0 at the end, -1 when nothing has come yet or the
 * connection is broken. */
static ssize_t read_now(int fd, char bytes[static 64])
{
    return recv(fd, bytes, 64, MSG_DONTWAIT);
}

static bool has_come(int fd, const char *words)
{
    char bytes[64] = "";
    const size_t length = strlen(words);

    return recv(fd, bytes, length, MSG_DONTWAIT | MSG_PEEK) == (ssize_t)length &&
           memcmp(bytes, words, length) == 0 && recv(fd, bytes, length, 0) == (ssize_t)length;
}

static void say(int fd, const char *words)
{
    assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL), strlen(words));
}

static bool is_broken(int fd)
{
    char bytes[64];
    const ssize_t length = read_now(fd, bytes);

    return length == 0 || (length < 0 && errno == ECONNRESET);
}

static void it_passes_on_what_both_say_and_that_one_has_ended(void **state)
{
    (void)state;
    connect_both();

    say(client, "question");
    WAIT_FOR (WAIT_SECONDS, has_come(server, "question"))
        ;
    say(server, "answer");
    WAIT_FOR (WAIT_SECONDS, has_come(client, "answer"))
        ;
    assert_int_equal(shutdown(server, SHUT_WR), 0);

    WAIT_FOR (WAIT_SECONDS, is_broken(client))
        ;
}

static void an_answer_that_is_delayed_comes_no_earlier(void **state)
{
    (void)state;
    fault_proxy_set(proxy, FAULT_PROXY_DELAY, DELAY_MS);
    connect_both();

    const int64_t said_us = clock_monotonic_us();
    say(server, "answer");
    WAIT_FOR (WAIT_SECONDS, has_come(client, "answer"))
        ;

    assert_true(clock_monotonic_us() - said_us >= DELAY_MS * 1000);
}

static void what_hung_comes_when_it_goes_on(void **state)
{
    char bytes[64];
    (void)state;
    connect_both();
    say(client, "before");
    WAIT_FOR (WAIT_SECONDS, has_come(server, "before"))
        ;
    fault_proxy_set(proxy, FAULT_PROXY_HANG, 0);

    say(server, "answer");
    const ssize_t meanwhile = read_now(client, bytes);
    fault_proxy_set(proxy, FAULT_PROXY_PASS, 0);

    assert_int_equal(meanwhile, -1);
    WAIT_FOR (WAIT_SECONDS, has_come(client, "answer"))
        ;
}

static void a_reset_ends_connections_old_and_new(void **state)
{
    (void)state;
    connect_both();

    fault_proxy_set(proxy, FAULT_PROXY_RESET, 0);

    WAIT_FOR (WAIT_SECONDS, is_broken(client))
        ;
    (void)close(client);
    connect_client();
    WAIT_FOR (WAIT_SECONDS, is_broken(client))
        ;
}

static void what_connects_to_a_mute_proxy_is_never_answered(void **state)
{
    char bytes[64];
    (void)state;
    connect_both();
    fault_proxy_set(proxy, FAULT_PROXY_MUTE, 0);
    WAIT_FOR (WAIT_SECONDS, is_broken(client))
        ;
    (void)close(client);
    connect_client();
    say(client, "question");
    const int first = client;

    fault_proxy_set(proxy, FAULT_PROXY_PASS, 0);
    (void)close(server);
    connect_both();
    say(client, "question");
    WAIT_FOR (WAIT_SECONDS, has_come(server, "question"))
        ;

    assert_int_equal(read_now(first, bytes), -1);
    assert_int_equal(errno, EAGAIN);
    (void)close(first);
}

/* Only a fast reader sees single bytes. */
static void answers_that_come_byte_by_byte_come_whole(void **state)
{
    (void)state;
    fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, 0);
    connect_both();

    say(server, "0123456789");

    WAIT_FOR (WAIT_SECONDS, has_come(client, "0123456789"))
        ;
}

static void bytes_that_are_delayed_come_one_by_one(void **state)
{
    (void)state;
    fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, DELAY_MS);
    connect_both();

    const int64_t said_us = clock_monotonic_us();
    say(server, "0123");
    WAIT_FOR (WAIT_SECONDS, has_come(client, "0123"))
        ;

    assert_true(clock_monotonic_us() - said_us >= 3 * DELAY_MS * 1000);
}

static void a_long_answer_comes_piece_by_piece(void **state)
{
    static char answer[3 * 4096];
    size_t come = 0;
    (void)state;
    fault_proxy_set(proxy, FAULT_PROXY_SLOW, DELAY_MS);
    connect_both();

    const int64_t said_us = clock_monotonic_us();
    assert_int_equal(send(server, answer, sizeof(answer), MSG_NOSIGNAL), sizeof(answer));
    WAIT_FOR (WAIT_SECONDS, come == sizeof(answer)) {
        char bytes[64];
        ssize_t length;

        while ((length = read_now(client, bytes)) > 0)
            come += (size_t)length;
    }

    assert_true(clock_monotonic_us() - said_us >= 2 * DELAY_MS * 1000);
}

static void answers_come_together(void **state)
{
    (void)state;
    fault_proxy_set(proxy, FAULT_PROXY_COALESCE, DELAY_MS);
    connect_both();

    say(server, "one ");
    say(server, "two ");

    WAIT_FOR (WAIT_SECONDS, has_come(client, "one two "))
        ;
}

static void an_answer_is_damaged_before_long(void **state)
{
    char bytes[64];
    bool is_damaged = false;
    (void)state;
    fault_proxy_set(proxy, FAULT_PROXY_CORRUPT, 0);
    connect_both();

    WAIT_FOR (WAIT_SECONDS, is_damaged) {
        say(server, "*1\r\n:5\r\n");
        const ssize_t length = read_now(client, bytes);
        is_damaged = length > 0 && (length % 8 != 0 || memcmp(bytes, "*1\r\n:5\r\n", 8) != 0);
    }
}

static int begin_test(void **state)
{
    struct fault_proxy_options options = {.seed = SEED};

    (void)state;
    listening = listen_anywhere(&options.port);
    server = -1;
    client = -1;
    proxy = fault_proxy_start(&options);
    return 0;
}

static int end_test(void **state)
{
    (void)state;
    fault_proxy_stop(proxy);
    (void)close(client);
    if (server >= 0)
        (void)close(server);
    (void)close(listening);
    return 0;
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_passes_on_what_both_say_and_that_one_has_ended),
        TEST(an_answer_that_is_delayed_comes_no_earlier),
        TEST(what_hung_comes_when_it_goes_on),
        TEST(a_reset_ends_connections_old_and_new),
        TEST(what_connects_to_a_mute_proxy_is_never_answered),
        TEST(answers_that_come_byte_by_byte_come_whole),
        TEST(bytes_that_are_delayed_come_one_by_one),
        TEST(a_long_answer_comes_piece_by_piece),
        TEST(answers_come_together),
        TEST(an_answer_is_damaged_before_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
