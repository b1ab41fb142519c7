/* SPDX-License-Identifier: MIT
 *
 * Notes are kept by counter, in a tree of tsearch(3). A tenant's oldest note is handed back first.
 * A note keeps its place until it is settled, so an answer finds it. Rests are counted in beats of
 * a timer, which runs while a tenant rests. */
#include "store/handback.h"

#include "base/fair_queue.h"
#include "base/memory.h"
#include "base/shares.h"
#include "limit/algorithm.h"
#include "metrics/metrics.h"

#include <event2/event.h>
#include <search.h>
#include <sodium.h>

/* One whole beat at least, because the first one is partly over. */
#define BEATS_OF_REST 2

struct note {
    struct operation operation; /* first, because the tree compares it; the costs are sums */
    struct limit limits[LIMITS_MAX];
    int64_t noted_us; /* when it was last noted */
    struct handback *handback;
    struct fair_item item;
};

struct handback {
    void *tree;
    struct shares shares;
    struct fair_queue notes;
    struct fair_items resting; /* notes of resting tenants whose turn has come */
    struct tenant_map rests;   /* the beat until which a tenant rests or rested */
    uint32_t beat;
    struct event *next_beat;
    size_t count;     /* in `notes` and in `resting` */
    size_t in_flight; /* notes that are at the store, and in no queue */
    struct metrics *metrics;
};

static struct note *note_of(struct handback *handback, const struct operation *operation);
static void let_go(struct note *note, int64_t now_us);
static void charge(struct handback *handback, struct store *store, struct note *note,
                   int64_t now_us);
static void on_charged(void *context, const struct outcome *outcome);
static void settle(struct note *note, enum take_status status);
static bool is_charged_nowhere(enum take_status status);
static void note_put_back(struct note *note);
static struct note *next_note(struct handback *handback);
static void rest(struct handback *handback, uint32_t tenant);
static bool rests(struct handback *handback, uint32_t tenant);
static void await_beat(struct handback *handback);
static void on_beat(evutil_socket_t fd, short events, void *context);
static void wake_all(struct handback *handback);
static void note_put_in(struct handback *handback, struct note *note);
static void limits_keep(struct note *note, const struct limit limits[]);
static void costs_add(struct note *note, const struct operation *operation);
static int64_t cost_of(const struct operation *operation);
static void count(const struct handback *handback, enum metric metric, int64_t cost);
static void note_take_out(struct handback *handback, struct note *note);
static void note_free(struct note *note);
static struct note *note_of_item(struct fair_item *item);
static int note_compare(const void *a, const void *b);

struct handback *handback_new(struct event_base *base, struct metrics *metrics)
{
    struct handback *handback = MEMORY_NEW(struct handback);

    shares_init(&handback->shares, HANDBACK_SUBJECTS_MAX);
    fair_queue_init(&handback->notes, 1);
    TAILQ_INIT(&handback->resting);
    tenant_map_init(&handback->rests);
    handback->next_beat = evtimer_new(base, on_beat, handback);
    ASSERT(handback->next_beat != NULL);
    handback->metrics = metrics;
    return handback;
}

void handback_free(struct handback *handback)
{
    ASSERT(handback->in_flight == 0);
    wake_all(handback);
    while (handback->count > 0) {
        struct note *note = note_of_item(fair_queue_take(&handback->notes));
        note_take_out(handback, note);
        note_free(note);
    }
    event_free(handback->next_beat);
    tenant_map_close(&handback->rests);
    fair_queue_close(&handback->notes);
    shares_close(&handback->shares);
    free(handback);
}

void handback_note(struct handback *handback, const struct operation *operation)
{
    struct note *note = note_of(handback, operation);

    if (note == NULL) {
        count(handback, METRIC_HANDED_BACK_LOST, cost_of(operation));
        return;
    }
    let_go(note, operation->now_us);
    costs_add(note, operation);
    limits_keep(note, operation->limits);
    note->noted_us = operation->now_us;
}

void handback_run(struct handback *handback, struct store *store, int64_t now_us)
{
    struct note *note;

    while (handback->in_flight < HANDBACK_IN_FLIGHT_MAX && store_is_ready(store) &&
           (note = next_note(handback)) != NULL) {
        const int64_t cost = cost_of(&note->operation);

        note_take_out(handback, note);
        let_go(note, now_us);
        if (operation_charges(&note->operation)) {
            charge(handback, store, note, now_us);
        } else {
            count(handback, METRIC_HANDED_BACK_OVER, cost);
            note_free(note);
        }
    }
}

size_t handback_count(const struct handback *handback)
{
    return handback->count;
}

/* NULL when the tenant already has too many. */
static struct note *note_of(struct handback *handback, const struct operation *operation)
{
    struct note **found = tfind(operation, &handback->tree, note_compare);

    if (found != NULL)
        return *found;
    if (!shares_take(&handback->shares, operation->tenant, 1))
        return NULL;

    struct note *note = MEMORY_NEW(struct note);

    note->handback = handback;
    note->operation = *operation;
    note->operation.kind = OPERATION_FILL;
    memset(note->operation.costs, 0, sizeof(note->operation.costs));
    limits_keep(note, operation->limits);
    note_put_in(handback, note);
    return note;
}

/* Each limit lets go of charges that do not count any more. */
static void let_go(struct note *note, int64_t now_us)
{
    for (size_t i = 0; i < note->operation.limit_count; i++) {
        if (now_us - note->noted_us >= limit_memory_us(&note->limits[i]))
            note->operation.costs[i] = 0;
    }
}

static void charge(struct handback *handback, struct store *store, struct note *note,
                   int64_t now_us)
{
    struct outcome outcome;

    note->operation.now_us = now_us;
    if (store_ask(store, &note->operation, &outcome, note, on_charged) == STORE_NOW)
        settle(note, outcome.status);
    else
        handback->in_flight++;
}

static void on_charged(void *context, const struct outcome *outcome)
{
    struct note *note = context;

    note->handback->in_flight--;
    settle(note, outcome->status);
}

/* If it may have been charged, it is not handed back again. */
static void settle(struct note *note, enum take_status status)
{
    struct handback *handback = note->handback;

    if (is_charged_nowhere(status)) {
        rest(handback, note->operation.tenant);
        note_put_back(note);
        return;
    }
    count(handback, status == TAKE_DONE ? METRIC_HANDED_BACK : METRIC_HANDED_BACK_LOST,
          cost_of(&note->operation));
    note_free(note);
}

static bool is_charged_nowhere(enum take_status status)
{
    return status == TAKE_DOWN || status == TAKE_REFUSED;
}

/* Adds it to what was noted since then. */
static void note_put_back(struct note *note)
{
    struct handback *handback = note->handback;
    struct note **found = tfind(&note->operation, &handback->tree, note_compare);

    if (found != NULL) {
        costs_add(*found, &note->operation);
        note_free(note);
    } else {
        note_put_in(handback, note);
    }
}

/* The note stays in the tree, but leaves the queue. NULL when all rest. */
static struct note *next_note(struct handback *handback)
{
    struct fair_item *item;

    while ((item = fair_queue_take(&handback->notes)) != NULL) {
        if (!rests(handback, item->tenant))
            return note_of_item(item);
        TAILQ_INSERT_TAIL(&handback->resting, item, in_order);
        await_beat(handback);
    }
    return NULL;
}

static void rest(struct handback *handback, uint32_t tenant)
{
    tenant_map_set(&handback->rests, tenant, handback->beat + BEATS_OF_REST);
    await_beat(handback);
}

/* Forgets a rest that is over. */
static bool rests(struct handback *handback, uint32_t tenant)
{
    const uint32_t until = tenant_map_get(&handback->rests, tenant);

    if (until > handback->beat)
        return true;
    if (until > 0)
        tenant_map_set(&handback->rests, tenant, 0);
    return false;
}

static void await_beat(struct handback *handback)
{
    const uint32_t spread_us = (uint32_t)HANDBACK_REST_US / 2;
    const struct timeval wait = duration_timeval(HANDBACK_REST_US + randombytes_uniform(spread_us));

    if (!evtimer_pending(handback->next_beat, NULL))
        evtimer_add(handback->next_beat, &wait);
}

/* Tenants whose rest is over take turns again, in the next turn of the loop. */
static void on_beat(evutil_socket_t fd, short events, void *context)
{
    struct handback *handback = context;

    (void)fd;
    (void)events;
    handback->beat++;
    wake_all(handback);
}

static void wake_all(struct handback *handback)
{
    struct fair_item *item;

    while ((item = TAILQ_FIRST(&handback->resting)) != NULL) {
        TAILQ_REMOVE(&handback->resting, item, in_order);
        fair_queue_put(&handback->notes, item, item->tenant, item->cost);
    }
}

static void note_put_in(struct handback *handback, struct note *note)
{
    ASSERT(tsearch(note, &handback->tree, note_compare) != NULL);
    fair_queue_put(&handback->notes, &note->item, note->operation.tenant, 1);
    handback->count++;
}

/* The policy may be gone when it is handed back. */
static void limits_keep(struct note *note, const struct limit limits[])
{
    memcpy(note->limits, limits, note->operation.limit_count * sizeof(limits[0]));
    note->operation.limits = note->limits;
}

static void costs_add(struct note *note, const struct operation *operation)
{
    for (size_t i = 0; i < operation->limit_count; i++) {
        int64_t *cost = &note->operation.costs[i];

        if (operation->costs[i] < LIMIT_COST_MAX - *cost)
            *cost += operation->costs[i];
        else
            *cost = LIMIT_COST_MAX;
    }
}

/* For the metrics: that of the limit which was charged most. */
static int64_t cost_of(const struct operation *operation)
{
    int64_t cost = 0;

    for (size_t i = 0; i < operation->limit_count; i++)
        cost = operation->costs[i] > cost ? operation->costs[i] : cost;
    return cost;
}

static void count(const struct handback *handback, enum metric metric, int64_t cost)
{
    metrics_add(handback->metrics, metric, (uint64_t)cost);
}

/* Removes it from the tree. Its turn has come, so it has left the queue already. */
static void note_take_out(struct handback *handback, struct note *note)
{
    ASSERT(tdelete(note, &handback->tree, note_compare) != NULL);
    handback->count--;
}

static void note_free(struct note *note)
{
    shares_give(&note->handback->shares, note->operation.tenant, 1);
    free(note);
}

static struct note *note_of_item(struct fair_item *item)
{
    return CONTAINER_OF(item, struct note, item);
}

static int note_compare(const void *a, const void *b)
{
    return operation_compare(a, b);
}
