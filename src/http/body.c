/* SPDX-License-Identifier: MIT */
#include "body.h"

#include "base/memory.h"

/* The first size, because a client that announces much and sends little must not cost much. */
#define CAPACITY_MIN ((size_t)512)

static uint32_t beyond_small(size_t capacity);

enum body_added body_add(struct body *body, struct text data, size_t bytes_max, struct shares *room)
{
    size_t capacity = body->capacity ? body->capacity : CAPACITY_MIN;

    if (data.length > bytes_max - body->length)
        return BODY_TOO_LARGE;
    while (capacity - body->length < data.length)
        capacity *= 2;
    if (capacity > body->capacity) {
        const uint32_t more = beyond_small(capacity) - beyond_small(body->capacity);

        if (more > 0 && !shares_take(room, body->tenant, more))
            return BODY_NO_ROOM;
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

void body_clear(struct body *body, struct shares *room)
{
    body->length = 0;
    if (body->capacity > CAPACITY_MIN)
        body_close(body, room);
}

void body_close(struct body *body, struct shares *room)
{
    const uint32_t held = beyond_small(body->capacity);

    if (held > 0)
        shares_give(room, body->tenant, held);
    free(body->at);
    *body = (struct body){.tenant = body->tenant};
}

static uint32_t beyond_small(size_t capacity)
{
    return capacity > BODY_BYTES_SMALL ? (uint32_t)(capacity - BODY_BYTES_SMALL) : 0;
}
