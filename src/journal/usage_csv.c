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
                                      "subject",
                                      "value",
                                      "allowed",
                                      "denied",
                                      "shadow_denied",
                                      "candidate_denied",
                                      "degraded",
                                      "error",
                                      "note"};

static void write_header(struct csv *csv);
static void write_total(const struct usage_report *report, struct arena *arena, struct csv *csv);
static struct text note(const struct usage_report *report, struct arena *arena);
static void add_note(struct buffer *note, const char *name, int64_t value);
static void write_steps(const struct usage_report *report, struct csv *csv);
static void write_routes(const struct usage_report *report, struct arena *arena, struct csv *csv);
static void write_denied(const struct usage_report *report, struct csv *csv);
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
    write_denied(report, &csv);
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
    const uint64_t error_max = heavy_hitters_bound(report->denied);
    struct buffer note;

    buffer_init(&note, arena, NOTE_BYTES_MIN);
    if (report->degraded)
        buffer_add(&note, TEXT("degraded"));
    if (report->uncounted > 0)
        add_note(&note, "uncounted", (int64_t)report->uncounted);
    if (hourly_before != USAGE_ALL_EXACT)
        add_note(&note, "hourly_before", hourly_before * MINUTE_S);
    if (error_max > 0)
        add_note(&note, "top_denied_error_max", (int64_t)error_max);
    return buffer_text(&note);
}

static void add_note(struct buffer *note, const char *name, int64_t value)
{
    buffer_printf(note, "%s%s=%" PRId64, note->length == 0 ? "" : "; ", name, value);
}

static void write_steps(const struct usage_report *report, struct csv *csv)
{
    const int64_t step = report->query->step_minutes;

    for (int64_t minute = report->from; minute < report->to; minute += step) {
        csv_text(csv, TEXT("step"));
        write_time(minute, csv);
        csv_skip(csv, 4);
        write_counts(report->points[(minute - report->from) / step], csv);
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

static void write_denied(const struct usage_report *report, struct csv *csv)
{
    struct hitter top[USAGE_DENIED_SHOWN];
    const size_t count = heavy_hitters_top(report->denied, USAGE_DENIED_SHOWN, top);

    for (size_t i = 0; i < count; i++) {
        csv_text(csv, TEXT("top_denied"));
        write_time(report->denied_since, csv);
        csv_skip(csv, 2);
        csv_text(csv, top[i].subject.name);
        csv_text(csv, top[i].subject.value);
        csv_skip(csv, 1);
        csv_integer(csv, (int64_t)top[i].count);
        csv_skip(csv, 3);
        csv_integer(csv, (int64_t)top[i].error);
        csv_skip(csv, 1);
        csv_end_row(csv);
    }
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

static void write_counts(const uint64_t counts[], struct csv *csv)
{
    for (size_t i = 0; i < TALLY_OUTCOMES; i++)
        csv_integer(csv, (int64_t)counts[i]);
}
