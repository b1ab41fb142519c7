/* SPDX-License-Identifier: MIT */
#include "body.h"

#include "base/memory.h"

/* At first: a client that announces much and sends little must not cost much. */
#define CAPACITY_MIN ((size_t)512)

static size_t beyond_small(size_t capacity);

enum body_added body_add(struct body *body, struct text data, size_t bytes_max, size_t *held)
{
    size_t capacity = body->capacity ? body->capacity : CAPACITY_MIN;

    if (data.length > bytes_max - body->length)
        return BODY_TOO_LARGE;
    while (capacity - body->length < data.length)
        capacity *= 2;
    if (capacity > body->capacity) {
        if (*held + beyond_small(capacity) - beyond_small(body->capacity) > BODIES_BYTES_MAX)
            return BODY_NO_ROOM;
        *held += beyond_small(capacity) - beyond_small(body->capacity);
        body->at = memory_resize(body->at, capacity);
        body->capacity = capacity;
    }
    memcpy(body->at + body->length, data.at, data.length);
    body->length += data.length;
    return BODY_ADDED;
}

struct text body_text(const struct body *body)
{
    return body->length > 0 ? (struct text){body->at, body->length} : (struct text){0};
}

void body_clear(struct body *body, size_t *held)
{
    body->length = 0;
    if (body->capacity > CAPACITY_MIN)
        body_close(body, held);
}

void body_close(struct body *body, size_t *held)
{
    *held -= beyond_small(body->capacity);
    free(body->at);
    *body = (struct body){0};
}

static size_t beyond_small(size_t capacity)
{
    return capacity > BODY_BYTES_SMALL ? capacity - BODY_BYTES_SMALL : 0;
}
