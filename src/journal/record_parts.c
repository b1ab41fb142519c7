/* SPDX-License-Identifier: MIT
 *
 * Four lists, each with its length first: names and values of subjects, names and costs of
 * measures, names of limits that denied it, names and quotas of limits that it overrode. Then, if a
 * part was enough, what was granted. */
#include "record_parts.h"

#include "base/arena.h"
#include "journal/packed.h"
#include "limit/word.h"

/* Of integers: of the length of a list or a name, of the length of a value, and of a cost or a
 * quota. */
#define SHORT_BYTES ((size_t)1)
#define VALUE_BYTES ((size_t)2)
#define COST_BYTES  ((size_t)8)

static void read_subjects(struct text *rest, struct arena *arena, struct subjects *subjects);
static void read_measures(struct text *rest, struct arena *arena, struct costs *costs);
static void read_limits(struct text *rest, struct arena *arena, struct record_limits *limits);
static void read_overrides(struct text *rest, struct arena *arena, struct record *record);
static int64_t read_cost(struct text *rest);
static size_t read_count(struct text *rest, size_t max);
static struct text read_text(struct text *rest, size_t bytes_max, struct arena *arena);

size_t record_parts_bytes(const struct record *record)
{
    size_t bytes = 4 * SHORT_BYTES + (record->is_partial ? COST_BYTES : 0);

    for (size_t i = 0; i < record->subjects.count; i++) {
        const struct subject *subject = &record->subjects.at[i];

        bytes += SHORT_BYTES + subject->name.length + VALUE_BYTES + subject->value.length;
    }
    for (size_t i = 0; i < record->costs.count; i++)
        bytes += SHORT_BYTES + record->costs.at[i].measure.length + COST_BYTES;
    for (size_t i = 0; i < record->denied_by.count; i++)
        bytes += SHORT_BYTES + record->denied_by.at[i].length;
    for (size_t i = 0; i < record->override_count; i++)
        bytes += SHORT_BYTES + record->overrides[i].limit.length + COST_BYTES;
    return bytes;
}

/* The buffer has all that it needs, so it never asks for an arena. */
size_t record_parts_write(const struct record *record, char *at)
{
    struct buffer buffer = {.at = at, .capacity = record_parts_bytes(record)};

    packed_write_integer(&buffer, record->subjects.count);
    for (size_t i = 0; i < record->subjects.count; i++) {
        packed_write_text(&buffer, record->subjects.at[i].name);
        packed_write_text(&buffer, record->subjects.at[i].value);
    }
    packed_write_integer(&buffer, record->costs.count);
    for (size_t i = 0; i < record->costs.count; i++) {
        packed_write_text(&buffer, record->costs.at[i].measure);
        packed_write_signed(&buffer, record->costs.at[i].cost);
    }
    packed_write_integer(&buffer, record->denied_by.count);
    for (size_t i = 0; i < record->denied_by.count; i++)
        packed_write_text(&buffer, record->denied_by.at[i]);
    packed_write_integer(&buffer, record->override_count);
    for (size_t i = 0; i < record->override_count; i++) {
        ASSERT(record->overrides[i].limit.length <= LIMIT_NAME_BYTES_MAX);
        packed_write_text(&buffer, record->overrides[i].limit);
        packed_write_integer(&buffer, (uint64_t)record->overrides[i].quota);
    }
    if (record->is_partial)
        packed_write_integer(&buffer, (uint64_t)record->granted);
    return buffer.length;
}

void record_parts_read(struct text packed, struct arena *arena, struct record *record)
{
    read_subjects(&packed, arena, &record->subjects);
    read_measures(&packed, arena, &record->costs);
    read_limits(&packed, arena, &record->denied_by);
    read_overrides(&packed, arena, record);
    if (record->is_partial)
        record->granted = (int64_t)read_count(&packed, (size_t)LIMIT_COST_MAX);
}

static void read_subjects(struct text *rest, struct arena *arena, struct subjects *subjects)
{
    const size_t count = read_count(rest, SUBJECTS_MAX);
    struct subject *at = ARENA_ARRAY(arena, struct subject, count);

    for (size_t i = 0; i < count; i++) {
        at[i].name = read_text(rest, WORD_BYTES_MAX, arena);
        at[i].value = read_text(rest, SUBJECT_VALUE_BYTES_MAX, arena);
    }
    *subjects = (struct subjects){.count = count, .at = at};
}

static void read_measures(struct text *rest, struct arena *arena, struct costs *costs)
{
    const size_t count = read_count(rest, COSTS_MAX);
    struct measured *at = ARENA_ARRAY(arena, struct measured, count);

    for (size_t i = 0; i < count; i++) {
        at[i].measure = read_text(rest, WORD_BYTES_MAX, arena);
        at[i].cost = read_cost(rest);
    }
    costs->count = count;
    costs->at = at;
}

static void read_limits(struct text *rest, struct arena *arena, struct record_limits *limits)
{
    const size_t count = read_count(rest, LIMITS_MAX);
    struct text *at = ARENA_ARRAY(arena, struct text, count);

    for (size_t i = 0; i < count; i++)
        at[i] = read_text(rest, LIMIT_NAME_BYTES_MAX, arena);
    *limits = (struct record_limits){.count = count, .at = at};
}

static void read_overrides(struct text *rest, struct arena *arena, struct record *record)
{
    const size_t count = read_count(rest, LIMITS_MAX);
    struct limit_override *at = ARENA_ARRAY(arena, struct limit_override, count);

    for (size_t i = 0; i < count; i++) {
        at[i].limit = read_text(rest, LIMIT_NAME_BYTES_MAX, arena);
        at[i].quota = (int64_t)read_count(rest, (size_t)LIMIT_COST_MAX);
    }
    record->overrides = at;
    record->override_count = count;
}

static int64_t read_cost(struct text *rest)
{
    int64_t cost;
    const bool is_there = packed_read_signed(rest, &cost);

    ASSERT(is_there && cost >= -LIMIT_COST_MAX && cost <= LIMIT_COST_MAX);
    return cost;
}

static size_t read_count(struct text *rest, size_t max)
{
    uint64_t count;
    const bool is_there = packed_read_integer(rest, &count);

    ASSERT(is_there && count <= max);
    return count;
}

static struct text read_text(struct text *rest, size_t bytes_max, struct arena *arena)
{
    struct text text;
    const bool is_there = packed_read_text(rest, bytes_max, &text);

    ASSERT(is_there);
    return text_copy(arena, text);
}
