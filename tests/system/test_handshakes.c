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

#define WAIT_SECONDS 20
#define HALF_SHAKES  64
#define CROWD        256
#define CROWD_FIRST  (CROWD / 4) /* as many are seen before a newcomer at most */

/* The first 16 bytes of a message that is as long as it says. */
static const char half_a_handshake[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03randomness";

static double figure(struct client *client, const char *name, const char *labels)
{
    static struct scrape scrape;

    scrape_read(&scrape, client);
    return scrape_value(&scrape, name, labels);
}

static double cpu_seconds(struct client *client)
{
    return figure(client, "process_cpu_seconds_total", "");
}

static bool handshakes_are(struct client *client, const char *which, const char *labels, int count)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "sluice_tls_handshakes_%s", which);
    return (int)figure(client, name, labels) == count;
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

/* How many of the others are answered before this one: a set tells them in the order in which they
 * became readable. */
static int count_answered_before(int last, const int others[], int count)
{
    const int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
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
        crowd[i] = raw_connect_from("127.0.0.2", service_port(service));
    int newcomer = raw_connect(service_port(service));
    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "in_progress", "", CROWD + 1))
        ;

    service_pause(service);
    for (int i = 0; i < CROWD; i++)
        raw_send(crowd[i], hello.bytes, hello.length);
    raw_send(newcomer, hello.bytes, hello.length);
    service_continue(service);

    assert_in_range(count_answered_before(newcomer, crowd, CROWD), 0, CROWD_FIRST);
    for (int i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    (void)close(newcomer);
    client_free(client);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_that_is_not_completed_costs_nothing_and_is_let_go),
        cmocka_unit_test(a_service_ends_in_the_middle_of_handshakes),
        cmocka_unit_test(each_of_many_at_once_has_its_turn),
        cmocka_unit_test(a_newcomer_does_not_wait_for_the_crowd_of_another_address),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
