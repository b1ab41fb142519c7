/* SPDX-License-Identifier: MIT
 *
 * Where clients connect from. The machine itself has no limit. So this runs in its own network,
 * whose loopback has more addresses. Skipped if the kernel does not allow that. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SECONDS 20
#define EACH_MAX       8
#define GUESTS         40

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static const char cheap[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
static bool has_network;

static socklen_t parse(const char *text, int port, union address *address)
{
    *address = (union address){0};
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((in_port_t)port);
        return sizeof(address->v4);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &address->v6.sin6_addr), 1);
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons((in_port_t)port);
    return sizeof(address->v6);
}

/* Then all of 192.0.2.0/24 is on the loopback, because one of its addresses is. */
static bool add_ipv4(const char *text)
{
    struct ifreq request = {.ifr_name = "lo:1"};
    union address address;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)parse(text, 0, &address);
    memcpy(&request.ifr_addr, &address.v4, sizeof(address.v4));
    bool added = ioctl(fd, SIOCSIFADDR, &request) == 0;
    request = (struct ifreq){.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};
    added = added && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    (void)close(fd);
    return added;
}

static bool add_ipv6(const char *text)
{
    struct in6_ifreq request = {.ifr6_prefixlen = 128, .ifr6_ifindex = (int)if_nametoindex("lo")};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(inet_pton(AF_INET6, text, &request.ifr6_addr), 1);
    bool added = ioctl(fd, SIOCSIFADDR, &request) == 0;
    (void)close(fd);
    return added;
}

static void enter_network(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return;
    has_network = add_ipv4("192.0.2.1") && add_ipv6("2001:db8::1") && add_ipv6("2001:db8::2") &&
                  add_ipv6("2001:db8:0:1::1");
}

static int connect_from(const char *text, int port)
{
    union address address;
    socklen_t length = parse(text, 0, &address);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, &address.any, length), 0);
    (void)parse(text, port, &address);
    assert_int_equal(connect(fd, &address.any, length), 0);
    return fd;
}

static bool is_served(int fd)
{
    struct raw_reply reply;

    raw_send(fd, cheap, strlen(cheap));
    raw_receive(fd, ANSWER_SECONDS, &reply);
    assert_true(reply.status == 200 || reply.closed);
    return reply.status == 200;
}

static bool serves(const struct service *service, const char *from)
{
    int fd = connect_from(from, service_port(service));
    bool served = is_served(fd);

    (void)close(fd);
    return served;
}

/* Connects GUESTS clients from there. Returns how many were accepted; the others are refused. */
static size_t crowd_in(const struct service *service, const char *from, int guests[GUESTS])
{
    size_t served = 0;

    for (size_t i = 0; i < GUESTS; i++) {
        guests[served] = connect_from(from, service_port(service));
        if (is_served(guests[served]))
            served++;
        else
            (void)close(guests[served]);
    }
    return served;
}

static void leave(const int guests[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)close(guests[i]);
}

static struct service *start(const struct world *world, const char *const flags[])
{
    struct service_options options = world_options(world);

    options.flags = flags;
    return service_start(&options);
}

static const char *const limited[] = {
    "--listen", "[::]:0", "--workers", "2", "--connections-per-ip-max", "8", NULL};

static void an_address_has_no_more_connections_than_it_may_to_all_workers(void **state)
{
    int guests[GUESTS];
    if (!has_network)
        skip();
    struct service *service = start(*state, limited);

    size_t served = crowd_in(service, "192.0.2.1", guests);

    assert_int_equal(served, EACH_MAX);
    assert_true(serves(service, "192.0.2.2"));
    struct client *client = stranger_new(service);
    assert_non_null(strstr(client_get(client, "/metrics")->body,
                           "\nsluice_http_connections_refused_total 32\n"));
    WAIT_FOR (10, service_count_events(service, "too many connections of one address") >= 1)
        ;
    (void)close(guests[0]);
    WAIT_FOR (ANSWER_SECONDS, serves(service, "192.0.2.1"))
        ;
    leave(guests + 1, served - 1);
    client_free(client);
    service_stop(service);
}

static void a_network_of_one_site_counts_as_one_address(void **state)
{
    int guests[GUESTS];
    if (!has_network)
        skip();
    struct service *service = start(*state, limited);

    size_t served = crowd_in(service, "2001:db8::1", guests);

    assert_int_equal(served, EACH_MAX);
    assert_false(serves(service, "2001:db8::2"));
    assert_true(serves(service, "2001:db8:0:1::1"));
    leave(guests, served);
    service_stop(service);
}

static void the_machine_itself_and_trusted_proxies_have_no_limit(void **state)
{
    static const char *const flags[] = {"--listen",
                                        "[::]:0",
                                        "--connections-per-ip-max",
                                        "8",
                                        "--trusted-proxies",
                                        "192.0.2.0/24, 2001:db8::/64",
                                        NULL};
    static const char *const addresses[] = {"127.0.0.1", "127.0.0.2", "::1", "192.0.2.1",
                                            "2001:db8::1"};
    int guests[GUESTS];
    if (!has_network)
        skip();
    struct service *service = start(*state, flags);

    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        size_t served = crowd_in(service, addresses[i], guests);

        assert_int_equal(served, GUESTS);
        leave(guests, served);
    }
    size_t served = crowd_in(service, "2001:db8:0:1::1", guests);
    assert_int_equal(served, EACH_MAX);
    leave(guests, served);
    service_stop(service);
}

static void the_ipv6_address_of_every_interface_takes_ipv4_too(void **state)
{
    static const char *const flags[] = {"--listen", "[::]:0", "--metrics-listen", "[::]:0", NULL};
    struct service *service = start(*state, flags); /* uses 127.0.0.1 */

    assert_true(serves(service, "127.0.0.1"));
    if (has_network)
        assert_true(serves(service, "::1") && serves(service, "192.0.2.1"));
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_no_more_connections_than_it_may_to_all_workers),
        cmocka_unit_test(a_network_of_one_site_counts_as_one_address),
        cmocka_unit_test(the_machine_itself_and_trusted_proxies_have_no_limit),
        cmocka_unit_test(the_ipv6_address_of_every_interface_takes_ipv4_too),
    };

    enter_network();
    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
