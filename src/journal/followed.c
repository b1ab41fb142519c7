/* SPDX-License-Identifier: MIT */
#include "followed.h"

#include "base/duration.h"
#include "catching_up.h"

#define LATE_US SECOND_US

void followed_show(struct followed *followed, const struct record *record,
                   const struct entry_id *id)
{
    struct tail_text *text = NULL;
    struct tail *tail;

    if (id->instance == followed->app->instance && id->sequence > followed->ring_seen)
        followed->ring_seen = id->sequence;
    TAILQ_FOREACH (tail, &followed->tails, in_app) {
        if (tail->phase == TAIL_FOLLOWING)
            tail_offer(tail, record, id, &followed->mark, &text);
    }
    tail_text_release(text);
}

void followed_read_ring(struct followed *followed)
{
    struct tail *tail;

    followed_begin_new(followed);
    followed_show_ring(followed);
    TAILQ_FOREACH (tail, &followed->tails, in_app) {
        if (tail->phase != TAIL_FOLLOWING)
            catching_up_read_ring(tail, followed->ring_seen, followed->has_feed);
    }
}

void followed_read_late(struct followed *followed, int64_t now_us)
{
    struct tail *tail;

    if (followed->ring_seen >= followed->looked_upto) {
        followed->looked_upto = ring_newest(&followed->app->ring);
        followed->late_us = now_us + LATE_US;
        return;
    }
    if (now_us < followed->late_us)
        return;
    followed_show_ring(followed);
    TAILQ_FOREACH (tail, &followed->tails, in_app) {
        if (tail->phase == TAIL_CATCHING_UP)
            catching_up_read_ring(tail, followed->ring_seen, true);
    }
}

void followed_show_ring(struct followed *followed)
{
    struct journal_app *app = followed->app;
    struct entry_id id = {app->instance, followed->ring_seen};
    const uint64_t newest = ring_newest(&app->ring);
    struct arena arena = {0};
    struct record record;

    if (id.sequence < ring_lost(&app->ring))
        id.sequence = ring_lost(&app->ring);
    while (id.sequence < newest) {
        id.sequence++;
        if (!ring_read(&app->ring, id.sequence, &arena, &record))
            continue;
        if (followed->has_feed)
            followed->mark.ahead = id;
        else
            log_mark_note(&followed->mark, &id);
        followed_show(followed, &record, &id);
    }
    arena_close(&arena);
    if (newest > followed->ring_seen)
        followed->ring_seen = newest;
}

void followed_begin_new(struct followed *followed)
{
    struct journal_app *app = followed->app;
    const struct entry_id newest = {app->instance, ring_newest(&app->ring)};
    struct tail *tail;

    TAILQ_FOREACH (tail, &followed->tails, in_app) {
        if (tail->phase != TAIL_NEW)
            continue;
        tail->phase = TAIL_FOLLOWING;
        if (newest.sequence > 0)
            origins_note(&tail->seen, &newest);
    }
}

void followed_settle(struct followed *followed)
{
    struct tail *tail;

    TAILQ_FOREACH (tail, &followed->tails, in_app) {
        if (tail->phase != TAIL_NEW)
            tail_begin(tail);
        tail_tell_gap(tail);
        tail_wake(tail);
    }
}
