/* SPDX-License-Identifier: MIT
 *
 * The answer of GET /usage while it is put together, from packed counts of minutes and hours,
 * wherever they come from. */
#ifndef JOURNAL_USAGE_REPORT_H
#define JOURNAL_USAGE_REPORT_H

#include "base/duration.h"
#include "journal/heavy_hitters.h"
#include "journal/tally.h"

#define USAGE_MINUTES_MAX  (7 * DAY_MINUTES) /* of a window */
#define USAGE_POINTS_MAX   1440
#define USAGE_DENIED_SHOWN 20

struct arena;

/* How long a time one tally covers. Minutes of the last day are kept, hours of the last week. */
enum usage_span { USAGE_MINUTE, USAGE_HOUR, USAGE_SPANS };

/* Indexed by the span, in minutes: its length, and how long one is kept after its time. */
extern const int64_t usage_span_minutes[USAGE_SPANS];
extern const int64_t usage_kept_minutes[USAGE_SPANS];

struct usage_query {
    int64_t window_minutes; /* step_minutes..USAGE_MINUTES_MAX */
    int64_t step_minutes;   /* at least a USAGE_POINTS_MAX-th of the window */
    struct text route_key;  /* absent: any */
    struct text role;       /* absent: any */
};

/* What came within one span; borrowed for the call. */
struct usage_view {
    enum usage_span span;
    int64_t start;      /* minute since 1970 */
    uint32_t part;      /* of the span: parts are added up */
    struct text counts; /* tally_write() */
    struct text denied; /* heavy_hitters_write(); absent when nobody was, and for a minute */
};

struct usage_report {
    const struct usage_query *query;
    int64_t from; /* minutes since 1970: [from, to) is whole steps, the present one is the last */
    int64_t to;
    int64_t hourly_before; /* before this minute, hours are taken; of what follows, minutes */
    uint64_t (*points)[TALLY_OUTCOMES]; /* one per step, in the arena */
    uint64_t totals[TALLY_OUTCOMES];
    uint64_t uncounted; /* decisions under "(other)", which a filter cannot tell */
    struct tally pairs;
    struct heavy_hitters *denied;
    int64_t denied_since; /* minute: the first hour that the window reaches into */
    bool degraded;        /* without what other instances counted */
};

/* `query` is borrowed, `arena` is used until usage_report_close(). `now` is a minute. */
void usage_report_init(struct usage_report *report, const struct usage_query *query, int64_t now,
                       struct arena *arena);
void usage_report_close(struct usage_report *report);

/* Adds what falls into the window; what is not ours is passed over. Each span once. */
void usage_report_add(struct usage_report *report, const struct usage_view *view);

/* The JSON object. */
struct text usage_report_write(const struct usage_report *report, struct arena *arena);

#endif
