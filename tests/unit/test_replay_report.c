/* SPDX-License-Identifier: MIT */
#include "api/replay_report.h"

#include "base/buffer.h"
#include "base/document.h"
#include "base/duration.h"
#include "journal/ring.h"
#include "replaying.h"
#include "sample_policy.h"
#include "support/cmocka.h"

#define DAY_US (DAY_S * SECOND_US)

static const struct replay_outcome allowed = {.allowed = true};
static const struct replay_outcome denied = {.denied_by = {true}};

static struct arena arena;
static const struct policy *policy;
static struct replay_report report;
static struct log_entry entries[JOURNAL_RECORDS];
static json_t *answer;

static int set_up(void **state)
{
    (void)state;
    policy = sample_policy(&arena, "{'route_key':'/a','limit':2,'window_seconds':60}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(answer);
    answer = NULL;
    arena_close(&arena);
    return 0;
}

static struct record *put(size_t place, const char *user_id, int64_t time_us)
{
    struct subject *subject = ARENA_NEW(&arena, struct subject);

    entries[place].record = replaying_record("/a", user_id, time_us);
    entries[place].in_order_us = time_us;
    *subject = entries[place].record.subjects.at[0];
    entries[place].record.subjects.at = subject;
    return &entries[place].record;
}

static void write_answer(void)
{
    struct buffer buffer;
    struct writer writer;
    struct error error;

    buffer_init(&buffer, &arena, 256);
    writer_init(&writer, &buffer);
    writer_begin_object(&writer, NULL);
    replay_report_write(&report, &writer);
    writer_end_object(&writer);
    answer = document_parse(writer_document(&writer), &error);
    assert_non_null(answer);
}

static int64_t number(const json_t *object, const char *part, const char *member)
{
    return json_integer_value(json_object_get(json_object_get(object, part), member));
}

static void expect_counts(const json_t *object, const char *part, int64_t all_allowed,
                          int64_t all_denied, int64_t in_shadow)
{
    assert_int_equal(number(object, part, "allowed"), all_allowed);
    assert_int_equal(number(object, part, "denied"), all_denied);
    assert_int_equal(number(object, part, "denied_in_shadow"), in_shadow);
}

static void each_change_is_counted_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        put(i, "ada", REPLAYING_START_US)->allowed = i < 3;
    replay_report_init(&report, policy, entries, 4, &arena);
    replay_report_add(&report, &entries[0], REPLAY_DECIDED, &allowed);
    replay_report_add(&report, &entries[1], REPLAY_DECIDED, &denied);
    replay_report_add(&report, &entries[2], REPLAY_DECIDED, &denied);
    replay_report_add(&report, &entries[3], REPLAY_DECIDED, &allowed);

    write_answer();
    expect_counts(answer, "then", 3, 1, 0);
    expect_counts(answer, "now", 2, 2, 0);
    assert_int_equal(number(answer, "changed", "newly_denied"), 2);
    assert_int_equal(number(answer, "changed", "newly_allowed"), 1);
    const json_t *limit = json_array_get(json_object_get(answer, "by_limit"), 0);
    assert_int_equal(json_integer_value(json_object_get(limit, "denied")), 2);
}

static void what_was_left_out_or_charged_is_no_decision(void **state)
{
    static const char *const names[] = {
        [REPLAY_OTHER_POLICY] = "other_policy",
        [REPLAY_DEGRADED] = "degraded",
        [REPLAY_NO_TIME] = "no_time",
        [REPLAY_UNFIT] = "unfit",
    };

    (void)state;
    put(0, "ada", REPLAYING_START_US);
    replay_report_init(&report, policy, entries, 1, &arena);
    for (enum replay_end end = REPLAY_CHARGED; end < REPLAY_ENDS; end++) {
        for (size_t i = 0; i < (size_t)end; i++)
            replay_report_add(&report, &entries[0], end, &allowed);
    }

    write_answer();
    expect_counts(answer, "then", 0, 0, 0);
    assert_int_equal(number(answer, "replayed", "charges"), REPLAY_CHARGED);
    for (size_t i = REPLAY_OTHER_POLICY; i < REPLAY_ENDS; i++)
        assert_int_equal(number(answer, "left_out", names[i]), i);
    assert_int_equal(json_integer_value(json_object_get(answer, "subjects")), 0);
}

/* A policy that was switched off in shadow mode has a reason, too, but no numbers. */
static void shadow_then_is_told_by_a_reason_and_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        put(i, "ada", REPLAYING_START_US)->mode = policy_mode_words[POLICY_SHADOW];
    entries[0].record.reason = "Rate limit exceeded (shadow)";
    entries[1].record.reason = "Rate limiting disabled for this policy";
    entries[1].record.remaining = -1;
    replay_report_init(&report, policy, entries, 3, &arena);
    for (size_t i = 0; i < 3; i++)
        replay_report_add(&report, &entries[i], REPLAY_DECIDED, &allowed);

    write_answer();
    expect_counts(answer, "then", 2, 1, 1);
    expect_counts(answer, "now", 3, 0, 0);
}

/* The points begin at multiples of the step, and have all entries. */
static void expect_points(int64_t span_us, int64_t step_s)
{
    const json_t *point;
    int64_t sum = 0;
    size_t i;

    put(0, "ada", REPLAYING_START_US + DAY_US - 1);
    put(1, "ada", REPLAYING_START_US + DAY_US - 1 + span_us);
    replay_report_init(&report, policy, entries, 2, &arena);
    replay_report_add(&report, &entries[0], REPLAY_DECIDED, &allowed);
    replay_report_add(&report, &entries[1], REPLAY_DECIDED, &allowed);
    write_answer();
    assert_int_equal(json_integer_value(json_object_get(answer, "step_seconds")), step_s);
    const json_t *points = json_object_get(answer, "by_time");
    assert_in_range(json_array_size(points), 1, REPLAY_POINTS_MAX);
    json_array_foreach ((json_t *)(uintptr_t)points, i, point) {
        const int64_t at = json_integer_value(json_object_get(point, "timestamp"));

        assert_int_equal(at % step_s, 0);
        sum += number(point, "now", "allowed");
    }
    assert_int_equal(sum, 2);
    json_decref(answer);
    answer = NULL;
}

static void the_step_of_the_points_is_the_shortest_that_fits(void **state)
{
    (void)state;
    expect_points(0, 1);
    expect_points(58 * SECOND_US, 1);
    expect_points(60 * SECOND_US, 2);
    expect_points(15 * MINUTE_US, 30);
    expect_points(HOUR_US, 2 * MINUTE_S);
    expect_points(DAY_US, 30 * MINUTE_S);
    expect_points(7 * DAY_US - 1, 3 * HOUR_S);
}

static void the_subjects_with_most_changes_are_shown_first(void **state)
{
    enum { USERS = 30 };
    static char names[USERS][8];
    size_t count = 0;

    (void)state;
    for (size_t user = 0; user < USERS; user++) {
        (void)snprintf(names[user], sizeof(names[user]), "u%02zu", user);
        for (size_t i = 0; i <= user; i++)
            put(count++, names[user], REPLAYING_START_US);
    }
    for (size_t i = 0; i < 100; i++)
        put(count++, "loyal", REPLAYING_START_US);
    replay_report_init(&report, policy, entries, count, &arena);
    for (size_t i = 0; i < count; i++) {
        const bool is_loyal = text_equal(subjects_user(&entries[i].record.subjects), TEXT("loyal"));

        replay_report_add(&report, &entries[i], REPLAY_DECIDED, is_loyal ? &allowed : &denied);
    }

    write_answer();
    const json_t *top = json_object_get(answer, "by_subject");
    assert_int_equal(json_integer_value(json_object_get(answer, "subjects")), USERS + 1);
    assert_int_equal(json_array_size(top), REPLAY_SUBJECTS_SHOWN);
    for (size_t i = 0; i < REPLAY_SUBJECTS_SHOWN; i++) {
        const json_t *row = json_array_get(top, i);
        const json_t *subject = json_object_get(row, "subject");

        assert_string_equal(json_string_value(json_object_get(subject, "user")),
                            names[USERS - 1 - i]);
        assert_int_equal(json_integer_value(json_object_get(row, "newly_denied")), USERS - i);
    }
}

static void each_subject_of_an_entry_is_counted(void **state)
{
    const struct subject both[] = {{TEXT("org"), TEXT("x")}, {TEXT("user"), TEXT("x")}};

    (void)state;
    put(0, "ada", REPLAYING_START_US)->subjects = (struct subjects){2, both};
    replay_report_init(&report, policy, entries, 1, &arena);
    replay_report_add(&report, &entries[0], REPLAY_DECIDED, &denied);

    write_answer();
    assert_int_equal(json_array_size(json_object_get(answer, "by_subject")), 2);
}

#define REPORT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPORT_TEST(each_change_is_counted_once),
        REPORT_TEST(what_was_left_out_or_charged_is_no_decision),
        REPORT_TEST(shadow_then_is_told_by_a_reason_and_numbers),
        REPORT_TEST(the_step_of_the_points_is_the_shortest_that_fits),
        REPORT_TEST(the_subjects_with_most_changes_are_shown_first),
        REPORT_TEST(each_subject_of_an_entry_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
