/* SPDX-License-Identifier: MIT
 *
 * /policy: save and delete. */
#include "api/ask.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/no_policy.h"
#include "api/reading.h"
#include "catalogue/policy_zones.h"
#include "http/problem.h"

struct policy_job {
    struct catalogue_job job;
    struct request *request;
    const struct api *api;
};

static struct policy *read_policy(struct request *request);
static enum handled submit(struct policy_job *policy_job, struct request *request, struct api *api,
                           catalogue_done_fn *done);
static void on_saved(struct catalogue_job *job);
static void write_saved(const struct catalogue_job *job, struct request *request);
static bool read_identity(struct request *request, struct policy_identity *identity);
static void on_deleted(struct catalogue_job *job);
static void answer_no_policy(struct request *request, const struct policy_identity *identity);

enum handled policy_post(struct request *request, void *context)
{
    struct policy_job *policy_job = ARENA_NEW(&request->arena, struct policy_job);
    struct catalogue_job *job = &policy_job->job;

    job->policy = read_policy(request);
    if (!job->policy)
        return HANDLED_NOW;
    job->kind = CATALOGUE_POLICY_SAVE;
    return submit(policy_job, request, context, on_saved);
}

enum handled policy_delete(struct request *request, void *context)
{
    struct policy_job *policy_job = ARENA_NEW(&request->arena, struct policy_job);

    if (!read_identity(request, &policy_job->job.identity))
        return HANDLED_NOW;
    policy_job->job.kind = CATALOGUE_POLICY_REMOVE;
    return submit(policy_job, request, context, on_deleted);
}

static struct policy *read_policy(struct request *request)
{
    const json_t *body = reading_parse_body(request);
    struct faults faults = {0};
    struct policy *policy;

    if (!body)
        return NULL;
    policy = policy_read(body, "", &request->arena, &faults);
    if (policy)
        policy_zones_check(policy, "", &faults);
    if (faults.count == 0)
        return policy;
    problem_answer_faults(request, &faults);
    return NULL;
}

static enum handled submit(struct policy_job *policy_job, struct request *request, struct api *api,
                           catalogue_done_fn *done)
{
    struct catalogue_job *job = &policy_job->job;

    policy_job->request = request;
    policy_job->api = api;
    memcpy(job->app_id, request_app(request)->id, sizeof job->app_id);
    job->tenant = request_app(request)->tenant;
    return ask_catalogue(request, api, job, policy_job, done);
}

static void on_saved(struct catalogue_job *job)
{
    struct policy_job *policy_job = job->context;
    struct request *request = policy_job->request;

    switch (job->status) {
    case CATALOGUE_OK:
    case CATALOGUE_CREATED:
        audit_policy_saved(policy_job->api, request, &job->policy->identity, job->policy->version);
        write_saved(job, request);
        break;
    case CATALOGUE_FULL:
        problem_answer(request, PROBLEM_TOO_MANY_POLICIES, "An app may have %d policies.",
                       POLICIES_PER_APP_MAX);
        break;
    case CATALOGUE_ABSENT:
        problem_answer(request, PROBLEM_BAD_KEY, "The app does not exist any more.");
        break;
    case CATALOGUE_DAMAGED:
    case CATALOGUE_UNAVAILABLE:
        problem_answer(request, PROBLEM_UNAVAILABLE, "The catalogue cannot be reached.");
        break;
    }
}

static void write_saved(const struct catalogue_job *job, struct request *request)
{
    struct buffer body;
    struct writer writer;

    buffer_init(&body, &request->arena, 512);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "message", "Policy saved successfully.");
    policy_write(job->policy, &writer, "policy");
    if (job->status == CATALOGUE_OK && job->counters_afresh)
        writer_string(&writer, "counters", "afresh");
    writer_end_object(&writer);
    request_answer_json(request, job->status == CATALOGUE_CREATED ? 201 : 200,
                        writer_document(&writer));
}

/* From the body, or from the query if there is no body, because some clients send none with
 * DELETE. */
static bool read_identity(struct request *request, struct policy_identity *identity)
{
    struct reading reading;
    bool opened = request->body.length > 0 ? reading_open_body(&reading, request)
                                           : reading_open_query(&reading, request);

    if (!opened)
        return false;
    policy_identity_read(&reading.form, &request->arena, identity);
    return reading_close(&reading);
}

static void on_deleted(struct catalogue_job *job)
{
    struct policy_job *policy_job = job->context;
    struct request *request = policy_job->request;

    if (job->status == CATALOGUE_OK) {
        audit_policy_deleted(policy_job->api, request, &job->identity);
        request_answer_json(request, 200, TEXT("{\"message\":\"Policy deleted\"}\n"));
    } else if (job->status == CATALOGUE_ABSENT) {
        answer_no_policy(request, &job->identity);
    } else {
        problem_answer(request, PROBLEM_UNAVAILABLE, "The catalogue cannot be reached.");
    }
}

static void answer_no_policy(struct request *request, const struct policy_identity *identity)
{
    const struct subjects subjects = {
        .count = subject_is_absent(&identity->subject) ? 0 : 1,
        .at = &identity->subject,
    };

    problem_answer(request, PROBLEM_NO_POLICY, "%s",
                   no_policy_detail("This app has no policy of", identity->route_key,
                                    identity->role, &subjects, &request->arena));
}
