/* SPDX-License-Identifier: MIT
 *
 * Which spans of an app have changed since they were sent to Redis. */
#include "base/arena.h"
#include "usage_history.h"

static bool offer_closed(struct history *history, void *context, usage_take_fn *take);
static bool offer_open(const struct usage_app *app, enum usage_span span, void *context,
                       usage_take_fn *take);

bool usage_offer_unsent(struct usage_app *app, void *context, usage_take_fn *take)
{
    bool took_all = true;

    for (enum usage_span span = 0; span < USAGE_SPANS; span++) {
        struct history *history = &app->histories[span];

        history->taken = NULL;
        history->open_taken = false;
        took_all = took_all && offer_closed(history, context, take);
        if (took_all && !history->sent) {
            took_all = offer_open(app, span, context, take);
            history->open_taken = took_all;
        }
    }
    return took_all;
}

void usage_mark_sent(struct usage_app *app)
{
    pthread_mutex_lock(&app->usage->lock);
    for (enum usage_span span = 0; span < USAGE_SPANS; span++) {
        struct history *history = &app->histories[span];
        struct period *period = history->taken;

        history->sent |= history->open_taken;
        for (; period != NULL && !period->sent; period = TAILQ_PREV(period, periods, in_app))
            period->sent = true;
    }
    pthread_mutex_unlock(&app->usage->lock);
}

void usage_mark_unsent(struct usage_app *app)
{
    struct period *period;

    pthread_mutex_lock(&app->usage->lock);
    for (enum usage_span span = 0; span < USAGE_SPANS; span++) {
        app->histories[span].sent = false;
        TAILQ_FOREACH (period, &app->histories[span].closed, in_app)
            period->sent = false;
    }
    pthread_mutex_unlock(&app->usage->lock);
}

size_t usage_count_sent(const struct usage_app *app, enum usage_span span, int64_t from, int64_t to)
{
    const struct history *history = &app->histories[span];
    const struct period *period;

    pthread_mutex_lock(&app->usage->lock);
    const int64_t open = history->open.minute;
    size_t count = history->open.count > 0 && history->sent && open >= from && open < to;
    TAILQ_FOREACH (period, &history->closed, in_app)
        count += period->sent && period->start >= from && period->start < to;
    pthread_mutex_unlock(&app->usage->lock);
    return count;
}

static bool offer_closed(struct history *history, void *context, usage_take_fn *take)
{
    struct period *period = TAILQ_LAST(&history->closed, periods);
    struct period *unsent = NULL;

    for (; period != NULL && !period->sent; period = TAILQ_PREV(period, periods, in_app))
        unsent = period;
    for (; unsent != NULL; unsent = TAILQ_NEXT(unsent, in_app)) {
        const struct usage_view view = usage_view_of(unsent);

        if (!take(context, &view))
            return false;
        history->taken = unsent;
    }
    return true;
}

/* Also true when there is nothing. */
static bool offer_open(const struct usage_app *app, enum usage_span span, void *context,
                       usage_take_fn *take)
{
    struct arena arena = {0};

    if (app->histories[span].open.count == 0)
        return true;
    const struct usage_view view = usage_pack_open(app, span, &arena);
    const bool taken = take(context, &view);
    arena_close(&arena);
    return taken;
}
