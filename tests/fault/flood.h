/* SPDX-License-Identifier: MIT
 *
 * So many connections that ask a service with one worker, each again as soon as it is answered, and
 * what came of it: how the service fared, and whether it blamed Redis. Main thread only. */
#ifndef FAULT_FLOOD_H
#define FAULT_FLOOD_H

struct flood_options {
    const char *redis_url;
    const char *redis_timeout_ms;
    int distance_ms; /* of that Redis; only printed */
    size_t connections;
    int seconds;
};

struct flood_summary {
    long answered; /* with 200, each by one decision */
    long degraded; /* of those */
    long failed;   /* another answer, or none */
    int64_t p99_us;
    double per_second;
    double calls;        /* to Redis, or that would have been */
    double late;         /* of those */
    double kept_waiting; /* replies of Redis, by the service */
    int openings;        /* of the breaker; those within a second of another are not told apart */
};

/* What the columns are. */
void flood_print_head(void);

/* Starts a service, floods it, prints a row and stops it. Fails the test unless each connection got
 * all its answers. */
struct flood_summary flood_run(const struct flood_options *options);

/* In percent. */
double flood_degraded_share(const struct flood_summary *summary);
double flood_late_share(const struct flood_summary *summary);

#endif
