/* SPDX-License-Identifier: MIT
 *
 * Threads that send checks, each over its own connection, while the test does something to the
 * service or to its store. */
#ifndef SUPPORT_LOAD_H
#define SUPPORT_LOAD_H

#include "support/client.h"
#include "support/service.h"

#define LOAD_ROUTES_MAX 4
/* The histogram has buckets of 0.1 ms. The last bucket is for all that took longer. */
#define LOAD_BUCKETS   2000
#define LOAD_BUCKET_US 100

/* Makes one request for this user and route. Runs on a thread of the load. */
typedef const struct reply *load_ask_fn(struct client *client, const char *user_id,
                                        const char *route_key);

/* Zero is the default, except for the port, the key, the routes and the threads. Everything is
 * borrowed until load_end(). */
struct load_options {
    int port;
    const char *api_key;
    /* Checked in turn, for the user "load" with cost 1. Ends with NULL. */
    const char *routes[LOAD_ROUTES_MAX + 1];
    int threads;
    load_ask_fn *ask; /* NULL: client_check() */
    bool https;
    /* true: each check has its own connection, so none is ever sent twice. false: connections are
     * kept, and a check that finds its connection closed is sent again over another. */
    bool reconnects;
    int per_second;   /* by all threads together, at a steady pace; 0: as fast as answers come */
    int attempts_max; /* for a check without an answer, or with 503; 0 is 1 */

    /* Each thread has a subject of its own on one of the routes: user <counted_user>-<thread>. No
     * other client charges it. Each answer must tell that counter's count. */
    const char *counted_user;
    /* With counted_user: the only route that may deny, and only without the store. The quotas of
     * the others are never reached. */
    const char *denying_route;
};

struct load_summary {
    long checks;      /* with or without an answer */
    long allowed;     /* 200 */
    long denied;      /* 429 */
    long degraded;    /* those of them that were decided without the store */
    long failed;      /* no answer, or one with another status */
    long retried;     /* attempts after the first */
    long connections; /* how many were made */
    int64_t slowest_us;
    int64_t degraded_at_us;  /* when the last degraded or failed one was answered */
    char first_failure[256]; /* "" if there is none */

    /* Of counted subjects: counts that are higher or lower than the charges explain. */
    long too_high;
    long too_low;
    char first_miscount[256]; /* "" if there is none */

    /* How long answers took. At a steady pace, also how long they would have taken for the checks
     * that could not be sent while their connection waited: so a stall counts for as long as it
     * lasts. */
    long took_count;
    uint32_t took[LOAD_BUCKETS];
};

struct load;

struct load *load_begin(const struct load_options *options);
/* Until now. */
struct load_summary load_summary(struct load *load);
/* Waits until so many more checks were answered or given up. Fails the test after `seconds`. */
void load_wait_for_checks(struct load *load, long more, int seconds);
/* Stops, and returns the whole summary. */
struct load_summary load_end(struct load *load);

/* The test fails, with the first case, if a check failed, or if a count was not what was charged.
 * `may_forget`: counts may be lower. */
void load_expect_answered(const struct load_summary *summary);
void load_expect_counted(const struct load_summary *summary, bool may_forget);

/* The time within which this share of the checks was answered at a steady pace, 0 < share < 1. */
int64_t load_percentile_us(const struct load_summary *summary, double share);

#endif
