/* SPDX-License-Identifier: MIT
 *
 * Threads that check, each over a connection of its own, while the test does something to the
 * service or its store. */
#ifndef SUPPORT_LOAD_H
#define SUPPORT_LOAD_H

#include "support/client.h"
#include "support/service.h"

#define LOAD_ROUTES_MAX 4
/* Of the histogram: 0.1 ms each, and the last one for all that took longer. */
#define LOAD_BUCKETS   2000
#define LOAD_BUCKET_US 100

/* Asks once, of that user and route; on a thread of the load. */
typedef const struct reply *load_ask_fn(struct client *client, const char *user_id,
                                        const char *route_key);

/* Zero is the default but for the port, the key, the routes and the threads. Everything is borrowed
 * until load_end(). */
struct load_options {
    int port;
    const char *api_key;
    /* Checked in turn, user "load" with cost 1; ends with NULL. */
    const char *routes[LOAD_ROUTES_MAX + 1];
    int threads;
    load_ask_fn *ask; /* NULL: client_check() */
    bool https;
    /* One connection for each check, so that none is ever repeated; else it is kept alive, and a
     * check that finds it closed is sent again over another. */
    bool reconnects;
    int per_second;   /* all threads together, at a steady pace; 0: as fast as they are answered */
    int attempts_max; /* of a check that gets no answer, or 503; 0 is 1 */

    /* Each thread has a subject of its own on one of the routes, which nobody else charges: user
     * <counted_user>-<thread>. What it is told must be that counter's count. */
    const char *counted_user;
    /* With counted_user: the only route that may deny, and only without the store. The others have
     * quotas beyond reach. */
    const char *denying_route;
};

struct load_summary {
    long checks;      /* answered or not */
    long allowed;     /* 200 */
    long denied;      /* 429 */
    long degraded;    /* of those, decided without the store */
    long failed;      /* no answer, or another one */
    long retried;     /* attempts that were made again */
    long connections; /* that were made */
    int64_t slowest_us;
    int64_t degraded_at_us;  /* when the last one that was degraded or failed was answered */
    char first_failure[256]; /* "" for none */

    /* Of counted subjects: counts that are higher, or lower, than what was charged explains. */
    long too_high;
    long too_low;
    char first_miscount[256]; /* "" for none */

    /* How long answers took, and would have taken for the checks that a steady pace wants while
     * their connection waits for one before: a stall counts for as long as it lasts. */
    long took_count;
    uint32_t took[LOAD_BUCKETS];
};

struct load;

struct load *load_begin(const struct load_options *options);
/* So far. */
struct load_summary load_summary(struct load *load);
/* Until so many more checks have been answered, or given up; fails the test after `seconds`. */
void load_wait_for_checks(struct load *load, long more, int seconds);
/* Stops, and says what it was in all. */
struct load_summary load_end(struct load *load);

/* Fail the test, with the first case: when a check failed; when a count was not what was charged.
 * Who forgets may say less. */
void load_expect_answered(const struct load_summary *summary);
void load_expect_counted(const struct load_summary *summary, bool may_forget);

/* The time within which that share of the checks was answered at a steady pace, 0 < share < 1. */
int64_t load_percentile_us(const struct load_summary *summary, double share);

#endif
