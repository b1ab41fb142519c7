/* SPDX-License-Identifier: MIT
 *
 * Stream sluice:log:{<app id>}, per entry the fields
 *     e  the record's JSON, without id: the stream's own id is it
 *     o  its origin, "<instance>-<sequence>", by which a repeated entry is known */
#include "journal/feed.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/figure.h"
#include "redis/redis_eviction.h"
#include "redis/redis_rights.h"

#include <inttypes.h>
#include <sodium.h>

#define REST_US_MIN     (200 * MILLISECOND_US)
#define REST_US_MAX     SECOND_US
#define COMPLAIN_US     SECOND_US
#define KEY_BYTES       48
#define ENTRY_BYTES     512
#define ARRAY_BYTES_MIN 256
#define FIELDS          ((size_t)2)

/* The macro's value as a literal. */
#define LITERAL(macro)  LITERAL_(macro)
#define LITERAL_(value) #value

_Static_assert(FEED_EXPIRY_S == 7 * DAY_S, "written out: Redis is told it as text");

struct feed {
    struct redis_session *session;
    uint64_t instance; /* random: this process' mark in an entry's origin */
    int64_t rest_us;   /* 0: the last exchange with Redis went well */
    int64_t rests_until_us;
    bool complained;           /* and has not worked since */
    int64_t complain_after_us; /* no line about a failure before this */
    bool has_looked_for_rights;
    bool has_looked_for_eviction;
    struct figure failures;
    struct figure dropped;
};

/* One entry of a stream. */
struct entry {
    struct record record;
    struct text id; /* borrowed from the reply, like `origin` */
    struct text origin;
    size_t rank; /* 0 is the newest in the stream */
};

static void write_key(const char *app_id, char key[static KEY_BYTES]);
static void append_record(struct feed *feed, const char *key, uint64_t sequence,
                          const struct record *record, struct arena *arena);
static size_t read_entries(const redisReply *reply, const struct record_filter *filter,
                           struct arena *arena, struct entry entries[]);
static bool read_entry(const redisReply *reply, struct arena *arena, struct entry *entry);
static bool is_stream_id(struct text id);
static int compare_newest_first(const void *left, const void *right);
static void write_entries(const struct entry entries[], size_t count, int64_t limit,
                          struct writer *writer);
static bool is_repeated(const struct entry entries[], size_t index);

struct feed *feed_new(const struct redis_url *url)
{
    struct feed *feed = MEMORY_NEW(struct feed);

    feed->session = redis_session_new(url, FEED_TIMEOUT_MS);
    randombytes_buf(&feed->instance, sizeof feed->instance);
    return feed;
}

void feed_free(struct feed *feed)
{
    if (feed == NULL)
        return;
    redis_session_free(feed->session);
    free(feed);
}

int64_t feed_rests_until_us(const struct feed *feed)
{
    return feed->rests_until_us;
}

bool feed_send(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent)
{
    const uint64_t newest = ring_newest(ring);
    uint64_t sequence = newest - *sent > JOURNAL_RECORDS ? newest - JOURNAL_RECORDS : *sent;
    struct arena arena = {0};
    struct error error = {0};
    struct record record;
    char key[KEY_BYTES];
    const char *expire[] = {"EXPIRE", key, LITERAL(FEED_EXPIRY_S)};
    bool expires = false;

    if (newest == *sent)
        return true;
    write_key(app_id, key);
    while (sequence++ < newest) {
        if (!ring_read(ring, sequence, &arena, &record))
            continue;
        append_record(feed, key, sequence, &record, &arena);
        /* Of what it finds when it wakes up and we have gone, Redis reads only the first 16 KiB. */
        if (!expires)
            redis_session_append(feed->session, ARRAY_COUNT(expire), expire, NULL);
        expires = true;
    }
    const bool succeeded = redis_session_flush(feed->session, &error);
    if (succeeded) {
        if (newest - *sent > JOURNAL_RECORDS)
            figure_add(&feed->dropped, newest - *sent - JOURNAL_RECORDS);
        *sent = newest;
        redis_rights_warn(feed->session, &feed->has_looked_for_rights);
        redis_eviction_warn(feed->session, &feed->has_looked_for_eviction, "counters");
    } else {
        figure_add(&feed->failures, 1);
    }
    arena_close(&arena);
    return feed_settle(feed, succeeded, &error);
}

uint64_t feed_failures(const struct feed *feed)
{
    return figure_get(&feed->failures);
}

uint64_t feed_dropped(const struct feed *feed)
{
    return figure_get(&feed->dropped);
}

bool feed_read(struct feed *feed, const char *app_id, const struct record_filter *filter,
               struct arena *arena, struct text *entries)
{
    char key[KEY_BYTES];
    const char *range[] = {"XREVRANGE", key, "+", "-", "COUNT", LITERAL(JOURNAL_RECORDS)};
    struct error error = {0};
    struct arena scratch = {0};

    write_key(app_id, key);
    redisReply *reply =
        redis_session_command(feed->session, &error, ARRAY_COUNT(range), range, NULL);
    if (!feed_settle(feed, reply != NULL, &error))
        return false;

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
    freeReplyObject(reply);
    return true;
}

struct redis_session *feed_session(struct feed *feed)
{
    return feed->session;
}

bool feed_settle(struct feed *feed, bool succeeded, const struct error *error)
{
    const int64_t now_us = clock_monotonic_us();

    if (succeeded) {
        if (feed->complained)
            log_write(LOG_INFO, "journal feed works again", LOG_NONE);
        feed->complained = false;
        feed->rest_us = 0;
        return true;
    }
    feed->rest_us = feed->rest_us == 0 ? REST_US_MIN : 2 * feed->rest_us;
    if (feed->rest_us > REST_US_MAX)
        feed->rest_us = REST_US_MAX;
    feed->rests_until_us = now_us + feed->rest_us;
    if (now_us >= feed->complain_after_us) {
        log_write(LOG_WARN, "journal feed failed", LOG_STRING("reason", error->message));
        feed->complained = true;
        feed->complain_after_us = now_us + COMPLAIN_US;
    }
    return false;
}

uint64_t feed_instance(const struct feed *feed)
{
    return feed->instance;
}

struct text feed_text_of_reply(const redisReply *reply)
{
    return (struct text){reply->str, reply->str == NULL ? 0 : (size_t)reply->len};
}

static void write_key(const char *app_id, char key[static KEY_BYTES])
{
    (void)snprintf(key, KEY_BYTES, "sluice:log:{%s}", app_id);
}

static void append_record(struct feed *feed, const char *key, uint64_t sequence,
                          const struct record *record, struct arena *arena)
{
    char origin[48];
    struct buffer entry;
    struct writer writer;

    buffer_init(&entry, arena, ENTRY_BYTES);
    writer_init(&writer, &entry);
    record_write(record, text_of(NULL), &writer);
    (void)snprintf(origin, sizeof origin, "%016" PRIx64 "-%" PRIu64, feed->instance, sequence);
    const char *add[] = {
        "XADD", key,   "MAXLEN", "~", LITERAL(JOURNAL_RECORDS), "*", "e", buffer_string(&entry),
        "o",    origin};
    redis_session_append(feed->session, ARRAY_COUNT(add), add, NULL);
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
