/* SPDX-License-Identifier: MIT
 *
 * A journal that numbered decisions go into, and its answers. What goes wrong fails the test. */
#ifndef UNIT_JOURNAL_CASE_H
#define UNIT_JOURNAL_CASE_H

#include "journal/journal.h"
#include "support/cmocka.h"

#include <jansson.h>

#define JOURNAL_APP    "app0000000000001" /* that all below is about, unless it names another */
#define JOURNAL_STREAM "sluice:log:{" JOURNAL_APP "}"

/* A machine that is busy with other tests changes no outcome. */
#define JOURNAL_PATIENCE_S 60

extern const struct record_filter journal_everything;

/* All are started. */
struct journal *journal_alone(void);
/* With a feed to the Redis of redis_group.h. */
struct journal *journal_on_redis(void);
/* The same, and not started. */
struct journal *journal_unstarted_on_redis(void);
/* With a feed to the Redis at this URL. */
struct journal *journal_on(const char *where);

/* Records the decision number `number`, which the cost tells: it is denied when it is divisible by
 * three, is of route /even or /odd, and every tenth is of bob, the others of alice. */
void journal_number(struct journal *journal, const char *app_id, int64_t number);
void journal_numbers(struct journal *journal, int64_t first, int64_t last);

/* Many threads record, each for an app of its own and for JOURNAL_APP, while this one asks. */
void journal_numbers_from_threads(struct journal *journal);

struct journal_asked {
    struct arena arena;
    struct journal_job job;
    int answers;
};

/* Submits a question that reads like *job; its answer comes when `replies` is drained. */
void journal_ask(struct journal_asked *asked, struct journal *journal, struct queue *replies,
                 const struct journal_job *job);
/* Submits it and waits. To be released with json_decref(); NULL when the journal refused. */
json_t *journal_await(struct journal *journal, const struct journal_job *job);

/* Whether the second question, submitted after the first one to a journal that is not started yet,
 * is answered before it; starts the journal. Both are answered, in `asked`, whose arenas the caller
 * closes. */
bool journal_answers_second_first(struct journal *journal, struct journal_asked asked[2],
                                  const struct journal_job jobs[2]);

/* The log, likewise. A journal that is busy sending may refuse: then it is asked again. */
json_t *journal_latest(struct journal *journal, const struct record_filter *filter);
size_t journal_count(struct journal *journal);
/* The number of an entry. */
int64_t journal_number_at(const json_t *entries, size_t index);
/* Whether the log is exactly the numbers `first` to `last`, the last one first. */
bool journal_shows(struct journal *journal, int64_t first, int64_t last);

/* Records into an empty log, and expects that filters choose before their limit counts. */
void journal_expect_filters(struct journal *journal);

#endif
