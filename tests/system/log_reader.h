/* SPDX-License-Identifier: MIT
 *
 * A reader of GET /logs/stream, which never waits. A fault fails the test. The first events of each
 * answer go to the transcript (see transcript.h). */
#ifndef SYSTEM_LOG_READER_H
#define SYSTEM_LOG_READER_H

#include "support/client.h"

#define LOG_READER_TEXT_BYTES 4096
#define LOG_READER_ID_BYTES   40
#define LOG_READER_MARK_BYTES 80
#define LOG_INSTANCES_MAX     8

/* What it has read of one instance. */
struct log_instance {
    char name[LOG_READER_ID_BYTES];
    int64_t first;
    int64_t newest;
    int64_t count;
};

/* Those before `from` are done with. */
struct log_bytes {
    char *at; /* NUL-terminated */
    size_t from;
    size_t length;
};

struct log_reader {
    int fd;
    char head[LOG_READER_TEXT_BYTES]; /* status line, fields, and the first bytes */
    size_t head_length;
    struct log_bytes unread; /* chunks and all */
    struct log_bytes text;   /* of the body, from the first event that is not whole */
    struct log_bytes shown;  /* the first events, for the transcript */
    int status;              /* 0: no answer yet */
    bool is_closed;          /* by the service */
    bool has_last_chunk;
    int64_t events; /* decisions */
    int64_t gaps;
    int64_t missed;       /* as the gaps say */
    int64_t unknown_gaps; /* of these */
    int64_t comments;
    int64_t denied;                      /* of the events */
    int64_t out_of_order;                /* not newer than the last one of its instance */
    char last_id[LOG_READER_MARK_BYTES]; /* of an event; "" for none */
    size_t instance_count;
    struct log_instance instances[LOG_INSTANCES_MAX];
};

/* Connects and asks. `query` may be "", `after` NULL. */
void log_reader_open(struct log_reader *reader, int port, const char *key, const char *query,
                     const char *after);
void log_reader_close(struct log_reader *reader);
/* Closes the connection and opens another one, after the last event. What was counted goes on. */
void log_reader_resume(struct log_reader *reader, int port, const char *key);

/* Opens it, and waits for the answer. False: it was refused, and is closed. */
bool log_reader_gets_in(struct log_reader *reader, int port, const char *key);

/* Reads what has come. */
void log_reader_turn(struct log_reader *reader);
/* Waits until the stream has begun. */
void log_reader_begin(struct log_reader *reader);
/* Waits until it has read so many events, or knows that they are missing. */
void log_reader_wait(struct log_reader *reader, int64_t events);

/* It has got each of the entries between the first and the newest of an instance once. */
void log_reader_expect_whole(const struct log_reader *reader);

#endif
