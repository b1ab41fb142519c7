/* SPDX-License-Identifier: MIT
 *
 * Notes by counter, in a tree of tsearch(3); the oldest is handed back first. */
#include "store/handback.h"

#include "base/memory.h"

#include <search.h>
#include <sys/queue.h>

struct note {
    struct take take; /* first, and its key is: what the tree compares. `cost` is the sum */
    struct limit limits[LIMITS_MAX];
    int64_t noted_us; /* the last time */
    TAILQ_ENTRY(note) next;
};

struct handback {
    void *tree;
    TAILQ_HEAD(notes, note) notes;
    size_t count;
    size_t in_flight;
};

static struct note *note_of(struct handback *handback, const struct take *take);
static bool is_over(const struct note *note, int64_t now_us);
static bool charge(struct handback *handback, struct store *store, struct note *note,
                   int64_t now_us);
static void on_charged(void *context, const struct outcome *outcome);
static void note_drop(struct handback *handback, struct note *note);
static int key_compare(const void *a, const void *b);

struct handback *handback_new(void)
{
    struct handback *handback = MEMORY_NEW(struct handback);

    TAILQ_INIT(&handback->notes);
    return handback;
}

void handback_free(struct handback *handback)
{
    ASSERT(handback->in_flight == 0);
    while (!TAILQ_EMPTY(&handback->notes))
        note_drop(handback, TAILQ_FIRST(&handback->notes));
    free(handback);
}

void handback_note(struct handback *handback, const struct take *take)
{
    struct note *note = note_of(handback, take);

    if (note == NULL)
        return;
    if (take->cost < LIMIT_COST_MAX - note->take.cost)
        note->take.cost += take->cost;
    else
        note->take.cost = LIMIT_COST_MAX;
    note->take.limit_count = take->limit_count;
    memcpy(note->limits, take->limits, take->limit_count * sizeof(take->limits[0]));
    note->noted_us = take->now_us;
}

void handback_run(struct handback *handback, struct store *store, int64_t now_us)
{
    while (handback->count > 0 && handback->in_flight < HANDBACK_IN_FLIGHT_MAX &&
           store_is_ready(store)) {
        struct note *note = TAILQ_FIRST(&handback->notes);

        if (!is_over(note, now_us) && !charge(handback, store, note, now_us))
            return;
        note_drop(handback, note);
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

    note->take = (struct take){.key = take->key, .limits = note->limits, .fills = true};
    ASSERT(tsearch(note, &handback->tree, key_compare) != NULL);
    TAILQ_INSERT_TAIL(&handback->notes, note, next);
    handback->count++;
    return note;
}

/* After the longest of its windows nothing of it would count any more. */
static bool is_over(const struct note *note, int64_t now_us)
{
    for (size_t i = 0; i < note->take.limit_count; i++) {
        if (now_us - note->noted_us < note->limits[i].window_us)
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
    if (store_take(store, &note->take, &outcome, handback, on_charged) == STORE_NOW)
        return outcome.status != TAKE_DOWN;
    handback->in_flight++;
    return true;
}

/* However it went: asking again might charge it twice. */
static void on_charged(void *context, const struct outcome *outcome)
{
    struct handback *handback = context;

    (void)outcome;
    handback->in_flight--;
}

static void note_drop(struct handback *handback, struct note *note)
{
    ASSERT(tdelete(note, &handback->tree, key_compare) != NULL);
    TAILQ_REMOVE(&handback->notes, note, next);
    handback->count--;
    free(note);
}

static int key_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct counter_key));
}
