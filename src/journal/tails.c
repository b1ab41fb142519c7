/* SPDX-License-Identifier: MIT
 *
 * A turn: reads the streams of all followed apps; of those that cannot be read, the rings; then
 * wakes the workers whose tails have got something. */
#include "tails.h"

#include "base/clock.h"
#include "base/memory.h"
#include "catching_up.h"
#include "followed.h"
#include "tail_state.h"

#define NEVER           INT64_MAX
#define ASKS_MAX        ((size_t)32) /* in one round trip */
#define CATCHING_UP_MAX 4            /* of an app, in one turn */

/* Reads for all tails of the app, or for one that catches up. */
struct ask {
    struct followed *followed;
    struct tail *tail; /* NULL: for all */
    bool has_moved;
};

struct tails {
    struct feed *feed;
    struct queue *changes; /* tails that are opened or closed */
    LIST_HEAD(, followed) followed;
    int64_t due_us;
    size_t ask_count;
    struct ask asks[ASKS_MAX];
};

static void on_opened(struct queue_item *item);
static void on_closed(struct queue_item *item);
static struct followed *follow(struct tails *tails, struct journal_app *app);
static bool can_ask(const struct tails *tails);
static void read_streams(struct tails *tails);
static void ask_for_some(struct tails *tails, struct followed *followed);
static void add_ask(struct tails *tails, struct followed *followed, struct tail *tail);
static void run_asks(struct tails *tails);
static void append(struct tails *tails, const struct ask *ask);
static bool take(struct tails *tails, struct ask *ask, bool is_away);
static void ask_again(struct tails *tails, const struct ask *ask);
static const struct feed_place *place_of(const struct ask *ask);
static void read_reply(struct tails *tails, const struct ask *ask, const redisReply *reply);
static bool look_at_newest(struct followed *followed, const redisReply *reply);
static int compare(const struct feed_place *a, const struct feed_place *b);
static void read_newest(struct followed *followed, const redisReply *reply);
static bool read_page(struct followed *followed, const redisReply *page);
static bool read_page_for_one(struct tail *tail, const struct entry_id *ahead,
                              const redisReply *page);
static bool read_entry(struct journal_app *app, const redisReply *reply, struct arena *arena,
                       struct record *record, struct entry_id *id);

struct tails *tails_new(struct feed *feed)
{
    struct tails *tails = MEMORY_NEW(struct tails);

    tails->feed = feed;
    tails->changes = queue_new(0);
    tails->due_us = NEVER;
    LIST_INIT(&tails->followed);
    return tails;
}

void tails_free(struct tails *tails)
{
    queue_drain(tails->changes);
    ASSERT(LIST_EMPTY(&tails->followed));
    queue_free(tails->changes);
    free(tails);
}

void tails_add(struct tails *tails, struct tail *tail)
{
    tail->tails = tails;
    tail->opened.run = on_opened;
    tail->closed.run = on_closed;
    const bool posted = queue_post(tails->changes, &tail->opened);
    ASSERT(posted);
}

void tails_take_out(struct tails *tails, struct tail *tail)
{
    const bool posted = queue_post(tails->changes, &tail->closed);
    ASSERT(posted);
}

int tails_fd(const struct tails *tails)
{
    return queue_fd(tails->changes);
}

int64_t tails_due_us(const struct tails *tails)
{
    return tails->due_us;
}

void tails_turn(struct tails *tails)
{
    struct followed *followed;

    queue_drain(tails->changes);

    const int64_t now_us = clock_monotonic_us();

    if (now_us < tails->due_us)
        return;
    tails->due_us = now_us + TAILS_PERIOD_US;
    LIST_FOREACH (followed, &tails->followed, next)
        followed->is_read = false;
    if (can_ask(tails))
        read_streams(tails);
    LIST_FOREACH (followed, &tails->followed, next) {
        if (!followed->is_read)
            followed_read_ring(followed);
        else
            followed_read_late(followed, now_us);
        followed_settle(followed);
    }
}

void tails_end(struct tails *tails)
{
    struct followed *followed;
    struct tail *tail;

    queue_drain(tails->changes);
    LIST_FOREACH (followed, &tails->followed, next) {
        TAILQ_FOREACH (tail, &followed->tails, in_app) {
            tail_end(tail);
            tail_wake(tail);
        }
    }
}

static void on_opened(struct queue_item *item)
{
    struct tail *tail = CONTAINER_OF(item, struct tail, opened);
    struct tails *tails = tail->tails;

    tail->followed = follow(tails, tail->app);
    TAILQ_INSERT_TAIL(&tail->followed->tails, tail, in_app);
    tails->due_us = 0;
}

static void on_closed(struct queue_item *item)
{
    struct tail *tail = CONTAINER_OF(item, struct tail, closed);
    struct tails *tails = tail->tails;
    struct followed *followed = tail->followed;

    TAILQ_REMOVE(&followed->tails, tail, in_app);
    tail_free(tail);
    if (!TAILQ_EMPTY(&followed->tails))
        return;
    LIST_REMOVE(followed, next);
    followed->app->followed = NULL;
    free(followed);
    if (LIST_EMPTY(&tails->followed))
        tails->due_us = NEVER;
}

static struct followed *follow(struct tails *tails, struct journal_app *app)
{
    struct followed *followed = app->followed;

    if (followed != NULL)
        return followed;
    followed = MEMORY_NEW(struct followed);
    followed->app = app;
    followed->mark = log_mark_of_nothing;
    followed->has_feed = tails->feed != NULL;
    followed->ring_seen = ring_newest(&app->ring);
    TAILQ_INIT(&followed->tails);
    LIST_INSERT_HEAD(&tails->followed, followed, next);
    app->followed = followed;
    return followed;
}

static bool can_ask(const struct tails *tails)
{
    return tails->feed != NULL && clock_monotonic_us() >= feed_rests_until_us(tails->feed);
}

/* The reads for all come before those of tails that catch up. So a tail that comes to the end of
 * the stream has seen all that the others have. */
static void read_streams(struct tails *tails)
{
    struct followed *followed;

    LIST_FOREACH (followed, &tails->followed, next) {
        if (feed_app_rests(tails->feed, followed->app->id))
            continue;
        add_ask(tails, followed, NULL);
        ask_for_some(tails, followed);
    }
    run_asks(tails);
}

/* A page is a millisecond's work, and the tails of other apps wait meanwhile. Those that were asked
 * for go behind the others. */
static void ask_for_some(struct tails *tails, struct followed *followed)
{
    struct tail *const last = TAILQ_LAST(&followed->tails, tail_list);
    struct tail *next = TAILQ_FIRST(&followed->tails);
    struct tail *tail = NULL;

    for (size_t count = 0; count < CATCHING_UP_MAX && tail != last;) {
        tail = next;
        next = TAILQ_NEXT(tail, in_app);
        if ((tail->phase != TAIL_SEEKING && tail->phase != TAIL_CATCHING_UP) ||
            !tail_is_empty(tail))
            continue;
        add_ask(tails, followed, tail);
        TAILQ_REMOVE(&followed->tails, tail, in_app);
        TAILQ_INSERT_TAIL(&followed->tails, tail, in_app);
        count++;
    }
}

static void add_ask(struct tails *tails, struct followed *followed, struct tail *tail)
{
    if (tails->ask_count == ASKS_MAX)
        run_asks(tails);
    tails->asks[tails->ask_count++] = (struct ask){.followed = followed, .tail = tail};
}

static void run_asks(struct tails *tails)
{
    const size_t count = can_ask(tails) ? tails->ask_count : 0;
    bool is_away = false;

    tails->ask_count = 0;
    for (size_t i = 0; i < count; i++)
        append(tails, &tails->asks[i]);
    for (size_t i = 0; i < count; i++)
        is_away = !take(tails, &tails->asks[i], is_away);
    for (size_t i = 0; i < count && !is_away; i++) {
        if (tails->asks[i].has_moved)
            ask_again(tails, &tails->asks[i]);
    }
}

static void append(struct tails *tails, const struct ask *ask)
{
    const char *app_id = ask->followed->app->id;

    if (place_of(ask) == NULL)
        feed_append_newest(tails->feed, app_id);
    else
        feed_append_page(tails->feed, app_id, place_of(ask));
}

/* False when Redis is away. That is noted once. */
static bool take(struct tails *tails, struct ask *ask, bool is_away)
{
    struct error error = {0};
    redisReply *reply = feed_take_page(tails->feed, ask->followed->app->id, &error);

    if (reply != NULL) {
        read_reply(tails, ask, reply);
        freeReplyObject(reply);
        feed_settle_page(tails->feed, ask->followed->app->id, true, &error);
        return !is_away;
    }
    const enum redis_session_fault fault = redis_sessions_fault(feed_sessions(tails->feed));
    ask->has_moved = fault == REDIS_SESSION_OF_PLACE;
    if (!ask->has_moved && !is_away)
        feed_settle_page(tails->feed, ask->followed->app->id, false, &error);
    return !is_away && fault != REDIS_SESSION_OF_REDIS;
}

/* An app whose newest entry is asked for is asked for in the next turn. */
static void ask_again(struct tails *tails, const struct ask *ask)
{
    const char *app_id = ask->followed->app->id;
    struct error error = {0};
    redisReply *reply;

    if (place_of(ask) == NULL)
        return;
    reply = feed_ask_page(tails->feed, app_id, place_of(ask), &error);
    if (reply != NULL)
        read_reply(tails, ask, reply);
    feed_settle_page(tails->feed, app_id, reply != NULL, &error);
    freeReplyObject(reply);
}

/* NULL: it is not known, or may not be true any more. So the newest entry is asked for. */
static const struct feed_place *place_of(const struct ask *ask)
{
    if (ask->tail != NULL)
        return &ask->tail->from.place;
    return ask->followed->has_place && !ask->followed->is_quiet ? &ask->followed->place : NULL;
}

static void read_reply(struct tails *tails, const struct ask *ask, const redisReply *reply)
{
    struct followed *followed = ask->followed;
    bool goes_on = false;

    if (ask->tail != NULL) {
        goes_on = read_page_for_one(ask->tail, &followed->mark.ahead, reply);
    } else {
        followed->is_read = true;
        if (followed->is_quiet)
            goes_on = look_at_newest(followed, reply);
        else if (followed->has_place)
            goes_on = read_page(followed, reply);
        else
            read_newest(followed, reply);
        if (!goes_on)
            followed_begin_new(followed);
    }
    if (goes_on)
        tails->due_us = 0;
}

/* A stream that was deleted begins anew, and by a clock that was set back its entries come before
 * the place. Returns whether there is something behind the place. */
static bool look_at_newest(struct followed *followed, const redisReply *reply)
{
    const struct feed_place before = followed->place;
    struct feed_place newest = {0};

    followed->is_quiet = false;
    if (reply->elements > 0 && !feed_place_read(reply->element[0], &newest))
        return false;
    if (compare(&newest, &before) < 0)
        read_newest(followed, reply);
    return compare(&newest, &before) > 0;
}

static int compare(const struct feed_place *a, const struct feed_place *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Tails that follow already may miss what others have sent meanwhile. */
static void read_newest(struct followed *followed, const redisReply *reply)
{
    struct feed_place place = {0};
    struct arena arena = {0};
    struct record record;
    struct entry_id id;
    struct tail *tail;

    followed->has_place = reply->elements == 0 || feed_place_read(reply->element[0], &place);
    followed->place = place;
    if (!followed->has_place || reply->elements == 0)
        return;
    followed_show_ring(followed);
    if (read_entry(followed->app, reply->element[0], &arena, &record, &id))
        log_mark_note(&followed->mark, &id);
    arena_close(&arena);
    TAILQ_FOREACH (tail, &followed->tails, in_app) {
        if (tail->phase == TAIL_FOLLOWING)
            tail_note_gap(tail, 0);
    }
}

/* Returns whether there is more. A page that leads nowhere is not read on. */
static bool read_page(struct followed *followed, const redisReply *page)
{
    const struct feed_place before = followed->place;
    struct arena arena = {0};
    struct record record;
    struct entry_id id;

    for (size_t i = 0; i < page->elements; i++) {
        if (!feed_place_read(page->element[i], &followed->place))
            continue;
        if (read_entry(followed->app, page->element[i], &arena, &record, &id)) {
            log_mark_note(&followed->mark, &id);
            followed_show(followed, &record, &id);
        }
    }
    arena_close(&arena);
    followed->is_quiet = page->elements == 0;
    return page->elements >= FEED_PAGE_ENTRIES && compare(&followed->place, &before) != 0;
}

/* Returns whether it may read on at once: one that has got something waits until that is taken. */
static bool read_page_for_one(struct tail *tail, const struct entry_id *ahead,
                              const redisReply *page)
{
    struct feed_place place;
    struct arena arena = {0};
    struct record record;
    struct entry_id id;
    bool is_all = true;

    for (size_t i = 0; i < page->elements && is_all; i++) {
        if (!feed_place_read(page->element[i], &place))
            continue;
        if (read_entry(tail->app, page->element[i], &arena, &record, &id))
            is_all = catching_up_take(tail, &place, &record, &id);
        else
            tail->from.place = place;
    }
    arena_close(&arena);
    if (is_all && page->elements < FEED_PAGE_ENTRIES)
        catching_up_reach_end(tail, ahead);
    return page->elements > 0 && tail->phase != TAIL_FOLLOWING && tail_is_empty(tail);
}

/* What has a number that this instance has not given is of somebody else. */
static bool read_entry(struct journal_app *app, const redisReply *reply, struct arena *arena,
                       struct record *record, struct entry_id *id)
{
    return feed_entry_read(reply, arena, record, id) &&
           !feed_entry_is_forged(id, app->instance, &app->ring);
}
