/* SPDX-License-Identifier: MIT */
#include "limit/subject.h"

#include <arpa/inet.h>

#define IPV6_NETWORK_BYTES 8 /* one customer's network, a /64, is one subject */

static bool address_normalise(struct text address, struct arena *arena, struct text *canonical);
static struct text address_write_ipv4(const void *address, struct arena *arena);
static struct text address_write_network(const struct in6_addr *address, struct arena *arena);

static const char *const kind_words[] = {
    [SUBJECT_USER] = "user",
    [SUBJECT_IP] = "ip",
};

bool subject_read(struct form *form, struct arena *arena, struct subject *subject)
{
    bool has_user = form_has(form, "user_id");
    bool has_ip = form_has(form, "ip");
    struct text address;

    if (has_user && has_ip) {
        form_fault(form, "ip", "must be absent beside `user_id`");
        return false;
    }
    if (!has_ip) {
        if (!has_user)
            form_fault(form, NULL, "must have `user_id` or `ip`");
        subject->kind = SUBJECT_USER;
        return form_text(form, "user_id", FORM_OPTIONAL, 1, SUBJECT_BYTES_MAX, &subject->name);
    }
    subject->kind = SUBJECT_IP;
    if (!form_text(form, "ip", FORM_REQUIRED, 1, SUBJECT_BYTES_MAX, &address))
        return false;
    if (!address_normalise(address, arena, &subject->name)) {
        form_fault(form, "ip", "must be an IPv4 or IPv6 address");
        return false;
    }
    return true;
}

struct digest subject_digest(const struct digest_key *key, struct text app_id,
                             const struct subject *subject)
{
    const struct text parts[] = {app_id, text_of(kind_words[subject->kind]), subject->name};

    return digest_of(key, parts, ARRAY_COUNT(parts));
}

static bool address_normalise(struct text address, struct arena *arena, struct text *canonical)
{
    char string[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (address.length >= sizeof(string))
        return false;
    memcpy(string, address.at, address.length);
    string[address.length] = '\0';

    if (inet_pton(AF_INET, string, &ipv4) == 1) {
        *canonical = address_write_ipv4(&ipv4, arena);
        return true;
    }
    if (inet_pton(AF_INET6, string, &ipv6) != 1)
        return false;
    *canonical = IN6_IS_ADDR_V4MAPPED(&ipv6) ? address_write_ipv4(&ipv6.s6_addr[12], arena)
                                             : address_write_network(&ipv6, arena);
    return true;
}

static struct text address_write_ipv4(const void *address, struct arena *arena)
{
    char string[INET_ADDRSTRLEN];

    ASSERT(inet_ntop(AF_INET, address, string, sizeof(string)) != NULL);
    return text_copy(arena, text_of(string));
}

static struct text address_write_network(const struct in6_addr *address, struct arena *arena)
{
    struct in6_addr network = {0};
    char string[INET6_ADDRSTRLEN + sizeof("/64")];

    memcpy(network.s6_addr, address->s6_addr, IPV6_NETWORK_BYTES);
    ASSERT(inet_ntop(AF_INET6, &network, string, INET6_ADDRSTRLEN) != NULL);
    memcpy(string + strlen(string), "/64", sizeof("/64"));
    return text_copy(arena, text_of(string));
}
