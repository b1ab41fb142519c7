/* SPDX-License-Identifier: MIT */
#include "limit/headroom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/document.h"
#include "limit/algorithm.h"

static struct arena arena;
static struct faults faults;

static struct limit limit_read_from(const char *json)
{
    struct error error = {0};
    struct form form;
    struct limit limit;
    json_t *value = document_parse(text_of(json), &error);

    if (value == NULL)
        fail_msg("%s: %s", json, error.message);
    faults = (struct faults){0};
    assert_true(form_open(&form, value, "/limits/2", &faults));
    (void)limit_read(&form, "default", &arena, &limit);
    form_close(&form);
    json_decref(value);
    return limit;
}

/* A window of 100, or a bucket of 100 that holds 40, with this headroom. */
static struct limit window_with(const char *headroom)
{
    char json[160];

    snprintf(json, sizeof(json), "{\"rate\":\"100/m\",\"headroom\":%s}", headroom);
    struct limit limit = limit_read_from(json);
    if (faults.count > 0)
        fail_msg("%s: %s", json, faults.at[0].detail);
    return limit;
}

static struct limit bucket_with(const char *algorithm, const char *headroom)
{
    char json[160];

    snprintf(json, sizeof(json),
             "{\"algorithm\":\"%s\",\"rate\":\"100/m\",\"burst\":40,\"headroom\":%s}", algorithm,
             headroom);
    struct limit limit = limit_read_from(json);
    if (faults.count > 0)
        fail_msg("%s: %s", json, faults.at[0].detail);
    return limit;
}

static void assert_fault(const char *json, const char *detail)
{
    (void)limit_read_from(json);
    if (faults.count != 1)
        fail_msg("%s has %zu faults", json, faults.count);
    assert_string_equal(faults.at[0].pointer, "/limits/2/headroom");
    assert_string_equal(faults.at[0].detail, detail);
}

static void assert_written(const struct limit *limit, const char *must)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, &arena, 64);
    writer_init(&writer, &buffer);
    writer_begin_object(&writer, NULL);
    headroom_write(limit, &writer);
    writer_end_object(&writer);
    assert_string_equal(buffer_string(&buffer), must);
}

static void a_limit_that_says_nothing_has_none(void **state)
{
    (void)state;
    const struct limit limit = limit_read_from("{\"rate\":\"100/m\"}");

    assert_int_equal(faults.count, 0);
    assert_int_equal(headroom_units(&limit), 0);
    assert_written(&limit, "{}");
}

static void units_are_units(void **state)
{
    (void)state;
    const struct limit some = window_with("20");
    const struct limit all = window_with("100");

    assert_int_equal(headroom_units(&some), 20);
    assert_int_equal(headroom_units(&all), 100);
}

static void percent_are_of_the_capacity_and_rounded_up(void **state)
{
    (void)state;
    static const struct {
        const char *percent;
        int64_t quota;
        int64_t units;
    } cases[] = {
        {"\"20%\"", 100, 20},
        {"\"20%\"", 101, 21},
        {"\"1%\"", 1, 1},
        {"\"1%\"", 100, 1},
        {"\"99%\"", 101, 100},
        {"\"100%\"", 7, 7},
        {"\"0%\"", 7, 0},
        {"\"50%\"", 0, 0},
        {"\"100%\"", LIMIT_COST_MAX, LIMIT_COST_MAX},
        {"\"50%\"", LIMIT_COST_MAX, (LIMIT_COST_MAX + 1) / 2},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct limit limit = window_with(cases[i].percent);

        limit.quota = limit.burst = cases[i].quota;
        assert_int_equal(headroom_units(&limit), cases[i].units);
    }
    const struct limit bucket = bucket_with("token_bucket", "\"20%\"");
    assert_int_equal(headroom_units(&bucket), 8);
}

/* An override may leave less than the headroom. */
static void headroom_is_never_more_than_the_capacity(void **state)
{
    (void)state;
    struct limit limit = window_with("20");

    limit.quota = limit.burst = 15;
    const struct limit low = limit_for_low(&limit);

    assert_int_equal(headroom_units(&limit), 15);
    assert_int_equal(limit_capacity(&low), 0);
}

static void a_window_is_smaller_for_low_priority(void **state)
{
    (void)state;
    const struct limit limit = window_with("\"20%\"");

    const struct limit low = limit_for_low(&limit);

    assert_int_equal(low.quota, 80);
    assert_int_equal(low.burst, 80);
    assert_int_equal(low.window_us, limit.window_us);
}

static void a_bucket_holds_less_for_low_priority_and_fills_as_fast(void **state)
{
    (void)state;
    static const char *const buckets[] = {"token_bucket", "leaky_bucket"};

    for (size_t i = 0; i < ARRAY_COUNT(buckets); i++) {
        const struct limit limit = bucket_with(buckets[i], "10");
        const struct limit low = limit_for_low(&limit);

        assert_int_equal(low.quota, 100);
        assert_int_equal(low.burst, 30);
        assert_int_equal(limit_capacity(&low), 30);
    }
}

static void without_headroom_a_low_check_finds_the_limit_itself(void **state)
{
    (void)state;
    const struct limit limit = window_with("0");
    const struct limit low = limit_for_low(&limit);

    assert_memory_equal(&low, &limit, sizeof(low));
}

static void it_is_written_as_it_was_given_unless_it_is_0(void **state)
{
    (void)state;
    const struct limit units = window_with("20");
    const struct limit percent = window_with("\"20%\"");
    const struct limit all = window_with("\"100%\"");
    const struct limit none = window_with("0");
    const struct limit no_percent = window_with("\"0%\"");

    assert_written(&units, "{\"headroom\":20}");
    assert_written(&percent, "{\"headroom\":\"20%\"}");
    assert_written(&all, "{\"headroom\":\"100%\"}");
    assert_written(&none, "{}");
    assert_written(&no_percent, "{}");
}

static void what_is_neither_units_nor_percent_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "%",     "20",   "101%", "-1%",
                                        "-0%", "2.5%",  "20 %", "20%%", " 20%",
                                        "x%",  "1000%", "007%", "00%",  "%%"};

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        char json[80];

        snprintf(json, sizeof(json), "{\"rate\":\"100/m\",\"headroom\":\"%s\"}", texts[i]);
        assert_fault(json, "must be an integer from 0 to 100, or a text from \"0%\" to \"100%\"");
    }
    assert_fault("{\"rate\":\"100/m\",\"headroom\":101}",
                 "must be an integer from 0 to 100, or a text from \"0%\" to \"100%\"");
    assert_fault("{\"rate\":\"100/m\",\"headroom\":-1}",
                 "must be an integer from 0 to 100, or a text from \"0%\" to \"100%\"");
    assert_fault("{\"rate\":\"100/m\",\"headroom\":true}",
                 "must be an integer from 0 to 100, or a text from \"0%\" to \"100%\"");
    assert_fault("{\"algorithm\":\"token_bucket\",\"rate\":\"9/m\",\"burst\":40,\"headroom\":41}",
                 "must be an integer from 0 to 40, or a text from \"0%\" to \"100%\"");
    assert_fault("{\"algorithm\":\"token_bucket\",\"rate\":\"0/m\",\"burst\":40,\"headroom\":1}",
                 "must be an integer from 0 to 0, or a text from \"0%\" to \"100%\"");
}

static void beside_another_fault_it_is_not_judged(void **state)
{
    (void)state;

    (void)limit_read_from("{\"limit\":-1,\"window_seconds\":60,\"headroom\":7}");

    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, "/limits/2/limit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_that_says_nothing_has_none),
        cmocka_unit_test(units_are_units),
        cmocka_unit_test(percent_are_of_the_capacity_and_rounded_up),
        cmocka_unit_test(headroom_is_never_more_than_the_capacity),
        cmocka_unit_test(a_window_is_smaller_for_low_priority),
        cmocka_unit_test(a_bucket_holds_less_for_low_priority_and_fills_as_fast),
        cmocka_unit_test(without_headroom_a_low_check_finds_the_limit_itself),
        cmocka_unit_test(it_is_written_as_it_was_given_unless_it_is_0),
        cmocka_unit_test(what_is_neither_units_nor_percent_is_refused),
        cmocka_unit_test(beside_another_fault_it_is_not_judged),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    arena_close(&arena);
    return failed;
}
