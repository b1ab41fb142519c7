/* SPDX-License-Identifier: MIT
 *
 * The usage of this process' apps: what their rings have counted is rolled up into their minutes
 * and hours, and saved if there is a file. If a feed or a file is to have new usage, its app waits
 * in the departures. The flusher's thread owns it. */
#ifndef JOURNAL_LEDGER_H
#define JOURNAL_LEDGER_H

#include "departures.h"

struct usage_file;

/* Private. */
struct ledger {
    struct departures *departures;
    bool has_feed;
    struct usage_file *file; /* NULL: usage is not saved; only without a feed */
    struct usage *usage;
    SLIST_HEAD(, journal_app) apps; /* all with usage */
    struct ring_counts counts;      /* what is being rolled up */
};

/* `departures` must live as long. */
void ledger_init(struct ledger *ledger, struct departures *departures, bool has_feed);
/* The apps must be freed before. */
void ledger_close(struct ledger *ledger);

/* Usage is saved there. `file` must live as long as the ledger. */
void ledger_keep(struct ledger *ledger, struct usage_file *file);

/* Moves the ring's counts into the app's usage. */
void ledger_roll_up(struct ledger *ledger, struct journal_app *app);

/* Saves what has changed of some apps that have usage, at once. False when nothing was saved, or
 * there is no file. If the file has lost what it had, all apps wait again, also those saved now,
 * and have `has_lost`. That is so even if it returns false, or `count` is 0. */
MUST_USE bool ledger_save(struct ledger *ledger, struct journal_app *const apps[], size_t count);
/* The next save is tried at once, even just after a failure. */
void ledger_wake(struct ledger *ledger);

#endif
