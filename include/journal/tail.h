/* SPDX-License-Identifier: MIT
 *
 * Follows the log of an app: the entries of all instances, as they are made. A tail is one reader.
 * Its worker opens it, takes events from it, and closes it. The readers' thread puts events into
 * it (tails.h).
 *
 * An event is written once, and shared by all tails of the app. It is in the form of
 * text/event-stream: "id: <mark>\nevent: decision\ndata: <entry>\n\n", or without an id
 * "event: gap\ndata: {\"missed\":<n>}\n\n". A gap says that n entries are missing at this place,
 * as far as is known; null: nobody knows how many.
 *
 * The entries of one instance come in order, and none twice. Those of several instances come as
 * they are found. While Redis is away, only those of this instance come; the others follow later.
 *
 * What a tail holds that nobody takes is bounded. What comes then is only counted: as soon as all
 * was taken, a gap follows. So a reader that is slow delays nobody else. */
#ifndef JOURNAL_TAIL_H
#define JOURNAL_TAIL_H

#include "base/app_id.h"
#include "journal/log_mark.h"
#include "journal/record.h"

#define TAILS_PER_APP        20
#define TAIL_EVENTS_MAX      ((size_t)1024)       /* that nobody has taken: as many as are kept */
#define TAIL_BYTES_MAX       ((size_t)512 * 1024) /* of these, without the last one */
#define TAIL_EVENT_BYTES_MAX ((size_t)32 * 1024)  /* a longer one counts as missed */

struct journal;
struct queue;
struct tail;

/* The tails of one worker. `ready` runs on the thread that drains `reply_to` when some of them have
 * something new. `reply_to` and `context` are borrowed. */
struct tail_group;
struct tail_group *tail_group_new(struct journal *journal, struct queue *reply_to, void *context,
                                  void (*ready)(void *context));
/* All its tails must be closed, and the journal stopped. NULL is fine. */
void tail_group_free(struct tail_group *group);

struct tail_options {
    const char *app_id;
    const struct record_filter *filter; /* its limit does not matter */
    const struct log_mark *after;       /* NULL: only what comes from now on */
};

/* Copies the options. NULL when the app has TAILS_PER_APP. Worker's thread, like all below.
 *
 * With `after`, all entries come that are behind this one in the log, and that were not shown ahead
 * of it. If it is not kept any more, a gap comes first, with the number of that instance's entries
 * that are missing, and then all that is kept. Only a reader that goes from one instance to another
 * while Redis is away may get again what the first one has shown. */
struct tail *tail_open(struct tail_group *group, const struct tail_options *options);

/* False until it is known where it begins. What is decided after that, comes. */
bool tail_has_begun(const struct tail *tail);
/* The journal has stopped: nothing more comes. */
bool tail_has_ended(const struct tail *tail);

struct tail_event {
    struct text text;
    bool is_gap;
};

/* The oldest event that was not taken. NULL: there is none. It is borrowed until tail_take(), which
 * takes it. */
const struct tail_event *tail_first(struct tail *tail);
void tail_take(struct tail *tail);

/* It must not be used any more. */
void tail_close(struct tail *tail);

#endif
