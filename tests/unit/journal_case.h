/* SPDX-License-Identifier: MIT
 *
 * Records numbered decisions in a journal, and reads its answers. A fault fails the test. */
#ifndef UNIT_JOURNAL_CASE_H
#define UNIT_JOURNAL_CASE_H

#include "journal/journal.h"
#include "support/cmocka.h"

#include <jansson.h>

#define JOURNAL_APP    "app0000000000001" /* used unless a call names another app */
#define JOURNAL_STREAM "sluice:log:{" JOURNAL_APP "}"

/* Long, so that a busy machine fails no test. */
#define JOURNAL_PATIENCE_S 60

extern const struct record_filter journal_everything;

/* Each of these is started, unless its name says otherwise. */
struct journal *journal_alone(void);
/* Its feed goes to the Redis of redis_group.h. */
struct journal *journal_on_redis(void);
/* The same, but not started. */
struct journal *journal_unstarted_on_redis(void);
/* Its feed goes to the Redis at this URL. */
struct journal *journal_on(const char *where);

/* Records decision `number`. Its cost is the number. It is denied if three divides the number. Its
 * route is /even or /odd. Every tenth is bob's, the others are alice's. */
void journal_number(struct journal *journal, const char *app_id, int64_t number);
void journal_numbers(struct journal *journal, int64_t first, int64_t last);

/* Many threads record, each for its own app and for JOURNAL_APP. Meanwhile the caller's thread
 * asks. */
void journal_numbers_from_threads(struct journal *journal);

struct journal_asked {
    struct arena arena;
    struct journal_job job;
    int answers;
};

/* Submits a question like *job. Its answer comes when `replies` is drained. */
void journal_ask(struct journal_asked *asked, struct journal *journal, struct queue *replies,
                 const struct journal_job *job);
/* Submits it and waits. Release the answer with json_decref(). NULL when the journal refused. */
json_t *journal_await(struct journal *journal, const struct journal_job *job);
/* Reads the whole log as values. They lie in asked->arena, which the caller closes. */
void journal_read_entries(struct journal *journal, struct journal_asked *asked);

/* Submits both questions to a journal that is not started yet, then starts it. Returns whether the
 * second is answered first. Both answers are in `asked`; the caller closes their arenas. */
bool journal_answers_second_first(struct journal *journal, struct journal_asked asked[2],
                                  const struct journal_job jobs[2]);

/* Reads the log in the same way. A journal that is busy sending may refuse: then it asks again. */
json_t *journal_latest(struct journal *journal, const struct record_filter *filter);
size_t journal_count(struct journal *journal);
/* The number of the entry's decision. */
int64_t journal_number_at(const json_t *entries, size_t index);
/* Whether the log has exactly the numbers `first` to `last`, newest first. */
bool journal_shows(struct journal *journal, int64_t first, int64_t last);

/* Records into an empty log. Expects that the filter is applied before the limit. */
void journal_expect_filters(struct journal *journal);
/* Records into an empty log. Expects that an entry has all its subjects, measures and limits. */
void journal_expect_parts(struct journal *journal);
/* Records into an empty log. Expects that a charge is kept as one, and counted nowhere. */
void journal_expect_charges(struct journal *journal);

#endif
