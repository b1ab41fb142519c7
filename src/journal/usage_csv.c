/* SPDX-License-Identifier: MIT */
#include "journal/usage_csv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/duration.h"

#include <inttypes.h>

#define TABLE_BYTES_MIN 4096
#define NOTE_BYTES_MIN  64

static const char *const columns[] = {"row",
                                      "timestamp",
                                      "time",
                                      "route",
                                      "role",
                                      "kind",
                                      "value",
                                      "allowed",
                                      "denied",
                                      "shadow_denied",
                                      "candidate_denied",
                                      "degraded",
                                      "cost",
                                      "error",
                                      "note"};

static void write_header(struct csv *csv);
static void write_total(const struct usage_report *report, struct arena *arena, struct csv *csv);
static struct text note(const struct usage_report *report, struct arena *arena);
static void add_note(struct buffer *note, const char *name, int64_t value);
static void separate(struct buffer *note);
static void write_steps(const struct usage_report *report, struct csv *csv);
static void write_routes(const struct usage_report *report, struct arena *arena, struct csv *csv);
static void write_sums(const struct usage_report *report, enum tally_sum which, struct arena *arena,
                       struct csv *csv);
static void write_top(const struct usage_report *report, enum top which, struct csv *csv);
static void write_amount(bool is_cost, uint64_t amount, struct csv *csv);
static void write_time(int64_t minute, struct csv *csv);
static void write_counts(const uint64_t counts[], struct csv *csv);

struct text usage_csv_write(const struct usage_report *report, struct arena *arena)
{
    struct buffer table;
    struct csv csv;

    buffer_init(&table, arena, TABLE_BYTES_MIN);
    csv_init(&csv, &table);
    write_header(&csv);
    write_total(report, arena, &csv);
    write_steps(report, &csv);
    write_routes(report, arena, &csv);
    for (enum tally_sum which = 0; which < TALLY_SUMS; which++)
        write_sums(report, which, arena, &csv);
    for (enum top which = 0; which < TOPS; which++)
        write_top(report, which, &csv);
    return buffer_text(&table);
}

static void write_header(struct csv *csv)
{
    for (size_t i = 0; i < ARRAY_COUNT(columns); i++)
        csv_text(csv, text_of(columns[i]));
    csv_end_row(csv);
}

static void write_total(const struct usage_report *report, struct arena *arena, struct csv *csv)
{
    csv_text(csv, TEXT("total"));
    write_time(report->from, csv);
    csv_skip(csv, 4);
    write_counts(report->totals, csv);
    csv_skip(csv, 1);
    csv_text(csv, note(report, arena));
    csv_end_row(csv);
}

static struct text note(const struct usage_report *report, struct arena *arena)
{
    const int64_t hourly_before = usage_report_hourly_before(report);
    struct buffer note;

    buffer_init(&note, arena, NOTE_BYTES_MIN);
    if (report->degraded)
        buffer_add(&note, TEXT("degraded"));
    if (report->uncounted > 0)
        add_note(&note, "uncounted", (int64_t)report->uncounted);
    if (hourly_before != USAGE_ALL_EXACT)
        add_note(&note, "hourly_before", hourly_before * MINUTE_S);
    for (size_t i = 0; i < TOPS; i++) {
        const uint64_t error_max = heavy_hitters_bound(report->tops[i]);

        if (error_max > 0) {
            separate(&note);
            buffer_printf(&note, "%s_error_max=%" PRIu64, usage_top_words[i].list, error_max);
        }
    }
    return buffer_text(&note);
}

static void add_note(struct buffer *note, const char *name, int64_t value)
{
    separate(note);
    buffer_printf(note, "%s=%" PRId64, name, value);
}

static void separate(struct buffer *note)
{
    if (note->length > 0)
        buffer_add(note, TEXT("; "));
}

static void write_steps(const struct usage_report *report, struct csv *csv)
{
    for (size_t i = 0; i < report->step_count; i++) {
        csv_text(csv, TEXT("step"));
        write_time(usage_report_step(report, i), csv);
        csv_skip(csv, 4);
        write_counts(report->points[i], csv);
        csv_skip(csv, 2);
        csv_end_row(csv);
    }
}

static void write_routes(const struct usage_report *report, struct arena *arena, struct csv *csv)
{
    size_t count;
    const struct tally_entry *entries = usage_report_routes(report, arena, &count);

    for (size_t i = 0; i < count; i++) {
        csv_text(csv, TEXT("route"));
        csv_skip(csv, 2);
        csv_text(csv, entries[i].route);
        csv_text(csv, entries[i].role);
        csv_skip(csv, 2);
        write_counts(entries[i].counts, csv);
        csv_skip(csv, 2);
        csv_end_row(csv);
    }
}

static void write_sums(const struct usage_report *report, enum tally_sum which, struct arena *arena,
                       struct csv *csv)
{
    size_t count;
    const struct sum *sums = usage_report_sums(report, which, arena, &count);

    for (size_t i = 0; i < count; i++) {
        csv_text(csv, text_of(usage_sum_words[which].list));
        csv_skip(csv, 4);
        csv_text(csv, text_of(usage_sum_words[which].name));
        csv_text(csv, (struct text){sums[i].name, sums[i].length});
        write_amount(which == TALLY_COST, sums[i].value, csv);
        csv_skip(csv, 2);
        csv_end_row(csv);
    }
}

static void write_top(const struct usage_report *report, enum top which, struct csv *csv)
{
    struct hitter top[USAGE_TOP_SHOWN];
    const size_t count = heavy_hitters_top(report->tops[which], USAGE_TOP_SHOWN, top);

    for (size_t i = 0; i < count; i++) {
        csv_text(csv, text_of(usage_top_words[which].list));
        write_time(report->tops_since, csv);
        csv_skip(csv, 2);
        csv_text(csv, top[i].subject.name);
        csv_text(csv, top[i].subject.value);
        write_amount(which == TOP_COST, top[i].count, csv);
        csv_integer(csv, (int64_t)top[i].error);
        csv_skip(csv, 1);
        csv_end_row(csv);
    }
}

/* In the column `cost`, or else `denied`. */
static void write_amount(bool is_cost, uint64_t amount, struct csv *csv)
{
    csv_skip(csv, is_cost ? TALLY_OUTCOMES : 1);
    csv_integer(csv, (int64_t)amount);
    csv_skip(csv, is_cost ? 0 : TALLY_OUTCOMES - 1);
}

/* As the number that the JSON has, and as spreadsheets read it: "2026-11-21 14:12:00", in UTC. */
static void write_time(int64_t minute, struct csv *csv)
{
    char time[CLOCK_RFC3339_BYTES];

    clock_write_rfc3339(minute * MINUTE_US, time);
    time[strlen("2026-11-21")] = ' ';
    csv_integer(csv, minute * MINUTE_S);
    csv_text(csv, (struct text){time, strlen("2026-11-21 14:12:00")});
}

/* They have no cost. */
static void write_counts(const uint64_t counts[], struct csv *csv)
{
    for (size_t i = 0; i < TALLY_OUTCOMES; i++)
        csv_integer(csv, (int64_t)counts[i]);
    csv_skip(csv, 1);
}
