/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include "base/clock.h"
#include "base/duration.h"
#include "journal/usage_file.h"

static void note_lost(struct ledger *ledger);

void ledger_init(struct ledger *ledger, struct departures *departures, bool has_feed)
{
    *ledger = (struct ledger){
        .departures = departures, .has_feed = has_feed, .usage = usage_new(USAGE_BYTES_MAX)};
}

void ledger_close(struct ledger *ledger)
{
    usage_free(ledger->usage);
    ring_counts_close(&ledger->counts);
}

void ledger_keep(struct ledger *ledger, struct usage_file *file)
{
    ledger->file = file;
}

/* The earlier minute first. */
void ledger_roll_up(struct ledger *ledger, struct journal_app *app)
{
    struct ring_counts *counts = &ledger->counts;

    ring_take_counts(&app->ring, counts);
    if (counts->tallies[0].count + counts->tallies[1].count == 0)
        return;
    if (app->usage == NULL) {
        app->usage = usage_app_new(ledger->usage);
        SLIST_INSERT_HEAD(&ledger->apps, app, in_counted);
    }
    const size_t earlier = counts->tallies[0].minute < counts->tallies[1].minute ? 0 : 1;
    const int64_t now_us = clock_monotonic_us();
    usage_add(app->usage, &counts->tallies[earlier], now_us / MINUTE_US);
    usage_add(app->usage, &counts->tallies[1 - earlier], now_us / MINUTE_US);
    for (enum top top = 0; top < TOPS; top++) {
        if (counts->tops[top] != NULL)
            usage_add_top(app->usage, top, counts->tops[top]);
    }
    if (ledger->has_feed || ledger->file != NULL)
        departures_note_unsent(ledger->departures, app, now_us);
}

bool ledger_save(struct ledger *ledger, struct journal_app *const apps[], size_t count)
{
    struct usage_file *file = ledger->file;

    if (file == NULL || !usage_file_begin(file))
        return false;
    if (usage_file_has_lost(file))
        note_lost(ledger);
    for (size_t i = 0; i < count; i++)
        usage_file_add(file, apps[i]->id, apps[i]->usage);
    usage_file_forget(file, clock_wall_us(), clock_monotonic_us());
    if (!usage_file_commit(file))
        return false;
    for (size_t i = 0; i < count; i++)
        usage_mark_sent(apps[i]->usage);
    return true;
}

void ledger_wake(struct ledger *ledger)
{
    if (ledger->file != NULL)
        usage_file_wake(ledger->file);
}

static void note_lost(struct ledger *ledger)
{
    const int64_t now_us = clock_monotonic_us();
    struct journal_app *app;

    SLIST_FOREACH (app, &ledger->apps, in_counted) {
        usage_mark_unsent(app->usage);
        app->has_lost = true;
        departures_note_unsent(ledger->departures, app, now_us);
    }
}
