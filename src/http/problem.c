/* SPDX-License-Identifier: MIT */
#include "http/problem.h"

#include "base/buffer.h"

#include <stdarg.h>

#define TYPE(slug) "urn:sluice:problem:" slug

static const struct problem_row rows[PROBLEM_COUNT] = {
    [PROBLEM_BAD_REQUEST] = {400, TYPE("bad-request"), "Malformed request"},
    [PROBLEM_BAD_JSON] = {400, TYPE("bad-json"), "Malformed JSON"},
    [PROBLEM_NO_KEY] = {401, TYPE("no-key"), "API key required"},
    [PROBLEM_BAD_KEY] = {401, TYPE("bad-key"), "Invalid API key"},
    [PROBLEM_ADMIN_TOKEN] = {401, TYPE("admin-token"), "Admin token required"},
    [PROBLEM_REGISTRATION_CLOSED] = {403, TYPE("registration-closed"), "Registration is closed"},
    [PROBLEM_TOO_MANY_APPS] = {403, TYPE("too-many-apps"), "Too many apps"},
    [PROBLEM_SUSPENDED] = {403, TYPE("suspended"), "App suspended"},
    [PROBLEM_FOREIGN_PAGE] = {403, TYPE("foreign-page"), "Foreign page"},
    [PROBLEM_NO_ROUTE] = {404, TYPE("no-route"), "No such resource"},
    [PROBLEM_NO_POLICY] = {404, TYPE("no-policy"), "No policy applies"},
    [PROBLEM_METHOD] = {405, TYPE("method-not-allowed"), "Method not allowed"},
    [PROBLEM_NOT_ACCEPTABLE] = {406, TYPE("not-acceptable"), "Not acceptable"},
    [PROBLEM_TOO_MANY_POLICIES] = {409, TYPE("too-many-policies"), "Too many policies"},
    [PROBLEM_TOO_LARGE] = {413, TYPE("too-large"), "Body too large"},
    [PROBLEM_MEDIA_TYPE] = {415, TYPE("media-type"), "Unsupported media type"},
    [PROBLEM_EXPECTATION] = {417, TYPE("expectation"), "Expectation failed"},
    [PROBLEM_INVALID] = {422, TYPE("invalid"), "Validation failed"},
    [PROBLEM_TOO_MANY_REQUESTS] = {429, TYPE("too-many-requests"), "Too many requests"},
    [PROBLEM_QUOTA] = {429, TYPE("quota"), "Quota exhausted"},
    [PROBLEM_HEADERS_TOO_LARGE] = {431, TYPE("headers-too-large"), "Header fields too large"},
    [PROBLEM_OVERLOADED] = {503, TYPE("overloaded"), "Overloaded"},
    [PROBLEM_UNAVAILABLE] = {503, TYPE("unavailable"), "Temporarily unavailable"},
};

/* Room for the longest names of a route, a role and a user. */
#define DETAIL_BYTES 640

static const struct fault *main_fault(const struct faults *faults);
static const char *subject_of(const struct fault *fault);

const struct problem_row *problem_row(enum problem problem)
{
    ASSERT(problem < PROBLEM_COUNT);
    return &rows[problem];
}

void problem_begin(struct request *request, struct buffer *body, struct writer *writer)
{
    buffer_init(body, &request->arena, 384);
    writer_init(writer, body);
    writer_begin_object(writer, NULL);
}

void problem_end(struct request *request, enum problem problem, struct writer *writer)
{
    int status = problem_row(problem)->status;

    writer_end_object(writer);
    if (status == 401) {
        request_add_field(request, "WWW-Authenticate",
                          problem == PROBLEM_ADMIN_TOKEN ? "AdminToken header=\"X-Admin-Token\""
                                                         : "ApiKey header=\"X-API-Key\"");
    }
    if (status == 503)
        request_add_field(request, "Retry-After", "1");
    request->response.problem = problem_row(problem)->type;
    request_answer(request, status, "application/problem+json", writer_document(writer));
}

void problem_write(enum problem problem, const char *detail, struct writer *writer)
{
    const struct problem_row *row = problem_row(problem);

    writer_string(writer, "type", row->type);
    writer_string(writer, "title", row->title);
    writer_integer(writer, "status", row->status);
    writer_string(writer, "detail", detail);
}

void problem_write_faults(const struct faults *faults, struct writer *writer)
{
    const struct fault *main = main_fault(faults);
    char detail[sizeof "The query parameter " + sizeof main->pointer + sizeof main->detail];

    snprintf(detail, sizeof detail, "%s%s %s", subject_of(main), main->pointer, main->detail);
    problem_write(PROBLEM_INVALID, detail, writer);
    writer_begin_array(writer, "errors");
    for (size_t i = 0; i < faults_kept(faults); i++) {
        const struct fault *fault = &faults->at[i];

        writer_begin_object(writer, NULL);
        writer_string(writer, fault->is_parameter ? "parameter" : "pointer", fault->pointer);
        writer_string(writer, "detail", fault->detail);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

void problem_answer(struct request *request, enum problem problem, const char *detail, ...)
{
    struct buffer body;
    struct writer writer;
    char text[DETAIL_BYTES];
    va_list arguments;

    va_start(arguments, detail);
    vsnprintf(text, sizeof text, detail, arguments);
    va_end(arguments);
    problem_begin(request, &body, &writer);
    problem_write(problem, text, &writer);
    problem_end(request, problem, &writer);
}

void problem_answer_faults(struct request *request, const struct faults *faults)
{
    struct buffer body;
    struct writer writer;

    problem_begin(request, &body, &writer);
    problem_write_faults(faults, &writer);
    problem_end(request, PROBLEM_INVALID, &writer);
}

/* A member by another name, if there is one: it is also why ours is missing. Else the first. */
static const struct fault *main_fault(const struct faults *faults)
{
    ASSERT(faults->count > 0);
    for (size_t i = 0; i < faults_kept(faults); i++) {
        if (faults->at[i].meant != NULL)
            return &faults->at[i];
    }
    return &faults->at[0];
}

/* What its place follows in a sentence. */
static const char *subject_of(const struct fault *fault)
{
    if (fault->is_parameter)
        return *fault->pointer ? "The query parameter " : "A query parameter";
    return *fault->pointer ? "" : "The document";
}
