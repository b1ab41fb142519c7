/* SPDX-License-Identifier: MIT
 *
 * The body of a batch as a JSON document, read in steps of at most about a millisecond.
 *
 * A small body is read whole, by base/document.h. A large one would take up to 15 ms, so it is read
 * check by check, each by the same rules. For that it must hold only its checks, and each check
 * must be no longer than the body of a single check may be. */
#ifndef API_BATCH_BODY_H
#define API_BATCH_BODY_H

#include "base/error.h"
#include "base/text.h"
#include "http/problem.h"

#include <jansson.h>

#define BATCH_BODY_BYTES_WHOLE ((size_t)64 * 1024)
#define BATCH_BODY_CHECK_BYTES ((size_t)16 * 1024)
#define BATCH_BODY_CHECKS_MAX  1000

enum batch_body_status { BATCH_BODY_MORE, BATCH_BODY_READ, BATCH_BODY_WRONG };

struct batch_body {
    struct text rest; /* not read yet; borrowed */
    json_t *tree;     /* what has been read so far */
    json_t *checks;   /* the array in it, if read check by check */
    size_t values;
    enum problem problem; /* what is wrong */
    struct error error;   /* its detail */
};

void batch_body_init(struct batch_body *body, struct text text);
/* Frees the tree. May be called more than once. */
void batch_body_close(struct batch_body *body);

/* Whether reading takes more than one step. */
bool batch_body_is_large(const struct batch_body *body);

/* One step. BATCH_BODY_READ: body->tree is the document. If it has more than BATCH_BODY_CHECKS_MAX
 * checks, the rest may be left out. BATCH_BODY_WRONG: body->problem and body->error say why. */
enum batch_body_status batch_body_read(struct batch_body *body);

#endif
