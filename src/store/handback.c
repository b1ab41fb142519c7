/* SPDX-License-Identifier: MIT
 *
 * Notes are kept by counter, in a tree of tsearch(3). A tenant's oldest note is handed back first.
 * A note keeps its place until it is settled, so an answer finds it. The lock is for resets, which
 * may come from any worker: all notes are under it, but the store is asked without it. What is owed
 * of a note that is out does not change. Rests are counted in beats of
 * a timer, which runs while a tenant rests at a node. */
#include "store/handback.h"

#include "base/app_id.h"
#include "base/fair_queue.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/shares.h"
#include "metrics/metrics.h"
#include "owed.h"

#include <event2/event.h>
#include <pthread.h>
#include <search.h>
#include <sodium.h>

/* One whole beat at least, because the first one is partly over. */
#define BEATS_OF_REST 2

struct note {
    struct owed owed; /* first, because the tree compares its operation, which comes first */
    struct handback *handback;
    struct fair_item item;
    uint32_t at_node; /* whose rest is also the note's: its tenant at its node, */
    uint32_t at_slot; /* and its tenant's counters that move together with its own */
    char owner[APP_ID_BYTES + 1];
    bool is_out;        /* at the store */
    uint32_t forgotten; /* the limits that were reset while it is out */
};

struct handback {
    void *tree;
    struct shares shares;
    struct fair_queue notes;
    struct fair_items resting; /* notes that rest, and whose turn has come */
    struct tenant_map rests;   /* the beat until which a tenant rests or rested there */
    uint32_t beat;
    struct event *next_beat;
    size_t count;     /* in `notes` and in `resting` */
    size_t in_flight; /* notes that are at the store */
    struct fair_items out;
    pthread_mutex_t mutex;
    handback_no_room_fn *no_room;
    void *context;
    struct handback *next; /* of those of all workers */
    struct metrics *metrics;
};

static void forget_all(struct handback *handback);
static struct note *note_find(struct handback *handback, const struct operation *operation);
static bool note_add(struct handback *handback, const struct owed *owed, const char *owner);
static struct note *next_to_charge(struct handback *handback, const struct store *store,
                                   int64_t now_us);
static void charge(struct store *store, struct note *note, int64_t now_us);
static void on_charged(void *context, const struct outcome *outcome);
static void settle(struct note *note, const struct outcome *outcome);
static bool leave(struct note *note, int64_t time_us);
static bool is_early(const struct note *note, const struct outcome *outcome);
static void note_put_back(struct note *note);
static struct note *next_note(struct handback *handback, const struct store *store);
static void find_rests(struct note *note, const struct store *store);
static void rest(struct handback *handback, uint32_t where);
static bool rests(struct handback *handback, uint32_t where);
static void await_beat(struct handback *handback);
static void on_beat(evutil_socket_t fd, short events, void *context);
static void wake_all(struct handback *handback);
static int64_t forget_in(const struct fair_items *items, const struct operation *operation);
static void note_put_in(struct handback *handback, struct note *note);
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
    TAILQ_INIT(&handback->out);
    pthread_mutex_init(&handback->mutex, NULL);
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
    forget_all(handback);
    event_free(handback->next_beat);
    tenant_map_close(&handback->rests);
    fair_queue_close(&handback->notes);
    shares_close(&handback->shares);
    pthread_mutex_destroy(&handback->mutex);
    free(handback);
}

void handback_join(struct handback *handback, struct handbacks *all)
{
    handback->next = all->first;
    all->first = handback;
}

void handback_on_no_room(struct handback *handback, void *context, handback_no_room_fn *no_room)
{
    handback->context = context;
    handback->no_room = no_room;
}

bool handback_note(struct handback *handback, const struct operation *operation)
{
    struct owed owed;

    owed_init(&owed, operation);
    pthread_mutex_lock(&handback->mutex);

    struct note *note = note_find(handback, &owed.operation);
    const bool is_noted = note != NULL || note_add(handback, &owed, operation->owner);

    if (note != NULL)
        count(handback, METRIC_HANDED_BACK_OVER, owed_add(&note->owed, &owed));
    else if (!is_noted)
        count(handback, METRIC_HANDED_BACK_LOST, owed_cost(&owed));
    pthread_mutex_unlock(&handback->mutex);
    return is_noted;
}

void handback_run(struct handback *handback, struct store *store, int64_t now_us)
{
    struct note *note;

    while (handback->count > 0 && handback->in_flight < HANDBACK_IN_FLIGHT_MAX &&
           store_is_ready(store) && (note = next_to_charge(handback, store, now_us)) != NULL)
        charge(store, note, now_us);
}

int64_t handbacks_forget(const struct handbacks *all, const struct operation *operation)
{
    int64_t cost = 0;

    for (struct handback *handback = all->first; handback != NULL; handback = handback->next) {
        pthread_mutex_lock(&handback->mutex);
        cost += forget_in(&handback->notes.order, operation);
        cost += forget_in(&handback->resting, operation);
        cost += forget_in(&handback->out, operation);
        pthread_mutex_unlock(&handback->mutex);
    }
    return cost;
}

size_t handback_count(const struct handback *handback)
{
    return handback->count;
}

/* Nobody reads the figures any more. */
static void forget_all(struct handback *handback)
{
    const int64_t counters = (int64_t)handback->count;
    int64_t cost = 0;

    while (handback->count > 0) {
        struct note *note = note_of_item(fair_queue_take(&handback->notes));

        cost += owed_cost(&note->owed);
        cost = cost > LIMIT_COST_MAX ? LIMIT_COST_MAX : cost;
        note_take_out(handback, note);
        note_free(note);
    }
    if (cost > 0)
        log_write(LOG_WARN, "not handed back", LOG_INTEGER("counters", counters),
                  LOG_INTEGER("cost", cost));
}

/* NULL when nothing is noted of these counters. */
static struct note *note_find(struct handback *handback, const struct operation *operation)
{
    struct note **found = tfind(operation, &handback->tree, note_compare);

    return found == NULL ? NULL : *found;
}

/* False when the tenant already has too many. */
static bool note_add(struct handback *handback, const struct owed *owed, const char *owner)
{
    if (!shares_take(&handback->shares, owed->operation.tenant, 1))
        return false;

    struct note *note = MEMORY_NEW(struct note);

    note->handback = handback;
    owed_copy(&note->owed, owed);
    if (owner != NULL)
        (void)snprintf(note->owner, sizeof(note->owner), "%s", owner);
    note_put_in(handback, note);
    return true;
}

/* Takes out the next note that is still owed something. */
static struct note *next_to_charge(struct handback *handback, const struct store *store,
                                   int64_t now_us)
{
    struct note *note;

    pthread_mutex_lock(&handback->mutex);
    while ((note = next_note(handback, store)) != NULL) {
        note_take_out(handback, note);
        count(handback, METRIC_HANDED_BACK_OVER, owed_let_go(&note->owed, now_us));
        if (!owed_is_nothing(&note->owed))
            break;
        note_free(note);
    }
    if (note != NULL) {
        note->is_out = true;
        TAILQ_INSERT_TAIL(&handback->out, &note->item, in_order);
    }
    pthread_mutex_unlock(&handback->mutex);
    return note;
}

static void charge(struct store *store, struct note *note, int64_t now_us)
{
    WRITTEN_FIRST struct operation operation;
    WRITTEN_FIRST struct limit limits[LIMITS_MAX];
    struct outcome outcome;

    owed_operation(&note->owed, now_us, limits, &operation);
    note->handback->in_flight++;
    if (store_ask(store, &operation, &outcome, note, on_charged) == STORE_NOW)
        on_charged(note, &outcome);
}

static void on_charged(void *context, const struct outcome *outcome)
{
    struct note *note = context;
    struct handback *handback = note->handback;

    pthread_mutex_lock(&handback->mutex);
    handback->in_flight--;
    note->is_out = false;
    TAILQ_REMOVE(&handback->out, &note->item, in_order);
    settle(note, outcome);
    pthread_mutex_unlock(&handback->mutex);
}

/* If it may have been charged, it is not handed back again. */
static void settle(struct note *note, const struct outcome *outcome)
{
    struct handback *handback = note->handback;
    const enum take_status status = outcome->status;

    if (status == TAKE_ELSEWHEN && leave(note, outcome->time_us)) {
        note_put_back(note);
    } else if (status == TAKE_DOWN || status == TAKE_REFUSED || is_early(note, outcome)) {
        rest(handback, outcome->is_moving ? note->at_slot : note->at_node);
        note_put_back(note);
    } else {
        count(handback, status == TAKE_DONE ? METRIC_HANDED_BACK : METRIC_HANDED_BACK_LOST,
              owed_settle(&note->owed));
        if (status == TAKE_QUOTA && handback->no_room != NULL)
            handback->no_room(handback->context, note->owner);
        note_put_back(note);
    }
}

/* Lets go of what was charged in a period that is over in the store. Then the store can be asked
 * for the rest: so for this it is asked again once for each limit at most. */
static bool leave(struct note *note, int64_t time_us)
{
    const int64_t cost = owed_cost(&note->owed);
    const bool leaves = owed_leave(&note->owed, time_us);

    count(note->handback, METRIC_HANDED_BACK_OVER, cost - owed_cost(&note->owed));
    return leaves;
}

/* The process' clock was ahead of the store's. */
static bool is_early(const struct note *note, const struct outcome *outcome)
{
    return outcome->status == TAKE_ELSEWHEN && owed_is_early(&note->owed, outcome->time_us);
}

/* If it is still owed something. What was noted since then is added to it. */
static void note_put_back(struct note *note)
{
    struct handback *handback = note->handback;
    struct note *found = note_find(handback, &note->owed.operation);

    count(handback, METRIC_HANDED_BACK_OVER, owed_drop(&note->owed, note->forgotten));
    note->forgotten = 0;
    if (owed_is_nothing(&note->owed)) {
        note_free(note);
    } else if (found != NULL) {
        count(handback, METRIC_HANDED_BACK_OVER, owed_add(&note->owed, &found->owed));
        owed_copy(&found->owed, &note->owed);
        note_free(note);
    } else {
        note_put_in(handback, note);
    }
}

/* The note stays in the tree, but leaves the queue. NULL when all rest. */
static struct note *next_note(struct handback *handback, const struct store *store)
{
    struct fair_item *item;

    while ((item = fair_queue_take(&handback->notes)) != NULL) {
        struct note *note = note_of_item(item);

        find_rests(note, store);
        if (!rests(handback, note->at_node) && !rests(handback, note->at_slot))
            return note;
        TAILQ_INSERT_TAIL(&handback->resting, item, in_order);
        await_beat(handback);
    }
    return NULL;
}

/* Two that have the same number only rest together. */
static void find_rests(struct note *note, const struct store *store)
{
    const struct operation *operation = &note->owed.operation;

    note->at_node = operation->tenant * (STORE_NODES_MAX + 1) + store_place(store, operation);
    memcpy(&note->at_slot, &operation->tag, sizeof(note->at_slot));
    note->at_slot += operation->tenant;
}

/* A rest is only found to be over by a note that had it. So all are forgotten before there are too
 * many. */
static void rest(struct handback *handback, uint32_t where)
{
    if (handback->rests.count >= HANDBACK_SUBJECTS_MAX) {
        tenant_map_close(&handback->rests);
        tenant_map_init(&handback->rests);
    }
    tenant_map_set(&handback->rests, where, handback->beat + BEATS_OF_REST);
    await_beat(handback);
}

/* Forgets a rest that is over. */
static bool rests(struct handback *handback, uint32_t where)
{
    const uint32_t until = tenant_map_get(&handback->rests, where);

    if (until > handback->beat)
        return true;
    if (until > 0)
        tenant_map_set(&handback->rests, where, 0);
    return false;
}

static void await_beat(struct handback *handback)
{
    const uint32_t spread_us = (uint32_t)HANDBACK_REST_US / 2;
    const struct timeval wait = duration_timeval(HANDBACK_REST_US + randombytes_uniform(spread_us));

    if (!evtimer_pending(handback->next_beat, NULL))
        evtimer_add(handback->next_beat, &wait);
}

/* Notes whose rest is over take turns again, in the next turn of the loop. */
static void on_beat(evutil_socket_t fd, short events, void *context)
{
    struct handback *handback = context;

    (void)fd;
    (void)events;
    pthread_mutex_lock(&handback->mutex);
    handback->beat++;
    wake_all(handback);
    pthread_mutex_unlock(&handback->mutex);
}

static void wake_all(struct handback *handback)
{
    struct fair_item *item;

    while ((item = TAILQ_FIRST(&handback->resting)) != NULL) {
        TAILQ_REMOVE(&handback->resting, item, in_order);
        fair_queue_put(&handback->notes, item, item->tenant, item->cost);
    }
}

/* A note that is owed nothing any more leaves when its turn comes. */
static int64_t forget_in(const struct fair_items *items, const struct operation *operation)
{
    struct fair_item *item;
    int64_t cost = 0;

    TAILQ_FOREACH (item, items, in_order) {
        struct note *note = note_of_item(item);
        const uint32_t places = owed_find_forgotten(&note->owed, operation);

        if (note->is_out)
            note->forgotten |= places;
        else
            cost += owed_drop(&note->owed, places);
    }
    return cost;
}

static void note_put_in(struct handback *handback, struct note *note)
{
    ASSERT(tsearch(note, &handback->tree, note_compare) != NULL);
    fair_queue_put(&handback->notes, &note->item, note->owed.operation.tenant, 1);
    handback->count++;
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
    shares_give(&note->handback->shares, note->owed.operation.tenant, 1);
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
