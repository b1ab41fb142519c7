/* SPDX-License-Identifier: MIT */
#include "journal/feed_entries.h"

#include "base/document.h"
#include "journal/entry_id.h"
#include "journal/feed.h"

#define ARRAY_BYTES_MIN 256
#define FIELDS          ((size_t)2)

/* Its texts lie in the arena. */
struct feed_entry {
    struct record record;
    struct entry_id id;
    size_t rank; /* 0 is the newest in the stream */
};

static void add_entry(struct feed_entries *entries, const redisReply *reply);
static bool read_entry(const redisReply *reply, struct arena *arena, struct feed_entry *entry);
static int compare_newest_first(const void *left, const void *right);
static void write_entries(const struct feed_entry entries[], size_t count, int64_t limit,
                          struct writer *writer);
static bool is_repeated(const struct feed_entry entries[], size_t index);

void feed_entries_init(struct feed_entries *entries, const struct record_filter *filter,
                       struct arena *arena)
{
    *entries = (struct feed_entries){.filter = filter, .arena = arena, .before = "+"};
    entries->found = ARENA_ARRAY(arena, struct feed_entry, JOURNAL_RECORDS);
}

bool feed_entries_add(struct feed_entries *entries, const redisReply *reply)
{
    const size_t read_before = entries->read;

    for (size_t i = 0; i < reply->elements && entries->read < JOURNAL_RECORDS; i++)
        add_entry(entries, reply->element[i]);
    return reply->elements >= FEED_PAGE_ENTRIES && entries->read < JOURNAL_RECORDS &&
           entries->read > read_before;
}

struct text feed_entries_write(const struct feed_entries *entries, struct arena *arena)
{
    struct buffer buffer;
    struct writer writer;

    qsort(entries->found, entries->count, sizeof entries->found[0], compare_newest_first);
    buffer_init(&buffer, arena, ARRAY_BYTES_MIN);
    writer_init(&writer, &buffer);
    write_entries(entries->found, entries->count, entries->filter->limit, &writer);
    return writer_document(&writer);
}

void feed_entries_list(const struct feed_entries *entries, struct log_entries *list)
{
    log_entries_init(list, entries->arena);
    for (size_t i = 0; i < entries->count; i++) {
        const bool has_room =
            log_entries_add(list, &entries->found[i].id, &entries->found[i].record);

        ASSERT(has_room);
    }
}

static void add_entry(struct feed_entries *entries, const redisReply *reply)
{
    struct feed_entry *entry = &entries->found[entries->count];
    const struct text id = reply->elements == 0 ? TEXT("") : feed_text_of_reply(reply->element[0]);

    if (text_equal(id, text_of(entries->before)))
        return;
    if (id.length < sizeof entries->before)
        (void)snprintf(entries->before, sizeof entries->before, "%.*s", TEXT_PRINTF(id));
    entry->rank = entries->read++;
    if (read_entry(reply, entries->arena, entry) &&
        record_filter_takes(entries->filter, &entry->record))
        entries->count++;
}

/* [id, [name, value, name, value]] */
static bool read_entry(const redisReply *reply, struct arena *arena, struct feed_entry *entry)
{
    if (reply->elements != 2 || reply->element[1]->elements < 2 * FIELDS)
        return false;

    const redisReply *fields = reply->element[1];
    struct error error;
    json_t *json = document_parse(feed_text_of_reply(fields->element[1]), &error);
    const bool is_record = json != NULL && record_read(json, arena, &entry->record);

    json_decref(json);
    return is_record && entry_id_read(feed_text_of_reply(fields->element[3]), &entry->id);
}

/* By the time of the decision, because instances flush at different moments. */
static int compare_newest_first(const void *left, const void *right)
{
    const struct feed_entry *a = left;
    const struct feed_entry *b = right;

    if (a->record.time_us != b->record.time_us)
        return a->record.time_us > b->record.time_us ? -1 : 1;
    return a->rank < b->rank ? -1 : 1;
}

static void write_entries(const struct feed_entry entries[], size_t count, int64_t limit,
                          struct writer *writer)
{
    char id[ENTRY_ID_BYTES];

    writer_begin_array(writer, NULL);
    for (size_t i = 0; i < count && limit > 0; i++) {
        if (is_repeated(entries, i))
            continue;
        record_write(&entries[i].record, entry_id_write(&entries[i].id, id), writer);
        limit--;
    }
    writer_end_array(writer);
}

/* Copies of one entry have the same time, so they are close to each other. */
static bool is_repeated(const struct feed_entry entries[], size_t index)
{
    const struct feed_entry *entry = &entries[index];

    for (size_t i = index; i > 0 && entries[i - 1].record.time_us == entry->record.time_us; i--) {
        if (entry_id_equal(&entries[i - 1].id, &entry->id))
            return true;
    }
    return false;
}
