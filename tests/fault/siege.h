/* SPDX-License-Identifier: MIT
 *
 * A hostile app at full force beside a good one, at a service with one worker: what both were told.
 * Of the good app's answers none may be refused, and none degraded by the other. Main thread
 * only. */
#ifndef FAULT_SIEGE_H
#define FAULT_SIEGE_H

#include "flooding.h"
#include "hostility.h"
#include "support/fault_proxy.h"
#include "support/https_files.h"
#include "support/world.h"

#define SIEGE_APPS_MAX     64
#define SIEGE_MISSES_BYTES 2048

/* Zero is the default nowhere. */
struct siege_options {
    size_t connections;
    int seconds_alone; /* 0: the good app is not watched alone */
    int seconds_beside;
    const char *redis_timeout_ms;
    int policies;   /* of an app that has as many as it may */
    bool is_killed; /* at the end: of an older service nobody expects that it ends well */
};

/* What the good app asks, in this order. */
enum { SIEGE_CHECKS, SIEGE_ALSO, SIEGE_ASKS };
extern const int siege_per_second[SIEGE_ASKS];

struct siege {
    const struct hostility *row;
    const struct siege_options *options;
    struct world *world;
    struct https_files https;
    struct fault_proxy *proxy; /* before a Redis that is away; or NULL */
    struct client *good;
    struct client *good_elsewhere; /* at the second service; NULL without one */
    size_t connections;            /* of the hostile apps together */
    int rounds;                    /* in which it was besieged */
    int app_count;
    struct client *apps[SIEGE_APPS_MAX]; /* the hostile ones */

    double figure_before;

    /* What came of it. */
    struct load_summary alone[SIEGE_ASKS];
    struct load_summary beside[SIEGE_ASKS];
    struct flooding_summary hostile;
    char misses[SIEGE_MISSES_BYTES]; /* what does not hold; "" when all does */
    char remark[128];                /* of the row's own; "" for none */
};

/* Plays the row on an engine of its own, from the start of the service to its end. */
void siege_play(struct siege *siege, const struct hostility *row,
                const struct siege_options *options);

/* The same in steps. Opened, both have no policy but the good app's own. In each round the hostile
 * apps ask for other new users, of one of the services. */
void siege_open(struct siege *siege, const struct hostility *row,
                const struct siege_options *options);
void siege_besiege(struct siege *siege, const struct service *service);
void siege_close(struct siege *siege);

/* Another service on the same Redis, which has to become ready and know the good app's policies. */
void siege_add_second(struct siege *siege);

/* Whether the hostile apps were told all that the row promises, in the last round. */
bool siege_was_telling(const struct siege *siege);
/* Says what does not hold of what the good app got, in the last round. */
void siege_judge_good(struct siege *siege);
/* The same, and of what the hostile apps were told. */
void siege_judge(struct siege *siege);

/* Something does not hold. */
void siege_miss(struct siege *siege, const char *format, ...) PRINTF_LIKE(2, 3);

/* A figure of the service, 0 when it has none of this name. */
double siege_figure(struct siege *siege, const struct hostility_figure *figure);

/* Waits until a figure is so large, for as long as the siege lasts. */
void siege_wait_for(struct siege *siege, const struct hostility_figure *figure, double value);

long siege_refused(const struct load_summary *summary);

#endif
