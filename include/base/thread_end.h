/* SPDX-License-Identifier: MIT
 *
 * The end of a thread, for which another thread can wait with a deadline. Sanitizers do not know
 * the system's own call for that. */
#ifndef BASE_THREAD_END_H
#define BASE_THREAD_END_H

#include <pthread.h>

struct thread_end {
    int fd;
};

void thread_end_init(struct thread_end *end);
void thread_end_close(struct thread_end *end);

/* The thread calls it last. */
void thread_end_tell(const struct thread_end *end);

/* Joins the thread. False when it has not called thread_end_tell() by `deadline_us`, of
 * clock_monotonic_us(): then it still runs. */
MUST_USE bool thread_end_join(const struct thread_end *end, pthread_t thread, int64_t deadline_us);

#endif
