/* SPDX-License-Identifier: MIT
 *
 * GET /policy: the policies of an app. They may take two megabytes, so each step writes some of
 * them (base/slices.h). */
#include "api/api.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "catalogue/app.h"
#include "limit/subjects_read.h"

/* Policies per step. The longest ones take two or three microseconds each. */
#define LIST_STEP (SLICE_QUANTUM / 2)

struct policy_list {
    struct sliced work;
    struct request *request;
    const struct policy_set *policies;
    struct policy_identity filter; /* an absent member filters nothing */
    size_t next;
    struct buffer body;
    struct writer writer;
};

static bool list_read_filter(struct policy_list *list);
static bool list_step(struct sliced *work);
static bool list_takes(const struct policy_list *list, const struct policy_identity *identity);
static bool is_taken(struct text filter, struct text value);

enum handled policy_get(struct request *request, void *context)
{
    struct policy_list *list = ARENA_NEW(&request->arena, struct policy_list);
    const struct app *app = request_app(request);
    struct api *api = context;

    list->work = (struct sliced){.tenant = app->tenant, .cost = SLICE_QUANTUM, .step = list_step};
    list->request = request;
    list->policies = app->policies;
    if (!list_read_filter(list))
        return HANDLED_NOW;
    buffer_init(&list->body, &request->arena, 1024);
    writer_init(&list->writer, &list->body);
    writer_begin_array(&list->writer, NULL);
    slices_begin(&api->slices, &list->work);
    return request->phase == REQUEST_ANSWERED ? HANDLED_NOW : HANDLED_LATER;
}

static bool list_read_filter(struct policy_list *list)
{
    struct policy_identity *filter = &list->filter;
    struct reading reading;
    struct form *form = &reading.form;

    if (!reading_open_query(&reading, list->request))
        return false;
    form_text(form, "route_key", FORM_OPTIONAL, 1, POLICY_ROUTE_BYTES_MAX, &filter->route_key);
    form_text(form, "role", FORM_OPTIONAL, 1, POLICY_ROLE_BYTES_MAX, &filter->role);
    if (!subject_read_one(form, &list->request->arena, &filter->subject))
        filter->subject = (struct subject){0};
    return reading_close(&reading);
}

static bool list_step(struct sliced *work)
{
    struct policy_list *list = CONTAINER_OF(work, struct policy_list, work);
    const size_t count = policy_set_count(list->policies);

    for (size_t i = 0; i < LIST_STEP && list->next < count; i++) {
        const struct policy *policy = policy_set_at(list->policies, list->next++);

        if (list_takes(list, &policy->identity))
            policy_write(policy, &list->writer, NULL);
    }
    if (list->next < count)
        return true;
    writer_end_array(&list->writer);
    request_answer_json(list->request, 200, writer_document(&list->writer));
    return false;
}

static bool list_takes(const struct policy_list *list, const struct policy_identity *identity)
{
    const struct subject *filter = &list->filter.subject;

    return is_taken(list->filter.route_key, identity->route_key) &&
           is_taken(list->filter.role, identity->role) &&
           (subject_is_absent(filter) || subject_equal(filter, &identity->subject));
}

static bool is_taken(struct text filter, struct text value)
{
    return text_is_absent(filter) || text_equal(filter, value);
}
