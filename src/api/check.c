/* SPDX-License-Identifier: MIT
 *
 * POST /check: may this caller do this now? */
#include "api/decision_answer.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "api/second_look.h"
#include "base/clock.h"
#include "base/duration.h"
#include "http/problem.h"
#include "http/waiting_room.h"
#include "metrics/metrics.h"

/* Most clients and proxies wait at least this long for an answer. */
#define CHECK_HOLD_MS_MAX (30 * SECOND_MS)

/* A proxy that cannot pass on 429 may ask for another status: nginx's auth_request needs 403. */
static const char *const deny_status_words[] = {"429", "403", "200", NULL};
static const int deny_statuses[] = {429, 403, 200};

struct check {
    struct decision decision;
    struct request *request;
    int deny_status;
    bool wants_to_wait; /* then it needs a place in the waiting room before the store is asked */
    int64_t held_since_us;
};

static bool check_read(struct check *check, struct request *request);
static bool check_read_query(struct check *check, struct request *request);
static second_look_found_fn check_decide;
static bool check_may_wait(const struct check *check);
static void check_on_decided(struct decision *decision);
static enum handled check_go_on(struct check *check);
static bool check_has_to_wait(const struct check *check);
static void check_hold(struct check *check);
static void check_on_held(void *context);
static void check_answer(struct check *check);

enum handled check_post(struct request *request, void *context)
{
    struct check *check = ARENA_NEW(&request->arena, struct check);
    struct decision *decision = &check->decision;

    check->request = request;
    decision->api = context;
    decision->app = request_app(request);
    decision->context = check;
    policy_set_prefetch_policies(decision->app->policies);
    if (!check_read(check, request))
        return HANDLED_NOW;
    return second_look_match(decision, request, check_decide);
}

static bool check_read(struct check *check, struct request *request)
{
    WRITTEN_FIRST struct reading reading;

    check->deny_status = deny_statuses[0];
    if (request_has_query(request) && !check_read_query(check, request))
        return false;
    if (!reading_open_body(&reading, request))
        return false;
    decision_read(&check->decision, &reading.form, &request->arena);
    if (form_has_more(&reading.form)) {
        form_bool(&reading.form, "explain", FORM_OPTIONAL, &check->decision.wants_explanation);
        form_bool(&reading.form, "wait", FORM_OPTIONAL, &check->wants_to_wait);
    }
    return reading_close(&reading);
}

static bool check_read_query(struct check *check, struct request *request)
{
    struct reading reading;
    int choice = 0;

    if (!reading_open_query(&reading, request))
        return false;
    form_choice(&reading.form, "deny_status", FORM_OPTIONAL, deny_status_words, &choice);
    check->deny_status = deny_statuses[choice];
    return reading_close(&reading);
}

static enum handled check_decide(struct decision *decision)
{
    struct check *check = decision->context;

    if (decision_answer_unfit(decision, check->request) ||
        (check->wants_to_wait && !check_may_wait(check)))
        return HANDLED_NOW;
    if (decision_take(decision, check_on_decided) == HANDLED_LATER)
        return HANDLED_LATER;
    return check_go_on(check);
}

/* True: the check has a place in the waiting room. False: the request has been answered. */
static bool check_may_wait(const struct check *check)
{
    const struct decision *decision = &check->decision;
    struct request *request = check->request;
    WRITTEN_FIRST struct faults faults;

    if (!rule_has_delay(decision->live.rule)) {
        faults_begin(&faults, FAULTS_MAX);
        faults_add(&faults, "", "wait",
                   "must not be true: no limit of the policy that applies delays, as leaky_bucket "
                   "does");
        problem_answer_faults(request, &faults);
        return false;
    }
    if (waiting_room_enter(decision->api->waiting_room, decision->app->tenant))
        return true;
    metrics_count(decision->api->metrics, METRIC_WAITS_REFUSED);
    problem_answer(request, PROBLEM_OVERLOADED, "Too many checks wait for their turn.");
    return false;
}

static void check_on_decided(struct decision *decision)
{
    (void)check_go_on(decision->context);
}

static enum handled check_go_on(struct check *check)
{
    if (check->wants_to_wait && check_has_to_wait(check)) {
        check_hold(check);
        return HANDLED_LATER;
    }
    if (check->wants_to_wait)
        waiting_room_leave(check->decision.api->waiting_room, check->decision.app->tenant);
    check_answer(check);
    return HANDLED_NOW;
}

/* Shadow mode delays nobody. */
static bool check_has_to_wait(const struct check *check)
{
    const struct verdict *verdict = &check->decision.verdict;

    if (check->decision.end != DECISION_MADE)
        return false;
    return verdict->allowed && verdict->delay_ms > 0 && verdict->policy->mode == POLICY_ENFORCE;
}

/* The delay counts from now. The store decided a moment ago, so no check is answered before its
 * turn. */
static void check_hold(struct check *check)
{
    int64_t delay_ms = check->decision.verdict.delay_ms;
    int64_t hold_ms = delay_ms < CHECK_HOLD_MS_MAX ? delay_ms : CHECK_HOLD_MS_MAX;

    check->held_since_us = clock_monotonic_us();
    waiting_room_hold(check->decision.api->waiting_room, check->request,
                      check->decision.app->tenant, check->held_since_us + hold_ms * MILLISECOND_US,
                      check, check_on_held);
}

/* Its turn has come, or the longest hold is over. */
static void check_on_held(void *context)
{
    struct check *check = context;

    verdict_wait(&check->decision.verdict, clock_monotonic_us() - check->held_since_us);
    check_answer(check);
}

static void check_answer(struct check *check)
{
    decision_answer(&check->decision, check->request, check->deny_status);
}
