/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <poll.h>

bool peer_has_left(int fd)
{
    struct pollfd peer = {.fd = fd, .events = POLLRDHUP};

    return poll(&peer, 1, 0) == 1;
}
