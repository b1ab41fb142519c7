/* SPDX-License-Identifier: MIT
 *
 * How the servers of one Redis are spoken to. Plain value; `tls` is borrowed, and lives as long as
 * whoever has the value. */
#ifndef REDIS_REDIS_ACCESS_H
#define REDIS_REDIS_ACCESS_H

#include "redis/redis_node_id.h"

struct redis_tls;

struct redis_login {
    char user[128]; /* "" for none */
    char password[256];
};

struct redis_access {
    struct redis_login login;
    int database;
    bool needs_master; /* ROLE must say so, because the address may be that of a replica now */
    char node_id[REDIS_NODE_ID_BYTES]; /* it must be this node of a cluster; "": any server */
    struct redis_tls *tls;             /* NULL: without TLS */
};

#endif
