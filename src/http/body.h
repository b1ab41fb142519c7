/* SPDX-License-Identifier: MIT
 *
 * A request's body as it comes in, bounded by its route and by what all bodies of one server may
 * hold together: whoever sends has not shown a key yet. Worker's thread. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "base/text.h"

/* What the unfinished and unanswered bodies of one server hold at most, beyond the first
 * BODY_BYTES_SMALL of each: many large ones never keep out a small one. */
#define BODIES_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define BODY_BYTES_SMALL ((size_t)16 * 1024)

struct body {
    char *at;
    size_t length;
    size_t capacity;
};

enum body_added { BODY_ADDED, BODY_TOO_LARGE, BODY_NO_ROOM };

/* `held` is what all bodies of the server have reserved beyond that; kept up to date here. */
enum body_added body_add(struct body *body, struct text data, size_t bytes_max, size_t *held);
/* Absent when there is none. */
struct text body_text(const struct body *body);
/* Makes room for the next body: the memory of a large one is given back. */
void body_clear(struct body *body, size_t *held);
void body_close(struct body *body, size_t *held);

#endif
