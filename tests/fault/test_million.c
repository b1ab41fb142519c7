/* SPDX-License-Identifier: MIT
 *
 * Hostile apps that have checked a million different users in a year, beside a good app, and the
 * memory that all this takes. Usage: test_million memory|redis_unix|redis_tcp [--strict [PATTERN]].
 *
 * With --strict it is a million, the table in memory has its default size, and Redis has 64 MB.
 * Without it all is smaller. Nothing depends on the machine's speed. */
#include "good_app.h"
#include "hostile_app.h"
#include "room.h"
#include "strict.h"

#include "base/clock.h"
#include "support/cmocka.h"
#include "support/wait.h"

#define ROUNDS_MAX      200
#define WAIT_SECONDS    60
#define CHECKS_IN_BATCH 1000
#define SEVERAL         3
#define KIB             1024.0
#define MIB             (1024 * KIB)

/* Named so that `./dev fault subjects` finds them. */
#define SUBJECTS(test)                                                                             \
    {                                                                                              \
        "subjects: " #test, test, NULL, NULL, NULL                                                 \
    }

/* The fields of usage in Redis, per instance: 171 hours of minutes, and 92 days of hours. */
#define USAGE_FIELDS (171 * 60 + 92 * 24)

struct size {
    long subjects;
    const char *memory_counters;
    const char *redis_counters; /* per app */
    const char *redis_bytes;
    int seconds; /* per round */
};

static const struct size calm = {60000, "20000", "12000", "7mb", 1};
static const struct size full = {1500000, "1000000", "200000", "64mb", 5};

/* The sum of all rounds. */
struct sum {
    long asked; /* how many subjects the hostile apps have checked */
    long quota; /* how many of them were refused because the app had no room */
    long degraded;
    long good;
    long good_refused;
    long good_degraded;
};

static const struct size *size = &calm;
static const struct hostility_figure calls_refused = {"sluice_store_calls_total",
                                                      "result=\"refused\""};
static const struct hostility_figure evictions = {"sluice_memory_evictions_total", ""};
static const struct hostility_figure counters_refused = {"sluice_counters_refused_total", ""};

static void print_sum(const struct siege *siege, const struct sum *sum)
{
    print_message("  %d hostile, %d rounds: %ld subjects asked for, %ld counters, %ld told quota, "
                  "%ld degraded\n",
                  siege->app_count, siege->rounds, sum->asked,
                  sum->asked - sum->quota - sum->degraded, sum->quota, sum->degraded);
    print_message("  the good app: %ld checks meanwhile, %ld refused, %ld degraded; %s\n",
                  sum->good, sum->good_refused, sum->good_degraded, siege->remark);
}

/* The good app gets new counters, and its policies are saved. */
static void expect_served(struct siege *siege, struct client *good, const char *where)
{
    char user[32];

    (void)snprintf(user, sizeof(user), "new-%d", siege->rounds);
    const struct reply *reply = client_check(good, user, "/a");
    if (reply->status != 200 || reply_at(reply, "degraded") != NULL)
        siege_miss(siege, "a new counter%s: %d %.200s", where, reply->status, reply->body);
    reply = good_saves_policy(good, user, "/saved");
    if (reply->status != 200 && reply->status != 201)
        siege_miss(siege, "a policy%s: %d %.200s", where, reply->status, reply->body);
}

static void good_goes_on(struct siege *siege)
{
    if (siege->world->redis != NULL && siege->world->second == NULL) {
        const int64_t begun_us = clock_monotonic_us();
        siege_add_second(siege);
        print_message("  an instance that starts meanwhile knows the good app after %.0f ms\n",
                      (double)(clock_monotonic_us() - begun_us) / 1e3);
    }
    expect_served(siege, siege->good, "");
    if (siege->good_elsewhere != NULL)
        expect_served(siege, siege->good_elsewhere, " elsewhere");
    good_expects_used_up(siege);
}

static void open_siege(struct siege *siege, const struct hostility *row)
{
    static struct siege_options options = {.connections = 16};

    options.seconds_beside = size->seconds;
    siege_open(siege, row, &options);
    if (siege->world->redis != NULL)
        room_limit(siege->world->redis, size->redis_bytes);
    row->prepare(siege);
}

static long count_told(const struct siege *siege, const char *code)
{
    const struct answer_sum *told = &siege->hostile.told;
    long count = 0;

    for (size_t i = 0; i < told->kind_count; i++) {
        if (strcmp(told->kinds[i].code, code) == 0)
            count += told->kinds[i].count;
    }
    return count;
}

static void besiege_until_asked(struct siege *siege, long subjects, struct sum *sum)
{
    *sum = (struct sum){0};
    while (sum->asked < subjects) {
        const struct load_summary *good = &siege->beside[SIEGE_CHECKS];

        if (siege->rounds == ROUNDS_MAX)
            fail_msg("%d rounds were not enough", ROUNDS_MAX);
        siege_besiege(siege, siege->world->service);
        sum->asked += siege->hostile.answered * CHECKS_IN_BATCH;
        sum->quota += count_told(siege, "quota");
        sum->degraded += siege->hostile.degraded;
        sum->good += good->checks;
        sum->good_refused += siege_refused(good);
        sum->good_degraded += good->degraded;
    }
}

static void expect_unharmed(struct siege *siege, const struct sum *sum)
{
    if (sum->good == 0 || sum->good_refused > 0 || sum->good_degraded > 0)
        siege_miss(siege, "of %ld checks of the good app %ld were refused, %ld degraded", sum->good,
                   sum->good_refused, sum->good_degraded);
    siege_judge(siege);
}

static void close_siege(struct siege *siege)
{
    siege_close(siege);
    if (siege->misses[0] != '\0')
        fail_msg("%s", siege->misses);
}

static void expect_room(struct siege *siege)
{
    room_print(siege->world->redis, "afterwards");
    if (room_was_full(siege->world->redis))
        siege_miss(siege, "Redis was full");
    if (siege_figure(siege, &calls_refused) > 0)
        siege_miss(siege, "Redis has refused calls");
}

static void a_million_subjects_of_one_app_take_nothing_from_another(void **state)
{
    static struct siege siege;
    struct sum sum;
    const struct hostility row = {
        .flags = {"--memory-counters-max", size->memory_counters},
        .prepare = hostile_add_and_use_up,
        .write_request = hostile_ask_batch_of_new_users,
        .manner = "repeats",
        .meanwhile = good_goes_on,
        .told = {{200, "-"}},
        .figure = evictions,
    };

    (void)state;
    open_siege(&siege, &row);
    besiege_until_asked(&siege, size->subjects, &sum);
    good_goes_on(&siege);

    print_sum(&siege, &sum);
    print_message("  the service: %.0f counters were dropped before they had expired\n",
                  siege_figure(&siege, &evictions));
    expect_unharmed(&siege, &sum);
    close_siege(&siege);
}

static void a_million_subjects_of_one_app_leave_room_in_redis(void **state)
{
    static struct siege siege;
    struct sum sum;
    const struct hostility row = {
        .flags = {"--counters-per-app-max", size->redis_counters},
        .prepare = hostile_add_and_use_up,
        .write_request = hostile_ask_batch_of_new_users,
        .manner = "repeats",
        .meanwhile = good_goes_on,
        .told = {{200, "quota"}},
        .figure = counters_refused,
    };

    (void)state;
    open_siege(&siege, &row);
    const double before = room_used_bytes(siege.world->redis);
    room_print(siege.world->redis, "before");
    besiege_until_asked(&siege, size->subjects, &sum);
    good_goes_on(&siege);

    print_sum(&siege, &sum);
    print_message("  a counter takes %.0f bytes, with all else that has come\n",
                  (room_used_bytes(siege.world->redis) - before) / (double)(sum.asked - sum.quota));
    expect_room(&siege);
    expect_unharmed(&siege, &sum);
    close_siege(&siege);
}

/* The longest possible names, of users without a counter, and more routes than are counted
 * apart. */
static void ask_by_many_names(struct siege *siege, int app, FILE *requests)
{
    hostile_ask_batch_of_long_names(siege, app, requests);
    hostile_ask_batch_of_new_routes(siege, app, requests);
}

static void log_and_usage_of_one_app_leave_room_in_redis(void **state)
{
    static struct siege siege;
    const struct hostility row = {
        .has_second = true,
        .flags = {"--counters-per-app-max", size->redis_counters},
        .prepare = hostile_add_any_route,
        .write_request = ask_by_many_names,
        .manner = "repeats",
        .told = {{200, "-"}},
    };
    double entries = 0;
    double fields = 0;

    (void)state;
    open_siege(&siege, &row);
    room_print(siege.world->redis, "before");
    siege_besiege(&siege, siege.world->service);
    siege_besiege(&siege, siege.world->second);
    /* Each instance has its own fields. */
    WAIT_FOR (WAIT_SECONDS,
              room_of_largest(siege.world->redis, "sluice:usage:*:hours:*", "HLEN", &fields) > 0 &&
                  fields > 1)
        ;

    const double log = room_of_largest(siege.world->redis, "sluice:log:*", "XLEN", &entries);
    const double usage = room_of_largest(siege.world->redis, "sluice:usage:*", "HLEN", &fields);
    print_message("  the log: %.2f MiB, %.0f entries\n", log / MIB, entries);
    print_message("  usage: %.1f KiB per minute or hour and instance, so %.1f MiB when the "
                  "first of it expires\n",
                  usage / fields / KIB, usage / fields * USAGE_FIELDS / MIB);
    expect_room(&siege);
    siege_judge(&siege);
    close_siege(&siege);
}

static bool is_decided_by_redis(struct client *client)
{
    const struct reply *reply = client_check(client, "back", "/a");

    return reply->status == 200 && reply_at(reply, "degraded") == NULL;
}

static void expect_recovered(struct siege *siege)
{
    room_limit(siege->world->redis, "0");
    WAIT_FOR (WAIT_SECONDS,
              is_decided_by_redis(siege->good) && is_decided_by_redis(siege->good_elsewhere))
        ;
    expect_served(siege, siege->good, "");
    expect_served(siege, siege->good_elsewhere, " elsewhere");
    good_expects_used_up(siege);
}

/* Prints what is not judged. */
static void print_without_room(struct siege *siege)
{
    struct client *stranger = stranger_new(siege->world->service);

    const struct reply *reply = good_saves_policy(siege->good, NULL, NULL);
    print_message("  a policy of the good app: %d %s\n", reply->status,
                  reply_text(reply, "detail"));
    reply = client_post(stranger, "/register", "{'name':'Late'}");
    print_message("  a registration: %d %s\n", reply->status, reply_text(reply, "detail"));
    reply = client_check(siege->good, "0-0", "/once");
    print_message("  a used-up counter: %d%s\n", reply->status,
                  reply_at(reply, "degraded") == NULL ? "" : ", degraded");
    client_free(stranger);
}

/* Three budgets are more than this Redis has, as docs/budgets.md says. */
static void a_redis_that_apps_have_filled_takes_no_counter_from_anybody(void **state)
{
    static struct siege siege;
    struct sum sum;
    const struct hostility row = {
        .apps = SEVERAL,
        .flags = {"--counters-per-app-max", size->redis_counters},
        .prepare = hostile_add_and_use_up,
        .write_request = hostile_ask_batch_of_new_users,
        .manner = "repeats",
    };

    (void)state;
    open_siege(&siege, &row);
    besiege_until_asked(&siege, size->subjects, &sum);

    print_sum(&siege, &sum);
    room_print(siege.world->redis, "afterwards");
    print_without_room(&siege);
    if (!room_was_full(siege.world->redis))
        siege_miss(&siege, "Redis was not full");
    if (sum.good_refused > 0)
        siege_miss(&siege, "%ld of %ld checks of the good app were refused", sum.good_refused,
                   sum.good);
    siege_add_second(&siege);
    print_message("  an instance that starts is ready and knows the good app\n");
    expect_recovered(&siege);
    print_message("  with more memory: %s; refusals in the log: %d\n", siege.remark,
                  service_count_events(siege.world->service, "redis refused a decision"));
    close_siege(&siege);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest in_memory[] = {
        SUBJECTS(a_million_subjects_of_one_app_take_nothing_from_another),
    };
    const struct CMUnitTest in_redis[] = {
        SUBJECTS(a_million_subjects_of_one_app_leave_room_in_redis),
        SUBJECTS(log_and_usage_of_one_app_leave_room_in_redis),
        SUBJECTS(a_redis_that_apps_have_filled_takes_no_counter_from_anybody),
    };

    size = strict_read_arguments(argc, argv) ? &full : &calm;
    return service_report(strcmp(argv[1], "memory") == 0
                              ? cmocka_run_group_tests(in_memory, NULL, NULL)
                              : cmocka_run_group_tests(in_redis, NULL, NULL));
}
