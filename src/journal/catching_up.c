/* SPDX-License-Identifier: MIT
 *
 * First the entry is looked for from the beginning of the stream. What is before it has been seen,
 * so copies of that, which may be behind it, are not shown. */
#include "catching_up.h"

#include "journal/feed_entries.h"

static void seek(struct tail *tail, const struct feed_place *place, const struct entry_id *id);
static void begin_elsewhere(struct tail *tail);
static bool was_given(const struct tail *tail);
static bool is_forged(const struct tail *tail, const struct entry_id *id);
static void begin_at(struct tail *tail, const struct feed_place *place);
static void note_ahead(struct tail *tail);
static void seek_in_ring(struct tail *tail, bool has_feed);

bool catching_up_take(struct tail *tail, const struct feed_place *place,
                      const struct record *record, const struct entry_id *id)
{
    struct tail_text *text = NULL;

    if (tail->phase == TAIL_SEEKING) {
        seek(tail, place, id);
        return true;
    }
    if (!tail_has_room(tail))
        return false;
    log_mark_note(&tail->from.mark, id);
    tail_offer(tail, record, id, &tail->from.mark, &text);
    tail_text_release(text);
    tail->from.place = *place;
    return true;
}

/* One that was not shown all that the others were shown goes on by itself: their marks say that it
 * was. */
void catching_up_reach_end(struct tail *tail, const struct entry_id *ahead)
{
    if (tail->phase != TAIL_CATCHING_UP)
        begin_elsewhere(tail);
    else if (origins_find(&tail->seen, ahead->instance) >= ahead->sequence)
        tail->phase = TAIL_FOLLOWING;
}

void catching_up_read_ring(struct tail *tail, uint64_t upto, bool has_feed)
{
    struct journal_app *app = tail->app;
    struct entry_id id = {.instance = app->instance};
    struct arena arena = {0};
    struct record record;
    struct log_mark mark;

    if (tail->phase == TAIL_SEEKING)
        seek_in_ring(tail, has_feed);
    id.sequence = origins_find(&tail->seen, app->instance);
    if (tail->phase == TAIL_FOLLOWING || (id.sequence == 0 && has_feed))
        return;
    if (id.sequence < ring_lost(&app->ring))
        id.sequence = ring_lost(&app->ring);
    while (id.sequence < upto && tail_has_room(tail)) {
        struct tail_text *text = NULL;

        id.sequence++;
        mark =
            has_feed ? (struct log_mark){tail->from.mark.read, id} : (struct log_mark){.read = id};
        if (!ring_read(&app->ring, id.sequence, &arena, &record))
            continue;
        tail_offer(tail, &record, &id, &mark, &text);
        tail_text_release(text);
        tail->from.mark = mark;
    }
    arena_close(&arena);
    if (!has_feed && id.sequence >= upto)
        tail->phase = TAIL_FOLLOWING;
}

static void seek(struct tail *tail, const struct feed_place *place, const struct entry_id *id)
{
    struct catching_up *from = &tail->from;
    const bool is_of_instance = id->instance == from->after.instance;

    from->place = *place;
    if (id->sequence > origins_find(&tail->seen, id->instance))
        origins_note(&tail->seen, id);
    if (entry_id_equal(id, &from->after)) {
        tail->phase = TAIL_CATCHING_UP;
        note_ahead(tail);
    }
    if (!is_of_instance)
        return;
    if (from->oldest == 0)
        from->oldest = id->sequence;
    if (id->sequence < from->after.sequence) {
        from->older = *place;
        from->older_number = id->sequence;
    }
}

/* The entry was not found. If there are earlier ones of the instance, it is not sent yet, or was
 * overwritten before that: then it was seen here, while Redis was away. Otherwise it is too old. A
 * number that was not given is not taken for seen: what comes up to it would never be shown. */
static void begin_elsewhere(struct tail *tail)
{
    struct catching_up *from = &tail->from;
    const struct feed_place beginning = {0};

    if (!was_given(tail)) {
        tail_note_gap(tail, 0);
        from->after.sequence = 0;
        begin_at(tail, &beginning);
    } else if (from->older_number > 0) {
        begin_at(tail, &from->older);
    } else {
        tail_note_gap(tail, from->oldest > 0 ? from->oldest - from->after.sequence - 1 : 0);
        if (from->oldest > 0)
            from->after.sequence = from->oldest - 1; /* the gap tells of those before */
        begin_at(tail, &beginning);
    }
}

/* Whether the instance has made the entry, as far as is known. Another one has not sent at most as
 * many as a ring keeps. */
static bool was_given(const struct tail *tail)
{
    const struct catching_up *from = &tail->from;

    if (from->after.instance == tail->app->instance)
        return !is_forged(tail, &from->after);
    return from->oldest > 0 && (from->older_number == 0 ||
                                from->after.sequence - from->older_number <= JOURNAL_RECORDS);
}

static bool is_forged(const struct tail *tail, const struct entry_id *id)
{
    return feed_entry_is_forged(id, tail->app->instance, &tail->app->ring);
}

static void begin_at(struct tail *tail, const struct feed_place *place)
{
    tail->seen = (struct origins){0};
    if (tail->from.after.sequence > 0)
        origins_note(&tail->seen, &tail->from.after);
    note_ahead(tail);
    tail->from.place = *place;
    tail->phase = TAIL_CATCHING_UP;
}

/* What was shown ahead of the log has been seen, unless it is in the log before this place, or this
 * instance has not made so many. */
static void note_ahead(struct tail *tail)
{
    struct entry_id *ahead = &tail->from.mark.ahead;

    if (!is_forged(tail, ahead) && ahead->sequence > origins_find(&tail->seen, ahead->instance))
        origins_note(&tail->seen, ahead);
    else
        *ahead = (struct entry_id){0};
}

/* An entry of this instance says where to go on in the ring. With a feed the tail goes on seeking,
 * because the others' entries are only away. Of any other entry nothing is known here: then with a
 * feed it begins with what is recorded from now on, and otherwise with all that is kept. */
static void seek_in_ring(struct tail *tail, bool has_feed)
{
    struct journal_app *app = tail->app;
    const struct entry_id newest = {app->instance, ring_newest(&app->ring)};
    const struct log_mark *mark = &tail->from.mark;
    const struct entry_id *after =
        mark->ahead.instance == app->instance ? &mark->ahead : &tail->from.after;
    const bool is_known = after->instance == app->instance && !is_forged(tail, after);

    if (is_known && origins_find(&tail->seen, app->instance) < after->sequence)
        origins_note(&tail->seen, after);
    if (is_known && has_feed)
        return;
    if (!is_known)
        tail_note_gap(tail, 0);
    if (!is_known && has_feed) {
        tail->seen = (struct origins){0};
        if (newest.sequence > 0)
            origins_note(&tail->seen, &newest);
    }
    tail->phase = has_feed ? TAIL_FOLLOWING : TAIL_CATCHING_UP;
}
