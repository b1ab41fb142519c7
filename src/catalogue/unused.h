/* SPDX-License-Identifier: MIT
 *
 * Apps that have registered and checked nothing. The catalogue's thread looks now and then which of
 * them have decided something since, which the catalogue is then told, and which have been left
 * alone for so long that they go.
 *
 * What is deleted by mistake is gone, and clocks jump. So the revision of an app's last change must
 * be old enough by this process' wall clock and by the clock that gives revisions, and this process
 * must have run for a day (or for the time itself, if that is less) in which its wall clock has
 * gone as its monotonic one does. Even then one app goes in each look. The catalogue thread's, but
 * for `removed`. Private to catalogue.c. */
#ifndef CATALOGUE_UNUSED_H
#define CATALOGUE_UNUSED_H

#include "base/duration.h"
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
    int64_t kept_us;        /* 0: for ever */
    int64_t look_at_us;     /* monotonic */
    int64_t steady_from_us; /* monotonic: since then the clocks have gone alike */
    int64_t offset_us;      /* of the wall clock from the monotonic one */
    atomic_uint removed;
};

void unused_init(struct unused *unused, struct catalogue_backend *backend, struct app_index *index,
                 int64_t kept_us, struct unused_now now);

/* CATALOGUE_UNAVAILABLE: the catalogue did not take what there was to tell. */
enum catalogue_status unused_look(struct unused *unused, struct unused_now now,
                                  struct error *error);

#endif
