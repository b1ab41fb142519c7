/* SPDX-License-Identifier: MIT
 *
 * Apps that have registered and checked nothing. The catalogue's thread looks from time to time
 * which of them have decided something since then, and tells the catalogue. It deletes those that
 * have been unused for too long.
 *
 * An app deleted by mistake is lost, and clocks may jump. So the revision of an app's last change
 * must be old enough by this process' wall clock and by the clock that gives revisions. And this
 * process must have run for a day (or for `kept_us`, if that is less) in which its wall clock went
 * as fast as its monotonic clock. Even then each look deletes one app. Catalogue thread, except
 * `removed`. Private to catalogue.c. */
#ifndef CATALOGUE_UNUSED_H
#define CATALOGUE_UNUSED_H

#include "base/duration.h"
#include "base/steady_clock.h"
#include "catalogue/app_index.h"
#include "catalogue/catalogue_backend.h"

#define UNUSED_LOOK_US (5 * SECOND_US)

/* CLOCK_REALTIME and CLOCK_MONOTONIC, in microseconds. */
struct unused_now {
    int64_t wall_us;
    int64_t monotonic_us;
};

struct unused_now unused_now(void);

struct unused {
    struct catalogue_backend *backend;
    struct app_index *index;
    int64_t kept_us;    /* 0: for ever */
    int64_t look_at_us; /* monotonic */
    struct steady_clock clock;
    atomic_uint removed;
};

void unused_init(struct unused *unused, struct catalogue_backend *backend, struct app_index *index,
                 int64_t kept_us, struct unused_now now);

/* CATALOGUE_UNAVAILABLE: the catalogue could not be told. */
enum catalogue_status unused_look(struct unused *unused, struct unused_now now,
                                  struct error *error);

#endif
