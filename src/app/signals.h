/* SPDX-License-Identifier: MIT
 *
 * Signals to the service: SIGHUP asks for a reload, SIGTERM and SIGINT for the end. They are held
 * and polled; only an early end has a handler. Private to this layer. Main thread, before it starts
 * others, so that no other thread takes them. */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

enum signals_order { SIGNALS_NONE, SIGNALS_RELOAD, SIGNALS_END };

/* To be called as early as possible. From now on SIGHUP waits, and does not end the process. */
void signals_hold_reloads(void);

/* From now on a signal to end exits at once with status 0, because there is nothing to drain
 * yet. */
void signals_end_cleanly(void);

/* From now on a signal to end waits, too. */
void signals_hold_ends(void);

/* The signal that has come, or comes within `wait_us`; the end first. */
enum signals_order signals_next(int64_t wait_us);

/* Whether this one has come, or comes within `wait_us`. The other goes on waiting. */
bool signals_came(enum signals_order order, int64_t wait_us);

/* From now on a signal to end ends the process at once again. */
void signals_release_ends(void);

#endif
