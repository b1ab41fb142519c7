/* SPDX-License-Identifier: MIT */
#include "silence.h"

#define APPS_IN_TURN 128

static bool is_over(const struct silence *silence);
static bool give_back(const struct silence *silence, struct journal_app *app, bool is_silent);
static void take_out(struct silence *silence, struct journal_app *app);
static size_t bytes_of(struct journal_app *app);

void silence_init(struct silence *silence, bool has_feed, size_t bytes_max)
{
    *silence = (struct silence){.has_feed = has_feed, .bytes_max = bytes_max};
    TAILQ_INIT(&silence->apps);
}

void silence_note(struct silence *silence, struct journal_app *app, int64_t now_us)
{
    if (app->bytes > 0)
        take_out(silence, app);
    app->heard_us = now_us;
    app->bytes = bytes_of(app);
    figure_add(&silence->bytes, app->bytes);
    TAILQ_INSERT_TAIL(&silence->apps, app, in_silence);
}

int64_t silence_due_us(const struct silence *silence)
{
    const struct journal_app *first = TAILQ_FIRST(&silence->apps);

    return !silence->has_feed || first == NULL ? INT64_MAX : first->heard_us + JOURNAL_SILENCE_US;
}

void silence_give_back(struct silence *silence, int64_t now_us)
{
    for (int i = 0; i < APPS_IN_TURN; i++) {
        const bool is_silent = now_us >= silence_due_us(silence);
        struct journal_app *app = TAILQ_FIRST(&silence->apps);

        if (app == NULL || (!is_silent && !is_over(silence)))
            return;
        if (!give_back(silence, app, is_silent)) {
            silence_note(silence, app, now_us); /* it failed, so not again at once */
            continue;
        }
        take_out(silence, app);
        figure_add(&silence->gave_way, !is_silent);
    }
}

static bool is_over(const struct silence *silence)
{
    return figure_get(&silence->bytes) > silence->bytes_max;
}

/* False when something in the ring is nowhere else yet. */
static bool give_back(const struct silence *silence, struct journal_app *app, bool is_silent)
{
    if (silence->has_feed && app->unsent)
        return false;
    if (!ring_give_back(&app->ring, silence->has_feed ? app->sent : ring_newest(&app->ring)))
        return false;
    if (app->usage != NULL && is_silent)
        usage_app_forget(app->usage);
    else if (app->usage != NULL)
        usage_app_pack(app->usage);
    return true;
}

static void take_out(struct silence *silence, struct journal_app *app)
{
    TAILQ_REMOVE(&silence->apps, app, in_silence);
    figure_set(&silence->bytes, figure_get(&silence->bytes) - app->bytes);
    app->bytes = 0;
}

static size_t bytes_of(struct journal_app *app)
{
    const size_t open_bytes = app->usage == NULL ? 0 : usage_app_open_bytes(app->usage);

    return sizeof *app + ring_bytes(&app->ring) + open_bytes;
}
