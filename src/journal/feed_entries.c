/* SPDX-License-Identifier: MIT */
#include "feed_entries.h"

#include "base/arena.h"
#include "base/document.h"
#include "journal/feed.h"

#define ARRAY_BYTES_MIN 256
#define FIELDS          ((size_t)2)

/* One entry of a stream. */
struct entry {
    struct record record;
    struct text id; /* borrowed from the reply, like `origin` */
    struct text origin;
    size_t rank; /* 0 is the newest in the stream */
};

static size_t read_entries(const redisReply *reply, const struct record_filter *filter,
                           struct arena *arena, struct entry entries[]);
static bool read_entry(const redisReply *reply, struct arena *arena, struct entry *entry);
static bool is_stream_id(struct text id);
static int compare_newest_first(const void *left, const void *right);
static void write_entries(const struct entry entries[], size_t count, int64_t limit,
                          struct writer *writer);
static bool is_repeated(const struct entry entries[], size_t index);

void feed_entries_write(const redisReply *reply, const struct record_filter *filter,
                        struct arena *arena, struct text *entries)
{
    struct arena scratch = {0};
    struct entry *found = ARENA_ARRAY(&scratch, struct entry, reply->elements + 1);
    const size_t count = read_entries(reply, filter, &scratch, found);
    struct buffer buffer;
    struct writer writer;

    qsort(found, count, sizeof found[0], compare_newest_first);
    buffer_init(&buffer, arena, ARRAY_BYTES_MIN);
    writer_init(&writer, &buffer);
    write_entries(found, count, filter->limit, &writer);
    *entries = buffer_text(&buffer);
    arena_close(&scratch);
}

/* Keeps what the filter takes. What is no entry of ours is passed over. */
static size_t read_entries(const redisReply *reply, const struct record_filter *filter,
                           struct arena *arena, struct entry entries[])
{
    size_t count = 0;

    for (size_t i = 0; i < reply->elements; i++) {
        struct entry *entry = &entries[count];

        entry->rank = i;
        if (read_entry(reply->element[i], arena, entry) &&
            record_filter_takes(filter, &entry->record))
            count++;
    }
    return count;
}

/* [id, [name, value, name, value]] */
static bool read_entry(const redisReply *reply, struct arena *arena, struct entry *entry)
{
    if (reply->elements != 2 || reply->element[1]->elements < 2 * FIELDS)
        return false;

    const redisReply *fields = reply->element[1];
    struct error error;
    json_t *json = document_parse(feed_text_of_reply(fields->element[1]), &error);
    const bool is_record = json != NULL && record_read(json, arena, &entry->record);

    json_decref(json);
    entry->id = feed_text_of_reply(reply->element[0]);
    entry->origin = feed_text_of_reply(fields->element[3]);
    return is_record && is_stream_id(entry->id);
}

/* "<milliseconds>-<number>": clients go on from it. */
static bool is_stream_id(struct text id)
{
    struct text rest = id;
    struct text first = text_cut(&rest, '-');
    int64_t milliseconds;
    int64_t number;

    return text_parse_integer(first, &milliseconds) && text_parse_integer(rest, &number) &&
           number >= 0;
}

/* By the time of the decision: instances flush at different moments. */
static int compare_newest_first(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;

    if (a->record.time_us != b->record.time_us)
        return a->record.time_us > b->record.time_us ? -1 : 1;
    return a->rank < b->rank ? -1 : 1;
}

static void write_entries(const struct entry entries[], size_t count, int64_t limit,
                          struct writer *writer)
{
    writer_begin_array(writer, NULL);
    for (size_t i = 0; i < count && limit > 0; i++) {
        if (is_repeated(entries, i))
            continue;
        record_write(&entries[i].record, entries[i].id, writer);
        limit--;
    }
    writer_end_array(writer);
}

/* Copies of one entry have the same time, so they are close to each other. */
static bool is_repeated(const struct entry entries[], size_t index)
{
    const struct entry *entry = &entries[index];

    for (size_t i = index; i > 0 && entries[i - 1].record.time_us == entry->record.time_us; i--) {
        if (text_equal(entries[i - 1].origin, entry->origin))
            return true;
    }
    return false;
}
