/* SPDX-License-Identifier: MIT
 *
 * The answers of one server that clients have not read to the end, bounded by the memory that they
 * hold together. Private to exchange.c. Worker's thread.
 *
 * When they hold too much, the client whose large answer has been on its way for longest is ended,
 * then the next one. A client that reads is done very soon, so this client does not read. A
 * finished answer is not refused, because its check may have been charged. */
#ifndef HTTP_ANSWERS_H
#define HTTP_ANSWERS_H

#include <sys/queue.h>

struct client;

/* The most bytes that they hold together, without the first ANSWER_BYTES_SMALL of each. */
#define ANSWERS_BYTES_MAX  ((size_t)64 * 1024 * 1024)
#define ANSWER_BYTES_SMALL ((size_t)16 * 1024)

struct answer {
    TAILQ_ENTRY(answer) next;
    struct client *client;
    size_t held; /* bytes beyond that; 0: it is in no list */
};

struct answers {
    TAILQ_HEAD(answer_list, answer) large; /* longest on their way first */
    size_t held;
    size_t ended; /* clients ended so far */
};

void answers_init(struct answers *answers);

/* An answer of so many bytes begins to leave. */
void answers_add(struct answers *answers, struct answer *answer, struct client *client,
                 size_t bytes);
/* It has left, or never will. Fine if it was not added. */
void answers_remove(struct answers *answers, struct answer *answer);

#endif
