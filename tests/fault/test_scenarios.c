/* SPDX-License-Identifier: MIT
 *
 * Each scenario alone, with its own service; or all mixed at random, with one service, for some
 * time. `./dev fault` runs this. Usage: test_scenarios ENGINE [--strict | --seconds N] [PATTERN].
 *
 * An ordinary run without a pattern must be short: only on one engine it plays all of them. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "play.h"
#include "support/cmocka.h"
#include "support/random.h"

#include <fnmatch.h>

#define SECONDS         1 /* of a fault, in an ordinary run */
#define STRICT_SECONDS  4
#define MIX_SECONDS_MAX 5
#define ARGUMENTS_USAGE "usage: %s ENGINE [--strict | --seconds N] [PATTERN]\n"
#define PATTERN_BYTES   128
#define WHOLE_ENGINE    "redis_unix"
#define EVERYTHING      "*"

static struct {
    bool is_strict;
    int seconds; /* 0: not mixed */
    bool is_short;
    char pattern[PATTERN_BYTES];
    uint64_t seed;
} chosen = {.pattern = EVERYTHING};

/* Each scenario has its own Redis, so a test that fails cannot disturb others. */
static void play_one(void **state)
{
    const struct scenario *scenario = *state;
    void *world = NULL;
    struct stage stage;
    struct play one = {
        .stage = &stage,
        .scenarios = {scenario},
        .seconds = SECONDS,
        .is_strict = chosen.is_strict,
    };

    if (chosen.is_strict)
        one.seconds = scenario->strict_seconds > 0 ? scenario->strict_seconds : STRICT_SECONDS;
    (void)world_open_engine(&world);
    stage_open(&stage, world, scenario->network != FAULT_PROXY_PASS, chosen.seed);
    if (!scenario->at_start)
        stage_serve(&stage, false);
    play(&one);
    stage_close(&stage);
    (void)world_close(&world);
}

/* A random scenario that matches the pattern, between Redis and the service or in Redis; NULL if
 * there is none. */
static const struct scenario *pick(bool on_the_way)
{
    const struct scenario *matching[64];
    size_t count = 0;

    for (size_t i = 0; i < scenario_count; i++) {
        const struct scenario *scenario = &scenarios[i];
        if ((scenario->network != FAULT_PROXY_PASS) == on_the_way && !scenario->at_start &&
            fnmatch(chosen.pattern, scenario->name, 0) == 0)
            matching[count++] = scenario;
    }
    return count == 0 ? NULL : matching[random_below((int64_t)count)];
}

/* One fault in Redis, one between Redis and the service, or both at once. */
static void play_all_mixed(void **state)
{
    const int64_t until_us = clock_monotonic_us() + chosen.seconds * SECOND_US;
    void *world = NULL;
    struct stage stage;

    (void)state;
    (void)world_open_engine(&world);
    stage_open(&stage, world, true, chosen.seed);
    stage_serve(&stage, false);
    while (clock_monotonic_us() < until_us) {
        const struct scenario *in_redis = random_one_in(3) ? NULL : pick(false);
        const struct scenario *on_the_way =
            in_redis != NULL && random_one_in(2) ? NULL : pick(true);
        struct play mixed = {
            .stage = &stage,
            .scenarios = {in_redis == NULL ? on_the_way : in_redis,
                          in_redis == NULL ? NULL : on_the_way},
            .seconds = 1 + (int)random_below(MIX_SECONDS_MAX),
        };
        if (mixed.scenarios[0] != NULL)
            play(&mixed);
    }
    stage_close(&stage);
    (void)world_close(&world);
}

static void read_arguments(int argc, char *argv[])
{
    int used = 2;

    if (argc > used && strcmp(argv[used], "--strict") == 0) {
        chosen.is_strict = true;
        used++;
    } else if (argc > used + 1 && strcmp(argv[used], "--seconds") == 0) {
        chosen.seconds = (int)strtol(argv[used + 1], NULL, 10);
        used += 2;
    }
    if (argc > used)
        (void)snprintf(chosen.pattern, sizeof(chosen.pattern), "*%s*", argv[used++]);
    if (argc > used || chosen.seconds < 0) {
        (void)fprintf(stderr, ARGUMENTS_USAGE, argv[0]);
        exit(2);
    }
    world_choose_engine(argc < 2 ? argc : 2, argv);
    chosen.is_short = !chosen.is_strict && chosen.seconds == 0 &&
                      strcmp(chosen.pattern, EVERYTHING) == 0 && strcmp(argv[1], WHOLE_ENGINE) != 0;
}

/* Returns how many are played. */
static size_t list_tests(struct CMUnitTest *tests)
{
    size_t count = 0;

    for (size_t i = 0; i < scenario_count; i++) {
        if (chosen.is_short && !scenarios[i].differs)
            continue;
        tests[count] = (struct CMUnitTest){.name = scenarios[i].name, .test_func = play_one};
        memcpy(&tests[count++].initial_state, &(const void *){&scenarios[i]}, sizeof(void *));
    }
    return count;
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest mixed[] = {cmocka_unit_test(play_all_mixed)};
    struct CMUnitTest *tests = memory_new(scenario_count, sizeof(*tests));
    int failures;

    read_arguments(argc, argv);
    chosen.seed = random_seed();
    random_begin(chosen.seed);
    const size_t count = list_tests(tests);
    play_print_head();
    if (chosen.seconds > 0) {
        failures = cmocka_run_group_tests(mixed, NULL, NULL);
    } else {
        cmocka_set_test_filter(chosen.pattern);
        failures = _cmocka_run_group_tests("scenarios", tests, count, NULL, NULL);
    }
    free(tests);
    return service_report(failures);
}
