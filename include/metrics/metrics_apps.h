/* SPDX-License-Identifier: MIT
 *
 * Which apps have figures of their own: the first `apps_max` apps with a decision. All others share
 * one slot. So the number of series is bounded, however many apps there are. Any thread; to find an
 * app that is there takes no lock. */
#ifndef METRICS_METRICS_APPS_H
#define METRICS_METRICS_APPS_H

#define METRICS_APPS_MAX 1000

struct metrics_apps;

/* `apps_max` up to METRICS_APPS_MAX. */
struct metrics_apps *metrics_apps_new(size_t apps_max);
/* NULL is fine. */
void metrics_apps_free(struct metrics_apps *apps);

/* The app's slot, or the shared last one, `apps_max`, if the app has none. */
size_t metrics_apps_slot(struct metrics_apps *apps, const char *app_id);

/* How many apps have slots, from 0 on. The shared last slot is not counted. */
size_t metrics_apps_count(const struct metrics_apps *apps);
size_t metrics_apps_max(const struct metrics_apps *apps);
const char *metrics_apps_id(const struct metrics_apps *apps, size_t slot);

#endif
