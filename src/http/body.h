/* SPDX-License-Identifier: MIT
 *
 * A request's body as it comes in. It is bounded by its route, and by its tenant's share of what
 * all bodies of one server may hold together. Worker's thread. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "base/shares.h"
#include "base/text.h"

/* The places of the shares, in bytes: the most that the unfinished and unanswered bodies of one
 * server hold, without the first BODY_BYTES_SMALL of each. So many large bodies never keep a small
 * one out. */
#define BODIES_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define BODY_BYTES_SMALL ((size_t)16 * 1024)

/* Empty when all zero, except the tenant. */
struct body {
    uint32_t tenant; /* whose share it uses; may change only while the body is empty */
    char *at;
    size_t length;
    size_t capacity;
};

enum body_added { BODY_ADDED, BODY_TOO_LARGE, BODY_NO_ROOM };

/* `room` is what the bodies of the server share. It must be the same for the life of a body. */
enum body_added body_add(struct body *body, struct text data, size_t bytes_max,
                         struct shares *room);
/* Absent when there is no body. */
struct text body_text(const struct body *body);
/* Makes room for the next body, and frees the memory of a large one. */
void body_clear(struct body *body, struct shares *room);
void body_close(struct body *body, struct shares *room);

#endif
