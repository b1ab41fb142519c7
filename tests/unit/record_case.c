/* SPDX-License-Identifier: MIT */
#include "record_case.h"

#include "base/document.h"

static const struct subject alice[] = {{{"user", 4}, {"alice \"a\"", 9}}};

const struct record record_denied = {
    .time_us = INT64_C(1795270335042999),
    .subjects = {1, alice},
    .route = {"/api/*", 6},
    .role = {"default", 7},
    .costs = {.requests = 3},
    .reason = "Rate limit exceeded",
    .remaining = 2,
    .policy_version = 4,
    .mode = "enforce",
};

struct record record_several(void)
{
    static const struct subject subjects[] = {
        {{"ip", 2}, {"2001:db8::/64", 13}},
        {{"org", 3}, {"acme", 4}},
        {{"user", 4}, {"ada", 3}},
    };
    static const struct measured measures[] = {{{"images", 6}, 0}, {{"tokens", 6}, LIMIT_COST_MAX}};
    static const struct text names[] = {{"org-tokens", 10}, {"pool", 4}};
    struct record record = record_denied;

    record.subjects = (struct subjects){ARRAY_COUNT(subjects), subjects};
    record.costs = (struct costs){3, ARRAY_COUNT(measures), measures};
    record.denied_by = (struct record_limits){ARRAY_COUNT(names), names};
    return record;
}

struct text record_written(const struct record *record, struct text id, struct arena *arena)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, arena, 16);
    writer_init(&writer, &buffer);
    record_write(record, id, &writer);
    return buffer_text(&buffer);
}

bool record_is_read(struct text json, struct arena *arena, struct record *record)
{
    struct error error;
    json_t *entry = document_parse(json, &error);
    bool is_record = record_read(entry, arena, record);

    assert_non_null(entry);
    json_decref(entry);
    return is_record;
}

void assert_is_no_entry(const char *json)
{
    struct arena arena = {0};
    struct record record;

    assert_false(record_is_read(text_of(json), &arena, &record));
    arena_close(&arena);
}

void assert_text(struct text text, struct text expected)
{
    assert_int_equal(text.length, expected.length);
    assert_memory_equal(text.at, expected.at, expected.length);
}
