/* SPDX-License-Identifier: MIT
 *
 * An IP address as a plain value. One address has one form, however it was written, so its bytes
 * may be compared, hashed and counted by. Any thread. */
#ifndef BASE_IP_ADDRESS_H
#define BASE_IP_ADDRESS_H

#include "base/text.h"

struct sockaddr;

/* IPv4 as IPv4-mapped IPv6. */
struct ip_address {
    uint8_t bytes[16];
};

/* Where the mapped form of an IPv4 address begins. */
#define IP_ADDRESS_IPV4_BIT 96
/* The IPv6 prefix of one site; a client that has one address of it has them all. */
#define IP_ADDRESS_SITE_BITS 64
/* "2001:db8::/64", with the NUL. */
#define IP_ADDRESS_SITE_BYTES 49

/* "192.0.2.7", "2001:db8::1". Leaves *address alone when the text is not an address. An IPv4
 * address is known by its IPv6 forms, too: IPv4-mapped, and as NAT64 writes it into the last 32
 * bits of 64:ff9b::/96 (RFC 6052) or 64:ff9b:1::/48 (RFC 8215). The same holds for a socket's
 * address. */
MUST_USE bool ip_address_parse(struct text text, struct ip_address *address);

/* Whether the text is an IPv4 address as NAT64 writes it. */
bool ip_address_is_behind_nat64(struct text text);

bool ip_address_is_ipv4(const struct ip_address *address);

/* 127.0.0.0/8 or ::1. */
bool ip_address_is_loopback(const struct ip_address *address);

/* "::" for a socket that is not IP. No connection comes from that address. */
struct ip_address ip_address_of_socket(const struct sockaddr *socket);
bool ip_address_is_none(const struct ip_address *address);

/* What limits count by: IPv4 as it is, of IPv6 the first IP_ADDRESS_SITE_BITS and then zeros. */
struct ip_address ip_address_site(const struct ip_address *address);

/* A number for turns and shares by address. The hash is keyed, so no client can choose addresses
 * with the same number. By chance it happens to one of four billion pairs. */
uint32_t ip_address_number(const struct ip_address *address);

/* The site of `address`: "192.0.2.7", or "2001:db8::/64". */
void ip_address_write_site(const struct ip_address *address, char text[IP_ADDRESS_SITE_BYTES]);

#endif
