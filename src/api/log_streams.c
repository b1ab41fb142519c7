/* SPDX-License-Identifier: MIT
 *
 * A stream lies in its request's arena. It ends by the release of request_on_end(), whatever ended
 * it. */
#include "api/log_streams.h"

#include "api/handlers.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "base/shares.h"
#include "catalogue/app_index.h"
#include "http/problem.h"
#include "journal/tail.h"
#include "metrics/metrics.h"

#include <event2/event.h>
#include <sys/queue.h>

#define BEAT TEXT(": \n\n")
/* How long a client is to wait before it connects again. */
#define FIRST TEXT("retry: 2000\n\n")

struct log_stream {
    LIST_ENTRY(log_stream) next;
    struct log_streams *streams;
    struct request *request;
    struct tail *tail;
    uint32_t tenant;
    int64_t written_us; /* when it last got something */
    bool is_answered;
    bool is_full; /* something did not fit */
};

struct log_streams {
    struct api *api;
    struct tail_group *tails;
    struct event *look;
    LIST_HEAD(, log_stream) all;
    struct shares places;
    size_t full;
};

static void on_ready(void *context);
static bool log_stream_begin(struct log_stream *stream);
static bool log_stream_write(struct log_stream *stream);
static void set_full(struct log_stream *stream, bool is_full);
static void on_look(evutil_socket_t fd, short events, void *context);
static bool may_go_on(const struct log_stream *stream);
static void on_end(void *object);

struct log_streams *log_streams_new(struct event_base *base, struct api *api)
{
    struct log_streams *streams = MEMORY_NEW(struct log_streams);

    streams->api = api;
    streams->tails = tail_group_new(api->journal, api->queue, streams, on_ready);
    streams->look = event_new(base, -1, EV_PERSIST, on_look, streams);
    ASSERT(streams->look != NULL);
    LIST_INIT(&streams->all);
    shares_init(&streams->places, LOG_STREAMS_MAX);
    return streams;
}

void log_streams_free(struct log_streams *streams)
{
    if (streams == NULL)
        return;
    ASSERT(streams->places.taken == 0);
    shares_close(&streams->places);
    event_free(streams->look);
    tail_group_free(streams->tails);
    free(streams);
}

enum handled log_streams_open(struct log_streams *streams, struct request *request,
                              const struct record_filter *filter, const struct log_mark *after)
{
    static const struct timeval look_time = {.tv_sec = LOG_STREAM_LOOK_S};
    const struct tail_options options = {request_app(request)->id, filter, after};
    struct log_stream *stream = ARENA_NEW(&request->arena, struct log_stream);
    const uint32_t tenant = request_app(request)->tenant;

    if (!shares_take(&streams->places, tenant, 1)) {
        problem_answer(request, PROBLEM_OVERLOADED, "Too many logs are being followed here.");
        return HANDLED_NOW;
    }
    stream->tail = tail_open(streams->tails, &options);
    if (stream->tail == NULL) {
        shares_give(&streams->places, tenant, 1);
        request_add_field(request, "Retry-After", "5");
        problem_answer(request, PROBLEM_QUOTA,
                       "%d readers already follow the app's log at this instance.", TAILS_PER_APP);
        return HANDLED_NOW;
    }
    stream->streams = streams;
    stream->request = request;
    stream->tenant = tenant;
    stream->written_us = streams->api->now_us;
    LIST_INSERT_HEAD(&streams->all, stream, next);
    if (streams->places.taken == 1)
        event_add(streams->look, &look_time);
    request_on_end(request, stream, on_end);
    return HANDLED_LATER;
}

bool log_streams_turn(struct log_streams *streams)
{
    struct log_stream *stream;
    bool has_written = false;

    if (streams->full == 0)
        return false;
    LIST_FOREACH (stream, &streams->all, next) {
        if (stream->is_full)
            has_written |= log_stream_write(stream);
    }
    return has_written;
}

static void on_ready(void *context)
{
    struct log_streams *streams = context;
    struct log_stream *stream;

    LIST_FOREACH (stream, &streams->all, next) {
        if (log_stream_begin(stream))
            (void)log_stream_write(stream);
    }
}

/* Whether it is a stream by now. */
static bool log_stream_begin(struct log_stream *stream)
{
    struct request *request = stream->request;

    if (tail_has_ended(stream->tail)) {
        if (stream->is_answered)
            request_stream_end(request);
        else
            problem_answer(request, PROBLEM_UNAVAILABLE, "The log cannot be followed at present.");
        stream->is_answered = true;
        return false;
    }
    if (stream->is_answered || !tail_has_begun(stream->tail))
        return stream->is_answered;
    stream->is_answered = true;
    request_add_field(request, "X-Accel-Buffering", "no");
    request_answer_stream(request, 200, "text/event-stream", LOG_STREAM_BYTES);
    return request_stream_write(request, FIRST);
}

/* Returns whether it has written anything. */
static bool log_stream_write(struct log_stream *stream)
{
    struct metrics *metrics = stream->streams->api->metrics;
    const struct tail_event *event;
    bool has_written = false;

    while ((event = tail_first(stream->tail)) != NULL) {
        if (!request_stream_write(stream->request, event->text))
            break;
        metrics_count(metrics, event->is_gap ? METRIC_LOG_STREAM_GAPS : METRIC_LOG_STREAM_EVENTS);
        tail_take(stream->tail);
        has_written = true;
    }
    if (has_written)
        stream->written_us = stream->streams->api->now_us;
    set_full(stream, event != NULL);
    return has_written;
}

static void set_full(struct log_stream *stream, bool is_full)
{
    stream->streams->full += (size_t)is_full;
    stream->streams->full -= (size_t)stream->is_full;
    stream->is_full = is_full;
}

static void on_look(evutil_socket_t fd, short events, void *context)
{
    struct log_streams *streams = context;
    const int64_t now_us = clock_monotonic_us();
    struct log_stream *stream;

    (void)fd;
    (void)events;
    LIST_FOREACH (stream, &streams->all, next) {
        if (!stream->is_answered)
            continue;
        if (!may_go_on(stream))
            request_stream_end(stream->request);
        else if (now_us - stream->written_us >= LOG_STREAM_BEAT_S * SECOND_US &&
                 request_stream_write(stream->request, BEAT))
            stream->written_us = now_us;
    }
}

static bool may_go_on(const struct log_stream *stream)
{
    struct app *app = app_index_find(stream->streams->api->index, stream->request->credentials);
    const bool is_active = app != NULL && app->state == APP_ACTIVE;

    app_release(app);
    return is_active;
}

static void on_end(void *object)
{
    struct log_stream *stream = object;
    struct log_streams *streams = stream->streams;

    set_full(stream, false);
    tail_close(stream->tail);
    LIST_REMOVE(stream, next);
    shares_give(&streams->places, stream->tenant, 1);
    if (streams->places.taken == 0)
        event_del(streams->look);
}
