/* SPDX-License-Identifier: MIT
 *
 * How one app can be hostile to the others: one row for each resource that tenants share. */
#ifndef FAULT_HOSTILITY_H
#define FAULT_HOSTILITY_H

#include "support/load.h"

#define HOSTILITY_FLAGS_MAX 8
#define HOSTILITY_TOLD_MAX  2

struct siege;

enum hostility_engines { ON_MEMORY = 1, ON_REDIS = 2, ON_BOTH = ON_MEMORY | ON_REDIS };

struct hostility_told {
    int status;
    const char *code; /* of a problem in it; "-": none */
};

struct hostility_figure {
    const char *name; /* NULL: none */
    const char *labels;
};

struct hostility {
    const char *name; /* the resource */
    enum hostility_engines engines;
    bool is_https;
    bool has_second; /* instance on the same Redis */
    int apps;        /* that are hostile; 0 is 1 */
    int redis_away_ms;
    size_t connections; /* at least; 0: as many as there are otherwise */
    /* Of the service, each with its value; those that a binary does not know are left out. */
    const char *flags[HOSTILITY_FLAGS_MAX + 1];

    void (*prepare)(struct siege *siege); /* what both have; or NULL */
    /* One request for each app, and again in turn. */
    void (*write_request)(struct siege *siege, int app, FILE *requests);
    const char *manner; /* of flooder.c */
    const char *from;   /* as flooding_options has it */

    /* What the good app does all the while besides its checks; or NULL. */
    const char *also;
    load_ask_fn *also_ask;

    void (*before)(struct siege *siege);    /* once all is prepared; or NULL */
    void (*meanwhile)(struct siege *siege); /* while it is besieged; or NULL */
    void (*after)(struct siege *siege);     /* or NULL */

    /* What the hostile app must have been told, each of it, and the figure that must have risen. */
    struct hostility_told told[HOSTILITY_TOLD_MAX];
    struct hostility_figure figure;
    bool may_degrade; /* there is no Redis to ask */
    /* The good app gets half of the answers that it asks for, or as many as the hostile one is
     * served, of which each takes as much as many of them. */
    bool keeps_up;
};

extern const struct hostility hostilities[];
extern const size_t hostility_count;

#endif
