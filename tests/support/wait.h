/* SPDX-License-Identifier: MIT
 *
 * Waits until something becomes true. Tests never sleep for a fixed time. */
#ifndef SUPPORT_WAIT_H
#define SUPPORT_WAIT_H

struct wait {
    int64_t deadline_us;
};

/* Tries `condition` again and again until it is true. Fails the test after `seconds`. The statement
 * that follows runs between two attempts, and may be empty. */
#define WAIT_FOR(seconds, condition)                                                               \
    for (struct wait wait_ = wait_begin(seconds); !(condition);                                    \
         wait_again(&wait_, #condition, __FILE__, __LINE__))

struct wait wait_begin(int seconds);
/* Rests for a moment. Fails the test when the time is up. */
void wait_again(const struct wait *wait, const char *condition, const char *file, int line);

#endif
