/* SPDX-License-Identifier: MIT */
#include "head_reader.h"

#include "http/problem.h"

static void read_fields(struct request *request, struct MHD_Connection *connection);
static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name,
                                size_t name_length, const char *value, size_t value_length);
static void heed_host(struct request *request, struct text host);
static void check(struct request *request, struct head *head);
static bool refuse(struct request *request, const struct head *head);

bool head_reader_read(struct request *request, struct MHD_Connection *connection,
                      const char *version, const struct target *target, struct head *head)
{
    read_fields(request, connection);
    heed_host(request, target->host);
    head_init(head, request->method, version, target);
    check(request, head);
    return !refuse(request, head);
}

static void read_fields(struct request *request, struct MHD_Connection *connection)
{
    int count = MHD_get_connection_values_n(connection, MHD_HEADER_KIND, NULL, NULL);

    request->fields = ARENA_ARRAY(&request->arena, struct request_field, (size_t)count);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_field, request);
}

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name,
                                size_t name_length, const char *value, size_t value_length)
{
    struct request *request = context;

    (void)kind;
    request->fields[request->field_count++] =
        (struct request_field){{name, name_length}, {value, value_length}};
    return MHD_YES;
}

/* A host in the target counts, and not the Host field (RFC 9112 §3.2.2). */
static void heed_host(struct request *request, struct text host)
{
    if (text_is_absent(host))
        return;
    for (size_t i = 0; i < request->field_count; i++)
        if (text_equal_ignoring_case(request->fields[i].name, TEXT("Host")))
            request->fields[i].value = host;
}

static void check(struct request *request, struct head *head)
{
    for (size_t i = 0; i < request->field_count; i++)
        head_add_field(head, request->fields[i].name, request->fields[i].value);
    request->transport->each_argument(request, head, head_on_argument);
}

static bool refuse(struct request *request, const struct head *head)
{
    if (head->fault)
        problem_answer(request, PROBLEM_BAD_REQUEST, "%s", head->fault);
    else if (head_is_large(head)) {
        problem_answer(request, PROBLEM_HEADERS_TOO_LARGE,
                       "Target and fields together take more than %d bytes.", HEAD_BYTES_MAX);
    } else if (head->expects_unknown) {
        problem_answer(request, PROBLEM_EXPECTATION, "Expect may be 100-continue only.");
    } else {
        return false;
    }
    request->response.close = true;
    return true;
}
