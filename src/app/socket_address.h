/* SPDX-License-Identifier: MIT
 *
 * The address of a listener as people write it: "127.0.0.1:8080", "[::1]:8080". */
#ifndef APP_SOCKET_ADDRESS_H
#define APP_SOCKET_ADDRESS_H

#include "base/text.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Returns the length of the address; 0 if it is none. */
MUST_USE socklen_t socket_address_parse(const char *text, struct sockaddr_storage *address);

socklen_t socket_address_length(const struct sockaddr_storage *address);

in_port_t socket_address_port(const struct sockaddr_storage *address);

/* Whether a listener at one of them would also get connections to the other. [::] gets IPv4,
 * too. */
bool socket_addresses_meet(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

#define SOCKET_ADDRESS_BYTES 64

/* As it was written, and the same without the port. */
void socket_address_write(const struct sockaddr_storage *address,
                          char out[static SOCKET_ADDRESS_BYTES]);
void socket_address_write_host(const struct sockaddr_storage *address,
                               char out[static SOCKET_ADDRESS_BYTES]);

#endif
