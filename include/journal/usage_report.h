/* SPDX-License-Identifier: MIT
 *
 * The answer of GET /usage while it is built from packed counts of minutes and hours. */
#ifndef JOURNAL_USAGE_REPORT_H
#define JOURNAL_USAGE_REPORT_H

#include "base/duration.h"
#include "journal/heavy_hitters.h"
#include "journal/tally.h"

#define USAGE_DAYS_MAX    90 /* of a window */
#define USAGE_MINUTES_MAX (USAGE_DAYS_MAX * DAY_MINUTES)
#define USAGE_POINTS_MAX  1440
#define USAGE_TOP_SHOWN   20

struct arena;

/* The time that one tally covers. */
enum usage_span { USAGE_MINUTE, USAGE_HOUR, USAGE_SPANS };

/* By span, in minutes: its length, how long one is kept after its time in Redis or in the file, and
 * how long in memory, where there is less room. */
extern const int64_t usage_span_minutes[USAGE_SPANS];
extern const int64_t usage_kept_minutes[USAGE_SPANS];
extern const int64_t usage_held_minutes[USAGE_SPANS];

struct usage_query {
    int64_t window_minutes; /* step_minutes..USAGE_MINUTES_MAX */
    int64_t step_minutes;   /* at least a USAGE_POINTS_MAX-th of the window */
    struct text route_key;  /* absent: any */
    struct text role;       /* absent: any */
    bool as_csv;            /* the answer is a table (usage_csv.h), and not JSON */
};

/* What is packed of a span, in the order in which it is stored. Older versions have stored only the
 * first two. */
enum usage_content {
    USAGE_COUNTS, /* tally_write() */
    USAGE_DENIED, /* heavy_hitters_write() of TOP_DENIED; absent if none, and for a minute */
    USAGE_SUMS,   /* tally_write_sums() */
    USAGE_COST,   /* like USAGE_DENIED, of TOP_COST */
    USAGE_CONTENTS
};

extern const enum usage_content usage_content_of_top[TOPS];

/* One span; borrowed for the call. */
struct usage_view {
    enum usage_span span;
    int64_t start; /* minute since 1970 */
    uint32_t part; /* of the span; parts are summed */
    struct text contents[USAGE_CONTENTS];
};

struct usage_report {
    const struct usage_query *query;
    /* Minutes since 1970: [from, to) are whole steps, and the present one is the last. But none of
     * them begins before what is kept. */
    int64_t from;
    int64_t to;
    size_t step_count;
    int64_t hourly_before;              /* hours are taken before this minute; minutes from it on */
    uint64_t (*points)[TALLY_OUTCOMES]; /* one per step, in the arena */
    uint64_t totals[TALLY_OUTCOMES];
    uint64_t uncounted; /* decisions under "(other)", which a filter cannot judge */
    struct tally pairs; /* and the sums */
    struct heavy_hitters *tops[TOPS];
    int64_t tops_since; /* minute: start of the first hour that overlaps the window */
    bool degraded;      /* what this process does not hold is missing */
};

/* `query` is borrowed, `arena` is used until usage_report_close(). `now` is a minute. */
void usage_report_init(struct usage_report *report, const struct usage_query *query, int64_t now,
                       struct arena *arena);
void usage_report_close(struct usage_report *report);

/* Adds what is in the window; data that is not ours is skipped. Each span once. */
void usage_report_add(struct usage_report *report, const struct usage_view *view);

/* The minute in which this step begins. */
int64_t usage_report_step(const struct usage_report *report, size_t step);

/* Before this minute there are only counts by the hour; USAGE_ALL_EXACT: every step is exact. */
#define USAGE_ALL_EXACT INT64_MIN
int64_t usage_report_hourly_before(const struct usage_report *report);

/* The pairs of route and role, most decisions first; in `arena`. */
const struct tally_entry *usage_report_routes(const struct usage_report *report,
                                              struct arena *arena, size_t *count);

/* The sums by name, the largest first; in `arena`. */
const struct sum *usage_report_sums(const struct usage_report *report, enum tally_sum which,
                                    struct arena *arena, size_t *count);

/* How the answer calls them: the list, and in it who or what, and how much. */
struct usage_words {
    const char *list;
    const char *name;
    const char *value;
};

extern const struct usage_words usage_sum_words[TALLY_SUMS];
extern const struct usage_words usage_top_words[TOPS];

/* The JSON object. */
struct text usage_report_write(const struct usage_report *report, struct arena *arena);

#endif
