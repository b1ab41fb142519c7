/* SPDX-License-Identifier: MIT
 *
 * Many connections at once, that all say the same. Main thread only. */
#ifndef FAULT_CROWD_H
#define FAULT_CROWD_H

struct member {
    int fd; /* -1: not there any more */
    int64_t joined_us;
    bool is_answered; /* to what the crowd has said last */
};

struct crowd {
    int port;
    struct member *members;
    size_t count;       /* that have joined */
    size_t there;       /* that are still connected */
    size_t answered;    /* also those who have left since */
    int64_t longest_us; /* from joining to being closed by the service */
};

/* This program may have so many files open from now on, or the test fails. */
void crowd_need_files(size_t count);

/* Nobody has joined. */
void crowd_open(struct crowd *crowd, int port);
/* All leave. */
void crowd_close(struct crowd *crowd);

void crowd_join(struct crowd *crowd, size_t count);

/* Each member that is there says it. */
void crowd_say(struct crowd *crowd, const char *words, size_t length);
/* Of so many members, from the `first` on. */
void crowd_say_some(struct crowd *crowd, size_t first, size_t count, const char *words,
                    size_t length);

/* Reads what comes, waiting at most so long for the first of it: who has been answered, and with
 * 200 or the test fails; and who has been closed. */
void crowd_listen(struct crowd *crowd, int wait_ms);

/* All leave but the first so many of those that are there and have been answered. */
void crowd_leave_but(struct crowd *crowd, size_t answered);

#endif
