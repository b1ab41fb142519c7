/* SPDX-License-Identifier: MIT
 *
 * GET /subjects/state: what is used and left of the limits of every policy that is for these
 * subjects or for everybody, a page at a time. Each policy is one look at the store. A look charges
 * nothing, makes no counter, and is not recorded.
 *
 * A page is done in steps (base/slices.h). Each step asks about some policies, or writes some.
 * While the page waits for the store, it is not in the slices. All looks are out at once, so the
 * page has the deadline of one. It has a second one if the store has told that its time is outside
 * of a calendar, as a check has (api/decision.h). */
#include "api/binding.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "base/clock.h"
#include "http/problem.h"
#include "limit/algorithm.h"
#include "limit/rule_part.h"
#include "limit/subjects_read.h"
#include "metrics/metrics.h"

#define PAGE_POLICIES_MAX 100
/* Policies asked about, or written, per step. One with eight limits takes some ten microseconds. */
#define PAGE_STEP (SLICE_QUANTUM / 4)

struct policy_state {
    struct page *page;
    const struct policy *policy;
    bool is_asked;          /* the store; then: */
    bool is_second;         /* around the store's time */
    struct outcome outcome; /* of the limits whose subjects are given */
};

struct page {
    struct sliced work;
    struct request *request;
    struct decision about; /* the subjects; its policy is the one that is asked about */
    size_t place;          /* in the app's policies: of the first that may be on the page */
    bool is_chosen;
    bool has_next; /* there are more policies after this page */
    size_t count;
    const struct policy *chosen[PAGE_POLICIES_MAX];
    struct policy_state *states;
    size_t begun;
    size_t awaited;
    size_t written;
    struct buffer body;
    struct writer writer;
};

static bool page_read(struct page *page);
static void page_read_after(struct page *page, struct form *form);
static bool page_step(struct sliced *work);
static bool page_choose(struct page *page);
static void page_leave(void *context);
static bool page_ask_some(struct page *page);
static bool state_ask(struct policy_state *state);
static rule_part_takes_fn state_takes;
static store_done_fn state_on_looked;
static void page_write_some(struct page *page);
static void page_begin_answer(struct page *page);
static void state_write(const struct policy_state *state, struct writer *writer);
static void state_write_limits(const struct policy_state *state, struct writer *writer);
static void counts_write(const struct limit *limit, const struct limit_outcome *outcome,
                         struct writer *writer);
static void needs_write(const struct by *set, const struct subjects *subjects,
                        struct writer *writer);
static void page_answer(struct page *page);

enum handled subjects_get(struct request *request, void *context)
{
    struct page *page = ARENA_NEW(&request->arena, struct page);
    struct app *app = request_app(request);
    struct api *api = context;

    page->work = (struct sliced){.tenant = app->tenant, .cost = PAGE_STEP, .step = page_step};
    page->request = request;
    page->about.api = api;
    page->about.app = app;
    if (!page_read(page))
        return HANDLED_NOW;
    slices_begin(&api->slices, &page->work);
    return request->phase == REQUEST_ANSWERED ? HANDLED_NOW : HANDLED_LATER;
}

static bool page_read(struct page *page)
{
    struct reading reading;
    struct form *form = &reading.form;

    if (!reading_open_query(&reading, page->request))
        return false;
    if (subjects_read_query(form, &page->request->arena, &page->about.subjects) &&
        page->about.subjects.count == 0)
        form_fault(form, SUBJECTS_PARAMETER, "must be there, as in subject.org=acme, or `user_id`");
    page_read_after(page, form);
    return reading_close(&reading);
}

/* It is the last policy of the page before. */
static void page_read_after(struct page *page, struct form *form)
{
    const struct policy_set *policies = page->about.app->policies;
    uint64_t id;

    if (!policy_id_read(form, "after", &id))
        return;
    page->place = policy_set_place(policies, id);
    if (page->place < policy_set_count(policies))
        page->place++;
    else
        form_fault(form, "after", "must be the `next` of an answer: there is no such policy");
}

static bool page_step(struct sliced *work)
{
    struct page *page = CONTAINER_OF(work, struct page, work);

    if (!page->is_chosen)
        return page_choose(page);
    if (page->begun < page->count)
        return page_ask_some(page);
    page_write_some(page);
    if (page->written < page->count)
        return true;
    page_answer(page);
    return false;
}

/* A look holds as much as a check of a batch, until the client has read the answer. So it takes a
 * place like that. False: there is none, and the request has been answered. */
static bool page_choose(struct page *page)
{
    const struct policy_set *policies = page->about.app->policies;
    struct api *api = page->about.api;

    for (; page->place < policy_set_count(policies) && !page->has_next; page->place++) {
        const struct policy *policy = policy_set_at(policies, page->place);

        if (!policy_identity_is_for(&policy->identity, &page->about.subjects))
            continue;
        page->has_next = page->count == PAGE_POLICIES_MAX;
        if (!page->has_next)
            page->chosen[page->count++] = policy;
    }
    page->is_chosen = true;
    if (!shares_take(&api->batch_checks, page->work.tenant, (uint32_t)page->count)) {
        metrics_count(api->metrics, METRIC_BATCHES_REFUSED);
        problem_answer(page->request, PROBLEM_OVERLOADED, "Too many checks are under way.");
        return false;
    }
    request_on_end(page->request, page, page_leave);
    page->states = ARENA_ARRAY(&page->request->arena, struct policy_state, page->count);
    return true;
}

static void page_leave(void *context)
{
    struct page *page = context;

    shares_give(&page->about.api->batch_checks, page->work.tenant, (uint32_t)page->count);
}

/* False: the rest of the page waits for the store. */
static bool page_ask_some(struct page *page)
{
    for (size_t i = 0; i < PAGE_STEP && page->begun < page->count; i++) {
        struct policy_state *state = &page->states[page->begun];

        state->page = page;
        state->policy = page->chosen[page->begun++];
        if (state->policy->is_active && state_ask(state))
            page->awaited++;
    }
    return page->begun < page->count || page->awaited == 0;
}

/* True: the outcome comes later. Only limits whose subjects are all given have counters to look
 * at. */
static bool state_ask(struct policy_state *state)
{
    struct decision *about = &state->page->about;
    struct rule_part part;
    WRITTEN_FIRST struct binding binding;

    about->policy = state->policy;
    rule_part_choose(&part, &state->policy->rule, state->page, state_takes);
    state->is_asked = part.rule.limit_count > 0;
    if (!state->is_asked)
        return false;
    if (binding_make(about, &part.rule, OPERATION_LOOK, &binding))
        return store_ask(about->api->store, &binding.operation, &state->outcome, state,
                         state_on_looked) == STORE_LATER;
    state->outcome.status = TAKE_DOWN; /* no store can tell what counts in a zone that is unknown */
    return false;
}

static bool state_takes(const void *context, const struct by *set)
{
    const struct page *page = context;

    return binding_has_set(&page->about, set);
}

static void state_on_looked(void *context, const struct outcome *outcome)
{
    struct policy_state *state = context;
    struct page *page = state->page;
    struct api *api = page->about.api;

    state->outcome = *outcome;
    if (outcome->status == TAKE_ELSEWHEN && !state->is_second) {
        state->is_second = true;
        api->store_ahead_us = outcome->time_us - clock_wall_us();
        if (state_ask(state))
            return;
    }
    page->awaited--;
    if (page->awaited == 0 && page->begun == page->count)
        slices_go_on(&api->slices, &page->work);
}

static void page_write_some(struct page *page)
{
    if (page->written == 0)
        page_begin_answer(page);
    for (size_t i = 0; i < PAGE_STEP && page->written < page->count; i++)
        state_write(&page->states[page->written++], &page->writer);
}

static void page_begin_answer(struct page *page)
{
    buffer_init(&page->body, &page->request->arena, 64 + page->count * 384);
    writer_init(&page->writer, &page->body);
    writer_begin_object(&page->writer, NULL);
    writer_begin_array(&page->writer, "policies");
}

static void state_write(const struct policy_state *state, struct writer *writer)
{
    const struct decision *about = &state->page->about;
    const struct policy *policy = state->policy;
    const struct policy *decider =
        policy_set_match_at(about->app->policies, policy, &about->subjects);

    writer_begin_object(writer, NULL);
    policy_write_head(policy, writer);
    writer_string(writer, "mode", policy_mode_words[policy->mode]);
    writer_bool(writer, "is_active", policy->is_active);
    if (decider != policy)
        policy_id_write(decider->id, writer, "hidden_by");
    if (state->is_asked && state->outcome.status != TAKE_DONE)
        writer_bool(writer, "degraded", true);
    state_write_limits(state, writer);
    writer_end_object(writer);
}

/* The outcome has those limits whose subjects are given, in the same order. */
static void state_write_limits(const struct policy_state *state, struct writer *writer)
{
    const struct rule *rule = &state->policy->rule;
    const struct subjects *subjects = &state->page->about.subjects;
    const bool is_known = state->is_asked && state->outcome.status == TAKE_DONE;
    size_t looked_at = 0;

    writer_begin_array(writer, "limits");
    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct limit *limit = &rule->limits[i];
        const struct by *set = rule->sets[limit->set];
        const bool is_whole = state_takes(state->page, set);

        writer_begin_object(writer, NULL);
        writer_string(writer, "name", limit->name);
        subjects_write_by(subjects, set, writer);
        writer_string(writer, "counts", limit_measure(limit));
        counts_write(limit, is_known && is_whole ? &state->outcome.at[looked_at++] : NULL, writer);
        writer_string(writer, "algorithm", algorithm_of(limit->algorithm)->name);
        if (!is_whole)
            needs_write(set, subjects, writer);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

/* NULL: they are not known. */
static void counts_write(const struct limit *limit, const struct limit_outcome *outcome,
                         struct writer *writer)
{
    const int64_t capacity = limit_capacity(limit);

    writer_integer(writer, "limit", capacity);
    if (outcome == NULL) {
        writer_null(writer, "used");
        writer_null(writer, "remaining");
        writer_null(writer, "reset_in");
        return;
    }
    writer_integer(writer, "used", capacity - outcome->remaining);
    writer_integer(writer, "remaining", outcome->remaining);
    writer_integer(writer, "reset_in", verdict_seconds(outcome->reset_us));
}

/* A limit that does not say by whom it counts needs a user, or an address. */
static void needs_write(const struct by *set, const struct subjects *subjects,
                        struct writer *writer)
{
    const struct by *by = by_resolve(set, true);

    writer_begin_array(writer, "needs");
    for (size_t i = 0; i < by->count; i++) {
        if (subjects_find(subjects, by->names[i]) == NULL)
            writer_text(writer, NULL, by->names[i]);
    }
    writer_end_array(writer);
}

static void page_answer(struct page *page)
{
    struct writer *writer = &page->writer;

    writer_end_array(writer);
    if (page->has_next)
        policy_id_write(page->chosen[page->count - 1]->id, writer, "next");
    else
        writer_null(writer, "next");
    writer_end_object(writer);
    request_answer_json(page->request, 200, writer_document(writer));
}
