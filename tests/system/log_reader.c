/* SPDX-License-Identifier: MIT */
#include "log_reader.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/raw.h"
#include "support/transcript.h"
#include "support/wait.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 60
#define SHOWN_BYTES  4096

static void show(const struct log_reader *reader);
static void ask(struct log_reader *reader, int port, const char *key, const char *query,
                const char *after);
static void wait_for_answer(struct log_reader *reader);
static void receive(struct log_reader *reader);
static void read_head(struct log_reader *reader);
static bool read_chunk(struct log_reader *reader);
static char *find(const struct log_bytes *bytes, const char *what);
static void append(struct log_bytes *bytes, const char *more, size_t count);
static void drop_done(struct log_bytes *bytes);
static bool read_event(struct log_reader *reader);
static void count_event(struct log_reader *reader, char *event);
static void count_decision(struct log_reader *reader, const char *mark, const char *data);
static struct log_instance *instance_of(struct log_reader *reader, const char *name);

void log_reader_open(struct log_reader *reader, int port, const char *key, const char *query,
                     const char *after)
{
    *reader = (struct log_reader){0};
    ask(reader, port, key, query, after);
}

void log_reader_close(struct log_reader *reader)
{
    if (reader->status == 200)
        show(reader);
    close(reader->fd);
    free(reader->unread.at);
    free(reader->text.at);
    free(reader->shown.at);
    reader->unread = (struct log_bytes){0};
    reader->text = (struct log_bytes){0};
    reader->shown = (struct log_bytes){0};
}

void log_reader_resume(struct log_reader *reader, int port, const char *key)
{
    log_reader_close(reader);
    reader->head_length = 0;
    reader->status = 0;
    reader->is_closed = false;
    reader->has_last_chunk = false;
    ask(reader, port, key, "", reader->last_id);
}

bool log_reader_gets_in(struct log_reader *reader, int port, const char *key)
{
    log_reader_open(reader, port, key, "", NULL);
    wait_for_answer(reader);
    if (reader->status != 200)
        log_reader_close(reader);
    return reader->status == 200;
}

void log_reader_turn(struct log_reader *reader)
{
    receive(reader);
    if (reader->status == 0)
        read_head(reader);
    while (reader->status == 200 && read_chunk(reader))
        ;
    while (read_event(reader))
        ;
    drop_done(&reader->unread);
    drop_done(&reader->text);
}

void log_reader_begin(struct log_reader *reader)
{
    wait_for_answer(reader);
    assert_int_equal(reader->status, 200);
}

void log_reader_wait(struct log_reader *reader, int64_t events)
{
    WAIT_FOR (WAIT_SECONDS, reader->events + reader->missed >= events)
        log_reader_turn(reader);
}

void log_reader_expect_whole(const struct log_reader *reader)
{
    if (reader->gaps > 0)
        print_error("%lld gaps: %lld missed, %lld unknown\n", (long long)reader->gaps,
                    (long long)reader->missed, (long long)reader->unknown_gaps);
    assert_int_equal(reader->gaps, 0);
    assert_int_equal(reader->out_of_order, 0);
    for (size_t i = 0; i < reader->instance_count; i++) {
        const struct log_instance *instance = &reader->instances[i];

        assert_int_equal(instance->count, instance->newest - instance->first + 1);
    }
}

/* For the transcript. The head ends with an empty line. */
static void show(const struct log_reader *reader)
{
    json_t *headers = json_object();
    char head[LOG_READER_TEXT_BYTES];
    char *rest = head;

    (void)snprintf(head, sizeof(head), "%s", reader->head);
    (void)strsep(&rest, "\n");
    for (char *line = strsep(&rest, "\r"); rest != NULL; line = strsep(&rest, "\r")) {
        char *value = strstr(line, ": ");

        if (value == NULL)
            break;
        *value = '\0';
        json_object_set_new(headers, line + (*line == '\n'), json_string(value + 2));
    }
    transcript_write(
        "GET", "/logs/stream", reader->status, headers,
        json_stringn(reader->shown.at == NULL ? "" : reader->shown.at, reader->shown.length));
}

static void ask(struct log_reader *reader, int port, const char *key, const char *query,
                const char *after)
{
    char request[1024];
    const bool resumes = after != NULL && *after != '\0';
    const int length = snprintf(request, sizeof(request),
                                "GET /logs/stream%s HTTP/1.1\r\nHost: here\r\nX-API-Key: %s\r\n"
                                "%s%s%s\r\n",
                                query, key, resumes ? "Last-Event-ID: " : "", resumes ? after : "",
                                resumes ? "\r\n" : "");

    reader->fd = raw_connect(port);
    raw_send(reader->fd, request, (size_t)length);
}

static void wait_for_answer(struct log_reader *reader)
{
    WAIT_FOR (WAIT_SECONDS, reader->status != 0)
        log_reader_turn(reader);
}

static void receive(struct log_reader *reader)
{
    char bytes[65536];
    ssize_t count;

    while ((count = recv(reader->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        append(&reader->unread, bytes, (size_t)count);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        reader->is_closed = true;
}

static void read_head(struct log_reader *reader)
{
    const char *end = find(&reader->unread, "\r\n\r\n");

    if (end == NULL)
        return;
    reader->head_length = (size_t)(end - reader->unread.at) + 4;
    assert_true(reader->head_length < sizeof(reader->head));
    memcpy(reader->head, reader->unread.at, reader->head_length);
    reader->head[reader->head_length] = '\0';
    assert_int_equal(sscanf(reader->head, "HTTP/1.1 %d", &reader->status), 1);
    reader->unread.from += reader->head_length;
}

/* <hexadecimal length> CR LF <bytes> CR LF */
static bool read_chunk(struct log_reader *reader)
{
    const char *end = find(&reader->unread, "\r\n");

    if (end == NULL)
        return false;

    const char *from = reader->unread.at + reader->unread.from;
    const size_t length = strtoul(from, NULL, 16);
    const size_t head = (size_t)(end - from) + 2;

    if (reader->unread.length - reader->unread.from < head + length + 2)
        return false;
    reader->has_last_chunk |= length == 0;
    append(&reader->text, from + head, length);
    reader->unread.from += head + length + 2;
    return true;
}

static char *find(const struct log_bytes *bytes, const char *what)
{
    if (bytes->at == NULL)
        return NULL;
    return memmem(bytes->at + bytes->from, bytes->length - bytes->from, what, strlen(what));
}

static void append(struct log_bytes *bytes, const char *more, size_t count)
{
    bytes->at = memory_resize(bytes->at, bytes->length + count + 1);
    memcpy(bytes->at + bytes->length, more, count);
    bytes->length += count;
    bytes->at[bytes->length] = '\0';
}

/* Once for many, because a reader that was slow has megabytes. */
static void drop_done(struct log_bytes *bytes)
{
    if (bytes->from == 0)
        return;
    bytes->length -= bytes->from;
    memmove(bytes->at, bytes->at + bytes->from, bytes->length + 1);
    bytes->from = 0;
}

static bool read_event(struct log_reader *reader)
{
    char *end = find(&reader->text, "\n\n");

    if (end == NULL)
        return false;
    if (reader->shown.length < SHOWN_BYTES)
        append(&reader->shown, reader->text.at + reader->text.from,
               (size_t)(end - reader->text.at) + 2 - reader->text.from);
    *end = '\0';
    count_event(reader, reader->text.at + reader->text.from);
    reader->text.from = (size_t)(end - reader->text.at) + 2;
    return true;
}

static void count_event(struct log_reader *reader, char *event)
{
    const char *id = "";
    const char *name = "";
    const char *data = "";

    for (char *line = strsep(&event, "\n"); line != NULL; line = strsep(&event, "\n")) {
        if (strncmp(line, "id: ", 4) == 0)
            id = line + 4;
        else if (strncmp(line, "event: ", 7) == 0)
            name = line + 7;
        else if (strncmp(line, "data: ", 6) == 0)
            data = line + 6;
        else if (*line == ':')
            reader->comments++;
        else
            assert_int_equal(strncmp(line, "retry: ", 7), 0);
    }
    if (strcmp(name, "decision") == 0) {
        count_decision(reader, id, data);
    } else if (strcmp(name, "gap") == 0) {
        json_t *gap = json_loads(data, 0, NULL);
        const json_t *missed = json_object_get(gap, "missed");

        assert_non_null(missed);
        reader->gaps++;
        reader->missed += json_integer_value(missed);
        reader->unknown_gaps += json_is_null(missed);
        json_decref(gap);
    }
}

/* The event's id is the entry's, unless something was shown ahead of the log. */
static void count_decision(struct log_reader *reader, const char *mark, const char *data)
{
    json_t *entry = json_loads(data, 0, NULL);
    const char *ahead = strchr(mark, '+');
    const char *id = json_string_value(json_object_get(entry, "id"));
    char name[LOG_READER_ID_BYTES];
    long long sequence;

    assert_non_null(entry);
    assert_non_null(id);
    assert_true(ahead != NULL || strcmp(mark, id) == 0);
    assert_int_equal(sscanf(id, "%16s-%lld", name, &sequence), 1 + 1);

    struct log_instance *instance = instance_of(reader, name);

    if (instance->count++ == 0)
        instance->first = sequence;
    reader->out_of_order += sequence <= instance->newest;
    instance->newest = sequence;
    reader->denied += json_is_false(json_object_get(entry, "allowed"));
    reader->events++;
    (void)snprintf(reader->last_id, sizeof(reader->last_id), "%s", mark);
    json_decref(entry);
}

static struct log_instance *instance_of(struct log_reader *reader, const char *name)
{
    size_t i = 0;

    while (i < reader->instance_count && strcmp(reader->instances[i].name, name) != 0)
        i++;
    assert_true(i < LOG_INSTANCES_MAX);
    if (i == reader->instance_count) {
        (void)snprintf(reader->instances[i].name, LOG_READER_ID_BYTES, "%s", name);
        reader->instance_count++;
    }
    return &reader->instances[i];
}
