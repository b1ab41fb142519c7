/* SPDX-License-Identifier: MIT
 *
 * Somebody who listens at an address of this machine, and says nothing. Main thread only. */
#ifndef SUPPORT_LISTENER_H
#define SUPPORT_LISTENER_H

struct listener {
    int fd;
    int port;
    int guest; /* -1: none */
};

/* At an IPv4 or IPv6 address. `port` 0 is a free one. Whoever connects is connected. */
void listener_open(struct listener *listener, const char *address, int port);

/* From now on whoever connects hears nothing, as if the packets were lost. */
void listener_fill(struct listener *listener);

void listener_close(const struct listener *listener);

#endif
