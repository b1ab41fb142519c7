/* SPDX-License-Identifier: MIT
 *
 * The other end of a connection. Private to this layer. Any thread. */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

/* Whether it was closed, half-closed or reset, or the connection was shut down at this end. Unread
 * bytes alone do not count. */
bool peer_has_left(int fd);

#endif
