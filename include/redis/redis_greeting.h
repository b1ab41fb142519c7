/* SPDX-License-Identifier: MIT
 *
 * The first commands of a new connection, as far as the access asks for them: AUTH, SELECT, and
 * ROLE, to find out whether the server is a master. */
#ifndef REDIS_REDIS_GREETING_H
#define REDIS_REDIS_GREETING_H

#include "base/error.h"
#include "redis/redis_access.h"

#include <hiredis/hiredis.h>

struct redis_greeting {
    size_t count;
    struct redis_greeting_command {
        int argc;
        const char *argv[3]; /* argv[0] may be logged, the others may be secret */
    } commands[3];
    char database[12];
};

/* `greeting` points into itself and into `access`: both must stay where they are while it is
 * used. */
void redis_greeting_init(struct redis_greeting *greeting, const struct redis_access *access);

/* The reason when the answer is not what Redis would answer. */
#define REDIS_GREETING_NO_REDIS "the server there is no redis"
/* The reason when it is a replica, or does not know. */
#define REDIS_GREETING_NO_MASTER "the server there is no master"

/* Whether the reply lets the connection go on; otherwise `error` is set. */
MUST_USE bool redis_greeting_accept(const struct redis_greeting_command *command,
                                    const redisReply *reply, struct error *error);

#endif
