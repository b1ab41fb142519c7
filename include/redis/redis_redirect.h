/* SPDX-License-Identifier: MIT
 *
 * Errors with which a node of a cluster says that a command belongs elsewhere, or must come again.
 * Nothing was done then. */
#ifndef REDIS_REDIS_REDIRECT_H
#define REDIS_REDIS_REDIRECT_H

#include "redis/redis_endpoint.h"

struct redis_complaints;

enum redis_redirect_kind {
    REDIS_NO_REDIRECT,
    REDIS_MOVED,     /* `endpoint` has the slot, from now on */
    REDIS_ASK,       /* for this command alone `endpoint` is to be asked, after ASKING */
    REDIS_TRY_AGAIN, /* some of the keys are on their way: the same command, a little later */
    REDIS_NOT_SERVED /* nobody has the slot now, or the cluster is down */
};

struct redis_redirect {
    enum redis_redirect_kind kind;
    struct redis_endpoint endpoint; /* of MOVED and ASK */
};

/* Reads an error reply. `asked` is who gave it: an answer without a host means the same host. What
 * cannot be read, is REDIS_NOT_SERVED if its code is MOVED or ASK. */
struct redis_redirect redis_redirect_read(struct text reply, const struct redis_endpoint *asked);

/* The code with which Redis says so; "none" for REDIS_NO_REDIRECT. */
const char *redis_redirect_word(enum redis_redirect_kind kind);

/* For the error reply of a server that is asked alone: if only a node of a cluster says so, the log
 * tells it, and how the URL must begin. */
void redis_redirect_tell_cluster(struct text reply, const struct redis_endpoint *asked,
                                 struct redis_complaints *complaints);

#endif
