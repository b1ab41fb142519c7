/* SPDX-License-Identifier: MIT
 *
 * Random histories through the whole service, in real time. Each answer is compared with the
 * reference model's. Many histories take turns, so time passes for each while the others are asked.
 * With Redis a second instance decides some of the checks. For a moment after an edit it does so by
 * the version before: the answer tells by which. Some periods of a calendar end meanwhile.
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
#include "service_check.h"
#include "service_history.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/random.h"
#include "support/world.h"

#include <sodium.h>

#define CLOCKS_APART_US 100
#define HISTORIES       500
#define AT_ONCE         32
#define BODY_BYTES      2048
#define ALL_SUBJECTS    ((1U << REFERENCE_SUBJECTS) - 1)
#define USER            1U

/* A history that runs through the service and the model, on a route of its own. */
struct course {
    struct service_history history;
    size_t next; /* the next operation */
    bool ends_in_doubt;
    unsigned doubted; /* the values of the last check, if it does */
    uint64_t route;
    size_t version_count;
    struct reference_policy versions[1 + SERVICE_HISTORY_OPERATIONS]; /* the first is version 1 */
    struct reference_band band;
    FILE *story; /* what has happened so far, printed when it fails */
    char *story_text;
    size_t story_bytes;
};

struct run {
    struct client *tenant;
    struct client *elsewhere; /* of the second service; NULL: there is none */
    int64_t (*clock_us)(void);
    uint64_t seed;
    uint64_t histories;
    uint64_t begun;
    struct course *courses[AT_ONCE]; /* NULL: the place is free */
    const struct course *asked;      /* by the last request */
    int64_t sent_us;                 /* the last request */
    int64_t ahead_us;                /* then: the clock on the wall minus that of the engine */
    uint64_t answers;
    uint64_t exact;
    uint64_t late; /* by a version before the latest */
};

static void histories_run(struct run *run);
static struct course *course_begin(struct run *run);
static void course_step(struct run *run, struct course *course);
static void course_end(struct run *run, struct course *course);

static void policy_save(struct run *run, struct course *course,
                        const struct reference_policy *policy);
static void check(struct run *run, struct course *course,
                  const struct service_operation *operation);
static bool asks_elsewhere(const struct run *run, const struct course *course,
                           const struct service_operation *operation);
static const struct reference_policy *latest_of(const struct course *course);
static void answer_compare(struct run *run, struct course *course,
                           const struct service_operation *operation, size_t which,
                           struct reference_instant instant, json_t *body);
static struct reference_policy policy_bind(const struct run *run,
                                           const struct reference_policy *policy, bool is_low);
static void part_compare(struct run *run, struct course *course, json_t *body,
                         struct reference_band_check *check);
static void reset(struct run *run, struct course *course, unsigned values, unsigned given);

static const struct reply *ask(struct run *run, struct client *client, struct course *course,
                               const char *path, const char *body,
                               struct reference_instant *instant);
static int64_t wall_is_ahead_us(const struct run *run);
NO_RETURN static void course_fail(struct run *run, struct course *course, const char *difference);

static void the_service_answers_as_the_model(void **state)
{
    const struct world *world = *state;
    const char *histories = getenv("SLUICE_MODEL_HISTORIES");
    struct run run = {
        .tenant = tenant_new(world->service),
        .clock_us = world->redis_url == NULL ? clock_monotonic_us : clock_wall_us,
        .seed = random_seed(),
        .histories = histories == NULL ? HISTORIES : strtoull(histories, NULL, 10),
    };

    if (world->second != NULL)
        run.elsewhere = tenant_at_second(world, run.tenant);
    histories_run(&run);

    print_message("%llu of %llu answers were known exactly, %llu were by an old version\n",
                  (unsigned long long)run.exact, (unsigned long long)run.answers,
                  (unsigned long long)run.late);
    assert_true(run.exact > run.answers / 4);
    client_free(run.tenant);
    client_free(run.elsewhere);
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
                *course = course_begin(run);
            if (*course == NULL)
                continue;
            running++;
            course_step(run, *course);
            if ((*course)->next < SERVICE_HISTORY_OPERATIONS)
                continue;
            course_end(run, *course);
            *course = NULL;
        }
    } while (running > 0);
}

static struct course *course_begin(struct run *run)
{
    struct course *course = MEMORY_NEW(struct course);

    course->route = run->begun++;
    course->story = open_memstream(&course->story_text, &course->story_bytes);
    ASSERT(course->story != NULL);
    random_begin(run->seed + course->route);
    service_history_make(&course->history);
    policy_save(run, course, &course->history.policy);
    return course;
}

static void course_step(struct run *run, struct course *course)
{
    const struct service_operation *operation = &course->history.operations[course->next];

    if (course->ends_in_doubt) {
        reset(run, course, course->doubted, ALL_SUBJECTS);
        return;
    }
    course->next++;
    switch (operation->kind) {
    case SERVICE_CHECK:
    case SERVICE_BATCH:
    case SERVICE_CHARGE:
        check(run, course, operation);
        break;
    case SERVICE_RESET:
        reset(run, course, operation->values, operation->given);
        break;
    case SERVICE_EDIT:
        policy_save(run, course, &operation->policy);
        break;
    }
}

static void course_end(struct run *run, struct course *course)
{
    EXPECT(client_delete(run->tenant, "/policy", "{'route_key':'/%llu'}",
                         (unsigned long long)course->route),
           200, NULL);
    (void)fclose(course->story);
    free(course->story_text);
    free(course);
}

static void policy_save(struct run *run, struct course *course,
                        const struct reference_policy *policy)
{
    char body[BODY_BYTES] = "";
    FILE *out = fmemopen(body, sizeof(body), "w");

    (void)fprintf(out, "{'route_key':'/%llu','limits':[", (unsigned long long)course->route);
    reference_policy_write_quoted(policy, out);
    (void)fputs("]}", out);
    (void)fclose(out);
    course->versions[course->version_count++] = *policy;
    const struct reply *reply = ask(run, run->tenant, course, "/policy", body, NULL);
    if (reply->status != 200 && reply->status != 201)
        course_fail(run, course, "the policy must be saved");
    if (reply_integer(reply, "policy.version") != (int64_t)course->version_count)
        course_fail(run, course, "each save must make the next version");
}

/* A second service that does not know the policy yet has decided nothing. */
static void check(struct run *run, struct course *course, const struct service_operation *operation)
{
    static const char *const paths[] = {
        [SERVICE_CHECK] = "/check",
        [SERVICE_BATCH] = "/check/batch",
        [SERVICE_CHARGE] = "/charge",
    };
    const bool is_batch = operation->kind == SERVICE_BATCH;
    const bool is_elsewhere = asks_elsewhere(run, course, operation);
    char body[BODY_BYTES] = "";
    FILE *out = fmemopen(body, sizeof(body), "w");
    struct reference_instant instant;

    (void)fputs(is_batch ? "{'checks':[" : "", out);
    for (size_t i = 0; i < operation->count; i++) {
        (void)fputs(i == 0 ? "" : ",", out);
        service_check_write_quoted(operation, i, latest_of(course), course->route, out);
    }
    (void)fputs(is_batch ? "]}" : "", out);
    (void)fclose(out);
    const struct reply *reply = ask(run, is_elsewhere ? run->elsewhere : run->tenant, course,
                                    paths[operation->kind], body, &instant);

    reference_band_begin(&course->band, instant);
    if (!is_batch) {
        if (is_elsewhere && reply->status == 404)
            return;
        if (reply->status != (json_is_true(reply_at(reply, "allowed")) ? 200 : 429))
            course_fail(run, course, "the status must be 200 or 429, as `allowed` is");
        answer_compare(run, course, operation, 0, instant, reply->json);
        return;
    }
    json_t *results = reply_at(reply, "results");
    if (reply->status != 200 || json_array_size(results) != operation->count)
        course_fail(run, course, "each check must be answered");
    for (size_t i = 0; i < operation->count && !course->ends_in_doubt; i++) {
        json_t *result = json_array_get(results, i);

        if (!is_elsewhere || json_integer_value(json_object_get(result, "status")) != 404)
            answer_compare(run, course, operation, i, instant, result);
    }
}

/* A version before the latest may not have the limits whose quotas it says. */
static bool asks_elsewhere(const struct run *run, const struct course *course,
                           const struct service_operation *operation)
{
    return operation->is_elsewhere && run->elsewhere != NULL &&
           operation->terms.override_count == 0 &&
           !service_check_is_partial(operation, latest_of(course));
}

static const struct reference_policy *latest_of(const struct course *course)
{
    return &course->versions[course->version_count - 1];
}

/* If this leaves the model in doubt, the counters are reset before the next operation. */
static void answer_compare(struct run *run, struct course *course,
                           const struct service_operation *operation, size_t which,
                           struct reference_instant instant, json_t *body)
{
    struct reference_band *band = &course->band;
    struct reference_band_answer answers[REFERENCE_LIMITS_MAX];
    char difference[SERVICE_DIFFERENCE_BYTES];
    const size_t latest = course->version_count;
    const size_t version = (size_t)json_integer_value(json_object_get(body, "policy_version"));
    bool is_exact = true;

    if (version > latest || version < (asks_elsewhere(run, course, operation) ? 1 : latest))
        course_fail(run, course, "policy_version must be that of the policy");
    const struct reference_policy policy =
        reference_policy_under(&course->versions[version - 1], &operation->terms);
    const struct reference_policy bound = policy_bind(run, &policy, operation->terms.is_low);
    const struct service_question question = {&policy, operation->values, operation->terms.is_low};
    struct reference_band_check check = {
        .policy = &bound,
        .values = operation->values,
        .instant = instant,
        .charged = json_is_true(json_object_get(body, "allowed")),
        .is_after_the_fact = operation->kind == SERVICE_CHARGE,
    };

    if (check.is_after_the_fact && !check.charged)
        course_fail(run, course, "nothing can deny a charge");
    run->late += version < latest ? 1 : 0;
    memcpy(check.costs, operation->costs[which], sizeof(check.costs));
    course->ends_in_doubt = reference_band_is_in_doubt(band, &check);
    course->doubted = operation->values;
    run->answers++;
    if (course->ends_in_doubt && version < latest)
        course->next = SERVICE_HISTORY_OPERATIONS; /* a reset may not reach its counters */
    if (course->ends_in_doubt)
        return;
    if (service_check_is_partial(operation, latest_of(course)))
        part_compare(run, course, body, &check);
    else if (json_object_get(body, "granted") != NULL)
        course_fail(run, course, "`granted` must be there only for a part");
    reference_band_ask(band, &check, answers);
    if (!service_answer_holds(body, &question, answers, difference))
        course_fail(run, course, difference);
    for (size_t i = 0; i < check.policy->count; i++)
        is_exact = is_exact && answers[i].may_allow != answers[i].may_deny &&
                   answers[i].remaining.min == answers[i].remaining.max;
    run->exact += is_exact ? 1 : 0;
    if (check.charged)
        reference_band_charge(band, &check);
}

/* As the engine finds it. The clock on the wall is not put back here. */
static struct reference_policy policy_bind(const struct run *run,
                                           const struct reference_policy *policy, bool is_low)
{
    struct reference_policy bound = *policy;

    for (size_t i = 0; i < bound.count; i++) {
        if (is_low)
            bound.limits[i].limit = reference_limit_for_low(&policy->limits[i]);
        bound.limits[i].limit.ahead_us = run->ahead_us;
        bound.limits[i].limit.unknown_us = INT64_MAX;
    }
    return bound;
}

/* What is granted must be what fits all limits. The costs become that or, if it is nothing, 1. */
static void part_compare(struct run *run, struct course *course, json_t *body,
                         struct reference_band_check *check)
{
    int64_t *cost = &check->costs[check->policy->limits[0].measure];
    const json_t *granted = json_object_get(body, "granted");
    const int64_t part = json_integer_value(granted);
    struct reference_band_answer answers[REFERENCE_LIMITS_MAX];
    struct reference_band_check look = *check;
    struct reference_bounds must = {*cost, *cost};

    memset(look.costs, 0, sizeof(look.costs));
    look.charged = false;
    reference_band_ask(&course->band, &look, answers);
    for (size_t i = 0; i < check->policy->count; i++) {
        if (must.min > answers[i].remaining.min)
            must.min = answers[i].remaining.min;
        if (must.max > answers[i].remaining.max)
            must.max = answers[i].remaining.max;
    }
    if (!json_is_integer(granted) || part < must.min || part > must.max)
        course_fail(run, course, "`granted` must be what fits");
    if (*cost > 0 && check->charged != (part > 0))
        course_fail(run, course, "it must be allowed if any is granted");
    if (*cost > 0)
        *cost = part > 0 ? part : 1;
}

/* With all limits of these subjects, those that all callers share, too. Without the user, limits
 * that do not say by whom they count are those of the address. */
static void reset(struct run *run, struct course *course, unsigned values, unsigned given)
{
    const unsigned subjects = (values & REFERENCE_NO_USER) == 0 ? given
                              : given == USER                   ? ALL_SUBJECTS & ~USER
                                                                : given & ~USER;
    char body[BODY_BYTES] = "";
    FILE *out = fmemopen(body, sizeof(body), "w");
    struct reference_instant instant;
    struct reference_band_check check = {
        .policy = latest_of(course),
        .values = values | ((subjects & USER) == 0 ? REFERENCE_NO_USER : 0),
    };

    (void)fprintf(
        out, "{'route_key':'/%llu','shared':true,'subjects':", (unsigned long long)course->route);
    reference_values_write_quoted(subjects, values, out);
    (void)fputs("}", out);
    (void)fclose(out);
    const struct reply *reply = ask(run, run->tenant, course, "/reset", body, &instant);
    const int64_t counters = reply_integer(reply, "reset");

    check.instant = instant;
    struct reference_bounds must = reference_band_forget(&course->band, &check, subjects);
    if (course->ends_in_doubt)
        must = (struct reference_bounds){.max = (int64_t)check.policy->count};
    course->ends_in_doubt = false;
    if (reply->status != 200 || counters < must.min || counters > must.max) {
        course_fail(run, course,
                    must.max == 0 ? "there must be nothing to reset"
                                  : "there must be something to reset");
    }
}

/* POST. Between two requests of one history there is always another request. So the second decision
 * comes after the first answer. */
static const struct reply *ask(struct run *run, struct client *client, struct course *course,
                               const char *path, const char *body,
                               struct reference_instant *instant)
{
    if (run->asked == course) {
        run->sent_us = run->clock_us();
        EXPECT(client_get(run->tenant, "/livez"), 200, NULL);
    }
    int64_t sent_before_us = run->sent_us;

    run->asked = course;
    run->sent_us = run->clock_us();
    run->ahead_us = wall_is_ahead_us(run);
    const struct reply *reply = client_post(client, path, "%s", body);
    int64_t now_us = run->clock_us();
    if (instant != NULL)
        *instant = (struct reference_instant){sent_before_us, now_us};
    (void)fprintf(course->story, "%lld..%lld us: %s %s\n    %d %s\n", (long long)sent_before_us,
                  (long long)now_us, path, body, reply->status, reply->body);
    return reply;
}

/* Two clocks cannot be read at once. If this thread stood still in between, they are read again. */
static int64_t wall_is_ahead_us(const struct run *run)
{
    int64_t before_us, wall_us, after_us;

    do {
        before_us = run->clock_us();
        wall_us = clock_wall_us();
        after_us = run->clock_us();
    } while (after_us - before_us > CLOCKS_APART_US);
    return run->clock_us == clock_wall_us ? 0 : wall_us - before_us;
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
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
