/* SPDX-License-Identifier: MIT
 *
 * What clocks show in a few zones, by the C library. The service asks another library. Times are in
 * seconds, and between 1960 and 2041. Main thread only. */
#ifndef SUPPORT_REFERENCE_ZONE_H
#define SUPPORT_REFERENCE_ZONE_H

/* The first is UTC. */
#define REFERENCE_ZONES 8
extern const char *const reference_zones[REFERENCE_ZONES];

/* The instant at which clocks show `local_s`, as if it were UTC: the first, if they show it twice.
 * If they are put forward over it, the first instant after that. */
int64_t reference_zone_instant(size_t zone, int64_t local_s);

/* One of the instants from 1990 to 2035 at which clocks are changed, at random; any if they never
 * are. */
int64_t reference_zone_change(size_t zone);

#endif
