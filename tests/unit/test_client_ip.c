/* SPDX-License-Identifier: MIT */
#include "auth/client_ip.h"

#include "support/cmocka.h"

#include <arpa/inet.h>

static struct trusted_proxies trust(const char *networks)
{
    struct trusted_proxies proxies;
    struct error error = {0};

    if (!trusted_proxies_parse(text_of(networks), &proxies, &error))
        fail_msg("%s", error.message);
    return proxies;
}

static struct sockaddr_storage socket_of(const char *address)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        memcpy(&storage, &v4, sizeof(v4));
    else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        memcpy(&storage, &v6, sizeof(v6));
    else
        storage.ss_family = AF_UNIX;
    return storage;
}

static void assert_address(const struct ip_address *address, const char *expected)
{
    struct ip_address wanted = {{[10] = 0xff, [11] = 0xff}};

    if (inet_pton(AF_INET, expected, wanted.bytes + 12) != 1)
        assert_int_equal(inet_pton(AF_INET6, expected, wanted.bytes), 1);
    assert_memory_equal(address->bytes, wanted.bytes, sizeof(wanted.bytes));
}

static void expect(const char *trusted, const char *peer, const char *forwarded_for,
                   const char *expected)
{
    struct trusted_proxies proxies = trust(trusted);
    struct sockaddr_storage socket = socket_of(peer);

    struct ip_address found =
        client_ip_find(&proxies, (const struct sockaddr *)&socket, text_of(forwarded_for));

    assert_address(&found, expected);
}

static void without_trusted_proxies_the_socket_decides(void **state)
{
    (void)state;

    expect("", "192.0.2.1", NULL, "192.0.2.1");
    expect("", "192.0.2.1", "203.0.113.5", "192.0.2.1");
    expect("", "2001:db8::1", "203.0.113.5", "2001:db8::1");
}

static void an_untrusted_socket_cannot_name_another_client(void **state)
{
    (void)state;

    expect("10.0.0.0/8", "192.0.2.1", "203.0.113.5", "192.0.2.1");
    expect("10.0.0.0/8", "11.0.0.1", "203.0.113.5", "11.0.0.1");
}

static void the_right_most_untrusted_hop_is_the_client(void **state)
{
    (void)state;

    expect("10.0.0.0/8", "10.0.0.1", "203.0.113.5", "203.0.113.5");
    expect("10.0.0.0/8", "10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5");
    expect("10.0.0.0/8", "10.0.0.1", "1.1.1.1, 203.0.113.5, 10.2.3.4", "203.0.113.5");
    expect("10.0.0.0/8,::1", "::1", "203.0.113.5,10.0.0.2,10.0.0.3", "203.0.113.5");
}

static void a_chain_of_trusted_hops_ends_at_its_left_end(void **state)
{
    (void)state;

    expect("10.0.0.0/8", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3");
    expect("10.0.0.0/8", "10.0.0.1", NULL, "10.0.0.1");
    expect("10.0.0.0/8", "10.0.0.1", "", "10.0.0.1");
}

static void a_hop_may_carry_a_port_and_spaces(void **state)
{
    (void)state;

    expect("10.0.0.0/8", "10.0.0.1", "203.0.113.5:5678", "203.0.113.5");
    expect("10.0.0.0/8", "10.0.0.1", "[2001:db8::5]:99", "2001:db8::5");
    expect("10.0.0.0/8", "10.0.0.1", "[2001:db8::5]", "2001:db8::5");
    expect("10.0.0.0/8", "10.0.0.1", "2001:db8::5", "2001:db8::5");
    expect("10.0.0.0/8", "10.0.0.1", " \t 203.0.113.5 \t, 10.0.0.2 ", "203.0.113.5");
}

static void empty_hops_are_skipped(void **state)
{
    (void)state;

    expect("10.0.0.0/8", "10.0.0.1", "203.0.113.5,, ,", "203.0.113.5");
}

static void a_hop_that_is_no_address_ends_the_walk_at_the_last_good_one(void **state)
{
    static const char *const bad[] = {
        "unknown",
        "203.0.113.5:",
        "203.0.113.5:99999",
        "203.0.113.5:000080",
        "203.0.113.5:8x",
        "[::1",
        "[::1]x",
        "[::1]:",
        "203.0.113",
        "203.0.113.256",
        ":",
        "203.0.113.5/24",
        "fe80::1%eth0",
        "1.2.3.4.5.6.7.8.9.0",
        "[]",
        "-1",
        "[203.0.113.5",
        "203.0.113.5:-1",
        "0x7f000001",
        "::ffff:1.2.3",
        "a b",
        "\"[::1]:99\"",
        "203.0.113.5 extra",
        "1:2:3:4:5:6:7:8:9",
        "localhost",
        "_hidden",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char forwarded_for[128];

        (void)snprintf(forwarded_for, sizeof(forwarded_for), "203.0.113.9, %s, 10.0.0.2", bad[i]);

        expect("10.0.0.0/8", "10.0.0.1", forwarded_for, "10.0.0.2");
    }
}

static void a_nul_in_a_hop_is_no_address(void **state)
{
    (void)state;
    struct trusted_proxies proxies = trust("10.0.0.0/8");
    struct sockaddr_storage socket = socket_of("10.0.0.1");

    struct ip_address found =
        client_ip_find(&proxies, (const struct sockaddr *)&socket, TEXT("203.0.113.5\0"));

    assert_address(&found, "10.0.0.1");
}

static void the_walk_is_bounded(void **state)
{
    (void)state;
    char forwarded_for[2048] = "203.0.113.5";
    size_t length = strlen(forwarded_for);

    for (int i = 0; i < CLIENT_IP_HOPS_MAX; i++)
        length += (size_t)snprintf(forwarded_for + length, sizeof(forwarded_for) - length,
                                   ",10.0.0.%d", 100 + i);

    expect("10.0.0.0/8", "10.0.0.1", forwarded_for, "10.0.0.100");
}

static void mapped_ipv4_is_ipv4(void **state)
{
    (void)state;

    expect("10.0.0.0/8", "::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5");
    expect("::ffff:10.0.0.0/104", "10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5");
}

static void ipv4_behind_nat64_is_ipv4(void **state)
{
    (void)state;

    expect("10.0.0.0/8", "64:ff9b::10.0.0.1", "203.0.113.5", "203.0.113.5");
    expect("10.0.0.0/8", "64:ff9b::11.0.0.1", "203.0.113.5", "11.0.0.1");
    expect("10.0.0.0/8", "10.0.0.1", "203.0.113.5, 64:ff9b:1::10.0.0.2", "203.0.113.5");
    expect("10.0.0.0/8", "10.0.0.1", "[64:ff9b::203.0.113.5]:99", "203.0.113.5");
    expect("64:ff9b::10.0.0.1", "10.0.0.1", "203.0.113.5", "203.0.113.5");
    expect("64:ff9b::10.0.0.0/104", "10.0.0.1", "203.0.113.5", "203.0.113.5");
    expect("64:ff9b:1::10.0.0.0/104", "11.0.0.1", "203.0.113.5", "11.0.0.1");
}

static void networks_match_to_the_bit(void **state)
{
    (void)state;

    expect("10.1.128.0/17", "10.1.128.1", "203.0.113.5", "203.0.113.5");
    expect("10.1.128.0/17", "10.1.127.1", "203.0.113.5", "10.1.127.1");
    expect("192.168.1.1", "192.168.1.2", "203.0.113.5", "192.168.1.2");
    expect("2001:db8:8000::/33", "2001:db8:8000::1", "203.0.113.5", "203.0.113.5");
    expect("2001:db8:8000::/33", "2001:db8:7fff::1", "203.0.113.5", "2001:db8:7fff::1");
    expect("0.0.0.0/0", "198.51.100.1", "2001:db8::5", "2001:db8::5");
    expect("::/0", "198.51.100.1", "203.0.113.5", "203.0.113.5");
}

static void a_socket_without_an_address_is_the_unspecified_one(void **state)
{
    (void)state;

    expect("", "/a/unix/socket", "203.0.113.5", "::");
    expect("10.0.0.0/8", "/a/unix/socket", "203.0.113.5", "::");
}

static void sockets_with_a_path_may_be_trusted_like_a_network(void **state)
{
    (void)state;

    expect("unix:", "/a/unix/socket", "203.0.113.5", "203.0.113.5");
    expect("10.0.0.0/8, unix:", "/a/unix/socket", "203.0.113.5, 10.0.0.1", "203.0.113.5");
    expect("unix:", "198.51.100.1", "203.0.113.5", "198.51.100.1");
    expect("unix:", "::1", "203.0.113.5", "::1");
}

static void proxies_are_listed_with_commas(void **state)
{
    (void)state;

    assert_int_equal(trust("").count, 0);
    assert_int_equal(trust("  ").count, 0);
    assert_int_equal(trust("10.0.0.0/8, ::1 ,192.168.1.1").count, 3);
    assert_int_equal(trust("10.0.0.0/8").at[0].prefix_bits, 96 + 8);
    assert_int_equal(trust("192.168.1.1").at[0].prefix_bits, 128);
    assert_int_equal(trust("2001:db8::/32").at[0].prefix_bits, 32);
}

static void bad_proxies_are_named(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"10.0.0.1, nonsense", "\"nonsense\" is no IP address or network such as 10.0.0.0/8"},
        {"10.0.0.1,", "\"\" is no IP address or network such as 10.0.0.0/8"},
        {"10.0.0.0/33", "\"10.0.0.0/33\": the prefix must be a whole number from 0 to 32"},
        {"10.0.0.0/-1", "\"10.0.0.0/-1\": the prefix must be a whole number from 0 to 32"},
        {"10.0.0.0/", "\"10.0.0.0/\": the prefix must be a whole number from 0 to 32"},
        {"2001:db8::/129", "\"2001:db8::/129\": the prefix must be a whole number from 0 to 128"},
        {"64:ff9b::/95",
         "\"64:ff9b::/95\": behind NAT64 that is every IPv4 address; name the proxies"},
        {"64:ff9b::/96",
         "\"64:ff9b::/96\": behind NAT64 that is every IPv4 address; name the proxies"},
        {"64:ff9b:1::/48",
         "\"64:ff9b:1::/48\": behind NAT64 that is every IPv4 address; name the proxies"},
        {"64:ff9b:1:2::/96",
         "\"64:ff9b:1:2::/96\": behind NAT64 that is every IPv4 address; name the proxies"},
        {"64:ff9b::/129", "\"64:ff9b::/129\": the prefix must be a whole number from 96 to 128"},
        {"::ffff:0.0.0.0/0",
         "\"::ffff:0.0.0.0/0\": the prefix must be a whole number from 96 to 128"},
        {"10.0.0.0/8/8", "\"10.0.0.0/8/8\": the prefix must be a whole number from 0 to 32"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct trusted_proxies proxies;
        struct error error = {0};

        assert_false(trusted_proxies_parse(text_of(cases[i].text), &proxies, &error));
        assert_string_equal(error.message, cases[i].message);
    }
}

static void proxies_are_bounded(void **state)
{
    (void)state;
    char list[(TRUSTED_PROXIES_MAX + 1) * 4 + 1] = "";
    struct trusted_proxies proxies;
    struct error error = {0};

    for (size_t i = 0; i <= TRUSTED_PROXIES_MAX; i++)
        memcpy(list + 4 * i, "::1,", 5);

    list[TRUSTED_PROXIES_MAX * 4 - 1] = '\0';
    assert_int_equal(trust(list).count, TRUSTED_PROXIES_MAX);
    list[TRUSTED_PROXIES_MAX * 4 - 1] = ',';
    list[TRUSTED_PROXIES_MAX * 4 + 3] = '\0';
    assert_false(trusted_proxies_parse(text_of(list), &proxies, &error));
    assert_string_equal(error.message, "more than 64 networks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_trusted_proxies_the_socket_decides),
        cmocka_unit_test(an_untrusted_socket_cannot_name_another_client),
        cmocka_unit_test(the_right_most_untrusted_hop_is_the_client),
        cmocka_unit_test(a_chain_of_trusted_hops_ends_at_its_left_end),
        cmocka_unit_test(a_hop_may_carry_a_port_and_spaces),
        cmocka_unit_test(empty_hops_are_skipped),
        cmocka_unit_test(a_hop_that_is_no_address_ends_the_walk_at_the_last_good_one),
        cmocka_unit_test(a_nul_in_a_hop_is_no_address),
        cmocka_unit_test(the_walk_is_bounded),
        cmocka_unit_test(mapped_ipv4_is_ipv4),
        cmocka_unit_test(ipv4_behind_nat64_is_ipv4),
        cmocka_unit_test(networks_match_to_the_bit),
        cmocka_unit_test(a_socket_without_an_address_is_the_unspecified_one),
        cmocka_unit_test(sockets_with_a_path_may_be_trusted_like_a_network),
        cmocka_unit_test(proxies_are_listed_with_commas),
        cmocka_unit_test(bad_proxies_are_named),
        cmocka_unit_test(proxies_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
