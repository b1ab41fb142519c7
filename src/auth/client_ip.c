/* SPDX-License-Identifier: MIT */
#include "auth/client_ip.h"

static bool network_parse(struct text text, struct ip_network *network, struct error *error);
static struct text hop_cut_last(struct text *hops);
static bool hop_parse(struct text hop, struct ip_address *address);
static bool port_is_valid(struct text port);
static bool network_contains(const struct ip_network *network, const struct ip_address *address);

bool trusted_proxies_parse(struct text text, struct trusted_proxies *proxies, struct error *error)
{
    struct text rest = text_trim(text);

    proxies->count = 0;
    if (rest.length == 0)
        return true;
    while (!text_is_absent(rest)) {
        struct text word = text_trim(text_cut(&rest, ','));

        if (proxies->count == TRUSTED_PROXIES_MAX)
            return error_set(error, "more than %d networks", TRUSTED_PROXIES_MAX);
        if (!network_parse(word, &proxies->at[proxies->count], error))
            return false;
        proxies->count++;
    }
    return true;
}

bool trusted_proxies_contain(const struct trusted_proxies *proxies,
                             const struct ip_address *address)
{
    for (size_t i = 0; i < proxies->count; i++) {
        if (network_contains(&proxies->at[i], address))
            return true;
    }
    return false;
}

struct ip_address client_ip_find(const struct trusted_proxies *proxies, const struct sockaddr *peer,
                                 struct text forwarded_for)
{
    struct ip_address found = ip_address_of_socket(peer);

    for (int hops = 0; hops < CLIENT_IP_HOPS_MAX; hops++) {
        struct text hop = {0};

        if (text_is_absent(forwarded_for) || !trusted_proxies_contain(proxies, &found))
            break;
        hop = hop_cut_last(&forwarded_for);
        /* RFC 9110, 5.6.1.2: empty elements of a list are ignored. */
        if (hop.length > 0 && !hop_parse(hop, &found))
            break;
    }
    return found;
}

static bool network_parse(struct text text, struct ip_network *network, struct error *error)
{
    struct text prefix = text;
    struct text address = text_cut(&prefix, '/');

    if (text_equal(text, TEXT("unix:"))) {
        *network = (struct ip_network){.prefix_bits = 128};
        return true;
    }
    if (!ip_address_parse(address, &network->address))
        return error_set(error, "\"%.*s\" is no IP address or network such as 10.0.0.0/8",
                         TEXT_PRINTF(text));
    bool is_dotted = memchr(address.at, ':', address.length) == NULL;
    /* A shorter prefix of an IPv4 address written as IPv6 would also contain other addresses. */
    int64_t bits_min =
        !is_dotted && ip_address_is_ipv4(&network->address) ? IP_ADDRESS_IPV4_BIT : 0;
    int64_t bits_max = is_dotted ? 32 : 128;
    int64_t bits = bits_max;
    bool is_integer = text_is_absent(prefix) || text_parse_integer(prefix, &bits);
    /* It looks like one network, but would also contain clients that come by IPv4 without NAT64. */
    if (is_integer && bits >= 0 && bits <= IP_ADDRESS_IPV4_BIT &&
        ip_address_is_behind_nat64(address)) {
        return error_set(error,
                         "\"%.*s\": behind NAT64 that is every IPv4 address; name the proxies",
                         TEXT_PRINTF(text));
    }
    if (!is_integer || bits < bits_min || bits > bits_max) {
        return error_set(error, "\"%.*s\": the prefix must be a whole number from %d to %d",
                         TEXT_PRINTF(text), (int)bits_min, (int)bits_max);
    }
    network->prefix_bits = (int)bits + (is_dotted ? IP_ADDRESS_IPV4_BIT : 0);
    return true;
}

/* Returns the text after the last comma, and leaves the text before it, which is absent at the
 * end. */
static struct text hop_cut_last(struct text *hops)
{
    const char *comma = hops->length > 0 ? memrchr(hops->at, ',', hops->length) : NULL;
    struct text last = *hops;

    if (comma == NULL) {
        *hops = (struct text){0};
        return text_trim(last);
    }
    hops->length = (size_t)(comma - hops->at);
    last.at = comma + 1;
    last.length -= hops->length + 1;
    return text_trim(last);
}

/* "192.0.2.7", "192.0.2.7:5678", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5678". Does not
 * change *address if it is none of them. */
static bool hop_parse(struct text hop, struct ip_address *address)
{
    struct text rest = hop;
    struct text host = text_cut(&rest, ':');

    if (hop.at[0] == '[') {
        rest = (struct text){hop.at + 1, hop.length - 1};
        host = text_cut(&rest, ']');
        if (text_is_absent(rest) || (rest.length > 0 && rest.at[0] != ':'))
            return false;
        rest = rest.length > 0 ? (struct text){rest.at + 1, rest.length - 1} : (struct text){0};
    } else if (!text_is_absent(rest) && memchr(rest.at, ':', rest.length) != NULL) {
        return ip_address_parse(hop, address);
    }
    return (text_is_absent(rest) || port_is_valid(rest)) && ip_address_parse(host, address);
}

static bool port_is_valid(struct text port)
{
    int64_t number = 0;

    return port.length <= strlen("65535") && text_parse_integer(port, &number) && number >= 0 &&
           number <= UINT16_MAX;
}

static bool network_contains(const struct ip_network *network, const struct ip_address *address)
{
    size_t whole_bytes = (size_t)network->prefix_bits / 8;
    int rest_bits = network->prefix_bits % 8;

    if (memcmp(network->address.bytes, address->bytes, whole_bytes) != 0)
        return false;
    if (rest_bits == 0)
        return true;
    return (network->address.bytes[whole_bytes] ^ address->bytes[whole_bytes]) >> (8 - rest_bits) ==
           0;
}
