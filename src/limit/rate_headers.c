/* SPDX-License-Identifier: MIT */
#include "limit/rate_headers.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/duration.h"
#include "limit/period.h"

#define FIELD_BYTES_USUALLY 64

static const char *policy_field(const struct verdict *verdict, struct arena *arena);
static const char *limit_field(const struct verdict *verdict, struct arena *arena);
static void add_window(struct buffer *field, const struct limit *limit);
static void add_string(struct buffer *field, struct text name, const char *value);
static void add_item(struct buffer *field, const char *name);
static void add_parameter(struct buffer *field, struct text name, int64_t value);
static int64_t effective_window_s(const struct limit_outcome *outcome);
static int64_t reset_value(const struct verdict *verdict, enum rate_headers_style style,
                           int64_t wall_us);
static const char *integer_field(int64_t value, struct arena *arena);

const char *const rate_headers_style_words[] = {"delta", "epoch", "off", NULL};

/* "minute";q=100;w=60, "day";q=1000;qu="tokens";w=86400, "bill";q=9;sluice-period="month" */
struct text rate_headers_policy(const struct rule *rule, struct arena *arena)
{
    struct buffer field;

    buffer_init(&field, arena, FIELD_BYTES_USUALLY);
    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct limit *limit = &rule->limits[i];

        add_item(&field, limit->name);
        add_parameter(&field, TEXT(";q="), limit->quota);
        if (limit->counts != NULL)
            add_string(&field, TEXT(";qu="), limit->counts);
        add_window(&field, limit);
        if (limit->burst != limit->quota)
            add_parameter(&field, TEXT(";sluice-burst="), limit->burst);
    }
    return text_of(buffer_string(&field));
}

size_t rate_headers_write(const struct verdict *verdict, enum rate_headers_style style,
                          int64_t wall_us, struct arena *arena,
                          struct rate_header headers[RATE_HEADERS_MAX])
{
    size_t count = 0;

    if (verdict->decided) {
        headers[count++] = (struct rate_header){"RateLimit-Policy", policy_field(verdict, arena)};
        headers[count++] = (struct rate_header){"RateLimit", limit_field(verdict, arena)};
    }
    if (verdict->decided && style != RATE_HEADERS_OFF) {
        headers[count++] =
            (struct rate_header){"X-RateLimit-Limit", integer_field(verdict->limit, arena)};
        headers[count++] =
            (struct rate_header){"X-RateLimit-Remaining", integer_field(verdict->remaining, arena)};
        headers[count++] = (struct rate_header){
            "X-RateLimit-Reset", integer_field(reset_value(verdict, style, wall_us), arena)};
    }
    if (verdict->can_retry)
        headers[count++] =
            (struct rate_header){"Retry-After", integer_field(verdict->retry_s, arena)};
    return count;
}

/* Only a rule under terms needs another text than the policy's. */
static const char *policy_field(const struct verdict *verdict, struct arena *arena)
{
    const struct policy *policy = verdict->policy;

    if (verdict->rule != &policy->rule)
        return rate_headers_policy(verdict->rule, arena).at;
    return text_copy(arena, policy->rate_limit_policy).at;
}

/* "minute";r=99;t=60, "day";r=999;t=86400 */
static const char *limit_field(const struct verdict *verdict, struct arena *arena)
{
    struct buffer field;

    buffer_init(&field, arena, FIELD_BYTES_USUALLY);
    for (size_t i = 0; i < verdict->outcome.count; i++) {
        const struct limit_outcome *outcome = &verdict->outcome.at[i];

        add_item(&field, verdict->rule->limits[i].name);
        add_parameter(&field, TEXT(";r="), outcome->remaining);
        add_parameter(&field, TEXT(";t="), effective_window_s(outcome));
    }
    return buffer_string(&field);
}

/* Periods of a calendar are not all as long, so they have no `w`. */
static void add_window(struct buffer *field, const struct limit *limit)
{
    if (limit->period == NULL)
        add_parameter(field, TEXT(";w="), limit->window_us / SECOND_US);
    else
        add_string(field, TEXT(";sluice-period="), period_unit_words[limit->period->unit]);
}

/* A measure and a unit of time need no escapes. */
static void add_string(struct buffer *field, struct text name, const char *value)
{
    buffer_add(field, name);
    buffer_add_char(field, '"');
    buffer_add(field, text_of(value));
    buffer_add_char(field, '"');
}

/* Begins the next member of the list. A limit's name needs no escapes. */
static void add_item(struct buffer *field, const char *name)
{
    if (field->length > 0)
        buffer_add(field, TEXT(", "));
    buffer_add_char(field, '"');
    buffer_add(field, text_of(name));
    buffer_add_char(field, '"');
}

static void add_parameter(struct buffer *field, struct text name, int64_t value)
{
    buffer_add(field, name);
    buffer_add_integer(field, value);
}

/* The time for which `r` holds. After a denial it ends when the same cost would pass, because `t`
 * must not be later than Retry-After (§6 of the draft). */
static int64_t effective_window_s(const struct limit_outcome *outcome)
{
    bool can_retry = !outcome->allowed && !outcome->never;

    return verdict_seconds(can_retry ? outcome->retry_us : outcome->reset_us);
}

static int64_t reset_value(const struct verdict *verdict, enum rate_headers_style style,
                           int64_t wall_us)
{
    int64_t reset_us = verdict->outcome.at[verdict->tightest].reset_us;

    return style == RATE_HEADERS_EPOCH ? verdict_seconds(wall_us + reset_us) : verdict->reset_s;
}

static const char *integer_field(int64_t value, struct arena *arena)
{
    char space[TEXT_INTEGER_BYTES_MAX];

    return text_copy(arena, text_write_integer(value, space)).at;
}
