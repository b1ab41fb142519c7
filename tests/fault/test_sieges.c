/* SPDX-License-Identifier: MIT
 *
 * Each resource that tenants share, besieged by one of them: what the good app is answered is
 * neither refused nor degraded by the other, and that one is told what it is refused:
 * test_sieges memory|redis_unix|redis_tcp [--strict [--before BINARY] [PATTERN]].
 *
 * With --strict the good app is watched alone first, and its 99th percentile beside the other is
 * held against what is promised. With --before each resource is besieged at an older binary, too,
 * which is printed and not judged. */
#include "siege.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "support/cmocka.h"

/* What is promised: so many times what it is alone, or this, whichever is more. */
#define SLOWER_MAX 3
#define SLOW_US    (20 * MILLISECOND_US)

#define NAME_WIDTH "40"
#define NAME_BYTES 64

static const struct siege_options calm = {
    .connections = 80,
    .seconds_beside = 2,
    .redis_timeout_ms = "250",
    .policies = 500,
};
static const struct siege_options full = {
    .connections = 256,
    .seconds_alone = 3,
    .seconds_beside = 5,
    .redis_timeout_ms = "50",
    .policies = 1000,
};

static struct {
    bool is_strict;
    const char *after;  /* binaries */
    const char *before; /* or NULL */
    char pattern[128];
} chosen = {.pattern = "*"};

static void print_head(void)
{
    print_message("%-" NAME_WIDTH "s  %-27s  %-6s  %17s  %17s  %7s  %8s  %s\n", "besieged",
                  "the good app's", "binary", "alone p50 p99 ms", "beside p50 p99 ms", "refused",
                  "degraded", "the hostile app was told");
}

static void print_told(const struct siege *siege, FILE *out)
{
    const struct answer_sum *told = &siege->hostile.told;

    for (size_t i = 0; i < told->kind_count; i++) {
        const struct answer_kind *kind = &told->kinds[i];
        (void)fprintf(out, "%s", i == 0 ? "" : ", ");
        if (kind->status == 0)
            (void)fprintf(out, "closed %ld", kind->count);
        else if (strcmp(kind->code, "-") == 0)
            (void)fprintf(out, "%d %ld", kind->status, kind->count);
        else
            (void)fprintf(out, "%d %s %ld", kind->status, kind->code, kind->count);
    }
    if (siege->remark[0] != '\0')
        (void)fprintf(out, "; %s", siege->remark);
}

static double percentile_ms(const struct load_summary *summary, double share)
{
    return summary->took_count == 0 ? 0 : (double)load_percentile_us(summary, share) / 1e3;
}

static void print_row(const struct siege *siege, int asked, const char *binary)
{
    const struct load_summary *alone = &siege->alone[asked];
    const struct load_summary *beside = &siege->beside[asked];
    char *told = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&told, &length);

    assert_non_null(out);
    print_told(siege, out);
    assert_int_equal(fclose(out), 0);
    print_message("%-" NAME_WIDTH "s  %-27s  %-6s  %8.1f %8.1f  %8.1f %8.1f  %7ld  %8ld  %s\n",
                  siege->row->name, asked == SIEGE_CHECKS ? "check" : siege->row->also, binary,
                  percentile_ms(alone, 0.5), percentile_ms(alone, 0.99), percentile_ms(beside, 0.5),
                  percentile_ms(beside, 0.99), siege_refused(beside), beside->degraded,
                  asked == SIEGE_CHECKS ? told : "");
    free(told);
}

static void print_siege(const struct siege *siege, const char *binary)
{
    print_row(siege, SIEGE_CHECKS, binary);
    if (siege->row->also != NULL)
        print_row(siege, SIEGE_ALSO, binary);
}

static void judge_times(struct siege *siege)
{
    for (int i = 0; i < SIEGE_ASKS; i++) {
        const double alone_ms = percentile_ms(&siege->alone[i], 0.99);
        const double beside_ms = percentile_ms(&siege->beside[i], 0.99);
        const double promised_ms = SLOWER_MAX * alone_ms > (double)SLOW_US / 1e3
                                       ? SLOWER_MAX * alone_ms
                                       : (double)SLOW_US / 1e3;
        if (beside_ms > promised_ms)
            siege_miss(siege, "99 %% within %.1f ms, promised is %.1f ms", beside_ms, promised_ms);
    }
}

static void a_good_app_is_served_as_if_it_were_alone(void **state)
{
    static struct siege siege;
    const struct hostility *row = *state;
    const struct siege_options *options = chosen.is_strict ? &full : &calm;

    if (chosen.before != NULL) {
        struct siege_options older = *options;
        older.is_killed = true;
        assert_int_equal(setenv("SLUICE_BINARY", chosen.before, 1), 0);
        siege_play(&siege, row, &older);
        print_siege(&siege, "before");
        assert_int_equal(setenv("SLUICE_BINARY", chosen.after, 1), 0);
    }
    siege_play(&siege, row, options);
    print_siege(&siege, "after");
    if (chosen.is_strict)
        judge_times(&siege);
    if (siege.misses[0] != '\0')
        fail_msg("%s", siege.misses);
}

static void read_arguments(int argc, char *argv[])
{
    int used = 2;

    if (argc > used && strcmp(argv[used], "--strict") == 0) {
        chosen.is_strict = true;
        used++;
    }
    if (argc > used + 1 && strcmp(argv[used], "--before") == 0) {
        chosen.before = argv[used + 1];
        used += 2;
    }
    if (argc > used)
        (void)snprintf(chosen.pattern, sizeof(chosen.pattern), "*%s*", argv[used++]);
    world_choose_engine(argc < 2 || argc > used ? 0 : 2, argv);
    chosen.after = getenv("SLUICE_BINARY");
}

int main(int argc, char *argv[])
{
    struct CMUnitTest *tests = memory_new(hostility_count, sizeof(*tests));
    char(*names)[NAME_BYTES] = memory_new(hostility_count, sizeof(*names));
    size_t count = 0;

    read_arguments(argc, argv);
    const enum hostility_engines engine = strcmp(argv[1], "memory") == 0 ? ON_MEMORY : ON_REDIS;
    for (size_t i = 0; i < hostility_count; i++) {
        if ((hostilities[i].engines & engine) == 0)
            continue;
        (void)snprintf(names[i], sizeof(names[i]), "shares: %s", hostilities[i].name);
        tests[count] = (struct CMUnitTest){.name = names[i],
                                           .test_func = a_good_app_is_served_as_if_it_were_alone};
        memcpy(&tests[count++].initial_state, &(const void *){&hostilities[i]}, sizeof(void *));
    }
    cmocka_set_test_filter(chosen.pattern);
    print_head();
    const int failures = _cmocka_run_group_tests("sieges", tests, count, NULL, NULL);
    free(names);
    free(tests);
    return service_report(failures);
}
