/* SPDX-License-Identifier: MIT
 *
 * The replies of Redis when the shared log is read. Either the log is unavailable, or it is a JSON
 * array of at most as many entries as were asked for. Those of one instance are in order by number,
 * the greatest first. None is in the name of this process, which has sent nothing. Each entry
 * matches the filter, and has every member that a client may rely on. Those whose number varies are
 * bounded, and their names are words. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/document.h"
#include "base/duration.h"
#include "base/log.h"
#include "journal/entry_id.h"
#include "journal/feed.h"
#include "limit/word.h"
#include "replies.h"

#define LIMIT        3
#define OWN_INSTANCE UINT64_C(0xfeed)

static const struct subject user = {{"user", 4}, {"u1", 2}};
static const struct subject org = {{"org", 3}, {"acme", 4}};
static const struct record_filter filters[] = {
    {.limit = LIMIT},
    {.limit = LIMIT, .allowed = RECORD_DENIED},
    {.limit = LIMIT, .kind = RECORD_CHARGE},
    {.limit = LIMIT, .subjects = {1, &user}},
    {.limit = LIMIT, .subjects = {1, &org}},
};
static struct feed *feed;

static void try_filter(const struct record_filter *filter);
static void entries_check(const json_t *entries, const struct record_filter *filter);
static struct entry_id entry_check(const json_t *entry, const struct record_filter *filter);
static void subjects_check(const json_t *entry, const struct record_filter *filter);
static const json_t *subject_of(const json_t *entry, struct text name);
static void names_check(const json_t *object, bool (*is_name)(struct text name));
static void charge_check(const json_t *entry, const struct record_filter *filter);
static void said_check(const json_t *entry);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{

    (void)argc;
    (void)argv;
    log_set_level(LOG_ERROR);
    feed = feed_new(NULL, OWN_INSTANCE);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ARRAY_COUNT(filters); i++) {
        replies_begin(fuzz_text(data, size));
        try_filter(&filters[i]);
        replies_end();
    }
    return 0;
}

static void try_filter(const struct record_filter *filter)
{
    struct arena arena = {0};
    struct arena scratch = {0};
    struct error error = {0};

    enum feed_reading reading = FEED_READ_SOME;
    struct feed_entries found;

    feed_entries_init(&found, filter, &scratch);
    feed_entries_know(&found, OWN_INSTANCE, NULL);
    while (reading == FEED_READ_SOME)
        reading = feed_read(feed, "app_000000000000", &found);
    if (reading == FEED_READ_ALL) {
        json_t *entries = document_parse(feed_entries_write(&found, &arena), &error);

        ASSERT(json_is_array(entries));
        entries_check(entries, filter);
        json_decref(entries);
    }
    arena_close(&scratch);
    arena_close(&arena);
}

static void entries_check(const json_t *entries, const struct record_filter *filter)
{
    struct entry_id ids[LIMIT];

    ASSERT(filter->limit <= LIMIT && json_array_size(entries) <= (size_t)filter->limit);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        ids[i] = entry_check(json_array_get(entries, i), filter);
        for (size_t before = 0; before < i; before++)
            ASSERT(ids[i].instance != ids[before].instance ||
                   ids[i].sequence < ids[before].sequence);
    }
}

static struct entry_id entry_check(const json_t *entry, const struct record_filter *filter)
{
    static const char *const members[] = {
        "route_key", "id",      "timestamp", "time",      "time_us",        "route", "role",
        "cost",      "allowed", "reason",    "remaining", "policy_version", "mode",  "degraded"};
    const char *id = json_string_value(json_object_get(entry, "id"));
    const json_int_t seconds = json_integer_value(json_object_get(entry, "timestamp"));
    const json_int_t time_us = json_integer_value(json_object_get(entry, "time_us"));
    const json_t *allowed = json_object_get(entry, "allowed");

    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        ASSERT(json_object_get(entry, members[i]) != NULL);
    struct entry_id read;

    ASSERT(entry_id_read(text_of(id), &read) && read.instance != OWN_INSTANCE);
    ASSERT(seconds >= 0 && time_us / SECOND_US == seconds);
    ASSERT(filter->allowed != RECORD_DENIED || json_is_false(allowed));
    ASSERT(json_array_size(json_object_get(entry, "denied_by")) <= LIMITS_MAX);
    ASSERT(json_object_size(json_object_get(entry, "costs")) <= COSTS_MAX);
    names_check(json_object_get(entry, "costs"), word_is);
    charge_check(entry, filter);
    said_check(entry);
    subjects_check(entry, filter);
    return read;
}

static void subjects_check(const json_t *entry, const struct record_filter *filter)
{
    const json_t *subjects = json_object_get(entry, "subjects");

    names_check(subjects, word_is);
    ASSERT(json_object_size(subjects) <= SUBJECTS_MAX);
    ASSERT(json_object_get(entry, "user_id") != NULL || json_object_get(entry, "ip") != NULL ||
           json_object_size(subjects) > 0);
    for (size_t i = 0; i < filter->subjects.count; i++) {
        const struct subject *wanted = &filter->subjects.at[i];
        const json_t *value = subject_of(entry, wanted->name);

        ASSERT(text_equal(text_of(json_string_value(value)), wanted->value));
    }
}

static const json_t *subject_of(const json_t *entry, struct text name)
{
    const json_t *subjects = json_object_get(entry, "subjects");
    char key[WORD_BYTES_MAX + 1];

    if (subjects == NULL && text_equal(name, TEXT("user")))
        return json_object_get(entry, "user_id");
    return json_object_get(subjects, word_string(name, key));
}

static void names_check(const json_t *object, bool (*is_name)(struct text name))
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, name, value)
        ASSERT(is_name(text_of(name)));
}

/* Only a charge gives back. */
static void charge_check(const json_t *entry, const struct record_filter *filter)
{
    const json_t *charge = json_object_get(entry, "charge");
    const json_int_t min = charge != NULL ? -LIMIT_COST_MAX : 0;
    const char *name;
    json_t *cost;

    ASSERT(charge == NULL || json_is_true(charge));
    ASSERT(charge == NULL || filter->allowed == RECORD_ANY);
    ASSERT(charge != NULL || filter->kind != RECORD_CHARGE);
    ASSERT(json_integer_value(json_object_get(entry, "cost")) >= min);
    json_object_foreach (json_object_get(entry, "costs"), name, cost)
        ASSERT(json_integer_value(cost) >= min && json_integer_value(cost) <= LIMIT_COST_MAX);
}

/* What the check said about its limits, and what it was granted. */
static void said_check(const json_t *entry)
{
    const json_t *priority = json_object_get(entry, "priority");
    const json_t *overrides = json_object_get(entry, "limit_overrides");
    const json_int_t granted = json_integer_value(json_object_get(entry, "granted"));

    ASSERT(priority == NULL || strcmp(json_string_value(priority), priority_words[true]) == 0);
    ASSERT(granted >= 0 && granted <= LIMIT_COST_MAX);
    ASSERT(json_object_size(overrides) <= LIMITS_MAX);
    names_check(overrides, limit_name_is);
}
