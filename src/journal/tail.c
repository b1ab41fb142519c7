/* SPDX-License-Identifier: MIT
 *
 * The worker's side of a tail, and the events between the two threads. A tail is opened and closed
 * by items in one queue, so the readers' thread sees both in order, and it frees the tail. A wake
 * is one item for all tails of a worker: so it outlives each of them. */
#include "journal/tail.h"

#include "base/memory.h"
#include "journal/journal.h"
#include "tail_state.h"
#include "tails.h"

#define ENTRY_BYTES 1024

struct tail_group {
    struct journal *journal;
    struct queue *reply_to;
    void *context;
    void (*ready)(void *context);
    struct queue_item wake;
    atomic_bool is_woken; /* `wake` was posted and has not run */
};

static void on_wake(struct queue_item *item);
static void copy_filter(struct tail *tail, const struct record_filter *filter);
static void note_missing(struct tail *tail, uint64_t seen, const struct entry_id *id);
static struct tail_text *write_entry(const struct record *record, const struct entry_id *id,
                                     const struct log_mark *mark);
static struct tail_text *write_gap(const struct tail *tail);
static struct tail_text *text_new(const struct buffer *buffer, bool is_gap);
static void put(struct tail *tail, struct tail_text *text);

struct tail_group *tail_group_new(struct journal *journal, struct queue *reply_to, void *context,
                                  void (*ready)(void *context))
{
    struct tail_group *group = MEMORY_NEW(struct tail_group);

    group->journal = journal;
    group->reply_to = reply_to;
    group->context = context;
    group->ready = ready;
    group->wake.run = on_wake;
    return group;
}

void tail_group_free(struct tail_group *group)
{
    free(group);
}

struct tail *tail_open(struct tail_group *group, const struct tail_options *options)
{
    struct journal_app *app = journal_app(group->journal, options->app_id);

    if (atomic_fetch_add(&app->tails, 1) >= TAILS_PER_APP) {
        atomic_fetch_sub(&app->tails, 1);
        return NULL;
    }

    struct tail *tail = MEMORY_NEW(struct tail);

    tail->app = app;
    tail->group = group;
    pthread_mutex_init(&tail->lock, NULL);
    copy_filter(tail, options->filter);
    if (options->after != NULL) {
        tail->from.mark = *options->after;
        tail->from.after = options->after->read;
        tail->phase = TAIL_SEEKING;
    }
    tails_add(journal_tails(group->journal), tail);
    return tail;
}

bool tail_has_begun(const struct tail *tail)
{
    return atomic_load(&tail->has_begun);
}

bool tail_has_ended(const struct tail *tail)
{
    return atomic_load(&tail->has_ended);
}

/* Only the caller takes events, so the first one stays. */
const struct tail_event *tail_first(struct tail *tail)
{
    pthread_mutex_lock(&tail->lock);
    const struct tail_text *text = tail->count == 0 ? NULL : tail->events[tail->first];
    pthread_mutex_unlock(&tail->lock);
    return text == NULL ? NULL : &text->event;
}

void tail_take(struct tail *tail)
{
    pthread_mutex_lock(&tail->lock);
    ASSERT(tail->count > 0);
    struct tail_text *text = tail->events[tail->first];
    tail->first = (tail->first + 1) % TAIL_EVENTS_MAX;
    tail->count--;
    tail->bytes -= text->event.text.length;
    pthread_mutex_unlock(&tail->lock);
    tail_text_release(text);
}

/* The group may be freed before the readers' side has seen the end. */
void tail_close(struct tail *tail)
{
    struct tails *tails = journal_tails(tail->group->journal);

    atomic_fetch_sub(&tail->app->tails, 1);
    tails_take_out(tails, tail);
}

void tail_offer(struct tail *tail, const struct record *record, const struct entry_id *id,
                const struct log_mark *mark, struct tail_text **text)
{
    const uint64_t seen = origins_find(&tail->seen, id->instance);

    if (id->sequence <= seen)
        return;
    note_missing(tail, seen, id);
    origins_note(&tail->seen, id);
    if (!record_filter_takes(&tail->filter, record))
        return;
    if (*text == NULL)
        *text = write_entry(record, id, mark);
    tail->is_behind |= !tail_has_room(tail);
    if (tail->is_behind || (*text)->event.text.length > TAIL_EVENT_BYTES_MAX) {
        tail->missed++;
        return;
    }
    tail_tell_gap(tail);
    atomic_fetch_add(&(*text)->references, 1);
    put(tail, *text);
}

void tail_text_release(struct tail_text *text)
{
    if (text != NULL && atomic_fetch_sub(&text->references, 1) == 1)
        free(text);
}

/* For a gap and an entry. */
bool tail_has_room(struct tail *tail)
{
    pthread_mutex_lock(&tail->lock);
    const bool has_room = tail->count + 2 <= TAIL_EVENTS_MAX && tail->bytes < TAIL_BYTES_MAX;
    pthread_mutex_unlock(&tail->lock);
    return has_room;
}

bool tail_is_empty(struct tail *tail)
{
    pthread_mutex_lock(&tail->lock);
    const bool is_empty = tail->count == 0;
    pthread_mutex_unlock(&tail->lock);
    return is_empty;
}

void tail_note_gap(struct tail *tail, uint64_t missed)
{
    tail->missed += missed;
    tail->misses_unknown |= missed == 0;
}

/* One that was behind is asked for only once all was taken: otherwise a slow reader would get gaps
 * and single entries by turns. */
void tail_tell_gap(struct tail *tail)
{
    if (tail->is_behind)
        tail->is_behind = !tail_is_empty(tail);
    if ((tail->missed == 0 && !tail->misses_unknown) || tail->is_behind || !tail_has_room(tail))
        return;
    put(tail, write_gap(tail));
    tail->missed = 0;
    tail->misses_unknown = false;
}

void tail_begin(struct tail *tail)
{
    tail->has_news |= !atomic_exchange(&tail->has_begun, true);
}

void tail_end(struct tail *tail)
{
    atomic_store(&tail->has_ended, true);
    tail->has_news = true;
}

void tail_wake(struct tail *tail)
{
    struct tail_group *group = tail->group;

    if (!tail->has_news)
        return;
    tail->has_news = false;
    if (atomic_exchange(&group->is_woken, true))
        return;
    const bool posted = queue_post(group->reply_to, &group->wake);
    ASSERT(posted);
}

void tail_free(struct tail *tail)
{
    for (size_t i = 0; i < tail->count; i++)
        tail_text_release(tail->events[(tail->first + i) % TAIL_EVENTS_MAX]);
    pthread_mutex_destroy(&tail->lock);
    arena_close(&tail->arena);
    free(tail);
}

static void on_wake(struct queue_item *item)
{
    struct tail_group *group = CONTAINER_OF(item, struct tail_group, wake);

    atomic_store(&group->is_woken, false);
    group->ready(group->context);
}

static void copy_filter(struct tail *tail, const struct record_filter *filter)
{
    const size_t count = filter->subjects.count;
    struct subject *at = count == 0 ? NULL : ARENA_ARRAY(&tail->arena, struct subject, count);

    tail->filter = *filter;
    tail->filter.route_key = text_copy(&tail->arena, filter->route_key);
    tail->filter.role = text_copy(&tail->arena, filter->role);
    for (size_t i = 0; i < count; i++) {
        at[i].name = text_copy(&tail->arena, filter->subjects.at[i].name);
        at[i].value = text_copy(&tail->arena, filter->subjects.at[i].value);
    }
    tail->filter.subjects.at = at;
}

/* The entries of an instance are in order, so those between two are lost. */
static void note_missing(struct tail *tail, uint64_t seen, const struct entry_id *id)
{
    if (seen > 0)
        tail->missed += id->sequence - seen - 1;
}

static struct tail_text *write_entry(const struct record *record, const struct entry_id *id,
                                     const struct log_mark *mark)
{
    struct arena arena = {0};
    struct buffer buffer;
    struct writer writer;
    char mark_space[LOG_MARK_BYTES];
    char id_space[ENTRY_ID_BYTES];

    buffer_init(&buffer, &arena, ENTRY_BYTES);
    buffer_add(&buffer, TEXT("id: "));
    buffer_add(&buffer, log_mark_write(mark, mark_space));
    buffer_add(&buffer, TEXT("\nevent: decision\ndata: "));
    writer_init(&writer, &buffer);
    record_write(record, entry_id_write(id, id_space), &writer);
    buffer_add(&buffer, TEXT("\n\n"));
    struct tail_text *text = text_new(&buffer, false);
    arena_close(&arena);
    return text;
}

static struct tail_text *write_gap(const struct tail *tail)
{
    struct arena arena = {0};
    struct buffer buffer;

    buffer_init(&buffer, &arena, ENTRY_BYTES);
    buffer_add(&buffer, TEXT("event: gap\ndata: {\"missed\":"));
    if (tail->misses_unknown)
        buffer_add(&buffer, TEXT("null"));
    else
        buffer_add_integer(&buffer, (int64_t)tail->missed);
    buffer_add(&buffer, TEXT("}\n\n"));
    struct tail_text *text = text_new(&buffer, true);
    arena_close(&arena);
    return text;
}

static struct tail_text *text_new(const struct buffer *buffer, bool is_gap)
{
    struct tail_text *text = memory_resize(NULL, sizeof(*text) + buffer->length);

    memcpy(text->bytes, buffer->at, buffer->length);
    atomic_init(&text->references, 1);
    text->event = (struct tail_event){{text->bytes, buffer->length}, is_gap};
    return text;
}

/* Takes over a reference. */
static void put(struct tail *tail, struct tail_text *text)
{
    pthread_mutex_lock(&tail->lock);
    ASSERT(tail->count < TAIL_EVENTS_MAX);
    tail->events[(tail->first + tail->count) % TAIL_EVENTS_MAX] = text;
    tail->count++;
    tail->bytes += text->event.text.length;
    pthread_mutex_unlock(&tail->lock);
    tail->has_news = true;
}
