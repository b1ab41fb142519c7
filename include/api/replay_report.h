/* SPDX-License-Identifier: MIT
 *
 * What a replay has found: outcomes then and now, in total, by subject, by time and by limit. Lies
 * in an arena. One thread. */
#ifndef API_REPLAY_REPORT_H
#define API_REPLAY_REPORT_H

#include "api/replay.h"
#include "base/writer.h"
#include "journal/log_entries.h"

#define REPLAY_POINTS_MAX     60
#define REPLAY_SUBJECTS_SHOWN 20

/* What limits said of decisions. */
struct replay_counts {
    int64_t allowed;
    int64_t denied; /* also those that shadow mode let pass; of these: */
    int64_t denied_in_shadow;
};

struct replay_compared {
    struct replay_counts then;
    struct replay_counts now;
    int64_t newly_denied;
    int64_t newly_allowed;
};

/* Private. */
struct replay_report {
    const struct policy *policy;
    int64_t step_s;
    int64_t first_step; /* of the oldest entry, counted from 1970 on */
    size_t point_count;
    struct replay_compared points[REPLAY_POINTS_MAX];
    struct replay_compared totals;
    int64_t ends[REPLAY_ENDS];
    int64_t denied_by[LIMITS_MAX];
    size_t subject_count;
    struct replay_subject *subjects;
    uint16_t *slots; /* by hash: the place of a subject, plus 1; 0: free */
};

/* For these entries, which are in order, and of a week at most by `in_order_us`. `count` may be 0.
 * All is borrowed. */
void replay_report_init(struct replay_report *report, const struct policy *policy,
                        const struct log_entry entries[], size_t count, struct arena *arena);

/* Counts one of the entries, and what came of it. */
void replay_report_add(struct replay_report *report, const struct log_entry *entry,
                       enum replay_end end, const struct replay_outcome *outcome);

/* Writes the members from `replayed` to `by_limit` into an object that the caller has begun. */
void replay_report_write(const struct replay_report *report, struct writer *writer);

#endif
