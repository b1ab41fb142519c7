/* SPDX-License-Identifier: MIT
 *
 * One failure, in words for a human: configuration, start-up, command line, stores. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
    char message[256]; /* a sentence without the full stop, naming what was wrong; "" when unset */
};

/* Sets the message, cut to fit, and returns false, so that a function can `return error_set(...)`.
 * The old message may be among the arguments. */
bool error_set(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
