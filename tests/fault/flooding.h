/* SPDX-License-Identifier: MIT
 *
 * A flooder at work: flooder.c, as a process of its own. Main thread only. */
#ifndef FAULT_FLOODING_H
#define FAULT_FLOODING_H

#include "answer.h"
#include "support/scratch.h"

#include <sys/types.h>

/* Borrowed for the call. */
struct flooding_options {
    int port;
    size_t connections;
    int seconds;
    const char *requests; /* the file */
    const char *manner;
    const char *from; /* an address of this machine; NULL: 127.0.0.1 */
};

struct flooding {
    pid_t process;
    int seconds;
    char output[SCRATCH_PATH_BYTES];
};

/* What came of it. */
struct flooding_summary {
    long answered; /* with 200 */
    long degraded; /* decisions */
    long others;   /* another answer, or none */
    int64_t p99_us;
    int64_t took_us;
    struct answer_sum told;
};

/* All are there when this returns. */
void flooding_begin(struct flooding *flooding, const struct flooding_options *options);
/* Waits for its end, and fails the test when it ended otherwise than told. */
void flooding_end(const struct flooding *flooding, struct flooding_summary *summary);

#endif
