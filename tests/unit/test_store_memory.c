/* SPDX-License-Identifier: MIT */
#include "store/store_memory.h"

#include "base/clock.h"
#include "base/memory.h"
#include "limit/algorithm.h"
#include "state_copy.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>
#include <sodium.h>

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define START_US  (1000 * SECOND_US)

#define THREADS 8

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

static struct digest subject_number(int64_t number)
{
    static const struct digest_key key = {{1}};
    const struct text part = {(const char *)&number, sizeof number};

    return digest_of(&key, &part, 1);
}

static struct limit window(int64_t quota, int64_t window_us)
{
    return (struct limit){
        .name = "window",
        .algorithm = ALGORITHM_FIXED_WINDOW,
        .quota = quota,
        .window_us = window_us,
        .burst = quota,
    };
}

static struct take take_of(int64_t subject, const struct limit limits[], size_t count, int64_t cost)
{
    return (struct take){
        .key = {.subject = subject_number(subject), .policy_id = 7, .layout = 1},
        .limits = limits,
        .limit_count = count,
        .cost = cost,
        .now_us = START_US,
    };
}

static struct take take_by(uint32_t tenant, int64_t subject, const struct limit limits[],
                           size_t count)
{
    struct take take = take_of(subject, limits, count, 1);

    take.key.tenant = tenant;
    return take;
}

static bool allows(struct memory_table *table, const struct take *take)
{
    struct outcome outcome;

    memory_table_take(table, take, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
    assert_int_equal(outcome.count, take->limit_count);
    return outcome.allowed;
}

static int64_t remaining(struct memory_table *table, struct take take, size_t limit)
{
    struct outcome outcome;

    take.cost = 0;
    memory_table_take(table, &take, &outcome);
    return outcome.at[limit].remaining;
}

/* Takes 1 from each of `count` subjects, the first one being number `first`. */
static void take_from_subjects(struct memory_table *table, int64_t first, int64_t count,
                               const struct limit *limit, int64_t now_us)
{
    for (int64_t i = 0; i < count; i++) {
        struct take take = take_of(first + i, limit, 1, 1);

        take.now_us = now_us;
        assert_true(allows(table, &take));
    }
}

static void the_tenant_does_not_choose_the_counter(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = window(1, MINUTE_US);
    struct take take = take_by(1, 1, &limit, 1);
    struct take same = take_by(2, 1, &limit, 1);

    (void)state;
    assert_true(allows(table, &take));

    assert_false(allows(table, &same));
    assert_int_equal(memory_table_usage(table).counters, 1);
    memory_table_free(table);
}

static void the_quota_is_allowed_and_no_more(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = window(3, MINUTE_US);
    struct take take = take_of(1, &limit, 1, 1);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(allows(table, &take));
    assert_false(allows(table, &take));

    take.now_us += MINUTE_US;
    assert_true(allows(table, &take));
    memory_table_free(table);
}

static void several_limits_are_charged_all_or_none(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limits[] = {window(10, MINUTE_US), window(3, MINUTE_US)};
    struct take take = take_of(1, limits, 2, 1);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(allows(table, &take));
    assert_false(allows(table, &take));

    assert_int_equal(remaining(table, take, 0), 7);
    assert_int_equal(remaining(table, take, 1), 0);
    memory_table_free(table);
}

static void subjects_policies_and_layouts_are_counted_apart(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = window(1, MINUTE_US);
    struct take take = take_of(1, &limit, 1, 1);
    struct take other_subject = take_of(2, &limit, 1, 1);
    struct take other_policy = take;
    struct take other_layout = take;

    (void)state;
    other_policy.key.policy_id++;
    other_layout.key.layout++;

    assert_true(allows(table, &take));
    assert_true(allows(table, &other_subject));
    assert_true(allows(table, &other_policy));
    assert_true(allows(table, &other_layout));
    assert_false(allows(table, &take));
    assert_int_equal(memory_table_usage(table).counters, 4);
    memory_table_free(table);
}

static void looks_and_denials_take_no_memory(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit closed = window(0, MINUTE_US);
    struct limit open = window(5, MINUTE_US);
    struct take denied = take_of(1, &closed, 1, 1);
    struct take look = take_of(2, &open, 1, 0);

    (void)state;
    assert_false(allows(table, &denied));
    assert_true(allows(table, &look));

    assert_int_equal(memory_table_usage(table).counters, 0);
    memory_table_free(table);
}

static void forgetting_a_subject_gives_it_everything_back(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limits[] = {window(1, MINUTE_US), window(2, MINUTE_US)};
    struct take take = take_of(1, limits, 2, 1);
    struct outcome outcome;

    (void)state;
    assert_true(allows(table, &take));
    assert_false(allows(table, &take));

    memory_table_forget(table, &take, &outcome);

    assert_int_equal(outcome.status, TAKE_DONE);
    assert_int_equal(outcome.count, 2);
    assert_int_equal(memory_table_usage(table).counters, 0);
    assert_true(allows(table, &take));
    memory_table_free(table);
}

static void forgetting_what_is_unknown_or_expired_counts_nothing(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = window(1, MINUTE_US);
    struct take take = take_of(1, &limit, 1, 1);
    struct outcome outcome;

    (void)state;
    memory_table_forget(table, &take, &outcome);
    assert_int_equal(outcome.count, 0);

    assert_true(allows(table, &take));
    take.now_us += MINUTE_US;
    memory_table_forget(table, &take, &outcome);
    assert_int_equal(outcome.count, 0);
    memory_table_free(table);
}

static void growing_keeps_every_counter(void **state)
{
    struct memory_table *table = memory_table_new(100000);
    struct limit limit = window(1, MINUTE_US);
    size_t bytes = memory_table_usage(table).bytes;

    (void)state;
    take_from_subjects(table, 0, 20000, &limit, START_US);

    assert_true(memory_table_usage(table).bytes > 4 * bytes);
    for (int64_t i = 0; i < 20000; i++)
        assert_int_equal(remaining(table, take_of(i, &limit, 1, 1), 0), 0);
    memory_table_free(table);
}

static void ten_times_the_subjects_stay_within_the_bound_and_evictions_are_counted(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = window(1, MINUTE_US);

    (void)state;
    take_from_subjects(table, 0, 10240, &limit, START_US);

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(usage.counters, 1024);
    assert_int_equal(usage.evictions, 10240 - 1024);
    memory_table_free(table);
}

/* A few hot subjects with short windows, against floods of new subjects with the longest ones. */

#define VICTIM_TENANT   1
#define VICTIM_SUBJECTS 20
#define VICTIM_QUOTA    5
#define FLOOD_TENANT    100
#define FLOOD_COUNTERS  8192

struct flood {
    size_t victim_limits;
    size_t limits;    /* in each take of the flood */
    uint32_t tenants; /* that it comes from, in turn */
};

static size_t victims_allowed(struct memory_table *table, const struct limit limits[], size_t count,
                              int64_t now_us)
{
    size_t allowed = 0;

    for (int64_t subject = 0; subject < VICTIM_SUBJECTS; subject++) {
        struct take take = take_by(VICTIM_TENANT, subject, limits, count);

        take.now_us = now_us;
        allowed += allows(table, &take);
    }
    return allowed;
}

/* The victims ask all the time: what they get in a window shows every counter that they lost. */
static void assert_flood_is_survived(const struct flood *flood)
{
    struct memory_table *table = memory_table_new(FLOOD_COUNTERS);
    struct limit brief[LIMITS_MAX];
    struct limit endless[LIMITS_MAX];
    int64_t takes = 20 * FLOOD_COUNTERS / (int64_t)flood->limits;
    size_t allowed = 0;

    for (size_t i = 0; i < LIMITS_MAX; i++) {
        brief[i] = window(VICTIM_QUOTA, MINUTE_US);
        endless[i] = window(VICTIM_QUOTA, LIMIT_WINDOW_S_MAX * SECOND_US);
    }
    for (int64_t i = 0; i < takes; i++) {
        uint32_t tenant = FLOOD_TENANT + (uint32_t)i % flood->tenants;
        struct take take = take_by(tenant, 1000 + i, endless, flood->limits);

        take.now_us = START_US + i * (MINUTE_US - 1) / takes;
        assert_true(allows(table, &take));
        if (i % 100 == 0)
            allowed += victims_allowed(table, brief, flood->victim_limits, take.now_us);
    }

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(allowed, VICTIM_SUBJECTS * VICTIM_QUOTA);
    assert_int_equal(usage.counters, FLOOD_COUNTERS);
    assert_int_equal(usage.evictions,
                     20 * FLOOD_COUNTERS + VICTIM_SUBJECTS * flood->victim_limits - FLOOD_COUNTERS);
    memory_table_free(table);
}

static void a_flood_by_one_tenant_leaves_the_limits_of_another_exact(void **state)
{
    (void)state;
    assert_flood_is_survived(&(struct flood){.victim_limits = 1, .limits = 1, .tenants = 1});
    assert_flood_is_survived(&(struct flood){.victim_limits = 8, .limits = 1, .tenants = 1});
}

static void a_flood_of_takes_with_many_limits_leaves_the_limits_of_another_exact(void **state)
{
    (void)state;
    assert_flood_is_survived(&(struct flood){.victim_limits = 1, .limits = 8, .tenants = 1});
    assert_flood_is_survived(&(struct flood){.victim_limits = 8, .limits = 8, .tenants = 1});
}

static void a_flood_by_many_tenants_leaves_the_limits_of_a_small_one_exact(void **state)
{
    (void)state;
    assert_flood_is_survived(&(struct flood){.victim_limits = 1, .limits = 1, .tenants = 20});
}

static void a_new_tenant_finds_room_in_a_full_table(void **state)
{
    struct memory_table *table = memory_table_new(FLOOD_COUNTERS);
    struct limit endless = window(VICTIM_QUOTA, LIMIT_WINDOW_S_MAX * SECOND_US);
    struct limit brief = window(VICTIM_QUOTA, MINUTE_US);

    (void)state;
    for (int64_t i = 0; i < 2 * FLOOD_COUNTERS; i++) {
        struct take take = take_by(FLOOD_TENANT, 1000 + i, &endless, 1);

        assert_true(allows(table, &take));
    }

    for (size_t i = 0; i < VICTIM_QUOTA; i++)
        assert_int_equal(victims_allowed(table, &brief, 1, START_US), VICTIM_SUBJECTS);
    assert_int_equal(victims_allowed(table, &brief, 1, START_US), 0);
    memory_table_free(table);
}

static void expired_counters_make_room_without_an_eviction(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit brief = window(1, SECOND_US);
    struct limit limit = window(1, MINUTE_US);

    (void)state;
    take_from_subjects(table, 0, 10240, &brief, START_US);
    uint64_t evictions = memory_table_usage(table).evictions;

    take_from_subjects(table, 20000, 64, &limit, START_US + 3 * SECOND_US);

    assert_int_equal(memory_table_usage(table).evictions, evictions);
    memory_table_free(table);
}

static void a_take_of_several_limits_survives_in_a_full_table(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = window(1, MINUTE_US);
    struct limit limits[LIMITS_MAX];

    (void)state;
    for (size_t i = 0; i < LIMITS_MAX; i++)
        limits[i] = window(5, SECOND_US); /* expire sooner than all around them */
    take_from_subjects(table, 0, 10240, &limit, START_US);

    for (int64_t subject = 20000; subject < 20100; subject++) {
        struct take take = take_of(subject, limits, LIMITS_MAX, 1);

        assert_true(allows(table, &take));
        for (size_t i = 0; i < LIMITS_MAX; i++)
            assert_int_equal(remaining(table, take, i), 4);
    }
    memory_table_free(table);
}

static void a_full_table_costs_at_most_96_bytes_per_counter(void **state)
{
    struct memory_table *table = memory_table_new(65536);
    struct limit limit = window(1, MINUTE_US);

    (void)state;
    take_from_subjects(table, 0, 2 * 65536, &limit, START_US);

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(usage.counters, 65536);
    assert_true(usage.bytes <= 96 * usage.counters);
    memory_table_free(table);
}

static void a_table_that_grows_costs_at_most_96_bytes_per_counter(void **state)
{
    struct memory_table *table = memory_table_new(1 << 20);
    struct limit limit = window(1, MINUTE_US);

    (void)state;
    for (int64_t subjects = 20000; subjects <= 200000; subjects += 10000) {
        take_from_subjects(table, subjects - 10000, 10000, &limit, START_US);
        struct memory_table_usage usage = memory_table_usage(table);
        assert_true(usage.counters >= (size_t)subjects - 10000);
        assert_true(usage.bytes <= 96 * usage.counters);
    }
    memory_table_free(table);
}

static void a_counter_costs_no_more_when_each_has_a_tenant_of_its_own(void **state)
{
    struct memory_table *table = memory_table_new(65536);
    struct limit limit = window(1, MINUTE_US);

    (void)state;
    for (uint32_t i = 0; i < 2 * 65536; i++) {
        struct take take = take_by(i, i, &limit, 1);

        assert_true(allows(table, &take));
    }

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(usage.counters, 65536);
    assert_true(usage.bytes <= 96 * usage.counters);
    memory_table_free(table);
}

static void memory_of_expired_counters_is_used_again(void **state)
{
    struct memory_table *table = memory_table_new(100000);
    struct limit limit = window(1, SECOND_US);

    (void)state;
    for (int64_t i = 0; i < 100000; i++)
        take_from_subjects(table, i, 1, &limit, START_US + i * 1000);

    /* A thousand live at a time. */
    struct memory_table_usage usage = memory_table_usage(table);
    assert_true(usage.counters < 8000);
    assert_true(usage.bytes < 100000 * 64 / 2);
    assert_int_equal(usage.evictions, 0);
    memory_table_free(table);
}

static void using_the_table_sweeps_out_what_has_expired(void **state)
{
    struct memory_table *table = memory_table_new(100000);
    struct limit limit = window(1, SECOND_US);

    (void)state;
    take_from_subjects(table, 0, 2000, &limit, START_US);
    assert_int_equal(memory_table_usage(table).counters, 2000);

    for (int64_t i = 0; i < 20000; i++) {
        struct take look = take_of(i, &limit, 1, 0);

        look.now_us = START_US + 3 * SECOND_US;
        assert_true(allows(table, &look));
    }

    assert_int_equal(memory_table_usage(table).counters, 0);
    memory_table_free(table);
}

static void what_has_expired_does_not_weigh_on_a_changed_limit(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = window(10, SECOND_US);
    struct take take = take_of(1, &limit, 1, 10);

    (void)state;
    limit.algorithm = ALGORITHM_TOKEN_BUCKET;
    assert_true(allows(table, &take));

    limit.quota = 1; /* at this rate the bucket would not be full for 10 s */
    take.now_us += SECOND_US;

    assert_int_equal(remaining(table, take, 0), 10);
    memory_table_free(table);
}

static void the_engine_answers_at_once(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct store *store = store_memory_new(table);
    struct limit limit = window(1, MINUTE_US);
    struct take take = take_of(1, &limit, 1, 1);
    struct outcome outcome;

    (void)state;
    assert_true(store_is_ready(store));
    assert_int_equal(store_take(store, &take, &outcome, NULL, NULL), STORE_NOW);
    assert_true(outcome.allowed);
    assert_int_equal(store_take(store, &take, &outcome, NULL, NULL), STORE_NOW);
    assert_false(outcome.allowed);
    assert_int_equal(store_forget(store, &take, &outcome, NULL, NULL), STORE_NOW);
    assert_int_equal(outcome.count, 1);
    store_free(store);
    memory_table_free(table);
}

/* Threads */

#define SHARED_QUOTA   5000
#define SHARED_TAKES   1500
#define SHARED_SUBJECT 1

struct race {
    struct memory_table *table;
    atomic_int seen[SHARED_QUOTA]; /* how often `remaining` had this value */
    atomic_int allowed;
};

/* Takes from one subject, and in between from new ones, so that the stripe grows meanwhile. */
static void *race_run(void *context)
{
    static atomic_int next_subject = 1000;
    struct race *race = context;
    struct limit limit = window(SHARED_QUOTA, MINUTE_US);

    for (int i = 0; i < SHARED_TAKES; i++) {
        struct take shared = take_of(SHARED_SUBJECT, &limit, 1, 1);
        struct take own = take_of(atomic_fetch_add(&next_subject, 1), &limit, 1, 1);
        struct outcome outcome;

        memory_table_take(race->table, &own, &outcome);
        memory_table_take(race->table, &shared, &outcome);
        if (outcome.allowed) {
            atomic_fetch_add(&race->allowed, 1);
            atomic_fetch_add(&race->seen[outcome.at[0].remaining], 1);
        }
    }
    return NULL;
}

static void threads_together_get_exactly_the_quota(void **state)
{
    struct race *race = MEMORY_NEW(struct race);
    pthread_t threads[THREADS];

    (void)state;
    race->table = memory_table_new(100000);

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_run, race), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    assert_int_equal(race->allowed, SHARED_QUOTA);
    for (size_t i = 0; i < SHARED_QUOTA; i++)
        assert_int_equal(race->seen[i], 1);
    memory_table_free(race->table);
    free(race);
}

/* Random histories against a model: every counter there could be, in an array. */

#define HISTORIES      40
#define HISTORY_STEPS  5000
#define MODEL_SUBJECTS 150
#define MODEL_POLICIES 3
#define MODEL_LIMITS   4

struct model_counter {
    struct limit_state state;
    int64_t expires_us;
};

struct model {
    uint64_t random;
    int64_t latest_us;
    struct limit limits[MODEL_POLICIES][MODEL_LIMITS];
    struct model_counter counters[MODEL_SUBJECTS][MODEL_POLICIES][MODEL_LIMITS];
};

static int64_t random_below(struct model *model, int64_t bound)
{
    uint64_t mixed = model->random += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((mixed ^ mixed >> 31) % (uint64_t)bound);
}

static struct limit random_limit(struct model *model)
{
    struct limit limit = window(random_below(model, 20), SECOND_US * (1 + random_below(model, 10)));

    limit.algorithm = (enum algorithm_id)random_below(model, ALGORITHM_COUNT);
    if (algorithm_of(limit.algorithm)->has_burst)
        limit.burst = limit.quota + random_below(model, 10);
    return limit;
}

static void model_take(struct model_counter counters[], const struct take *take,
                       struct outcome *outcome)
{
    struct limit_state states[LIMITS_MAX] = {0};
    int64_t keep_us[LIMITS_MAX] = {0};

    for (size_t i = 0; i < take->limit_count; i++) {
        if (counters[i].expires_us > take->now_us)
            states[i] = counters[i].state;
    }
    decide(take->limits, take->limit_count, states, take->now_us, take->cost, outcome, keep_us);
    if (!outcome->allowed || take->cost == 0)
        return;
    for (size_t i = 0; i < take->limit_count; i++) {
        if (counters[i].state.logged.log != states[i].logged.log)
            state_close(&take->limits[i], &counters[i].state);
        counters[i].state = states[i];
        if (counters[i].expires_us < take->now_us + keep_us[i])
            counters[i].expires_us = take->now_us + keep_us[i];
    }
}

static void model_forget(struct model_counter counters[], const struct take *take,
                         struct outcome *outcome)
{
    bool any = false;

    for (size_t i = 0; i < take->limit_count; i++) {
        any |= counters[i].expires_us > take->now_us;
        state_close(&take->limits[i], &counters[i].state);
        counters[i].expires_us = 0;
    }
    *outcome = (struct outcome){.status = TAKE_DONE, .count = any ? take->limit_count : 0};
}

static bool same_outcome(const struct limit_outcome *a, const struct limit_outcome *b)
{
    return a->allowed == b->allowed && a->never == b->never && a->remaining == b->remaining &&
           a->reset_us == b->reset_us && a->retry_us == b->retry_us && a->delay_us == b->delay_us;
}

/* Mostly forward, now and then by a lot; sometimes a clock is behind the others. */
static int64_t random_time(struct model *model)
{
    model->latest_us += random_below(model, 100) == 0 ? random_below(model, 20 * SECOND_US)
                                                      : random_below(model, SECOND_US / 100);
    return model->latest_us - (random_below(model, 4) == 0 ? random_below(model, SECOND_US) : 0);
}

static void history_step(struct model *model, struct memory_table *table, uint64_t seed)
{
    int64_t subject = random_below(model, MODEL_SUBJECTS);
    int64_t policy = random_below(model, MODEL_POLICIES);
    struct model_counter *counters = model->counters[subject][policy];
    struct take take =
        take_of(subject, model->limits[policy], 1 + (size_t)policy, random_below(model, 8));
    struct outcome expected;
    struct outcome outcome;

    take.key.policy_id = (uint64_t)policy;
    take.now_us = random_time(model);
    if (random_below(model, 20) == 0) {
        model_forget(counters, &take, &expected);
        memory_table_forget(table, &take, &outcome);
        if (outcome.count != expected.count)
            fail_msg("seed %" PRIu64 ": forget counts %zu, not %zu", seed, outcome.count,
                     expected.count);
        return;
    }
    model_take(counters, &take, &expected);
    memory_table_take(table, &take, &outcome);
    for (size_t i = 0; i < take.limit_count; i++) {
        if (outcome.allowed != expected.allowed || !same_outcome(&outcome.at[i], &expected.at[i]))
            fail_msg("seed %" PRIu64 ": subject %" PRId64 " limit %zu differs", seed, subject, i);
    }
}

static void model_free(struct model *model)
{
    for (size_t subject = 0; subject < MODEL_SUBJECTS; subject++) {
        for (size_t i = 0; i < MODEL_POLICIES * MODEL_LIMITS; i++) {
            size_t policy = i / MODEL_LIMITS;
            size_t which = i % MODEL_LIMITS;

            state_close(&model->limits[policy][which],
                        &model->counters[subject][policy][which].state);
        }
    }
    free(model);
}

static void random_histories_agree_with_a_plain_model(void **state)
{
    uint64_t first_seed = (uint64_t)clock_wall_us();

    (void)state;
    print_message("seed %" PRIu64 "\n", first_seed);
    for (uint64_t seed = first_seed; seed < first_seed + HISTORIES; seed++) {
        struct model *model = MEMORY_NEW(struct model);
        struct memory_table *table = memory_table_new(65536);

        model->random = seed;
        model->latest_us = START_US;
        for (size_t i = 0; i < MODEL_POLICIES * MODEL_LIMITS; i++)
            model->limits[i / MODEL_LIMITS][i % MODEL_LIMITS] = random_limit(model);
        for (int step = 0; step < HISTORY_STEPS; step++)
            history_step(model, table, seed);
        assert_int_equal(memory_table_usage(table).evictions, 0);
        memory_table_free(table);
        model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quota_is_allowed_and_no_more),
        cmocka_unit_test(the_tenant_does_not_choose_the_counter),
        cmocka_unit_test(several_limits_are_charged_all_or_none),
        cmocka_unit_test(subjects_policies_and_layouts_are_counted_apart),
        cmocka_unit_test(looks_and_denials_take_no_memory),
        cmocka_unit_test(forgetting_a_subject_gives_it_everything_back),
        cmocka_unit_test(forgetting_what_is_unknown_or_expired_counts_nothing),
        cmocka_unit_test(growing_keeps_every_counter),
        cmocka_unit_test(ten_times_the_subjects_stay_within_the_bound_and_evictions_are_counted),
        cmocka_unit_test(a_flood_by_one_tenant_leaves_the_limits_of_another_exact),
        cmocka_unit_test(a_flood_of_takes_with_many_limits_leaves_the_limits_of_another_exact),
        cmocka_unit_test(a_flood_by_many_tenants_leaves_the_limits_of_a_small_one_exact),
        cmocka_unit_test(a_new_tenant_finds_room_in_a_full_table),
        cmocka_unit_test(expired_counters_make_room_without_an_eviction),
        cmocka_unit_test(a_take_of_several_limits_survives_in_a_full_table),
        cmocka_unit_test(a_full_table_costs_at_most_96_bytes_per_counter),
        cmocka_unit_test(a_table_that_grows_costs_at_most_96_bytes_per_counter),
        cmocka_unit_test(a_counter_costs_no_more_when_each_has_a_tenant_of_its_own),
        cmocka_unit_test(memory_of_expired_counters_is_used_again),
        cmocka_unit_test(using_the_table_sweeps_out_what_has_expired),
        cmocka_unit_test(what_has_expired_does_not_weigh_on_a_changed_limit),
        cmocka_unit_test(the_engine_answers_at_once),
        cmocka_unit_test(threads_together_get_exactly_the_quota),
        cmocka_unit_test(random_histories_agree_with_a_plain_model),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
