/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include "base/document.h"
#include "pointers.h"

static bool is_among(int status, const int statuses[]);

json_t *answer_check(const struct request *request, const int statuses[], const json_t *document)
{
    const struct response *response = &request->response;
    struct error error = {0};
    json_t *body = document_parse(response->body, &error);

    ASSERT(is_among(response->status, statuses));
    ASSERT(json_is_object(body) || json_is_array(body));
    if (strcmp(response->content_type, "application/problem+json") == 0)
        ASSERT(json_integer_value(json_object_get(body, "status")) == response->status);
    if (response->status == 422)
        answer_check_errors(json_object_get(body, "errors"), document);
    return body;
}

void answer_check_errors(const json_t *errors, const json_t *document)
{
    ASSERT(json_array_size(errors) >= 1 && json_array_size(errors) <= FAULTS_MAX);
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *error = json_array_get(errors, i);
        const char *pointer = json_string_value(json_object_get(error, "pointer"));
        const bool is_of_query = json_is_string(json_object_get(error, "parameter"));

        ASSERT((pointer != NULL) != is_of_query);
        ASSERT(json_string_length(json_object_get(error, "detail")) > 0);
        if (document != NULL)
            pointer_check(pointer, document);
    }
}

static bool is_among(int status, const int statuses[])
{
    while (*statuses != 0 && *statuses != status)
        statuses++;
    return status != 0 && *statuses == status;
}
