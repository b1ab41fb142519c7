/* SPDX-License-Identifier: MIT
 *
 * The address of a listener as people write it: "127.0.0.1:8080", "[::1]:8080",
 * "unix:/run/sluice/sluice.sock". */
#ifndef APP_SOCKET_ADDRESS_H
#define APP_SOCKET_ADDRESS_H

#include "base/error.h"
#include "base/text.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define SOCKET_ADDRESS_TYPE                                                                        \
    "an IP address and a port up to 65535, such as 127.0.0.1:8080 or [::1]:8080, or unix: and "    \
    "the "                                                                                         \
    "path of a socket"

/* False: `error` says what it must be, and *address is not changed. */
MUST_USE bool socket_address_parse(const char *text, struct sockaddr_storage *address,
                                   struct error *error);

socklen_t socket_address_length(const struct sockaddr_storage *address);

/* 0 of a unix socket. */
in_port_t socket_address_port(const struct sockaddr_storage *address);

/* Whether a listener at one of them would also get connections to the other. [::] gets IPv4,
 * too. */
bool socket_addresses_meet(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

#define SOCKET_ADDRESS_BYTES 128

/* As it was written, and the same without the port. The name of an abstract socket, which only a
 * supervisor passes, begins with '@'. */
void socket_address_write(const struct sockaddr_storage *address,
                          char out[static SOCKET_ADDRESS_BYTES]);
void socket_address_write_host(const struct sockaddr_storage *address,
                               char out[static SOCKET_ADDRESS_BYTES]);

#endif
