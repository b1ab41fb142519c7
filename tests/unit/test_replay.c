/* SPDX-License-Identifier: MIT */
#include "api/replay.h"

#include "base/document.h"
#include "base/duration.h"
#include "replaying.h"
#include "sample_policy.h"
#include "support/client.h"
#include "support/cmocka.h"

#define ONE_US_AFTER (REPLAYING_START_US + 1)

static const char *const policies[] = {
    "{'route_key':'/a','limit':2,'window_seconds':60}",
    "{'route_key':'/b*','limit':2,'window_seconds':60}",
    NULL,
};

static struct replaying world;
static struct arena arena;
static struct replay replay;
static struct replay_outcome outcome;

static int set_up(void **state)
{
    (void)state;
    replaying_open(&world, policies);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    replay_close(&replay);
    arena_close(&arena);
    replaying_close(&world);
    return 0;
}

static void begin(const char *policy)
{
    replay_init(&replay, &world.api, world.app, sample_policy(&arena, policy));
}

static enum replay_end end_of(struct record record)
{
    return replay_entry(&replay, &record, &outcome);
}

/* `members` are its subjects, its costs and more, in single quotes. */
static struct record read_record(const char *members)
{
    char text[512];
    struct error error;
    struct record record;

    (void)snprintf(text, sizeof(text),
                   "{'timestamp':1728000000,'time':'2024-10-04T00:00:00.000Z',"
                   "'time_us':1728000000000000,'route':'/a','allowed':true,'policy_version':1,"
                   "'mode':'enforce','degraded':false,%s}",
                   members);
    json_t *entry = document_parse(text_of(quotes(text)), &error);
    assert_true(record_read(entry, &arena, &record));
    json_decref(entry);
    return record;
}

static bool is_allowed(const char *route, const char *user_id, int64_t time_us)
{
    assert_int_equal(end_of(replaying_record(route, user_id, time_us)), REPLAY_DECIDED);
    return outcome.allowed;
}

static void counters_are_empty_at_first_and_go_by_the_times_of_the_log(void **state)
{
    (void)state;
    begin("{'route_key':'/a','limit':1,'window_seconds':60}");

    assert_true(is_allowed("/a", "ada", REPLAYING_START_US));
    assert_false(is_allowed("/a", "ada", REPLAYING_START_US + MINUTE_US - 1));
    assert_true(outcome.denied_by[0]);
    assert_true(is_allowed("/a", "bob", REPLAYING_START_US + MINUTE_US - 1));
    assert_true(is_allowed("/a", "ada", REPLAYING_START_US + MINUTE_US));
}

static void only_the_limits_that_deny_are_told(void **state)
{
    (void)state;
    begin("{'route_key':'/a','limits':[{'name':'wide','rate':'9/h'},{'name':'narrow','by':[],"
          "'rate':'1/h'},{'name':'user','rate':'9/m'}]}");

    assert_true(is_allowed("/a", "ada", REPLAYING_START_US));
    assert_false(outcome.denied_by[0] || outcome.denied_by[1] || outcome.denied_by[2]);
    assert_false(is_allowed("/a", "bob", ONE_US_AFTER));
    assert_true(outcome.denied_by[1]);
    assert_false(outcome.denied_by[0] || outcome.denied_by[2]);
}

/* Whether a fourth check passes 59 s after three that have used up the limit. */
static bool passes_after_59_s(const struct api *api)
{
    const int64_t start_us = REPLAYING_START_US + MINUTE_US / 2;

    replay_init(&replay, api, world.app,
                sample_policy(&arena, "{'route_key':'/a','algorithm':'sliding_window','limit':3,"
                                      "'window_seconds':60}"));
    for (int i = 0; i < 3; i++)
        assert_true(is_allowed("/a", "ada", start_us));
    return is_allowed("/a", "ada", start_us + 59 * SECOND_US);
}

/* Sliding windows begin at multiples of their length by the clock that decided: in Redis at full
 * minutes, and in memory where the process' own clock has them. */
static void windows_begin_where_those_of_the_log_did(void **state)
{
    struct api memory = world.api;
    struct api redis = world.api;

    (void)state;
    memory.wall_ahead_us = MINUTE_US / 2;
    redis.wall_ahead_us = MINUTE_US / 2;
    redis.handback = (struct handback *)(void *)&redis; /* is there, and is not used */
    assert_false(passes_after_59_s(&memory));
    replay_close(&replay);
    assert_true(passes_after_59_s(&redis));
}

static void a_period_is_that_of_the_entrys_time(void **state)
{
    (void)state;
    begin("{'route_key':'/a','limit':1,'period':'day'}");

    assert_true(is_allowed("/a", "ada", REPLAYING_START_US - 1));
    assert_true(is_allowed("/a", "ada", REPLAYING_START_US));
    assert_false(is_allowed("/a", "ada", REPLAYING_START_US + DAY_S * SECOND_US - 1));
    assert_true(is_allowed("/a", "ada", REPLAYING_START_US + DAY_S * SECOND_US));
}

static void a_charge_is_charged_and_given_back(void **state)
{
    struct record charge = replaying_record("/a", "ada", REPLAYING_START_US);

    (void)state;
    begin("{'route_key':'/a','limit':2,'window_seconds':60}");
    charge.is_charge = true;
    charge.costs.requests = 5;
    assert_int_equal(end_of(charge), REPLAY_CHARGED);
    assert_false(is_allowed("/a", "ada", ONE_US_AFTER));
    charge.time_us = ONE_US_AFTER;
    charge.costs.requests = -4;
    assert_int_equal(end_of(charge), REPLAY_CHARGED);
    assert_true(is_allowed("/a", "ada", ONE_US_AFTER));
}

static void the_terms_of_a_check_count(void **state)
{
    static const struct limit_override wide = {.limit = {"default", 7}, .quota = 4};
    struct record record = replaying_record("/a", "ada", REPLAYING_START_US);

    (void)state;
    begin("{'route_key':'/a','limit':2,'window_seconds':60,'headroom':1}");
    record.is_low = true;
    assert_int_equal(end_of(record), REPLAY_DECIDED);
    assert_true(outcome.allowed);
    assert_int_equal(end_of(record), REPLAY_DECIDED);
    assert_false(outcome.allowed);
    record.is_low = false;
    record.is_partial = true;
    record.costs.requests = 7;
    assert_int_equal(end_of(record), REPLAY_DECIDED);
    assert_true(outcome.allowed);
    assert_int_equal(end_of(record), REPLAY_DECIDED);
    assert_false(outcome.allowed);
    record.overrides = &wide;
    record.override_count = 1;
    assert_int_equal(end_of(record), REPLAY_DECIDED);
    assert_true(outcome.allowed);
}

static void a_saved_policy_is_replaced_and_others_keep_their_entries(void **state)
{
    (void)state;
    begin("{'route_key':'/b*','limit':1,'window_seconds':60}");

    assert_int_equal(end_of(replaying_record("/b", "ada", REPLAYING_START_US)), REPLAY_DECIDED);
    assert_int_equal(end_of(replaying_record("/a", "ada", REPLAYING_START_US)),
                     REPLAY_OTHER_POLICY);
    assert_int_equal(end_of(replaying_record("/c", "ada", REPLAYING_START_US)),
                     REPLAY_OTHER_POLICY);
}

static void a_new_policy_has_the_place_that_its_identity_gives_it(void **state)
{
    (void)state;
    begin("{'route_key':'/b/c*','limit':1,'window_seconds':60}");
    assert_int_equal(end_of(replaying_record("/b/c", "ada", REPLAYING_START_US)), REPLAY_DECIDED);
    assert_int_equal(end_of(replaying_record("/b", "ada", REPLAYING_START_US)),
                     REPLAY_OTHER_POLICY);
    replay_close(&replay);

    begin("{'route_key':'*','limit':1,'window_seconds':60}");
    assert_int_equal(end_of(replaying_record("/c", "ada", REPLAYING_START_US)), REPLAY_DECIDED);
    assert_int_equal(end_of(replaying_record("/b/c", "ada", REPLAYING_START_US)),
                     REPLAY_OTHER_POLICY);
}

static void entries_without_what_is_needed_are_left_out_and_charge_nothing(void **state)
{
    static const struct limit_override other = {.limit = {"other", 5}, .quota = 4};
    struct record record = replaying_record("/a", "ada", REPLAYING_START_US);

    (void)state;
    begin("{'route_key':'/a','limit':1,'window_seconds':60}");
    record.degraded = true;
    assert_int_equal(end_of(record), REPLAY_DEGRADED);
    record.degraded = false;
    record.time_is_rounded = true;
    assert_int_equal(end_of(record), REPLAY_NO_TIME);
    record.time_is_rounded = false;
    record.time_us = LIMIT_TIME_US_MAX + 1;
    assert_int_equal(end_of(record), REPLAY_NO_TIME);
    record.time_us = REPLAYING_START_US;
    record.override_count = 1;
    record.overrides = &other;
    assert_int_equal(end_of(record), REPLAY_UNFIT);
    assert_true(is_allowed("/a", "ada", REPLAYING_START_US));
}

static void a_check_without_the_subjects_or_costs_of_a_limit_is_unfit(void **state)
{
    (void)state;
    begin("{'route_key':'/a','by':'org','limit':1,'window_seconds':60}");
    assert_int_equal(end_of(replaying_record("/a", "ada", REPLAYING_START_US)), REPLAY_UNFIT);
    replay_close(&replay);

    begin("{'route_key':'/a','counts':'tokens','limit':1,'window_seconds':60}");
    assert_int_equal(end_of(replaying_record("/a", "ada", REPLAYING_START_US)), REPLAY_UNFIT);
}

/* Anyone may have written an entry in Redis. */
static void a_strange_entry_is_replayed_or_left_out(void **state)
{
    static const struct {
        const char *members;
        enum replay_end end;
    } cases[] = {
        {"'user_id':'','cost':9007199254740991", REPLAY_DECIDED},
        {"'user_id':'ada','cost':9007199254740991,'granted':9007199254740991", REPLAY_DECIDED},
        {"'user_id':'ada','cost':-9007199254740991,'charge':true,'granted':0", REPLAY_CHARGED},
        {"'user_id':'ada','cost':9007199254740991,'charge':true", REPLAY_CHARGED},
        {"'ip':'nowhere','cost':0,'priority':'low'", REPLAY_DECIDED},
        {"'subjects':{'org':'acme'},'cost':1", REPLAY_UNFIT},
        {"'user_id':'ada','cost':1,'limit_overrides':{'default':9007199254740991}", REPLAY_DECIDED},
        {"'user_id':'ada','cost':1,'limit_overrides':{'other':1}", REPLAY_UNFIT},
    };

    (void)state;
    begin("{'route_key':'/a','limit':3,'window_seconds':60,'headroom':1}");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(end_of(read_record(cases[i].members)), cases[i].end);
    struct record record = read_record("'user_id':'ada','cost':1");
    record.route = (struct text){"", 0};
    assert_int_equal(end_of(record), REPLAY_OTHER_POLICY);
}

static void a_policy_that_is_switched_off_allows_everything(void **state)
{
    (void)state;
    begin("{'route_key':'/a','is_active':false,'limit':0,'window_seconds':60}");

    assert_true(is_allowed("/a", "ada", REPLAYING_START_US));
}

#define REPLAY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPLAY_TEST(counters_are_empty_at_first_and_go_by_the_times_of_the_log),
        REPLAY_TEST(only_the_limits_that_deny_are_told),
        REPLAY_TEST(windows_begin_where_those_of_the_log_did),
        REPLAY_TEST(a_period_is_that_of_the_entrys_time),
        REPLAY_TEST(a_charge_is_charged_and_given_back),
        REPLAY_TEST(the_terms_of_a_check_count),
        REPLAY_TEST(a_saved_policy_is_replaced_and_others_keep_their_entries),
        REPLAY_TEST(a_new_policy_has_the_place_that_its_identity_gives_it),
        REPLAY_TEST(entries_without_what_is_needed_are_left_out_and_charge_nothing),
        REPLAY_TEST(a_check_without_the_subjects_or_costs_of_a_limit_is_unfit),
        REPLAY_TEST(a_strange_entry_is_replayed_or_left_out),
        REPLAY_TEST(a_policy_that_is_switched_off_allows_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
