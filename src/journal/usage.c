/* SPDX-License-Identifier: MIT */
#include "journal/usage.h"

#include "base/arena.h"
#include "base/duration.h"
#include "base/memory.h"
#include "usage_history.h"

#define PACKED_BYTES_MIN 256
#define SMALL_PART       64 /* an app may always have this part of all bytes */

static void pack(struct usage_app *app);
static void on_view(void *context, const struct usage_view *view);
static size_t bytes_of(const struct period *period);
static size_t bytes_of_view(const struct usage_view *view);
static void open_at(struct usage_app *app, enum usage_span span, int64_t start);
static void close_open(struct usage_app *app, enum usage_span span);
static void reopen(struct usage_app *app, enum usage_span span, int64_t start);
static void give_way(struct usage_app *app, enum usage_span span);
static void free_own(struct usage_app *app, enum usage_span span);
static void free_oldest(struct usage *usage, enum usage_span span, int64_t since, size_t bytes_max);
static void forget_period(struct period *period);
static void remove_period(struct period *period);
static void visit_open(const struct usage_app *app, enum usage_span span, void *context,
                       usage_visit_fn *visit);

struct usage *usage_new(size_t bytes_max)
{
    struct usage *usage = MEMORY_NEW(struct usage);

    pthread_mutex_init(&usage->lock, NULL);
    for (size_t span = 0; span < USAGE_SPANS; span++)
        TAILQ_INIT(&usage->closed[span]);
    usage->bytes_max = bytes_max;
    return usage;
}

void usage_free(struct usage *usage)
{
    if (usage == NULL)
        return;
    ASSERT(usage->bytes == 0);
    pthread_mutex_destroy(&usage->lock);
    free(usage);
}

struct usage_app *usage_app_new(struct usage *usage)
{
    struct usage_app *app = MEMORY_NEW(struct usage_app);

    app->usage = usage;
    for (size_t span = 0; span < USAGE_SPANS; span++)
        TAILQ_INIT(&app->histories[span].closed);
    return app;
}

void usage_app_free(struct usage_app *app)
{
    if (app == NULL)
        return;
    for (size_t span = 0; span < USAGE_SPANS; span++) {
        struct history *history = &app->histories[span];

        while (!TAILQ_EMPTY(&history->closed))
            remove_period(TAILQ_FIRST(&history->closed));
        tally_close(&history->open);
    }
    for (size_t i = 0; i < TOPS; i++)
        heavy_hitters_free(app->tops[i]);
    free(app);
}

size_t usage_app_open_bytes(const struct usage_app *app)
{
    size_t bytes = 0;

    for (size_t i = 0; i < TOPS; i++) {
        if (app->tops[i] != NULL)
            bytes += heavy_hitters_bytes(app->tops[i]);
    }
    for (size_t span = 0; span < USAGE_SPANS; span++)
        bytes += tally_bytes(&app->histories[span].open);
    return bytes;
}

void usage_app_pack(struct usage_app *app)
{
    pthread_mutex_lock(&app->usage->lock);
    pack(app);
    pthread_mutex_unlock(&app->usage->lock);
}

void usage_app_forget(struct usage_app *app)
{
    pthread_mutex_lock(&app->usage->lock);
    pack(app);
    for (size_t span = 0; span < USAGE_SPANS; span++) {
        while (!TAILQ_EMPTY(&app->histories[span].closed))
            forget_period(TAILQ_FIRST(&app->histories[span].closed));
    }
    pthread_mutex_unlock(&app->usage->lock);
}

void usage_add(struct usage_app *app, const struct tally *tally, int64_t elapsed_minutes)
{
    if (tally->count == 0)
        return;
    pthread_mutex_lock(&app->usage->lock);
    app->usage->elapsed_minutes = elapsed_minutes;
    for (enum usage_span span = 0; span < USAGE_SPANS; span++) {
        struct history *history = &app->histories[span];

        open_at(app, span, tally->minute - tally->minute % usage_span_minutes[span]);
        tally_merge(&history->open, tally);
        history->sent = false;
    }
    pthread_mutex_unlock(&app->usage->lock);
}

void usage_add_top(struct usage_app *app, enum top top, const struct heavy_hitters *hitters)
{
    pthread_mutex_lock(&app->usage->lock);
    if (app->tops[top] == NULL)
        app->tops[top] = heavy_hitters_new();
    heavy_hitters_merge(app->tops[top], hitters);
    app->histories[USAGE_HOUR].sent = false;
    pthread_mutex_unlock(&app->usage->lock);
}

void usage_tell(const struct usage_app *app, struct usage_report *report)
{
    pthread_mutex_lock(&app->usage->lock);
    if (report->hourly_before < app->minutes_from)
        report->hourly_before = app->minutes_from;
    usage_visit(app, report, on_view);
    pthread_mutex_unlock(&app->usage->lock);
}

void usage_visit(const struct usage_app *app, void *context, usage_visit_fn *visit)
{
    for (enum usage_span span = 0; span < USAGE_SPANS; span++) {
        const struct history *history = &app->histories[span];
        const struct period *period;

        TAILQ_FOREACH (period, &history->closed, in_app) {
            const struct usage_view view = usage_view_of(period);

            visit(context, &view);
        }
        visit_open(app, span, context, visit);
    }
}

struct usage_view usage_view_of(const struct period *period)
{
    struct usage_view view = {
        .span = (enum usage_span)period->span,
        .start = period->start,
        .part = period->part,
    };
    const char *at = period->packed;

    for (size_t i = 0; i < USAGE_CONTENTS; i++) {
        if (period->bytes[i] > 0)
            view.contents[i] = (struct text){at, period->bytes[i]};
        at += period->bytes[i];
    }
    return view;
}

static void pack(struct usage_app *app)
{
    for (enum usage_span span = 0; span < USAGE_SPANS; span++) {
        struct tally *open = &app->histories[span].open;
        const int64_t minute = open->minute;

        if (open->count > 0)
            close_open(app, span);
        tally_close(open);
        open->minute = minute;
        give_way(app, span);
    }
    for (size_t i = 0; i < TOPS; i++) {
        heavy_hitters_free(app->tops[i]);
        app->tops[i] = NULL;
    }
}

static void on_view(void *context, const struct usage_view *view)
{
    usage_report_add(context, view);
}

static size_t bytes_of(const struct period *period)
{
    size_t bytes = sizeof *period;

    for (size_t i = 0; i < USAGE_CONTENTS; i++)
        bytes += period->bytes[i];
    return bytes;
}

static size_t bytes_of_view(const struct usage_view *view)
{
    size_t bytes = 0;

    for (size_t i = 0; i < USAGE_CONTENTS; i++)
        bytes += view->contents[i].length;
    return bytes;
}

/* The clock may have been set forward or back. */
static void open_at(struct usage_app *app, enum usage_span span, int64_t start)
{
    struct history *history = &app->histories[span];
    struct tally *open = &history->open;

    if (open->count > 0 && start == open->minute)
        return;
    if (open->count > 0) {
        close_open(app, span);
        give_way(app, span);
    }
    open->minute = start;
    history->part = 0;
    if (start <= history->newest)
        reopen(app, span, start);
}

static void close_open(struct usage_app *app, enum usage_span span)
{
    struct usage *usage = app->usage;
    struct history *history = &app->histories[span];
    struct arena arena = {0};
    const struct usage_view view = usage_pack_open(app, span, &arena);
    struct period *period = memory_new(1, sizeof *period + bytes_of_view(&view));
    char *at = period->packed;

    period->app = app;
    period->start = (uint32_t)view.start;
    period->part = view.part;
    period->closed_at = usage->elapsed_minutes;
    period->span = (uint8_t)span;
    period->sent = history->sent;
    for (size_t i = 0; i < USAGE_CONTENTS; i++) {
        const struct text content = view.contents[i];

        ASSERT(content.length <= UINT16_MAX);
        period->bytes[i] = (uint16_t)content.length;
        if (content.length > 0)
            memcpy(at, content.at, content.length);
        at += content.length;
    }
    TAILQ_INSERT_TAIL(&history->closed, period, in_app);
    TAILQ_INSERT_TAIL(&usage->closed[span], period, in_all);
    usage->bytes += bytes_of(period);
    app->bytes += bytes_of(period);
    tally_clear(&history->open);
    for (size_t i = 0; span == USAGE_HOUR && i < TOPS; i++) {
        if (app->tops[i] != NULL)
            heavy_hitters_clear(app->tops[i]);
    }
    if (view.start > history->newest)
        history->newest = view.start;
    arena_close(&arena);
}

/* A closed span goes on, because each span is kept once, as it has one field in Redis. If it was
 * dropped here, Redis may still have it, so new counts are another part of the span. */
static void reopen(struct usage_app *app, enum usage_span span, int64_t start)
{
    struct history *history = &app->histories[span];
    struct tally_entry entry;
    struct usage_view view;
    struct period *period;

    TAILQ_FOREACH_REVERSE (period, &history->closed, periods, in_app) {
        if (period->start == start)
            break;
    }
    if (period == NULL) {
        history->part = ++history->parts;
        return;
    }
    view = usage_view_of(period);
    history->part = period->part;
    while (tally_read(&view.contents[USAGE_COUNTS], &entry))
        tally_add(&history->open, &entry);
    tally_add_sums(&history->open, view.contents[USAGE_SUMS]);
    for (size_t i = 0; i < TOPS; i++) {
        const struct text packed = view.contents[usage_content_of_top[i]];

        if (text_is_absent(packed))
            continue;
        if (app->tops[i] == NULL)
            app->tops[i] = heavy_hitters_new();
        const bool was_ours = heavy_hitters_read(app->tops[i], packed);

        ASSERT(was_ours);
    }
    remove_period(period);
}

struct usage_view usage_pack_open(const struct usage_app *app, enum usage_span span,
                                  struct arena *arena)
{
    const struct tally *open = &app->histories[span].open;
    struct usage_view view = {
        .span = span, .start = open->minute, .part = app->histories[span].part};
    struct buffer buffer;

    buffer_init(&buffer, arena, PACKED_BYTES_MIN);
    tally_write(open, &buffer);
    view.contents[USAGE_COUNTS] = buffer_text(&buffer);
    buffer_init(&buffer, arena, PACKED_BYTES_MIN);
    tally_write_sums(open, &buffer);
    view.contents[USAGE_SUMS] = buffer_text(&buffer);
    for (size_t i = 0; span == USAGE_HOUR && i < TOPS; i++) {
        if (app->tops[i] == NULL)
            continue;
        buffer_init(&buffer, arena, PACKED_BYTES_MIN);
        heavy_hitters_write(app->tops[i], &buffer);
        if (buffer.length > 0)
            view.contents[usage_content_of_top[i]] = buffer_text(&buffer);
    }
    return view;
}

static void give_way(struct usage_app *app, enum usage_span span)
{
    struct usage *usage = app->usage;
    const int64_t held_minutes = usage_held_minutes[span] + HOUR_MINUTES;

    free_oldest(usage, span, usage->elapsed_minutes - held_minutes, SIZE_MAX);
    free_own(app, USAGE_MINUTE);
    free_own(app, USAGE_HOUR);
    free_oldest(usage, USAGE_MINUTE, INT64_MIN, usage->bytes_max);
    free_oldest(usage, USAGE_HOUR, INT64_MIN, usage->bytes_max);
}

/* Drops while the app has more than is free: the rule of shares.h. */
static void free_own(struct usage_app *app, enum usage_span span)
{
    const struct usage *usage = app->usage;
    struct period *oldest;

    while (app->bytes > usage->bytes_max / SMALL_PART &&
           app->bytes + usage->bytes > usage->bytes_max &&
           (oldest = TAILQ_FIRST(&app->histories[span].closed)) != NULL)
        forget_period(oldest); /* NOLINT(clang-analyzer-*): as below */
}

/* Drops until the oldest was closed at `since` or later, and there are at most `bytes_max`
 * bytes. */
static void free_oldest(struct usage *usage, enum usage_span span, int64_t since, size_t bytes_max)
{
    struct period *oldest;

    while ((oldest = TAILQ_FIRST(&usage->closed[span])) != NULL) {
        /* remove_period() removes from the list what it frees, but the analyzer does not see
         * that. */
        if (oldest->closed_at >= since && usage->bytes <= bytes_max) /* NOLINT(clang-analyzer-*) */
            return;
        forget_period(oldest);
    }
}

/* When a minute is dropped, its hour is reported as an hour from now on, unless that hour is still
 * to come. */
static void forget_period(struct period *period)
{
    struct usage_app *app = period->app;
    const int64_t next_hour = period->start - period->start % HOUR_MINUTES + HOUR_MINUTES;
    const bool has_been = period->start <= app->histories[USAGE_MINUTE].open.minute;

    if (period->span == USAGE_MINUTE && has_been && next_hour > app->minutes_from)
        app->minutes_from = next_hour;
    remove_period(period);
}

static void remove_period(struct period *period)
{
    struct usage_app *app = period->app;

    TAILQ_REMOVE(&app->histories[period->span].closed, period, in_app);
    TAILQ_REMOVE(&app->usage->closed[period->span], period, in_all);
    app->usage->bytes -= bytes_of(period);
    app->bytes -= bytes_of(period);
    free(period);
}

static void visit_open(const struct usage_app *app, enum usage_span span, void *context,
                       usage_visit_fn *visit)
{
    struct arena arena = {0};

    if (app->histories[span].open.count == 0)
        return;
    const struct usage_view view = usage_pack_open(app, span, &arena);
    visit(context, &view);
    arena_close(&arena);
}
