/* SPDX-License-Identifier: MIT */
#include "departures.h"

#include "base/log.h"

/* How long apps wait: for others, so that they share a round trip or a sum. */
static const int64_t waits_us[][CARGOS] = {
    [false] = {[CARGO_LOG] = JOURNAL_ROLL_UP_US, [CARGO_USAGE] = 0},
    [true] = {[CARGO_LOG] = JOURNAL_FLUSH_US, [CARGO_USAGE] = JOURNAL_SEND_USAGE_US},
};

static bool mark_unsent(struct journal_app *app);

void departures_init(struct departures *departures, bool has_feed)
{
    departures->has_feed = has_feed;
    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        STAILQ_INIT(&departures->waiting[cargo]);
        STAILQ_INIT(&departures->going[cargo]);
    }
}

/* No record is missed, because departures_set_out() clears the mark before the ring is locked to
 * look. A record that is not seen there was added later, so its thread sees that the mark is
 * clear. */
bool departures_mark_dirty(struct journal_app *app)
{
    return !atomic_load_explicit(&app->dirty, memory_order_relaxed) &&
           !atomic_exchange(&app->dirty, true);
}

void departures_wait(struct departures *departures, struct journal_app *app, enum cargo cargo,
                     int64_t now_us)
{
    if (!departures_has_waiting(departures, cargo))
        departures->begin_us[cargo] = now_us + waits_us[departures->has_feed][cargo];
    STAILQ_INSERT_TAIL(&departures->waiting[cargo], app, in_cargo[cargo]);
}

void departures_note_unsent(struct departures *departures, struct journal_app *app, int64_t now_us)
{
    if (mark_unsent(app))
        departures_wait(departures, app, CARGO_USAGE, now_us);
}

bool departures_has_waiting(const struct departures *departures, enum cargo cargo)
{
    return !STAILQ_EMPTY(&departures->waiting[cargo]);
}

bool departures_has_going(const struct departures *departures, enum cargo cargo)
{
    return !STAILQ_EMPTY(&departures->going[cargo]);
}

bool departures_is_due(const struct departures *departures, enum cargo cargo, int64_t now_us)
{
    return departures_has_waiting(departures, cargo) && now_us >= departures->begin_us[cargo];
}

int64_t departures_due_us(const struct departures *departures)
{
    int64_t due_us = INT64_MAX;

    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        if (departures_has_going(departures, cargo))
            return 0;
        if (departures_has_waiting(departures, cargo) && departures->begin_us[cargo] < due_us)
            due_us = departures->begin_us[cargo];
    }
    return due_us;
}

void departures_begin(struct departures *departures, enum cargo cargo)
{
    STAILQ_CONCAT(&departures->going[cargo], &departures->waiting[cargo]);
}

struct journal_app *departures_first(const struct departures *departures, enum cargo cargo)
{
    return STAILQ_FIRST(&departures->going[cargo]);
}

struct journal_app *departures_set_out(struct departures *departures, enum cargo cargo)
{
    struct journal_app *app = departures_first(departures, cargo);

    if (app == NULL)
        return NULL;
    STAILQ_REMOVE_HEAD(&departures->going[cargo], in_cargo[cargo]);
    if (cargo == CARGO_LOG)
        atomic_store(&app->dirty, false);
    else
        app->unsent = false;
    return app;
}

void departures_go_behind(struct departures *departures, struct journal_app *app, enum cargo cargo)
{
    if (cargo == CARGO_LOG ? departures_mark_dirty(app) : mark_unsent(app))
        STAILQ_INSERT_TAIL(&departures->going[cargo], app, in_cargo[cargo]);
}

void departures_stay(struct departures *departures, enum cargo cargo, int64_t begin_us)
{
    departures_begin(departures, cargo);
    STAILQ_CONCAT(&departures->waiting[cargo], &departures->going[cargo]);
    departures->begin_us[cargo] = begin_us;
}

void departures_tell_waiting(const struct departures *departures)
{
    struct journal_app *app;
    uint64_t records = 0;
    int64_t usages = 0;

    STAILQ_FOREACH (app, &departures->waiting[CARGO_LOG], in_cargo[CARGO_LOG])
        records += departures->has_feed ? ring_newest(&app->ring) - app->sent : 0;
    STAILQ_FOREACH (app, &departures->waiting[CARGO_USAGE], in_cargo[CARGO_USAGE])
        usages++;
    if (records > 0 || usages > 0)
        log_write(LOG_WARN, "journal not all sent", LOG_INTEGER("count", (int64_t)records),
                  LOG_INTEGER("usage_apps", usages));
}

static bool mark_unsent(struct journal_app *app)
{
    const bool was_marked = app->unsent;

    app->unsent = true;
    return !was_marked;
}
