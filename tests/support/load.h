/* SPDX-License-Identifier: MIT
 *
 * Threads that check without a pause, each over a connection of its own, while the test does
 * something to the service or its store. */
#ifndef SUPPORT_LOAD_H
#define SUPPORT_LOAD_H

#include "support/service.h"

#define LOAD_ROUTES_MAX 4

struct load_options {
    int port;
    const char *api_key;
    /* Checked in turn, user "load" with cost 1; ends with NULL. Borrowed until load_end(). */
    const char *routes[LOAD_ROUTES_MAX + 1];
    int threads;
    /* One connection for each check, so that none is ever repeated; else it is kept alive, and a
     * check that finds it closed is sent again over another. */
    bool reconnects;
};

struct load_summary {
    long checks;   /* answered or not */
    long allowed;  /* 200 */
    long denied;   /* 429 */
    long degraded; /* of those, decided without the store */
    long failed;   /* no answer, or another one */
    int64_t slowest_us;
    char first_failure[256]; /* "" for none */
};

struct load;

struct load *load_begin(const struct load_options *options);
/* So far. */
struct load_summary load_summary(struct load *load);
/* Stops, and says what it was in all. */
struct load_summary load_end(struct load *load);

#endif
