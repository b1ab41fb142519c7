/* SPDX-License-Identifier: MIT
 *
 * POST /register: makes a new app and its key, which is shown only in this answer. */
#include "api/api_settings.h"
#include "api/ask.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "auth/api_key.h"
#include "base/clock.h"
#include "catalogue/app_index.h"
#include "http/problem.h"
#include "metrics/metrics.h"

#include <sodium.h>

const char *const registration_words[] = {"auto", "open", "token", "closed", NULL};

struct registering {
    struct catalogue_job job;
    struct request *request;
    const struct api *api;
    char api_key[API_KEY_BYTES + 1];
};

static bool registration_admits(struct request *request, const struct api_settings *settings);
static bool token_equals(struct text given, const char *expected);
static bool read_name(struct request *request, struct text *name);
static void on_created(struct catalogue_job *job);

enum handled register_post(struct request *request, void *context)
{
    struct api *api = context;
    const struct pepper *pepper = app_index_pepper(api->index);
    struct registering *registering = ARENA_NEW(&request->arena, struct registering);
    struct catalogue_job *job = &registering->job;

    if (!registration_admits(request, api->settings) || !read_name(request, &job->name))
        return HANDLED_NOW;
    if (!pepper) {
        problem_answer(request, PROBLEM_UNAVAILABLE, "The catalogue has not been reached yet.");
        return HANDLED_NOW;
    }
    registering->request = request;
    registering->api = api;
    api_key_generate(registering->api_key);
    job->kind = CATALOGUE_APP_CREATE;
    app_id_generate(job->app_id);
    job->key = key_digest_of(pepper, text_of(registering->api_key));
    job->created_at_us = clock_wall_us();
    job->apps_max = api->settings->apps_max;
    return ask_catalogue(request, api, job, registering, on_created);
}

static bool registration_admits(struct request *request, const struct api_settings *settings)
{
    switch (settings->registers) {
    case REGISTRATION_OPEN:
        return true;
    case REGISTRATION_TOKEN:
        if (token_equals(request_header(request, "X-Admin-Token"), settings->admin_token))
            return true;
        problem_answer(request, PROBLEM_ADMIN_TOKEN,
                       "Registering here needs the operator's token in X-Admin-Token.");
        return false;
    case REGISTRATION_AUTO:
    case REGISTRATION_CLOSED:
        problem_answer(request, PROBLEM_REGISTRATION_CLOSED,
                       "Only the operator of this service registers apps.");
        return false;
    }
    return false;
}

/* Compares hashes, so that the time shows neither content nor length. */
static bool token_equals(struct text given, const char *expected)
{
    struct text wanted = text_of(expected);
    unsigned char a[crypto_generichash_BYTES];
    unsigned char b[crypto_generichash_BYTES];

    crypto_generichash(a, sizeof a, (const unsigned char *)given.at, given.length, NULL, 0);
    crypto_generichash(b, sizeof b, (const unsigned char *)wanted.at, wanted.length, NULL, 0);
    return wanted.length > 0 && sodium_memcmp(a, b, sizeof a) == 0;
}

static bool read_name(struct request *request, struct text *name)
{
    struct reading reading;

    if (!reading_open_body(&reading, request))
        return false;
    form_text(&reading.form, "name", FORM_REQUIRED, 1, APP_NAME_BYTES_MAX, name);
    return reading_close(&reading);
}

static void on_created(struct catalogue_job *job)
{
    struct registering *registering = job->context;
    struct request *request = registering->request;
    char created_at[CLOCK_RFC3339_BYTES];
    struct buffer body;
    struct writer writer;

    app_release(job->app);
    if (job->status == CATALOGUE_FULL) {
        metrics_count(registering->api->metrics, METRIC_REGISTRATIONS_REFUSED);
        problem_answer(request, PROBLEM_TOO_MANY_APPS,
                       "This service has as many apps as its operator allows.");
        return;
    }
    if (job->status != CATALOGUE_CREATED) {
        problem_answer(request, PROBLEM_UNAVAILABLE, "The catalogue cannot be reached.");
        return;
    }
    audit_registered(registering->api, request, job->app_id, job->name);
    clock_write_rfc3339(job->created_at_us, created_at);
    buffer_init(&body, &request->arena, 256);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "app_id", job->app_id);
    writer_text(&writer, "name", job->name);
    writer_string(&writer, "api_key", registering->api_key);
    writer_string(&writer, "created_at", created_at);
    writer_end_object(&writer);
    request_answer_json(request, 201, writer_document(&writer));
}
