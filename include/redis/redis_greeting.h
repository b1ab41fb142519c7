/* SPDX-License-Identifier: MIT
 *
 * The first commands of a new connection, as far as the access asks for them: AUTH, SELECT, ROLE,
 * to find out whether the server is a master, and CLUSTER MYID, to find out which node it is. A
 * server that does not let us ask for its id is believed. */
#ifndef REDIS_REDIS_GREETING_H
#define REDIS_REDIS_GREETING_H

#include "base/error.h"
#include "redis/redis_access.h"

#include <hiredis/hiredis.h>

struct redis_greeting {
    size_t count;
    struct redis_greeting_command {
        int argc;
        /* argv[0] may be logged, the others may be secret. Behind those of CLUSTER MYID comes what
         * the answer must be, which is not sent. */
        const char *argv[3];
    } commands[4];
    char database[12];
};

/* `greeting` points into itself and into `access`: both must stay where they are while it is
 * used. */
void redis_greeting_init(struct redis_greeting *greeting, const struct redis_access *access);

/* The reason when the answer is not what Redis would answer. */
#define REDIS_GREETING_NO_REDIS "the server there is no redis"
/* The reason when it is a replica, or does not know. */
#define REDIS_GREETING_NO_MASTER "the server there is no master"
/* The reason when another node, or another Redis, is where the node of a cluster was. */
#define REDIS_GREETING_NO_NODE "the server there is not that node of the cluster"

/* Whether the reply lets the connection go on; otherwise `error` is set. */
MUST_USE bool redis_greeting_accept(const struct redis_greeting_command *command,
                                    const redisReply *reply, struct error *error);

#endif
