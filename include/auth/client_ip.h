/* SPDX-License-Identifier: MIT
 *
 * Who is calling: the socket's address, or, when that is a trusted proxy, the right-most address of
 * X-Forwarded-For that is not a trusted proxy. */
#ifndef AUTH_CLIENT_IP_H
#define AUTH_CLIENT_IP_H

#include "base/error.h"
#include "base/ip_address.h"
#include "base/text.h"

struct ip_network {
    struct ip_address address;
    int prefix_bits; /* 0..128, of the mapped form */
};

#define TRUSTED_PROXIES_MAX 64
#define CLIENT_IP_HOPS_MAX  32

struct trusted_proxies {
    size_t count;
    struct ip_network at[TRUSTED_PROXIES_MAX];
};

/* "10.0.0.0/8, ::1, 192.168.1.1"; "" trusts nobody. "unix:" is every socket that is not IP. */
MUST_USE bool trusted_proxies_parse(struct text text, struct trusted_proxies *proxies,
                                    struct error *error);

bool trusted_proxies_contain(const struct trusted_proxies *proxies,
                             const struct ip_address *address);

/* `forwarded_for` is the header's value, absent when there is none; several headers are joined with
 * ",". Empty hops are skipped; a hop that is no address ends the walk at the last good one, because
 * the part before it may be forged. A socket that is not IP has the address "::". */
struct ip_address client_ip_find(const struct trusted_proxies *proxies, const struct sockaddr *peer,
                                 struct text forwarded_for);

#endif
