/* SPDX-License-Identifier: MIT
 *
 * The log that one instance keeps in the rings of its apps. No Redis is used. */
#include "journal_case.h"

#include "journal/entry_id.h"

#include <sodium.h>

static const char *id_at(const json_t *entries, size_t index)
{
    return json_string_value(json_object_get(json_array_get(entries, index), "id"));
}

static void a_decision_is_visible_at_once(void **state)
{
    struct journal *journal = journal_alone();

    (void)state;
    for (int64_t number = 1; number <= 100; number++) {
        journal_number(journal, JOURNAL_APP, number);
        assert_true(journal_shows(journal, 1, number));
    }
    journal_free(journal);
}

/* The ids of two decisions, newest first. */
static void read_two(struct journal *journal, struct entry_id ids[static 2])
{
    json_t *entries = journal_latest(journal, &journal_everything);

    assert_int_equal(json_array_size(entries), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(entry_id_read(text_of(id_at(entries, i)), &ids[i]));
    json_decref(entries);
}

static void an_id_is_instance_and_sequence(void **state)
{
    struct journal *here = journal_alone();
    struct journal *there = journal_alone();
    struct entry_id ids_here[2];
    struct entry_id ids_there[2];

    (void)state;
    journal_numbers(here, 7, 8);
    journal_numbers(there, 7, 8);

    read_two(here, ids_here);
    read_two(there, ids_there);
    assert_int_equal(ids_here[0].sequence, 2);
    assert_int_equal(ids_here[1].sequence, 1);
    assert_true(ids_here[0].instance == ids_here[1].instance);
    assert_true(ids_here[0].instance != ids_there[0].instance);
    journal_free(here);
    journal_free(there);
}

static void an_app_without_decisions_has_an_empty_log(void **state)
{
    struct journal *journal = journal_alone();

    (void)state;
    journal_number(journal, "another", 1);

    assert_int_equal(journal_count(journal), 0);
    journal_free(journal);
}

static void the_last_thousand_are_kept(void **state)
{
    struct journal *journal = journal_alone();

    (void)state;
    journal_numbers(journal, 1, 2500);

    assert_true(journal_shows(journal, 1501, 2500));
    journal_free(journal);
}

static void filters_choose_before_the_limit_counts(void **state)
{
    struct journal *journal = journal_alone();

    (void)state;
    journal_expect_filters(journal);
    journal_free(journal);
}

static void parts_of_an_entry_come_back(void **state)
{
    struct journal *journal = journal_alone();

    (void)state;
    journal_expect_parts(journal);
    journal_free(journal);
}

static void a_charge_is_kept_and_told_apart(void **state)
{
    struct journal *journal = journal_alone();

    (void)state;
    journal_expect_charges(journal);
    journal_free(journal);
}

static void the_whole_log_comes_as_values_oldest_first(void **state)
{
    struct journal *journal = journal_alone();
    struct journal_asked asked;

    (void)state;
    journal_numbers(journal, 1, JOURNAL_RECORDS + 500);
    journal_read_entries(journal, &asked);

    const struct log_entries *entries = &asked.job.entries;
    assert_false(entries->degraded);
    assert_int_equal(entries->count, JOURNAL_RECORDS);
    assert_int_equal(entries->missing, 500);
    for (size_t i = 0; i < entries->count; i++)
        assert_int_equal(entries->at[i].id.sequence, 501 + i);
    assert_int_equal(entries->at[0].record.costs.requests, 501);
    arena_close(&asked.arena);
    journal_free(journal);
}

static void many_threads_record_while_one_asks(void **state)
{
    struct journal *journal = journal_alone();

    (void)state;
    journal_numbers_from_threads(journal);

    assert_int_equal(journal_count(journal), JOURNAL_RECORDS);
    journal_free(journal);
}

static void a_journal_that_never_started_answers_when_it_is_freed(void **state)
{
    struct journal *journal = journal_new(NULL);
    struct queue *replies = queue_new(0);
    const struct journal_job job = {.app_id = JOURNAL_APP, .filter = journal_everything};
    struct journal_asked asked;

    (void)state;
    journal_ask(&asked, journal, replies, &job);
    journal_free(journal);
    queue_drain(replies);

    assert_int_equal(asked.answers, 1);
    arena_close(&asked.arena);
    queue_free(replies);
}

static void freeing_answers_every_job_once(void **state)
{
    struct journal *journal = journal_alone();
    struct queue *replies = queue_new(0);
    const struct journal_job job = {.app_id = JOURNAL_APP, .filter = journal_everything};
    struct journal_asked asked[100];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
        journal_ask(&asked[i], journal, replies, &job);
    journal_free(journal);
    queue_drain(replies);

    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        assert_int_equal(asked[i].answers, 1);
        assert_int_equal(asked[i].job.available, asked[i].job.answer.length > 0);
        arena_close(&asked[i].arena);
    }
    queue_free(replies);
}

/* The order in which some jobs were answered, by their numbers. The greedy app has the first
 * numbers. */
struct turns {
    struct journal_job jobs[JOURNAL_JOBS_MAX];
    struct arena arenas[JOURNAL_JOBS_MAX];
    size_t answered;
    size_t places[JOURNAL_JOBS_MAX];
};

static struct turns turns;

static void on_turn(struct journal_job *job)
{
    turns.places[job - turns.jobs] = ++turns.answered;
}

static bool ask_as(struct journal *journal, struct queue *replies, size_t number, uint32_t tenant)
{
    struct journal_job *job = &turns.jobs[number];

    *job = (struct journal_job){.tenant = tenant,
                                .app_id = JOURNAL_APP,
                                .filter = journal_everything,
                                .reply_to = replies,
                                .done = on_turn,
                                .arena = &turns.arenas[number]};
    return journal_submit(journal, job);
}

static void an_app_that_asks_all_the_time_bars_nobody_and_is_not_first(void **state)
{
    struct journal *journal = journal_new(NULL);
    struct queue *replies = queue_new(0);
    size_t greedy = 0;

    (void)state;
    while (greedy < JOURNAL_JOBS_MAX - 2 && ask_as(journal, replies, greedy, 1))
        greedy++;
    const bool modest_is_taken =
        ask_as(journal, replies, greedy, 2) && ask_as(journal, replies, greedy + 1, 2);
    journal_free(journal);
    queue_drain(replies);

    assert_int_equal(greedy, JOURNAL_JOBS_MAX / 2);
    assert_true(modest_is_taken);
    assert_int_equal(turns.answered, greedy + 2);
    assert_in_range(turns.places[greedy], 1, 2);
    assert_in_range(turns.places[greedy + 1], 3, 4);
    for (size_t i = 0; i < greedy + 2; i++)
        arena_close(&turns.arenas[i]);
    queue_free(replies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_is_visible_at_once),
        cmocka_unit_test(an_id_is_instance_and_sequence),
        cmocka_unit_test(an_app_without_decisions_has_an_empty_log),
        cmocka_unit_test(the_last_thousand_are_kept),
        cmocka_unit_test(filters_choose_before_the_limit_counts),
        cmocka_unit_test(parts_of_an_entry_come_back),
        cmocka_unit_test(a_charge_is_kept_and_told_apart),
        cmocka_unit_test(the_whole_log_comes_as_values_oldest_first),
        cmocka_unit_test(many_threads_record_while_one_asks),
        cmocka_unit_test(a_journal_that_never_started_answers_when_it_is_freed),
        cmocka_unit_test(freeing_answers_every_job_once),
        cmocka_unit_test(an_app_that_asks_all_the_time_bars_nobody_and_is_not_first),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
