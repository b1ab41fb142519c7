/* SPDX-License-Identifier: MIT
 *
 * The only file that reads a clock. Everything else takes time as an argument, so tests own it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Microseconds that never go back, from an arbitrary start: for decisions and deadlines. Any
 * thread. */
int64_t clock_monotonic_us(void);

/* Microseconds since 1970-01-01T00:00:00Z: for people. Any thread. */
int64_t clock_wall_us(void);

#define CLOCK_RFC3339_BYTES 25

/* "2026-11-21T14:12:15.042Z" with its NUL. Any thread. */
void clock_write_rfc3339(int64_t wall_us, char out[static CLOCK_RFC3339_BYTES]);

#endif
