/* SPDX-License-Identifier: MIT
 *
 * A listener at an address of this machine that never sends anything. Main thread only. */
#ifndef SUPPORT_LISTENER_H
#define SUPPORT_LISTENER_H

#include <stddef.h>

struct listener {
    int fd;
    int port;
    int guest; /* -1: none */
};

/* At an IPv4 or IPv6 address. `port` 0 takes a free one. Clients that connect are connected. */
void listener_open(struct listener *listener, const char *address, int port);

/* `count` listeners, one at each address, at one port that is free at all of them. */
void listeners_open(struct listener *listeners, const char *const addresses[], size_t count);

/* From now on a client that connects gets no reply, as if the packets were lost. */
void listener_fill(struct listener *listener);

void listener_close(const struct listener *listener);

void listeners_close(const struct listener *listeners, size_t count);

#endif
