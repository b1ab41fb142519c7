/* SPDX-License-Identifier: MIT */
#include "minutes.h"

#include "base/arena.h"
#include "base/document.h"

const struct usage_query minutes_last_hour = {.window_minutes = HOUR, .step_minutes = 1};

void minutes_add_ahead(struct usage_app *app, int64_t minute, int64_t ahead_minutes,
                       const char *route, uint64_t allowed, uint64_t denied)
{
    const struct tally_entry entry = {
        .route = text_of(route),
        .role = TEXT("default"),
        .counts = {[TALLY_ALLOWED] = allowed, [TALLY_DENIED] = denied},
    };
    struct tally tally = {.minute = minute + ahead_minutes};

    tally_add(&tally, &entry);
    usage_add(app, &tally, minute);
    tally_close(&tally);
}

void minutes_add(struct usage_app *app, int64_t minute, const char *route, uint64_t allowed,
                 uint64_t denied)
{
    minutes_add_ahead(app, minute, 0, route, allowed, denied);
}

void minutes_add_denied(struct usage_app *app, struct text name, int times)
{
    struct heavy_hitters *hitters = heavy_hitters_new();

    for (int i = 0; i < times; i++)
        heavy_hitters_add(hitters, &(struct subject){TEXT("user"), name}, 1);
    usage_add_top(app, TOP_DENIED, hitters);
    heavy_hitters_free(hitters);
}

void minutes_add_decision(struct usage_app *app, int64_t minute, const char *measure, int64_t cost)
{
    const struct measured measured = {text_of(measure), cost};
    const struct limit limits[] = {{.counts = NULL}, {.counts = measure}};
    const struct rule rule = {.limit_count = ARRAY_COUNT(limits), .limits = limits};
    const struct record record = {
        .route = TEXT("/a"),
        .role = TEXT("default"),
        .costs = {1, 1, &measured},
        .allowed = true,
        .charged = &rule,
    };
    struct tally tally = {.minute = minute};

    tally_record(&tally, &record);
    usage_add(app, &tally, minute);
    tally_close(&tally);
}

json_t *minutes_answer(const struct usage_app *app, const struct usage_query *query, int64_t now)
{
    struct usage_report report;
    struct arena arena = {0};
    struct error error;

    usage_report_init(&report, query, now, &arena);
    usage_tell(app, &report);
    json_t *json = document_parse(usage_report_write(&report, &arena), &error);
    assert_non_null(json);
    usage_report_close(&report);
    arena_close(&arena);
    return json;
}

int64_t minutes_integer(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

int64_t minutes_total(const json_t *json, const char *outcome)
{
    return minutes_integer(json_object_get(json, "totals"), outcome);
}

int64_t minutes_at(const json_t *json, int64_t minute, const char *outcome)
{
    const json_t *series = json_object_get(json, "series");

    for (size_t i = 0; i < json_array_size(series); i++) {
        const json_t *point = json_array_get(series, i);

        if (minutes_integer(point, "timestamp") == minute * 60)
            return minutes_integer(point, outcome);
    }
    fail_msg("no step begins at minute %lld", (long long)minute);
    return -1;
}
