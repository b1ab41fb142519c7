/* SPDX-License-Identifier: MIT
 *
 * A request to send what one app has, ahead of all other apps. */
#ifndef JOURNAL_FLUSH_H
#define JOURNAL_FLUSH_H

#include "base/queue.h"

#include <sys/queue.h>

struct journal_app;

/* What goes to Redis. */
enum cargo { CARGO_LOG, CARGO_USAGE, CARGOS };

/* It must stay where it is until `done` has run. */
struct flush {
    struct queue_item item;            /* private */
    TAILQ_ENTRY(flush) in_asked;       /* private */
    struct queue *reply_to;            /* NULL: the flusher's thread runs `done` itself */
    void (*done)(struct flush *flush); /* on the thread that drains `reply_to` */

    struct journal_app *app;
    enum cargo cargo;
    uint64_t upto;  /* of CARGO_LOG: number of the newest record that is needed */
    bool from_lost; /* Redis has lost what it had, so it needs all that is held here */

    bool succeeded; /* Redis, or the file, has it */
    bool has_lost;  /* and what the file had before was lost since it was last asked */
};

#endif
