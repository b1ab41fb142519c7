/* SPDX-License-Identifier: MIT
 *
 * What the service is told by signals, which no handler takes but an early end: SIGHUP asks for a
 * reload, SIGTERM and SIGINT for the end. Private to this layer. Main thread, before it starts
 * others: those never take what is held. */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

enum signals_order { SIGNALS_NONE, SIGNALS_RELOAD, SIGNALS_END };

/* As early as possible: a reload waits until it is asked for, and no longer ends the process. */
void signals_hold_reloads(void);

/* From here on an end is exit status 0 at once: there is nothing to drain yet. */
void signals_end_cleanly(void);

/* From here on an end waits, too. */
void signals_hold_ends(void);

/* What has come, the end first, or comes within `wait_us`. */
enum signals_order signals_next(int64_t wait_us);

/* The same, of one of the two alone; the other waits on. */
bool signals_came(enum signals_order order, int64_t wait_us);

/* From here on an end is one at once again. */
void signals_release_ends(void);

#endif
