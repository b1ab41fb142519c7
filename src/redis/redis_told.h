/* SPDX-License-Identifier: MIT
 *
 * What the log says of a server last, for all links to it in this process. So the log has one line
 * for a cause, however many workers there are, and its last line is true for as long as that may
 * last: that a server is ready again is always told, if the log says otherwise. Any thread. */
#ifndef REDIS_REDIS_TOLD_H
#define REDIS_REDIS_TOLD_H

#include "redis/redis_endpoint.h"

struct redis_told;

/* Never NULL. What the log says of a server is forgotten when nobody has it open. */
struct redis_told *redis_told_open(const struct redis_endpoint *endpoint);
void redis_told_close(struct redis_told *told);

/* Whether to log that the server is ready. */
MUST_USE bool redis_told_ready(struct redis_told *told);

/* Whether to log that the server is lost, or cannot be reached. That it is ready no more is told
 * once a second at most. While that lasts it is told again ever more seldom, up to every ten
 * minutes, and all servers share one such line a second. Another cause is told sooner, and with
 * those of all servers at most sixteen a second. */
MUST_USE bool redis_told_trouble(struct redis_told *told, const char *cause, int64_t now_us);

#endif
