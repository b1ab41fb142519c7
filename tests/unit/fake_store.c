/* SPDX-License-Identifier: MIT */
#include "fake_store.h"

#include "support/cmocka.h"

#define COUNTERS 1024

static struct fake_store *fake_of(struct store *store);
static enum store_answer engine_ask(struct store *store, const struct operation *operation,
                                    struct outcome *outcome, void *context, store_done_fn *done);

static bool engine_is_ready(const struct store *store)
{
    (void)store;
    return true;
}

static const struct store_engine fake_engine = {
    .ask = engine_ask,
    .is_ready = engine_is_ready,
};

struct fake_answer fake_answer_of_kind(size_t kind)
{
    static const enum take_status statuses[] = {TAKE_DONE, TAKE_LATE, TAKE_DOWN, TAKE_BROKEN,
                                                TAKE_QUOTA};

    return (struct fake_answer){.is_late = kind >= ARRAY_COUNT(statuses),
                                .status = statuses[kind % ARRAY_COUNT(statuses)]};
}

void fake_store_open(struct fake_store *fake)
{
    *fake = (struct fake_store){.store.engine = &fake_engine, .table = memory_table_new(COUNTERS)};
}

void fake_store_close(struct fake_store *fake)
{
    assert_int_equal(fake->pending_count, 0);
    memory_table_free(fake->table);
}

void fake_store_answer(struct fake_store *fake, size_t index)
{
    struct fake_pending call;

    assert_true(index < fake->pending_count);
    call = fake->pending[index];
    fake->pending_count--;
    memmove(&fake->pending[index], &fake->pending[index + 1],
            (fake->pending_count - index) * sizeof fake->pending[0]);
    call.done(call.context, &call.outcome);
}

size_t fake_store_answer_in_order(struct fake_store *fake, size_t order, size_t count)
{
    size_t given = 0;

    for (; fake->pending_count > 0 && given < count; given++) {
        const size_t choices = fake->pending_count;

        fake_store_answer(fake, order % choices);
        order /= choices;
    }
    return given;
}

void fake_store_drain(struct fake_store *fake)
{
    fake->is_over = true;
    while (fake->pending_count > 0) {
        fake->pending[0].outcome = (struct outcome){.status = TAKE_DOWN};
        fake_store_answer(fake, 0);
    }
}

static struct fake_store *fake_of(struct store *store)
{
    return CONTAINER_OF(store, struct fake_store, store);
}

/* An outcome that was not decided has only its status. */
static enum store_answer engine_ask(struct store *store, const struct operation *operation,
                                    struct outcome *outcome, void *context, store_done_fn *done)
{
    static const struct fake_answer decided = {.status = TAKE_DONE};
    struct fake_store *fake = fake_of(store);
    struct fake_answer answer = fake->is_over ? (struct fake_answer){.status = TAKE_DOWN} : decided;
    struct outcome result = {.status = TAKE_DOWN};

    if (!fake->is_over && fake->answer_count > 0)
        answer = fake->answers[fake->asked % fake->answer_count];
    fake->asked++;
    if (operation->limits[0].calendar != NULL)
        fake->calendar = *operation->limits[0].calendar;
    if (answer.status != TAKE_DOWN && answer.status != TAKE_QUOTA && answer.status != TAKE_ELSEWHEN)
        memory_table_ask(fake->table, operation, &result);
    if (answer.status != TAKE_DONE)
        result = (struct outcome){.status = answer.status};
    if (fake->time_us != 0)
        result.time_us = fake->time_us;
    if (!answer.is_late) {
        *outcome = result;
        return STORE_NOW;
    }
    assert_true(fake->pending_count < FAKE_PENDING_MAX);
    fake->pending[fake->pending_count++] = (struct fake_pending){result, context, done};
    if (fake->pending_count > fake->pending_most)
        fake->pending_most = fake->pending_count;
    return STORE_LATER;
}
