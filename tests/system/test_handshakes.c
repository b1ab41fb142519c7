/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes that are never completed, and many of them at once. */
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/hello.h"
#include "support/https_files.h"
#include "support/raw.h"
#include "support/wait.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS  20
#define CROWD_ADDRESS "127.0.1.1" /* where no test listens: a client takes its port for itself */
#define HALF_SHAKES   64
#define CROWD         256
#define CROWD_FIRST   (CROWD / 4) /* as many are seen before a newcomer at most */
#define LONG_ONES     16
#define RECORD_HEAD   5
#define PIECE         4              /* bytes in a record */
#define PIECES        ((size_t)1024) /* more than a handshake may have */

/* The first 16 bytes of a message that is as long as it says. */
static const char half_a_handshake[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03randomness";

/* Each few bytes of the message get a record of their own. */
static size_t cut_to_pieces(char pieces[], const char *message, size_t length)
{
    static const char head[RECORD_HEAD] = "\x16\x03\x01\x00";
    char *end = pieces;

    for (size_t i = 0; i < length; i += PIECE) {
        const size_t count = length - i < PIECE ? length - i : PIECE;

        memcpy(end, head, RECORD_HEAD);
        end[RECORD_HEAD - 1] = (char)count;
        memcpy(end + RECORD_HEAD, message + i, count);
        end += RECORD_HEAD + count;
    }
    return (size_t)(end - pieces);
}

/* The beginning of a message of 64 KiB. */
static const char *endless_pieces(void)
{
    static char pieces[PIECES * (RECORD_HEAD + PIECE)];
    char message[PIECES * PIECE] = "\x01\x01\x00\x00";

    ASSERT(cut_to_pieces(pieces, message, sizeof(message)) == sizeof(pieces));
    return pieces;
}

static double cpu_seconds(struct client *client)
{
    return scrape_figure(client, "process_cpu_seconds_total", "");
}

static bool handshakes_are(struct client *client, const char *which, const char *labels, int count)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "sluice_tls_handshakes_%s", which);
    return (int)scrape_figure(client, name, labels) == count;
}

/* Whoever tries again and again what cannot go on uses a whole core. */
static void a_handshake_that_is_not_completed_costs_nothing_and_is_let_go(void **state)
{
    struct https_files files = {0};
    int fds[HALF_SHAKES];
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    https_files_add_flag(&files, "--request-timeout-s", "2");
    struct service *service = https_files_serve(*state, &files);
    struct client *client = stranger_new(service);
    double before = cpu_seconds(client);

    for (int i = 0; i < HALF_SHAKES; i++) {
        fds[i] = raw_connect(service_port(service));
        raw_send(fds[i], half_a_handshake, i % 2 == 0 ? sizeof(half_a_handshake) - 1 : 0);
    }
    EXPECT(client_get(client, "/livez"), 200, NULL);
    for (int i = 0; i < HALF_SHAKES; i++) {
        struct raw_reply reply;

        raw_receive(fds[i], WAIT_SECONDS, &reply);
        assert_true(reply.closed);
        (void)close(fds[i]);
    }

    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "total", "result=\"failed\"", HALF_SHAKES))
        ;
    assert_true(handshakes_are(client, "in_progress", "", 0));
    assert_true(cpu_seconds(client) - before < 1);
    client_free(client);
    service_stop(service);
}

static void a_service_ends_in_the_middle_of_handshakes(void **state)
{
    struct https_files files = {0};
    int fds[HALF_SHAKES];
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = https_files_serve(*state, &files);
    struct client *client = stranger_new(service);

    for (int i = 0; i < HALF_SHAKES; i++) {
        fds[i] = raw_connect(service_port(service));
        raw_send(fds[i], half_a_handshake, sizeof(half_a_handshake) - 1);
    }
    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "in_progress", "", HALF_SHAKES))
        ;
    client_free(client);

    service_stop(service);
    for (int i = 0; i < HALF_SHAKES; i++)
        (void)close(fds[i]);
}

/* They are far more than go on in one turn, and as long as none of them says more nothing happens
 * that would bring another turn. */
static void each_of_many_at_once_has_its_turn(void **state)
{
    struct https_files files = {0};
    struct hello hello = {0};
    int fds[HALF_SHAKES];
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = https_files_serve(*state, &files);
    hello_make(&hello);

    for (int i = 0; i < HALF_SHAKES; i++)
        fds[i] = raw_connect(service_port(service));
    for (int i = 0; i < HALF_SHAKES; i++)
        raw_send(fds[i], hello.bytes, hello.length);

    for (int i = 0; i < HALF_SHAKES; i++) {
        struct pollfd readable = {.fd = fds[i], .events = POLLIN};
        char first;

        assert_int_equal(poll(&readable, 1, WAIT_SECONDS * 1000), 1);
        assert_int_equal(recv(fds[i], &first, 1, 0), 1);
        assert_int_equal(first, half_a_handshake[0]);
    }
    for (int i = 0; i < HALF_SHAKES; i++)
        (void)close(fds[i]);
    service_stop(service);
}

/* To how many of the others one of the events happens before it happens to this one: a set tells
 * them in this order. */
static int count_before(int last, const int others[], int count, unsigned events)
{
    const int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = events | EPOLLONESHOT};
    int before = 0;

    assert_true(set >= 0);
    for (int i = 0; i < count; i++) {
        event.data.fd = others[i];
        assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, others[i], &event), 0);
    }
    event.data.fd = last;
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, last, &event), 0);
    do {
        assert_int_equal(epoll_wait(set, &event, 1, WAIT_SECONDS * 1000), 1);
        before += event.data.fd != last;
    } while (event.data.fd != last);
    (void)close(set);
    return before;
}

/* All hellos are there before the service sees the first of them. */
static void a_newcomer_does_not_wait_for_the_crowd_of_another_address(void **state)
{
    struct https_files files = {0};
    struct hello hello;
    int crowd[CROWD];
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    https_files_add_flag(&files, "--workers", "1");
    struct service *service = https_files_serve(*state, &files);
    struct client *client = stranger_new(service);
    hello_make(&hello);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = raw_connect_from(CROWD_ADDRESS, service_port(service));
    int newcomer = raw_connect(service_port(service));
    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "in_progress", "", CROWD + 1))
        ;

    service_pause(service);
    for (int i = 0; i < CROWD; i++)
        raw_send(crowd[i], hello.bytes, hello.length);
    raw_send(newcomer, hello.bytes, hello.length);
    service_continue(service);

    assert_in_range(count_before(newcomer, crowd, CROWD, EPOLLIN), 0, CROWD_FIRST);
    for (int i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    (void)close(newcomer);
    client_free(client);
    service_stop(service);
}

static void a_hello_in_small_pieces_is_answered(void **state)
{
    struct https_files files = {0};
    struct hello hello;
    char pieces[sizeof(hello.bytes) * (RECORD_HEAD + 1)];
    char first;
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = https_files_serve(*state, &files);
    int fd = raw_connect(service_port(service));
    hello_make(&hello);
    const size_t length =
        cut_to_pieces(pieces, hello.bytes + RECORD_HEAD, hello.length - RECORD_HEAD);

    raw_send(fd, pieces, length);

    assert_int_equal(recv(fd, &first, 1, 0), 1);
    assert_int_equal(first, half_a_handshake[0]);
    (void)close(fd);
    service_stop(service);
}

/* It is not let go only because its time is over. */
static void a_handshake_that_is_too_long_is_let_go(void **state)
{
    struct https_files files = {0};
    struct raw_reply reply;
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    https_files_add_flag(&files, "--request-timeout-s", "300");
    struct service *service = https_files_serve(*state, &files);
    struct client *client = stranger_new(service);
    int fd = raw_connect(service_port(service));

    raw_send(fd, endless_pieces(), PIECES * (RECORD_HEAD + PIECE));
    raw_receive(fd, WAIT_SECONDS, &reply);

    assert_true(reply.closed);
    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "total", "result=\"failed\"", 1))
        ;
    assert_true(handshakes_are(client, "in_progress", "", 0));
    (void)close(fd);
    client_free(client);
    service_stop(service);
}

/* Each sends the same, and all of it is there before the service sees the first byte. */
static void assert_addresses_take_turns(struct world *world, const char *bytes, size_t count)
{
    struct https_files files = {0};
    int crowd[LONG_ONES];
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    https_files_add_flag(&files, "--workers", "1");
    struct service *service = https_files_serve(world, &files);
    struct client *client = stranger_new(service);
    for (int i = 0; i < LONG_ONES; i++)
        crowd[i] = raw_connect_from(CROWD_ADDRESS, service_port(service));
    int newcomer = raw_connect(service_port(service));
    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "in_progress", "", LONG_ONES + 1))
        ;

    service_pause(service);
    for (int i = 0; i < LONG_ONES; i++)
        raw_send(crowd[i], bytes, count);
    raw_send(newcomer, bytes, count);
    service_continue(service);

    assert_int_equal(count_before(newcomer, crowd, LONG_ONES, EPOLLRDHUP), 0);
    for (int i = 0; i < LONG_ONES; i++)
        (void)close(crowd[i]);
    (void)close(newcomer);
    client_free(client);
    service_stop(service);
}

/* In each turn of the loop, GnuTLS reads one piece of a message that is not complete. */
static void long_hellos_take_turns_by_address(void **state)
{
    assert_addresses_take_turns(*state, endless_pieces(), PIECES * (RECORD_HEAD + PIECE));
}

/* GnuTLS reads on and on as long as it gets records that mean nothing. */
static void empty_words_after_a_hello_take_turns_by_address(void **state)
{
    static const char change_of_cipher[] = {0x14, 3, 3, 0, 1, 1};
    static char bytes[sizeof(struct hello) + PIECES * sizeof(change_of_cipher)];
    struct hello hello;

    hello_make(&hello);
    memcpy(bytes, hello.bytes, hello.length);
    for (size_t i = 0; i < PIECES; i++)
        memcpy(bytes + hello.length + i * sizeof(change_of_cipher), change_of_cipher,
               sizeof(change_of_cipher));

    assert_addresses_take_turns(*state, bytes, hello.length + PIECES * sizeof(change_of_cipher));
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_that_is_not_completed_costs_nothing_and_is_let_go),
        cmocka_unit_test(a_service_ends_in_the_middle_of_handshakes),
        cmocka_unit_test(each_of_many_at_once_has_its_turn),
        cmocka_unit_test(a_newcomer_does_not_wait_for_the_crowd_of_another_address),
        cmocka_unit_test(a_hello_in_small_pieces_is_answered),
        cmocka_unit_test(a_handshake_that_is_too_long_is_let_go),
        cmocka_unit_test(long_hellos_take_turns_by_address),
        cmocka_unit_test(empty_words_after_a_hello_take_turns_by_address),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
