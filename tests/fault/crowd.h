/* SPDX-License-Identifier: MIT
 *
 * Many connections that all send the same. Main thread only. */
#ifndef FAULT_CROWD_H
#define FAULT_CROWD_H

struct member {
    int fd; /* -1: it has left */
    int64_t joined_us;
    bool is_answered; /* to what the crowd sent last */
};

struct crowd {
    int port;
    struct member *members;
    size_t count;       /* how many have joined */
    size_t there;       /* how many are still connected */
    size_t answered;    /* including those that have left since */
    int64_t longest_us; /* from joining until the service closed the connection */
};

/* From now on this program may have so many open files. Otherwise the test fails. */
void crowd_need_files(size_t count);

/* At first no member has joined. */
void crowd_open(struct crowd *crowd, int port);
/* All members leave. */
void crowd_close(struct crowd *crowd);

void crowd_join(struct crowd *crowd, size_t count);

/* Each connected member sends these words. */
void crowd_say(struct crowd *crowd, const char *words, size_t length);
/* The same for so many members, from number `first` on. */
void crowd_say_some(struct crowd *crowd, size_t first, size_t count, const char *words,
                    size_t length);

/* Reads what comes, and waits at most so long for the first of it. Finds out which members were
 * answered and which were closed. An answer other than 200 fails the test. */
void crowd_listen(struct crowd *crowd, int wait_ms);

/* All members leave, except the first so many that are connected and were answered. */
void crowd_leave_but(struct crowd *crowd, size_t answered);

#endif
