/* SPDX-License-Identifier: MIT
 *
 * The end of a check is found without a parser: it is the first comma or bracket outside of strings
 * and of the check's own brackets. If each text between two ends is JSON, then the whole is. */
#include "api/batch_body.h"

#include "base/document.h"
#include "base/json_blank.h"

/* A step reads about this much, in 60 us. */
#define STEP_BYTES ((size_t)4 * 1024)

static enum batch_body_status read_whole(struct batch_body *body);
static bool begin_checks(struct batch_body *body);
static enum batch_body_status read_some(struct batch_body *body);
static bool read_check(struct batch_body *body, char *end);
static bool measure_check(struct batch_body *body, size_t *length, size_t *end_at);
static bool end_checks(struct batch_body *body);
static bool skip(struct text *rest, struct text expected);
static void skip_blanks(struct text *rest);
static bool refuse(struct batch_body *body, enum problem problem, const char *what);

void batch_body_init(struct batch_body *body, struct text text)
{
    *body = (struct batch_body){.rest = text};
}

void batch_body_close(struct batch_body *body)
{
    json_decref(body->tree);
    body->tree = NULL;
}

bool batch_body_is_large(const struct batch_body *body)
{
    return body->rest.length > BATCH_BODY_BYTES_WHOLE;
}

enum batch_body_status batch_body_read(struct batch_body *body)
{
    if (body->checks != NULL)
        return read_some(body);
    if (!batch_body_is_large(body))
        return read_whole(body);
    return begin_checks(body) ? BATCH_BODY_MORE : BATCH_BODY_WRONG;
}

static enum batch_body_status read_whole(struct batch_body *body)
{
    body->problem = PROBLEM_BAD_JSON;
    body->tree = document_parse(body->rest, &body->error);
    return body->tree != NULL ? BATCH_BODY_READ : BATCH_BODY_WRONG;
}

static bool begin_checks(struct batch_body *body)
{
    if (!skip(&body->rest, TEXT("{")) || !skip(&body->rest, TEXT("\"checks\"")) ||
        !skip(&body->rest, TEXT(":")) || !skip(&body->rest, TEXT("[")))
        return refuse(body, PROBLEM_BAD_JSON, "does not begin with {\"checks\":[");
    body->tree = json_object();
    body->checks = json_array();
    ASSERT(body->tree != NULL && body->checks != NULL);
    const int failed = json_object_set_new(body->tree, "checks", body->checks);

    ASSERT(failed == 0);
    return true;
}

static enum batch_body_status read_some(struct batch_body *body)
{
    const size_t before = body->rest.length;
    char end = ',';

    while (end == ',' && before - body->rest.length < STEP_BYTES) {
        if (!read_check(body, &end))
            return BATCH_BODY_WRONG;
        if (json_array_size(body->checks) > BATCH_BODY_CHECKS_MAX)
            return BATCH_BODY_READ;
    }
    if (end == ',')
        return BATCH_BODY_MORE;
    return end_checks(body) ? BATCH_BODY_READ : BATCH_BODY_WRONG;
}

/* Reads the next check, and sets `end` to the character that ends it. */
static bool read_check(struct batch_body *body, char *end)
{
    struct error error = {0};
    size_t length = 0;
    size_t end_at = 0;

    skip_blanks(&body->rest);
    if (!measure_check(body, &length, &end_at))
        return false;
    json_t *check = document_parse((struct text){body->rest.at, length}, &error);

    if (check == NULL)
        return refuse(body, PROBLEM_BAD_JSON, error.message);
    const int failed = json_array_append_new(body->checks, check);

    ASSERT(failed == 0);
    *end = body->rest.at[end_at];
    body->rest.at += end_at + 1;
    body->rest.length -= end_at + 1;
    return true;
}

/* Finds the length of the check without the blanks after it, and the place of the character that
 * ends it. Counts values as base/document.c does. */
static bool measure_check(struct batch_body *body, size_t *length, size_t *end_at)
{
    bool in_string = false;
    size_t depth = 0;

    *length = 0;
    for (size_t i = 0; i < body->rest.length && *length <= BATCH_BODY_CHECK_BYTES; i++) {
        const char c = body->rest.at[i];
        const bool closes = !in_string && (c == ']' || c == '}');
        const bool is_comma = !in_string && c == ',';

        if (depth == 0 && (closes || is_comma)) {
            *end_at = i;
            return true;
        }
        if (depth > 0 || in_string || !json_is_blank(c))
            *length = i + 1;
        if (c == '\\') {
            i++; /* no string ends with an escaped quote */
            continue;
        }
        if (c == '"')
            in_string = !in_string;
        const bool opens = !in_string && (c == '[' || c == '{');

        depth += opens;
        depth -= closes;
        body->values += opens || is_comma;
        if (body->values > DOCUMENT_VALUES_MAX)
            return refuse(body, PROBLEM_BAD_JSON, "too many values");
    }
    if (*length > BATCH_BODY_CHECK_BYTES)
        return refuse(body, PROBLEM_TOO_LARGE, "may have at most 16384 bytes");
    return refuse(body, PROBLEM_BAD_JSON, "has no end");
}

/* Reads on after the last check, whose end was the array's bracket. */
static bool end_checks(struct batch_body *body)
{
    const char *end = body->rest.at - 1;

    if (*end != ']' || !skip(&body->rest, TEXT("}")))
        return refuse(body, PROBLEM_BAD_JSON, "is not followed by ]} or another");
    skip_blanks(&body->rest);
    return body->rest.length == 0 || refuse(body, PROBLEM_BAD_JSON, "is followed by more than ]}");
}

/* Also skips blanks before it. */
static bool skip(struct text *rest, struct text expected)
{
    skip_blanks(rest);
    if (!text_starts_with(*rest, expected))
        return false;
    rest->at += expected.length;
    rest->length -= expected.length;
    return true;
}

static void skip_blanks(struct text *rest)
{
    while (rest->length > 0 && json_is_blank(*rest->at)) {
        rest->at++;
        rest->length--;
    }
}

static bool refuse(struct batch_body *body, enum problem problem, const char *what)
{
    const size_t index = json_array_size(body->checks);

    body->problem = problem;
    if (body->checks == NULL) {
        return error_set(&body->error, "a body of more than %zu bytes %s", BATCH_BODY_BYTES_WHOLE,
                         what);
    }
    return error_set(&body->error, "/checks/%zu: %s", index, what);
}
