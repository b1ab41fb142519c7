/* SPDX-License-Identifier: MIT */
#include "journal/feed_entries.h"

#include "base/document.h"
#include "journal/feed.h"

#define ARRAY_BYTES_MIN 256

/* Of an entry; see feed_state.h. */
enum { NAME_OF_RECORD, RECORD, NAME_OF_ORIGIN, ORIGIN, FIELDS_MIN };

static void add_entry(struct feed_entries *entries, const redisReply *reply);

void feed_entries_init(struct feed_entries *entries, const struct record_filter *filter,
                       struct arena *arena)
{
    *entries = (struct feed_entries){.filter = filter, .arena = arena, .before = "+"};
    log_entries_init(&entries->found, arena);
}

void feed_entries_know(struct feed_entries *entries, uint64_t instance, struct ring *ring)
{
    entries->instance = instance;
    entries->ring = ring;
}

bool feed_entries_add(struct feed_entries *entries, const redisReply *reply)
{
    const size_t read_before = entries->read;

    for (size_t i = 0; i < reply->elements && entries->read < JOURNAL_RECORDS; i++)
        add_entry(entries, reply->element[i]);
    return reply->elements >= FEED_PAGE_ENTRIES && entries->read < JOURNAL_RECORDS &&
           entries->read > read_before;
}

struct text feed_entries_write(struct feed_entries *entries, struct arena *arena)
{
    const struct log_entries *found = feed_entries_list(entries, LOG_ORDER_BY_NUMBER);
    const size_t limit = (size_t)entries->filter->limit;
    const size_t first = found->count > limit ? found->count - limit : 0;
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, arena, ARRAY_BYTES_MIN);
    writer_init(&writer, &buffer);
    writer_begin_array(&writer, NULL);
    for (size_t i = found->count; i > first; i--) {
        const struct log_entry *entry = &found->at[i - 1];
        char id[ENTRY_ID_BYTES];

        record_write(&entry->record, entry_id_write(&entry->id, id), &writer);
    }
    writer_end_array(&writer);
    return writer_document(&writer);
}

const struct log_entries *feed_entries_list(struct feed_entries *entries, enum log_order order)
{
    log_entries_settle(&entries->found, order);
    return &entries->found;
}

static void add_entry(struct feed_entries *entries, const redisReply *reply)
{
    const struct text place =
        reply->elements == 0 ? TEXT("") : feed_text_of_reply(reply->element[0]);
    struct record record;
    struct entry_id id;

    if (text_equal(place, text_of(entries->before)))
        return;
    if (place.length < sizeof entries->before)
        (void)snprintf(entries->before, sizeof entries->before, "%.*s", TEXT_PRINTF(place));
    entries->read++;
    if (!feed_entry_read(reply, entries->arena, &record, &id) ||
        feed_entry_is_forged(&id, entries->instance, entries->ring) ||
        !record_filter_takes(entries->filter, &record))
        return;
    const bool has_room = log_entries_add(&entries->found, &id, &record);
    ASSERT(has_room);
}

/* [id, [name, value, name, value]]; a later version may have more of them. */
bool feed_entry_read(const redisReply *reply, struct arena *arena, struct record *record,
                     struct entry_id *id)
{
    if (reply->elements != 2 || reply->element[1]->elements < FIELDS_MIN)
        return false;

    redisReply *const *fields = reply->element[1]->element;
    struct error error;

    if (!text_equal(feed_text_of_reply(fields[NAME_OF_RECORD]), TEXT("e")) ||
        !text_equal(feed_text_of_reply(fields[NAME_OF_ORIGIN]), TEXT("o")))
        return false;
    json_t *json = document_parse(feed_text_of_reply(fields[RECORD]), &error);
    const bool is_record = json != NULL && record_read(json, arena, record);

    json_decref(json);
    return is_record && entry_id_read(feed_text_of_reply(fields[ORIGIN]), id);
}

/* The ring is asked after Redis, so what was sent meanwhile is in it. */
bool feed_entry_is_forged(const struct entry_id *id, uint64_t instance, struct ring *ring)
{
    return id->instance == instance && (ring == NULL || id->sequence > ring_newest(ring));
}
