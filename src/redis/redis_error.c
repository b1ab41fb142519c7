/* SPDX-License-Identifier: MIT */
#include "redis/redis_error.h"

/* How Redis 6 begins what a script has failed of, and what it writes before the code of a command
 * that refused to run. */
#define WRAPPED "ERR Error running script"
#define BEHIND  ": -"

static const char *const of_all[] = {
    "BUSY",        /* a script of somebody else goes on and on */
    "CLUSTERDOWN", /* some node of it is gone */
    "LOADING",     /* it reads what is on its disk */
    "MASTERDOWN",  /* a replica without its master, told to be silent then */
    "MISCONF",     /* it cannot write to its disk, and takes no writes */
    "NOAUTH",      /* a password was set behind our back */
    "NOPERM",      /* the ACL of our user */
    "NOREPLICAS",  /* too few to take writes */
    "OOM",         /* maxmemory, with noeviction */
    "READONLY",    /* it has become a replica */
};

struct text redis_error_code(struct text reply)
{
    struct text rest = reply;

    if (text_starts_with(reply, TEXT(WRAPPED))) {
        const char *behind = memmem(reply.at, reply.length, BEHIND, strlen(BEHIND));

        if (behind != NULL) {
            rest.at = behind + strlen(BEHIND);
            rest.length = (size_t)(reply.at + reply.length - rest.at);
        }
    }
    return text_cut(&rest, ' ');
}

bool redis_error_is_of_all(struct text reply)
{
    const struct text code = redis_error_code(reply);

    for (size_t i = 0; i < ARRAY_COUNT(of_all); i++) {
        if (text_equal(code, text_of(of_all[i])))
            return true;
    }
    return false;
}
