/* SPDX-License-Identifier: MIT
 *
 * The answers of one server that have not been read to their end, bounded by the memory they hold
 * together. Private to exchange.c. Worker's thread.
 *
 * When they hold too much, the client whose large answer has been on its way for longest is ended,
 * and so on. Whoever reads is done in no time, so that is somebody who does not; and an answer that
 * has been made is not refused: what it tells may have been charged. */
#ifndef HTTP_ANSWERS_H
#define HTTP_ANSWERS_H

#include <sys/queue.h>

struct client;

/* What they hold at most, beyond the first ANSWER_BYTES_SMALL of each. */
#define ANSWERS_BYTES_MAX  ((size_t)64 * 1024 * 1024)
#define ANSWER_BYTES_SMALL ((size_t)16 * 1024)

struct answer {
    TAILQ_ENTRY(answer) next;
    struct client *client;
    size_t held; /* beyond that; 0: it is in no list */
};

struct answers {
    TAILQ_HEAD(answer_list, answer) large; /* on their way for longest first */
    size_t held;
    size_t ended; /* clients, so far */
};

void answers_init(struct answers *answers);

/* An answer that holds so many bytes begins to leave. */
void answers_add(struct answers *answers, struct answer *answer, struct client *client,
                 size_t bytes);
/* It has left, or never will; also when it has not been added. */
void answers_remove(struct answers *answers, struct answer *answer);

#endif
