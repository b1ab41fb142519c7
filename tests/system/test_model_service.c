/* SPDX-License-Identifier: MIT
 *
 * Random histories through the whole service, in real time. Each answer is compared with the
 * reference model's. Many histories take turns, so time passes for each while the others are asked.
 *
 * SLUICE_TEST_SEED replays a run, except its times. SLUICE_MODEL_HISTORIES sets the number of
 * histories.
 *
 * A decision has bounds, by the clock of the engine. It was made before its answer arrived, and
 * after the request before it was sent on the same connection. Why that one: a worker reads its
 * clock once per turn. That may be a moment before the request arrives, but not before the worker
 * has answered the request before. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "service_answer.h"
#include "service_history.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/random.h"
#include "support/world.h"

#include <sodium.h>

#define HISTORIES  500
#define AT_ONCE    32
#define BODY_BYTES 1024
#define SECOND     SECOND_US

/* A history that runs through the service and the model. Its route is that of its place. */
struct course {
    struct service_history history;
    size_t next; /* the next operation */
    bool ends_in_doubt;
    uint64_t user;
    size_t route;
    int64_t policy_version;
    struct reference_band band;
    FILE *story; /* what has happened so far, printed when it fails */
    char *story_text;
    size_t story_bytes;
};

struct run {
    struct client *tenant;
    int64_t (*clock_us)(void);
    uint64_t seed;
    uint64_t histories;
    uint64_t begun;
    struct course *courses[AT_ONCE]; /* NULL: the place is free */
    const struct course *asked;      /* by the last request */
    int64_t sent_us;                 /* the last request */
    uint64_t answers;
    uint64_t exact;
};

static void histories_run(struct run *run);
static struct course *course_begin(struct run *run, size_t route);
static void course_step(struct run *run, struct course *course);
static void course_end(struct course *course);

static void policy_save(struct run *run, struct course *course);
static void limits_write_quoted(const struct reference_band *band, char text[static BODY_BYTES]);
static void check(struct run *run, struct course *course, int64_t cost);
static void check_batch(struct run *run, struct course *course, const int64_t costs[],
                        size_t count);
static void answer_compare(struct run *run, struct course *course, struct reference_instant instant,
                           json_t *body, int64_t cost);
static void reset(struct run *run, struct course *course);
static void edit(struct run *run, struct course *course, const struct service_operation *operation);

static const struct reply *ask(struct run *run, struct course *course, const char *path,
                               const char *body, struct reference_instant *instant);
NO_RETURN static void course_fail(struct run *run, struct course *course, const char *difference);

static void the_service_answers_as_the_model(void **state)
{
    const struct world *world = *state;
    const char *histories = getenv("SLUICE_MODEL_HISTORIES");
    struct run run = {
        .tenant = tenant_new(world->service),
        .clock_us = world->redis == NULL ? clock_monotonic_us : clock_wall_us,
        .seed = random_seed(),
        .histories = histories == NULL ? HISTORIES : strtoull(histories, NULL, 10),
    };

    histories_run(&run);

    print_message("%llu of %llu answers were known exactly\n", (unsigned long long)run.exact,
                  (unsigned long long)run.answers);
    assert_true(run.exact > run.answers / 4);
    client_free(run.tenant);
}

static void histories_run(struct run *run)
{
    size_t running = 0;

    run->sent_us = run->clock_us();
    do {
        running = 0;
        for (size_t i = 0; i < AT_ONCE; i++) {
            struct course **course = &run->courses[i];

            if (*course == NULL && run->begun < run->histories)
                *course = course_begin(run, i);
            if (*course == NULL)
                continue;
            running++;
            course_step(run, *course);
            if ((*course)->next < SERVICE_HISTORY_OPERATIONS)
                continue;
            course_end(*course);
            *course = NULL;
        }
    } while (running > 0);
}

static struct course *course_begin(struct run *run, size_t route)
{
    struct course *course = MEMORY_NEW(struct course);
    struct service_history *history = &course->history;

    course->user = run->begun++;
    course->route = route;
    course->story = open_memstream(&course->story_text, &course->story_bytes);
    ASSERT(course->story != NULL);
    random_begin(run->seed + course->user);
    service_history_make(history);
    course->band.count = history->limit_count;
    memcpy(course->band.limits, history->limits, sizeof(history->limits));
    policy_save(run, course);
    return course;
}

static void course_step(struct run *run, struct course *course)
{
    const struct service_operation *operation = &course->history.operations[course->next];

    if (course->ends_in_doubt) {
        reset(run, course);
        return;
    }
    course->next++;
    switch (operation->kind) {
    case SERVICE_CHECK:
        check(run, course, operation->costs[0]);
        break;
    case SERVICE_BATCH:
        check_batch(run, course, operation->costs, operation->count);
        break;
    case SERVICE_RESET:
        reset(run, course);
        break;
    case SERVICE_EDIT:
    case SERVICE_ANEW:
        edit(run, course, operation);
        break;
    }
}

static void course_end(struct course *course)
{
    (void)fclose(course->story);
    free(course->story_text);
    free(course);
}

static void policy_save(struct run *run, struct course *course)
{
    char limits[BODY_BYTES];
    char body[BODY_BYTES + 64];

    limits_write_quoted(&course->band, limits);
    (void)snprintf(body, sizeof(body), "{'route_key':'/%zu','limits':[%s]}", course->route, limits);
    const struct reply *reply = ask(run, course, "/policy", body, NULL);
    if (reply->status != 200 && reply->status != 201)
        course_fail(run, course, "the policy must be saved");
    course->policy_version = reply_integer(reply, "policy.version");
}

static void limits_write_quoted(const struct reference_band *band, char text[static BODY_BYTES])
{
    size_t length = 0;

    for (size_t i = 0; i < band->count; i++) {
        const struct reference_limit *limit = &band->limits[i];

        length += (size_t)snprintf(text + length, BODY_BYTES - length,
                                   "%s{'algorithm':'%s','limit':%lld,'window_seconds':%lld",
                                   i == 0 ? "" : ",", reference_algorithm_name(limit->algorithm),
                                   (long long)limit->quota, (long long)(limit->window_us / SECOND));
        if (reference_has_burst(limit->algorithm))
            length += (size_t)snprintf(text + length, BODY_BYTES - length, ",'burst':%lld",
                                       (long long)limit->burst);
        length += (size_t)snprintf(text + length, BODY_BYTES - length, "}");
    }
}

static void check(struct run *run, struct course *course, int64_t cost)
{
    char body[BODY_BYTES];
    struct reference_instant instant;

    (void)snprintf(body, sizeof(body), "{'user_id':'%llu','route_key':'/%zu','cost':%lld}",
                   (unsigned long long)course->user, course->route, (long long)cost);
    const struct reply *reply = ask(run, course, "/check", body, &instant);
    if (reply->status != (json_is_true(reply_at(reply, "allowed")) ? 200 : 429))
        course_fail(run, course, "the status must be 200 or 429, as `allowed` is");
    reference_band_begin(&course->band, instant);
    answer_compare(run, course, instant, reply->json, cost);
}

static void check_batch(struct run *run, struct course *course, const int64_t costs[], size_t count)
{
    char body[BODY_BYTES] = "{'checks':[";
    size_t length = strlen(body);
    struct reference_instant instant;

    for (size_t i = 0; i < count; i++) {
        length += (size_t)snprintf(body + length, sizeof(body) - length,
                                   "{'user_id':'%llu','route_key':'/%zu','cost':%lld}%s",
                                   (unsigned long long)course->user, course->route,
                                   (long long)costs[i], i + 1 < count ? "," : "]}");
    }
    const struct reply *reply = ask(run, course, "/check/batch", body, &instant);
    json_t *results = reply_at(reply, "results");
    if (reply->status != 200 || json_array_size(results) != count)
        course_fail(run, course, "each check must be answered");
    reference_band_begin(&course->band, instant);
    for (size_t i = 0; i < count && !course->ends_in_doubt; i++)
        answer_compare(run, course, instant, json_array_get(results, i), costs[i]);
}

/* Only a charge at the end of a fixed window leaves the model in doubt. */
static void answer_compare(struct run *run, struct course *course, struct reference_instant instant,
                           json_t *body, int64_t cost)
{
    struct reference_band *band = &course->band;
    struct reference_band_answer answers[REFERENCE_LIMITS_MAX];
    char difference[SERVICE_DIFFERENCE_BYTES];
    bool charged = service_answer_is_charge(body, cost);
    bool is_exact = true;

    if (json_integer_value(json_object_get(body, "policy_version")) != course->policy_version)
        course_fail(run, course, "policy_version must be that of the policy");
    course->ends_in_doubt = charged && reference_band_is_in_doubt(band, instant);
    run->answers++;
    if (course->ends_in_doubt)
        return;
    reference_band_ask(band, instant, cost, charged, answers);
    if (!service_answer_holds(body, band, answers, difference))
        course_fail(run, course, difference);
    for (size_t i = 0; i < band->count; i++)
        is_exact = is_exact && answers[i].may_allow != answers[i].may_deny &&
                   answers[i].remaining.min == answers[i].remaining.max;
    run->exact += is_exact ? 1 : 0;
    if (charged)
        reference_band_charge(band, instant, cost);
}

static void reset(struct run *run, struct course *course)
{
    char body[BODY_BYTES];
    struct reference_instant instant;
    struct reference_bounds must;

    (void)snprintf(body, sizeof(body), "{'user_id':'%llu','route_key':'/%zu'}",
                   (unsigned long long)course->user, course->route);
    const struct reply *reply = ask(run, course, "/reset", body, &instant);
    int64_t counters = reply_integer(reply, "reset");

    must = reference_band_forget(&course->band, instant);
    if (course->ends_in_doubt)
        must.max = (int64_t)course->band.count;
    course->ends_in_doubt = false;
    if (counters != must.min && counters != must.max) {
        course_fail(run, course,
                    must.max == 0 ? "there must be nothing to reset"
                                  : "there must be something to reset");
    }
}

static void edit(struct run *run, struct course *course, const struct service_operation *operation)
{
    struct reference_band *band = &course->band;

    if (operation->kind == SERVICE_EDIT) {
        reference_band_edit(band, operation->which, operation->limit);
    } else {
        struct reference_band afresh = {.count = band->count};

        memcpy(afresh.limits, band->limits, sizeof(afresh.limits));
        afresh.limits[operation->which] = operation->limit;
        *band = afresh;
    }
    policy_save(run, course);
}

/* POST. Between two requests of one history there is always another request. So the second decision
 * comes after the first answer. */
static const struct reply *ask(struct run *run, struct course *course, const char *path,
                               const char *body, struct reference_instant *instant)
{
    if (run->asked == course) {
        run->sent_us = run->clock_us();
        EXPECT(client_get(run->tenant, "/livez"), 200, NULL);
    }
    int64_t sent_before_us = run->sent_us;

    run->asked = course;
    run->sent_us = run->clock_us();
    const struct reply *reply = client_post(run->tenant, path, "%s", body);
    int64_t now_us = run->clock_us();
    if (instant != NULL)
        *instant = (struct reference_instant){sent_before_us, now_us};
    (void)fprintf(course->story, "%lld..%lld us: %s %s\n    %d %s\n", (long long)sent_before_us,
                  (long long)now_us, path, body, reply->status, reply->body);
    return reply;
}

NO_RETURN static void course_fail(struct run *run, struct course *course, const char *difference)
{
    (void)fflush(course->story);
    (void)fputs(course->story_text, stderr); /* too long for print_error() */
    fail_msg("the service differs from the model: %s\n"
             "replay with SLUICE_TEST_SEED=%llu SLUICE_MODEL_HISTORIES=%llu",
             difference, (unsigned long long)run->seed, (unsigned long long)run->histories);
    abort();
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_answers_as_the_model),
    };

    if (sodium_init() < 0)
        return 1;
    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
