/* SPDX-License-Identifier: MIT
 *
 * The open streams of GET /logs/stream of one worker. Each has a tail of its app's log, and its
 * events are written as the client reads. A quiet stream gets a comment now and then, so that
 * proxies keep it. A stream ends soon after its key has become invalid, or its app may not go on.
 * Worker's thread. */
#ifndef API_LOG_STREAMS_H
#define API_LOG_STREAMS_H

#include "api/api.h"
#include "http/request.h"

/* libmicrohttpd goes through all of them when one has something to send. */
#define LOG_STREAMS_MAX   512                 /* of a worker; apps share them */
#define LOG_STREAM_BYTES  ((size_t)64 * 1024) /* that a client has not read */
#define LOG_STREAM_BEAT_S 15                  /* a quiet one gets a comment so often */
#define LOG_STREAM_LOOK_S 2                   /* the keys are looked up so often */

struct event_base;
struct log_streams;
struct record_filter;
struct log_mark;

/* Borrows both. */
struct log_streams *log_streams_new(struct event_base *base, struct api *api);
/* All requests must have ended, and the journal stopped. NULL is fine. */
void log_streams_free(struct log_streams *streams);

/* Answers the request with the stream, later on; or now, because there are too many. `after` is
 * NULL when it begins with what comes from now on. Both are copied. */
enum handled log_streams_open(struct log_streams *streams, struct request *request,
                              const struct record_filter *filter, const struct log_mark *after);

/* To be called once per turn, after HTTP: writes what did not fit before. Returns whether anything
 * was written, so that another turn must follow at once. */
bool log_streams_turn(struct log_streams *streams);

#endif
