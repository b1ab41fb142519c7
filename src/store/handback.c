/* SPDX-License-Identifier: MIT
 *
 * Notes by counter, in a tree of tsearch(3); the oldest is handed back first. */
#include "store/handback.h"

#include "base/memory.h"
#include "limit/algorithm.h"
#include "metrics/metrics.h"

#include <event2/event.h>
#include <search.h>
#include <sodium.h>
#include <sys/queue.h>

struct note {
    struct take take; /* first, and its key is: what the tree compares. `cost` is the sum */
    struct limit limits[LIMITS_MAX];
    int64_t noted_us; /* the last time */
    struct handback *handback;
    TAILQ_ENTRY(note) next;
};

struct handback {
    void *tree;
    TAILQ_HEAD(notes, note) notes;
    size_t count;
    size_t in_flight;   /* notes that the store has, and nobody else */
    struct event *rest; /* pending after something was refused */
    struct metrics *metrics;
};

static struct note *note_of(struct handback *handback, const struct take *take);
static bool is_over(const struct note *note, int64_t now_us);
static bool charge(struct handback *handback, struct store *store, struct note *note,
                   int64_t now_us);
static void on_charged(void *context, const struct outcome *outcome);
static void settle(struct note *note, enum take_status status);
static void rest(struct handback *handback);
static void on_rested(evutil_socket_t fd, short events, void *context);
static bool is_charged_nowhere(enum take_status status);
static bool note_put_back(struct note *note);
static void note_put_in(struct handback *handback, struct note *note);
static void cost_add(struct note *note, int64_t cost);
static void count(const struct handback *handback, enum metric metric, int64_t cost);
static void note_take_out(struct handback *handback, struct note *note);
static int key_compare(const void *a, const void *b);

struct handback *handback_new(struct event_base *base, struct metrics *metrics)
{
    struct handback *handback = MEMORY_NEW(struct handback);

    TAILQ_INIT(&handback->notes);
    handback->rest = evtimer_new(base, on_rested, handback);
    ASSERT(handback->rest != NULL);
    handback->metrics = metrics;
    return handback;
}

void handback_free(struct handback *handback)
{
    ASSERT(handback->in_flight == 0);
    while (!TAILQ_EMPTY(&handback->notes)) {
        struct note *note = TAILQ_FIRST(&handback->notes);
        note_take_out(handback, note);
        free(note);
    }
    event_free(handback->rest);
    free(handback);
}

void handback_note(struct handback *handback, const struct take *take)
{
    struct note *note = note_of(handback, take);

    if (note == NULL) {
        count(handback, METRIC_HANDED_BACK_LOST, take->cost);
        return;
    }
    cost_add(note, take->cost);
    note->take.limit_count = take->limit_count;
    memcpy(note->limits, take->limits, take->limit_count * sizeof(take->limits[0]));
    note->noted_us = take->now_us;
}

void handback_run(struct handback *handback, struct store *store, int64_t now_us)
{
    while (handback->count > 0 && handback->in_flight < HANDBACK_IN_FLIGHT_MAX &&
           !evtimer_pending(handback->rest, NULL) && store_is_ready(store)) {
        struct note *note = TAILQ_FIRST(&handback->notes);

        if (is_over(note, now_us)) {
            count(handback, METRIC_HANDED_BACK_OVER, note->take.cost);
            note_take_out(handback, note);
            free(note);
        } else if (!charge(handback, store, note, now_us)) {
            return;
        }
    }
}

size_t handback_count(const struct handback *handback)
{
    return handback->count;
}

/* NULL when there are too many already. */
static struct note *note_of(struct handback *handback, const struct take *take)
{
    struct note **found = tfind(&take->key, &handback->tree, key_compare);

    if (found != NULL)
        return *found;
    if (handback->count == HANDBACK_SUBJECTS_MAX)
        return NULL;

    struct note *note = MEMORY_NEW(struct note);

    note->handback = handback;
    note->take = (struct take){.key = take->key, .limits = note->limits, .fills = true};
    note_put_in(handback, note);
    return note;
}

/* Then nothing of it would count any more. */
static bool is_over(const struct note *note, int64_t now_us)
{
    for (size_t i = 0; i < note->take.limit_count; i++) {
        if (now_us - note->noted_us < limit_memory_us(&note->limits[i]))
            return false;
    }
    return true;
}

/* False when the store has gone away again. */
static bool charge(struct handback *handback, struct store *store, struct note *note,
                   int64_t now_us)
{
    struct outcome outcome;

    note->take.now_us = now_us;
    const bool is_settled = store_take(store, &note->take, &outcome, note, on_charged) == STORE_NOW;
    if (is_settled && is_charged_nowhere(outcome.status)) {
        rest(handback);
        return false;
    }
    note_take_out(handback, note);
    if (is_settled)
        settle(note, outcome.status);
    else
        handback->in_flight++;
    return true;
}

static void on_charged(void *context, const struct outcome *outcome)
{
    struct note *note = context;

    note->handback->in_flight--;
    settle(note, outcome->status);
}

/* What may have been charged is not handed back again. */
static void settle(struct note *note, enum take_status status)
{
    struct handback *handback = note->handback;

    if (is_charged_nowhere(status) && note_put_back(note)) {
        rest(handback);
        return;
    }
    count(handback, status == TAKE_DONE ? METRIC_HANDED_BACK : METRIC_HANDED_BACK_LOST,
          note->take.cost);
    free(note);
}

static void rest(struct handback *handback)
{
    const struct timeval wait =
        duration_timeval(HANDBACK_REST_US + randombytes_uniform((uint32_t)HANDBACK_REST_US));

    evtimer_add(handback->rest, &wait);
}

/* The turn that follows is all that it takes. */
static void on_rested(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    (void)context;
}

static bool is_charged_nowhere(enum take_status status)
{
    return status == TAKE_DOWN || status == TAKE_REFUSED;
}

/* To what has been noted since. False when there are too many already. */
static bool note_put_back(struct note *note)
{
    struct handback *handback = note->handback;
    struct note **found = tfind(&note->take.key, &handback->tree, key_compare);

    if (found != NULL) {
        cost_add(*found, note->take.cost);
        free(note);
        return true;
    }
    if (handback->count == HANDBACK_SUBJECTS_MAX)
        return false;
    note_put_in(handback, note);
    return true;
}

static void note_put_in(struct handback *handback, struct note *note)
{
    ASSERT(tsearch(note, &handback->tree, key_compare) != NULL);
    TAILQ_INSERT_TAIL(&handback->notes, note, next);
    handback->count++;
}

static void cost_add(struct note *note, int64_t cost)
{
    if (cost < LIMIT_COST_MAX - note->take.cost)
        note->take.cost += cost;
    else
        note->take.cost = LIMIT_COST_MAX;
}

static void count(const struct handback *handback, enum metric metric, int64_t cost)
{
    metrics_add(handback->metrics, metric, (uint64_t)cost);
}

static void note_take_out(struct handback *handback, struct note *note)
{
    ASSERT(tdelete(note, &handback->tree, key_compare) != NULL);
    TAILQ_REMOVE(&handback->notes, note, next);
    handback->count--;
}

static int key_compare(const void *a, const void *b)
{
    return memcmp(a, b, offsetof(struct counter_key, tenant));
}
