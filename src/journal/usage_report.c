/* SPDX-License-Identifier: MIT */
#include "journal/usage_report.h"

#include "base/arena.h"
#include "base/duration.h"
#include "base/writer.h"

#define ANSWER_BYTES_MIN 4096
#define WEEK_MINUTES     (7 * DAY_MINUTES)

static int64_t step_start(const struct usage_report *report, size_t step);
static void add_counts(struct usage_report *report, int64_t start, struct text packed);
static bool query_takes(const struct usage_query *query, const struct tally_entry *entry);
static void add_top(struct heavy_hitters *top, struct text packed);
static void write_counts(const uint64_t counts[], struct writer *writer);
static void write_series(const struct usage_report *report, struct writer *writer);
static void write_routes(const struct usage_report *report, struct arena *arena,
                         struct writer *writer);
static int compare_highest_first(const void *left, const void *right);
static uint64_t decisions(const struct tally_entry *entry);
static void write_sums(const struct usage_report *report, struct arena *arena,
                       struct writer *writer);
static int compare_largest_first(const void *left, const void *right);
static void write_top(const struct usage_report *report, enum top top, struct writer *writer);
static void write_subject(const struct subject *subject, struct writer *writer);

const int64_t usage_span_minutes[USAGE_SPANS] = {1, HOUR_MINUTES};
const int64_t usage_kept_minutes[USAGE_SPANS] = {WEEK_MINUTES, USAGE_MINUTES_MAX + DAY_MINUTES};
const int64_t usage_held_minutes[USAGE_SPANS] = {DAY_MINUTES, WEEK_MINUTES + DAY_MINUTES};

const enum usage_content usage_content_of_top[TOPS] = {
    [TOP_DENIED] = USAGE_DENIED,
    [TOP_COST] = USAGE_COST,
};

const struct usage_words usage_sum_words[TALLY_SUMS] = {
    [TALLY_COST] = {"costs", "measure", "cost"},
    [TALLY_DENIED_BY] = {"denied_by", "limit", "denied"},
};

const struct usage_words usage_top_words[TOPS] = {
    [TOP_DENIED] = {"top_denied", "subject", "denied"},
    [TOP_COST] = {"top_cost", "subject", "cost"},
};

void usage_report_init(struct usage_report *report, const struct usage_query *query, int64_t now,
                       struct arena *arena)
{
    const int64_t step = query->step_minutes;
    const int64_t points = (query->window_minutes + step - 1) / step;
    const int64_t to = now - now % step + step;
    const int64_t kept_from = now - now % HOUR_MINUTES - usage_kept_minutes[USAGE_HOUR];
    const int64_t from = to - points * step > kept_from ? to - points * step : kept_from;
    const bool by_hours = step % HOUR_MINUTES == 0;

    *report = (struct usage_report){
        .query = query,
        .from = from,
        .to = to,
        .step_count = (size_t)points,
        .hourly_before = by_hours ? INT64_MAX : now - now % HOUR_MINUTES - WEEK_MINUTES,
        .points = arena_allocate(arena, (size_t)points * sizeof report->points[0]),
        .tops_since = from - from % HOUR_MINUTES,
    };
    for (size_t i = 0; i < TOPS; i++)
        report->tops[i] = heavy_hitters_new();
}

void usage_report_close(struct usage_report *report)
{
    tally_close(&report->pairs);
    for (size_t i = 0; i < TOPS; i++)
        heavy_hitters_free(report->tops[i]);
}

void usage_report_add(struct usage_report *report, const struct usage_view *view)
{
    const int64_t start = view->start;
    const bool wanted = (start < report->hourly_before) == (view->span == USAGE_HOUR);

    if (wanted && start >= report->from && start < report->to) {
        add_counts(report, start, view->contents[USAGE_COUNTS]);
        tally_add_sums(&report->pairs, view->contents[USAGE_SUMS]);
    }
    if (start < report->tops_since || start >= report->to)
        return;
    for (size_t i = 0; i < TOPS; i++)
        add_top(report->tops[i], view->contents[usage_content_of_top[i]]);
}

int64_t usage_report_step(const struct usage_report *report, size_t step)
{
    const int64_t start = step_start(report, step);

    return start > report->from ? start : report->from;
}

int64_t usage_report_hourly_before(const struct usage_report *report)
{
    const bool by_hours = report->query->step_minutes % HOUR_MINUTES == 0;

    return by_hours || report->hourly_before <= report->from ? USAGE_ALL_EXACT
                                                             : report->hourly_before;
}

const struct tally_entry *usage_report_routes(const struct usage_report *report,
                                              struct arena *arena, size_t *count)
{
    struct tally_entry *entries =
        ARENA_ARRAY(arena, struct tally_entry, (size_t)report->pairs.count + 1);
    size_t position = 0;

    *count = 0;
    while (tally_next(&report->pairs, &position, &entries[*count]))
        ++*count;
    qsort(entries, *count, sizeof entries[0], compare_highest_first);
    return entries;
}

const struct sum *usage_report_sums(const struct usage_report *report, enum tally_sum which,
                                    struct arena *arena, size_t *count)
{
    const struct sums *sums = &report->pairs.sums[which];
    struct sum *sorted = ARENA_ARRAY(arena, struct sum, (size_t)sums->count + 1);

    *count = sums->count;
    if (sums->count > 0)
        memcpy(sorted, sums->at, sums->count * sizeof sorted[0]);
    qsort(sorted, sums->count, sizeof sorted[0], compare_largest_first);
    return sorted;
}

struct text usage_report_write(const struct usage_report *report, struct arena *arena)
{
    const int64_t hourly_before = usage_report_hourly_before(report);
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, arena, ANSWER_BYTES_MIN);
    writer_init(&writer, &buffer);
    writer_begin_object(&writer, NULL);
    writer_integer(&writer, "from", report->from * MINUTE_S);
    writer_integer(&writer, "to", report->to * MINUTE_S);
    writer_integer(&writer, "step_seconds", report->query->step_minutes * MINUTE_S);
    if (hourly_before == USAGE_ALL_EXACT)
        writer_null(&writer, "hourly_before");
    else
        writer_integer(&writer, "hourly_before", hourly_before * MINUTE_S);
    writer_bool(&writer, "degraded", report->degraded);
    writer_begin_object(&writer, "totals");
    write_counts(report->totals, &writer);
    writer_end_object(&writer);
    writer_integer(&writer, "uncounted", (int64_t)report->uncounted);
    write_series(report, &writer);
    write_routes(report, arena, &writer);
    write_sums(report, arena, &writer);
    for (enum top top = 0; top < TOPS; top++)
        write_top(report, top, &writer);
    writer_end_object(&writer);
    return writer_document(&writer);
}

static int64_t step_start(const struct usage_report *report, size_t step)
{
    return report->to - (int64_t)(report->step_count - step) * report->query->step_minutes;
}

static void add_counts(struct usage_report *report, int64_t start, struct text packed)
{
    uint64_t *point = report->points[(start - step_start(report, 0)) / report->query->step_minutes];
    struct tally_entry entry;

    while (tally_read(&packed, &entry)) {
        if (!query_takes(report->query, &entry)) {
            if (tally_is_other(&entry))
                report->uncounted = sums_plus(report->uncounted, decisions(&entry));
            continue;
        }
        tally_add(&report->pairs, &entry);
        for (size_t i = 0; i < TALLY_OUTCOMES; i++) {
            point[i] = sums_plus(point[i], entry.counts[i]);
            report->totals[i] = sums_plus(report->totals[i], entry.counts[i]);
        }
    }
}

static bool query_takes(const struct usage_query *query, const struct tally_entry *entry)
{
    return (text_is_absent(query->route_key) || text_equal(query->route_key, entry->route)) &&
           (text_is_absent(query->role) || text_equal(query->role, entry->role));
}

static void add_top(struct heavy_hitters *top, struct text packed)
{
    struct heavy_hitters *hitters;

    if (packed.length == 0)
        return;
    hitters = heavy_hitters_new();
    if (heavy_hitters_read(hitters, packed))
        heavy_hitters_merge(top, hitters);
    heavy_hitters_free(hitters);
}

static void write_counts(const uint64_t counts[], struct writer *writer)
{
    for (size_t i = 0; i < TALLY_OUTCOMES; i++)
        writer_integer(writer, tally_outcome_names[i], (int64_t)counts[i]);
}

static void write_series(const struct usage_report *report, struct writer *writer)
{
    writer_begin_array(writer, "series");
    for (size_t i = 0; i < report->step_count; i++) {
        writer_begin_object(writer, NULL);
        writer_integer(writer, "timestamp", usage_report_step(report, i) * MINUTE_S);
        write_counts(report->points[i], writer);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

static void write_routes(const struct usage_report *report, struct arena *arena,
                         struct writer *writer)
{
    size_t count;
    const struct tally_entry *entries = usage_report_routes(report, arena, &count);

    writer_begin_array(writer, "routes");
    for (size_t i = 0; i < count; i++) {
        writer_begin_object(writer, NULL);
        writer_text(writer, "route", entries[i].route);
        writer_text(writer, "role", entries[i].role);
        write_counts(entries[i].counts, writer);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

static int compare_highest_first(const void *left, const void *right)
{
    const struct tally_entry *a = left;
    const struct tally_entry *b = right;

    if (decisions(a) != decisions(b))
        return decisions(a) > decisions(b) ? -1 : 1;
    const int by_route = text_compare(a->route, b->route);
    return by_route != 0 ? by_route : text_compare(a->role, b->role);
}

static uint64_t decisions(const struct tally_entry *entry)
{
    return sums_plus(entry->counts[TALLY_ALLOWED], entry->counts[TALLY_DENIED]);
}

static void write_sums(const struct usage_report *report, struct arena *arena,
                       struct writer *writer)
{
    for (size_t i = 0; i < TALLY_SUMS; i++) {
        size_t count;
        const struct sum *sums = usage_report_sums(report, i, arena, &count);

        writer_begin_array(writer, usage_sum_words[i].list);
        for (size_t j = 0; j < count; j++) {
            writer_begin_object(writer, NULL);
            writer_text(writer, usage_sum_words[i].name,
                        (struct text){sums[j].name, sums[j].length});
            writer_integer(writer, usage_sum_words[i].value, (int64_t)sums[j].value);
            writer_end_object(writer);
        }
        writer_end_array(writer);
    }
}

static int compare_largest_first(const void *left, const void *right)
{
    const struct sum *a = left;
    const struct sum *b = right;

    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return text_compare((struct text){a->name, a->length}, (struct text){b->name, b->length});
}

static void write_top(const struct usage_report *report, enum top top, struct writer *writer)
{
    const struct heavy_hitters *hitters = report->tops[top];
    struct hitter shown[USAGE_TOP_SHOWN];
    const size_t count = heavy_hitters_top(hitters, USAGE_TOP_SHOWN, shown);

    writer_begin_object(writer, usage_top_words[top].list);
    writer_integer(writer, "since", report->tops_since * MINUTE_S);
    writer_integer(writer, "error_max", (int64_t)heavy_hitters_bound(hitters));
    writer_begin_array(writer, "subjects");
    for (size_t i = 0; i < count; i++) {
        writer_begin_object(writer, NULL);
        write_subject(&shown[i].subject, writer);
        writer_integer(writer, usage_top_words[top].value, (int64_t)shown[i].count);
        writer_integer(writer, "error", (int64_t)shown[i].error);
        writer_end_object(writer);
    }
    writer_end_array(writer);
    writer_end_object(writer);
}

static void write_subject(const struct subject *subject, struct writer *writer)
{
    if (text_equal(subject->name, TEXT(SUBJECT_USER))) {
        writer_text(writer, "user_id", subject->value);
    } else if (text_equal(subject->name, TEXT(SUBJECT_IP))) {
        writer_text(writer, "ip", subject->value);
    } else {
        subject_write(subject, writer, "subject");
    }
}
