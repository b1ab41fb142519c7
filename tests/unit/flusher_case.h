/* SPDX-License-Identifier: MIT
 *
 * A flusher whose thread is the test's: it works only when the test says so. One at a time. */
#ifndef UNIT_FLUSHER_CASE_H
#define UNIT_FLUSHER_CASE_H

#include "../../src/journal/flusher.h"

#define FLUSHER_PATIENCE_S 60

struct flusher_case {
    struct journal_apps apps;
    struct feed *feed; /* NULL: none */
    struct flusher *flusher;
};

extern struct flusher_case flusher_case;

/* `where` is the URL of its Redis, or NULL: no feed. */
void flusher_case_open(const char *where);
void flusher_case_close(void);

struct journal_app *flusher_case_app(const char *app_id);
/* One decision of now, which costs `number`. */
void flusher_case_record(struct journal_app *app, int64_t number);
/* Works until Redis has the app's log. */
void flusher_case_send(struct journal_app *app);

#endif
