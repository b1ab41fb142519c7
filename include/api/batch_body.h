/* SPDX-License-Identifier: MIT
 *
 * The body of a batch as a JSON document, read in steps of at most about a millisecond.
 *
 * A small one is read whole, by base/document.h. A large one takes up to 15 ms in one piece, so it
 * is read check by check, each by that same rule. For that it has to hold its checks and nothing
 * else, and each of them in no more room than a check of its own may have. */
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
    json_t *tree;     /* what has been read */
    json_t *checks;   /* of it, when it is read check by check */
    size_t values;
    enum problem problem; /* what is wrong, */
    struct error error;   /* and the detail */
};

void batch_body_init(struct batch_body *body, struct text text);
/* The tree is gone from here on. More than once is fine. */
void batch_body_close(struct batch_body *body);

/* Whether it takes more than one step. */
bool batch_body_is_large(const struct batch_body *body);

/* One step. BATCH_BODY_READ: body->tree is the document; with more than BATCH_BODY_CHECKS_MAX
 * checks the others are left out. BATCH_BODY_WRONG: body->problem and body->error say what. */
enum batch_body_status batch_body_read(struct batch_body *body);

#endif
