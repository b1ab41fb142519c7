/* SPDX-License-Identifier: MIT
 *
 * POST /charge: this was used, or it was not used after all. */
#include "api/decision_answer.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "api/second_look.h"

static bool charge_read(struct decision *decision, struct request *request);
static second_look_found_fn charge_make;
static decision_done_fn charge_on_made;

enum handled charge_post(struct request *request, void *context)
{
    struct decision *decision = ARENA_NEW(&request->arena, struct decision);

    decision->api = context;
    decision->app = request_app(request);
    decision->context = request;
    policy_set_prefetch_policies(decision->app->policies);
    if (!charge_read(decision, request))
        return HANDLED_NOW;
    return second_look_match(decision, request, charge_make);
}

static bool charge_read(struct decision *decision, struct request *request)
{
    WRITTEN_FIRST struct reading reading;

    if (!reading_open_body(&reading, request))
        return false;
    decision_read_charge(decision, &reading.form, &request->arena);
    return reading_close(&reading);
}

static enum handled charge_make(struct decision *decision)
{
    struct request *request = decision->context;

    if (decision_answer_unfit(decision, request))
        return HANDLED_NOW;
    if (decision_take(decision, charge_on_made) == HANDLED_LATER)
        return HANDLED_LATER;
    charge_on_made(decision);
    return HANDLED_NOW;
}

/* A charge is never denied. */
static void charge_on_made(struct decision *decision)
{
    decision_answer(decision, decision->context, 200);
}
