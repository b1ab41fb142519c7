/* SPDX-License-Identifier: MIT */
#include "flushes.h"

static bool is_over(const struct flush *flush, const struct round_trip_part *part);
static void on_answered(struct queue_item *item);

void flushes_init(struct flushes *flushes)
{
    TAILQ_INIT(&flushes->asked);
}

void flushes_add(struct flushes *flushes, struct flush *flush)
{
    TAILQ_INSERT_TAIL(&flushes->asked, flush, in_asked);
}

bool flushes_is_empty(const struct flushes *flushes)
{
    return TAILQ_EMPTY(&flushes->asked);
}

void flushes_load(const struct flushes *flushes, struct round_trip *trip)
{
    const struct flush *flush;

    TAILQ_FOREACH (flush, &flushes->asked, in_asked) {
        if (round_trip_find(trip, flush->app, flush->cargo) != NULL)
            continue;
        if (!round_trip_has_room(trip, flush->app, flush->cargo))
            return;
        round_trip_add(trip, flush->app, flush->cargo);
    }
}

void flushes_settle(struct flushes *flushes, const struct round_trip *trip)
{
    struct flushes rest;
    struct flush *flush;

    flushes_init(&rest);
    while ((flush = TAILQ_FIRST(&flushes->asked)) != NULL) {
        const struct round_trip_part *part = round_trip_find(trip, flush->app, flush->cargo);

        TAILQ_REMOVE(&flushes->asked, flush, in_asked);
        if (part != NULL && is_over(flush, part))
            flush_answer(flush, part->outcome != ROUND_TRIP_FAILED);
        else
            flushes_add(&rest, flush);
    }
    TAILQ_CONCAT(&flushes->asked, &rest.asked, in_asked);
}

void flushes_refuse(struct flushes *flushes)
{
    struct flush *flush;

    while ((flush = TAILQ_FIRST(&flushes->asked)) != NULL) {
        TAILQ_REMOVE(&flushes->asked, flush, in_asked);
        flush_answer(flush, false);
    }
}

void flush_answer(struct flush *flush, bool succeeded)
{
    flush->succeeded = succeeded;
    if (flush->reply_to == NULL) {
        flush->done(flush);
        return;
    }
    flush->item.run = on_answered;
    const bool posted = queue_post(flush->reply_to, &flush->item);
    ASSERT(posted);
}

/* Records that came after the question are not waited for, so a busy app's question ends, too. */
static bool is_over(const struct flush *flush, const struct round_trip_part *part)
{
    return part->outcome != ROUND_TRIP_GOES_ON ||
           (flush->cargo == CARGO_LOG && flush->app->sent >= flush->upto);
}

static void on_answered(struct queue_item *item)
{
    struct flush *flush = CONTAINER_OF(item, struct flush, item);

    flush->done(flush);
}
