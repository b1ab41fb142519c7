/* SPDX-License-Identifier: MIT */
#include "base/ip_address.h"

#include "support/cmocka.h"

#include <netinet/in.h>
#include <sys/un.h>

static struct ip_address parse(const char *text)
{
    struct ip_address address;

    if (!ip_address_parse(text_of(text), &address))
        fail_msg("\"%s\" was refused", text);
    return address;
}

static bool same(struct ip_address a, struct ip_address b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static void assert_site(const char *text, const char *expected)
{
    struct ip_address address = parse(text);
    char site[IP_ADDRESS_SITE_BYTES];

    ip_address_write_site(&address, site);

    assert_string_equal(site, expected);
}

static void an_address_has_one_form(void **state)
{
    (void)state;

    assert_true(same(parse("2001:DB8:0:0::1"), parse("2001:db8::1")));
    assert_true(same(parse("::ffff:192.0.2.7"), parse("192.0.2.7")));
    assert_true(same(parse("::FFFF:C000:0207"), parse("192.0.2.7")));
    assert_false(same(parse("::192.0.2.7"), parse("192.0.2.7")));
}

static void ipv4_behind_nat64_is_that_ipv4(void **state)
{
    (void)state;

    assert_true(same(parse("64:ff9b::192.0.2.7"), parse("192.0.2.7")));
    assert_true(same(parse("0064:FF9B:0:0:0:0:C000:0207"), parse("192.0.2.7")));
    assert_true(same(parse("64:ff9b:1::192.0.2.7"), parse("192.0.2.7")));
    assert_true(same(parse("64:ff9b:1:2:3:4:192.0.2.7"), parse("192.0.2.7")));
    assert_true(same(parse("64:ff9b:1:ffff:ffff:ffff:255.255.255.255"), parse("255.255.255.255")));
    assert_true(same(parse("64:ff9b::"), parse("0.0.0.0")));
}

static void addresses_beside_the_nat64_prefix_are_ipv6(void **state)
{
    (void)state;

    assert_site("64:ff9b:0:0:0:1:192.0.2.7", "64:ff9b::/64");
    assert_site("64:ff9b:0:0:8000::192.0.2.7", "64:ff9b::/64");
    assert_site("64:ff9b:2::192.0.2.7", "64:ff9b:2::/64");
    assert_site("64:ff9a::192.0.2.7", "64:ff9a::/64");
    assert_site("64:ff9a:1::192.0.2.7", "64:ff9a:1::/64");
    assert_site("65:ff9b::192.0.2.7", "65:ff9b::/64");
}

static void what_is_no_address_leaves_it_alone(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "192.0.2",
                                        "192.0.2.256",
                                        "192.0.2.1 ",
                                        "192.0.2.1:80",
                                        "[::1]",
                                        "fe80::1%eth0",
                                        "2001:db8::/64",
                                        "::ffff:1.2.3",
                                        "1:2:3:4:5:6:7:8:9",
                                        "0000000000000000000000000000000000000000000000000001"};
    struct ip_address kept = parse("192.0.2.7");
    struct ip_address address = kept;
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_false(ip_address_parse(text_of(texts[i]), &address));
    assert_false(ip_address_parse(TEXT("192.0.2.1\0"), &address));

    assert_true(same(address, kept));
}

static void a_socket_has_its_peers_address(void **state)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000207)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in6 nat64 = {
        .sin6_family = AF_INET6,
        .sin6_addr.s6_addr = {0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 7},
    };
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/a/unix/socket"};
    (void)state;

    assert_true(same(ip_address_of_socket((const struct sockaddr *)&ipv4), parse("192.0.2.7")));
    assert_true(same(ip_address_of_socket((const struct sockaddr *)&ipv6), parse("::1")));
    assert_true(same(ip_address_of_socket((const struct sockaddr *)&nat64), parse("192.0.2.7")));
    assert_true(same(ip_address_of_socket((const struct sockaddr *)&local), parse("::")));
}

static void the_site_of_ipv4_is_the_address(void **state)
{
    (void)state;

    assert_site("192.0.2.7", "192.0.2.7");
    assert_site("255.255.255.255", "255.255.255.255");
    assert_site("::ffff:192.0.2.7", "192.0.2.7");
    assert_site("64:ff9b::192.0.2.7", "192.0.2.7");
}

static void the_site_of_ipv6_is_its_first_half(void **state)
{
    (void)state;

    assert_site("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
    assert_site("2001:db8:0:1::", "2001:db8:0:1::/64");
    assert_site("::1", "::/64");
    assert_site("ffff:ffff:ffff:ffff:1::", "ffff:ffff:ffff:ffff::/64");
    assert_site("1:2:3:0:ffff:ffff:255.255.255.255", "1:2:3::/64");
}

static void a_site_is_its_own(void **state)
{
    static const char *const texts[] = {"192.0.2.7", "2001:db8:1:2:3:4:5:6", "::1", "::"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct ip_address address = parse(texts[i]);
        struct ip_address site = ip_address_site(&address);

        assert_true(same(ip_address_site(&site), site));
    }
    struct ip_address one = parse("2001:db8:1:2::3");
    struct ip_address neighbour = parse("2001:db8:1:2:ffff::");
    struct ip_address stranger = parse("2001:db8:1:3::3");
    assert_true(same(ip_address_site(&one), ip_address_site(&neighbour)));
    assert_false(same(ip_address_site(&one), ip_address_site(&stranger)));
}

static void the_machine_itself_is_known(void **state)
{
    static const char *const own[] = {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.2"};
    static const char *const others[] = {
        "128.0.0.1", "126.0.0.1", "::", "::2", "1::1", "::ffff:1.0.0.1"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        struct ip_address address = parse(own[i]);

        assert_true(ip_address_is_loopback(&address));
    }
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct ip_address address = parse(others[i]);

        assert_false(ip_address_is_loopback(&address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_one_form),
        cmocka_unit_test(ipv4_behind_nat64_is_that_ipv4),
        cmocka_unit_test(addresses_beside_the_nat64_prefix_are_ipv6),
        cmocka_unit_test(what_is_no_address_leaves_it_alone),
        cmocka_unit_test(a_socket_has_its_peers_address),
        cmocka_unit_test(the_site_of_ipv4_is_the_address),
        cmocka_unit_test(the_site_of_ipv6_is_its_first_half),
        cmocka_unit_test(a_site_is_its_own),
        cmocka_unit_test(the_machine_itself_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
