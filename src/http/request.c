/* SPDX-License-Identifier: MIT
 *
 * A request's life between the transport below and the handlers above. */
#include "http/request.h"

#include "base/buffer.h"
#include "http/stream.h"

struct request_cleanup {
    struct request_cleanup *next;
    void *object;
    void (*release)(void *object);
};

/* phase_follows[from] has a bit for each allowed next phase. */
static const unsigned phase_follows[] = {
    [REQUEST_OPEN] = 1U << REQUEST_READING | 1U << REQUEST_ANSWERED,
    [REQUEST_READING] = 1U << REQUEST_HANDLING | 1U << REQUEST_ANSWERED,
    [REQUEST_HANDLING] = 1U << REQUEST_WAITING | 1U << REQUEST_STREAMING | 1U << REQUEST_ANSWERED,
    [REQUEST_WAITING] = 1U << REQUEST_STREAMING | 1U << REQUEST_ANSWERED,
    [REQUEST_STREAMING] = 1U << REQUEST_ANSWERED,
    [REQUEST_ANSWERED] = 0,
};

/* Longer than any that is known, with its NUL. */
#define PARAMETER_BYTES 64

struct querying {
    json_t *object;
    struct faults *faults;
};

static void answer(struct request *request, enum request_phase phase, int status,
                   const char *content_type);
static struct text join(struct request *request, struct text name, size_t bytes);
static void add(struct request *request, struct request_cleanup **list, void *object,
                void (*release)(void *object));
static void run(struct request_cleanup **list);
static transport_visit_fn on_any_argument;
static transport_visit_fn on_query_argument;
static bool name_is_key(struct text name, const char *key, struct faults *faults);
static void release_json(void *object);

void request_init(struct request *request, const struct transport *transport)
{
    *request = (struct request){.phase = REQUEST_OPEN, .transport = transport};
    arena_init(&request->arena);
}

void request_release(struct request *request)
{
    run(&request->cleanups);
}

void request_close(struct request *request)
{
    request_release(request);
    run(&request->farewells);
    if (request->response.stream)
        stream_close(request->response.stream);
    arena_close(&request->arena);
}

void request_set_phase(struct request *request, enum request_phase phase)
{
    ASSERT(phase_follows[request->phase] & 1U << phase);
    request->phase = phase;
}

void request_on_close(struct request *request, void *object, void (*release)(void *object))
{
    add(request, &request->cleanups, object, release);
}

void request_on_end(struct request *request, void *object, void (*release)(void *object))
{
    add(request, &request->farewells, object, release);
}

struct text request_header(struct request *request, const char *name)
{
    struct text wanted = text_of(name);
    struct text value = {0};
    size_t count = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < request->field_count; i++) {
        const struct request_field *field = &request->fields[i];

        if (!text_equal_ignoring_case(field->name, wanted))
            continue;
        value = field->value;
        count++;
        bytes += value.length + strlen(", ");
    }
    return count < 2 ? value : join(request, wanted, bytes);
}

bool request_has_query(const struct request *request)
{
    bool found = false;

    request->transport->each_argument(request, &found, on_any_argument);
    return found;
}

const json_t *request_query(struct request *request, struct faults *faults)
{
    struct querying querying = {json_object(), faults};

    ASSERT(querying.object);
    request_on_close(request, querying.object, release_json);
    request->transport->each_argument(request, &querying, on_query_argument);
    return querying.object;
}

int request_socket(const struct request *request)
{
    return request->transport->socket(request);
}

void request_belong(struct request *request, uint32_t tenant)
{
    request->transport->belong(request, tenant);
}

void request_answer(struct request *request, int status, const char *content_type, struct text body)
{
    request->response.body = body;
    answer(request, REQUEST_ANSWERED, status, content_type);
}

void request_answer_json(struct request *request, int status, struct text body)
{
    request_answer(request, status, "application/json", body);
}

void request_answer_stream(struct request *request, int status, const char *content_type,
                           size_t bytes_max)
{
    request->response.stream = ARENA_NEW(&request->arena, struct stream);
    stream_init(request->response.stream, bytes_max);
    answer(request, REQUEST_STREAMING, status, content_type);
}

bool request_stream_write(struct request *request, struct text piece)
{
    if (request->phase != REQUEST_STREAMING || !stream_write(request->response.stream, piece))
        return false;
    request->transport->wake(request);
    return true;
}

void request_stream_end(struct request *request)
{
    if (request->phase != REQUEST_STREAMING)
        return;
    request_set_phase(request, REQUEST_ANSWERED);
    request->transport->wake(request);
}

const char *request_printf(struct request *request, const char *format, ...)
{
    char text[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text_copy(&request->arena, text_of(text)).at;
}

void request_add_field(struct request *request, const char *name, const char *value)
{
    struct response *response = &request->response;

    ASSERT(response->field_count < RESPONSE_FIELDS_MAX);
    response->fields[response->field_count++] = (struct response_field){name, value};
}

static void answer(struct request *request, enum request_phase phase, int status,
                   const char *content_type)
{
    const bool was_waiting = request->phase == REQUEST_WAITING;

    request_set_phase(request, phase);
    request->response.status = status;
    request->response.content_type = content_type;
    if (was_waiting)
        request->transport->resume(request);
}

static struct text join(struct request *request, struct text name, size_t bytes)
{
    struct buffer joined;

    buffer_init(&joined, &request->arena, bytes);
    for (size_t i = 0; i < request->field_count; i++) {
        const struct request_field *field = &request->fields[i];

        if (!text_equal_ignoring_case(field->name, name))
            continue;
        if (joined.length > 0)
            buffer_add(&joined, TEXT(", "));
        buffer_add(&joined, field->value);
    }
    return buffer_text(&joined);
}

static void add(struct request *request, struct request_cleanup **list, void *object,
                void (*release)(void *object))
{
    struct request_cleanup *cleanup = ARENA_NEW(&request->arena, struct request_cleanup);

    *cleanup = (struct request_cleanup){*list, object, release};
    *list = cleanup;
}

static void run(struct request_cleanup **list)
{
    for (struct request_cleanup *cleanup = *list; cleanup; cleanup = cleanup->next)
        cleanup->release(cleanup->object);
    *list = NULL;
}

static void on_any_argument(void *context, struct text name, struct text value)
{
    bool *found = context;

    (void)name;
    (void)value;
    *found = true;
}

static void on_query_argument(void *context, struct text name, struct text value)
{
    struct querying *querying = context;
    char key[PARAMETER_BYTES];

    (void)snprintf(key, sizeof key, "%.*s", TEXT_PRINTF(name));
    if (!name_is_key(name, key, querying->faults))
        return;
    if (json_object_get(querying->object, key)) {
        faults_add(querying->faults, NULL, key, "must not be repeated");
        return;
    }
    if (value.length > 0 && memchr(value.at, '\0', value.length)) {
        faults_add(querying->faults, NULL, key, "has a NUL"); /* which no JSON here may have */
        return;
    }
    /* Both calls refuse text that is not UTF-8. */
    if (json_object_set_new(querying->object, key,
                            json_stringn(value.at ? value.at : "", value.length)) != 0)
        faults_add(querying->faults, NULL, key, "is not UTF-8");
}

/* `key` is what the name is as a text that ends with a NUL: where it is less, it might be a
 * parameter that is known. */
static bool name_is_key(struct text name, const char *key, struct faults *faults)
{
    if (name.length == 0)
        faults_add(faults, NULL, key, "has no name");
    else if (memchr(name.at, '\0', name.length))
        faults_add(faults, NULL, key, "has a NUL in its name");
    else if (name.length >= PARAMETER_BYTES)
        faults_add(faults, NULL, key, "is not known");
    else
        return true;
    return false;
}

static void release_json(void *object)
{
    json_decref(object);
}
