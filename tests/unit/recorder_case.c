/* SPDX-License-Identifier: MIT */
#include "recorder_case.h"

#include "support/one_set.h"

struct recorder recorder;

const struct limit recorder_minute = {
    .algorithm = ALGORITHM_FIXED_WINDOW, .quota = 10, .window_us = MINUTE_US, .burst = 10};

static uint16_t recorder_place(const struct store *store, const struct operation *operation);
static enum store_answer recorder_ask(struct store *store, const struct operation *take,
                                      struct outcome *outcome, void *context, store_done_fn *done);
static bool recorder_is_ready(const struct store *store);

static const struct store_engine engine = {
    .ask = recorder_ask, .place = recorder_place, .is_ready = recorder_is_ready};

int recorder_begin(void **state)
{
    recorder = (struct recorder){.store.engine = &engine, .is_ready = true, .places = 1};
    return handback_begin(state);
}

void recorder_note(uint64_t policy_id, int64_t cost, int64_t at_us)
{
    recorder_note_of(0, policy_id, cost, at_us);
}

void recorder_note_of(uint32_t tenant, uint64_t policy_id, int64_t cost, int64_t at_us)
{
    struct operation take = one_set_take((int64_t)policy_id, &recorder_minute, 1, cost);

    take.tenant = tenant;
    take.policy_id = policy_id;
    take.now_us = at_us;
    handback_note(handback, &take);
}

void recorder_run(void)
{
    handback_run(handback, &recorder.store, NOW_US);
}

static uint16_t recorder_place(const struct store *store, const struct operation *operation)
{
    (void)store;
    return (uint16_t)(operation->policy_id % recorder.places);
}

static enum store_answer recorder_ask(struct store *store, const struct operation *take,
                                      struct outcome *outcome, void *context, store_done_fn *done)
{
    if (recorder.count < RECORDER_TAKES_MAX) {
        recorder.takes[recorder.count] = *take;
        recorder.contexts[recorder.count] = context;
    }
    recorder.count++;
    recorder.done = done;
    *outcome = (struct outcome){.status = recorder.status};
    if ((recorder.refuses != 0 && take->tenant == recorder.refuses) ||
        (recorder.refuses_at != 0 && recorder_place(store, take) == recorder.refuses_at))
        outcome->status = TAKE_REFUSED;
    if (recorder.moves != 0 && take->policy_id == recorder.moves)
        *outcome = (struct outcome){.status = TAKE_REFUSED, .is_moving = true};
    return recorder.answers_later ? STORE_LATER : STORE_NOW;
}

static bool recorder_is_ready(const struct store *store)
{
    (void)store;
    return recorder.is_ready;
}
