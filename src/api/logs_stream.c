/* SPDX-License-Identifier: MIT
 *
 * GET /logs/stream: the app's decisions as they are made. */
#include "api/handlers.h"
#include "api/log_filter.h"
#include "api/log_streams.h"
#include "api/reading.h"
#include "http/problem.h"
#include "journal/log_mark.h"

#define LAST_EVENT  "Last-Event-ID"
#define AFTER_FAULT "must be the id of an event"

static bool read_filter(struct request *request, struct record_filter *filter);
static bool read_after(struct request *request, struct log_mark *after);
static void refuse_after(struct request *request);

enum handled logs_stream_get(struct request *request, void *context)
{
    struct api *api = context;
    struct record_filter filter = {0};
    struct log_mark after = {0};

    if (!read_filter(request, &filter) || !read_after(request, &after))
        return HANDLED_NOW;
    return log_streams_open(api->log_streams, request, &filter,
                            after.read.sequence > 0 ? &after : NULL);
}

static bool read_filter(struct request *request, struct record_filter *filter)
{
    struct reading reading;

    if (!reading_open_query(&reading, request))
        return false;
    const bool is_whole = log_filter_read(&reading.form, &request->arena, filter);
    return reading_close(&reading) && is_whole;
}

/* A client that knows no event yet may send the field empty. */
static bool read_after(struct request *request, struct log_mark *after)
{
    const struct text id = text_trim(request_header(request, LAST_EVENT));

    if (id.length == 0 || log_mark_read(id, after))
        return true;
    refuse_after(request);
    return false;
}

static void refuse_after(struct request *request)
{
    struct buffer body;
    struct writer writer;

    problem_begin(request, &body, &writer);
    problem_write(PROBLEM_INVALID, "The field " LAST_EVENT " " AFTER_FAULT, &writer);
    writer_begin_array(&writer, "errors");
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "parameter", LAST_EVENT);
    writer_string(&writer, "detail", AFTER_FAULT);
    writer_end_object(&writer);
    writer_end_array(&writer);
    problem_end(request, PROBLEM_INVALID, &writer);
}
