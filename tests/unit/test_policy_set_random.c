/* SPDX-License-Identifier: MIT
 *
 * Random sets of policies and random checks. A naive matcher ranks each policy that applies; the
 * set must find the one of the best rank, and tell that it looked for it last.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "limit/policy_set.h"

#include "base/arena.h"
#include "support/cmocka.h"
#include "support/random.h"

#define SETS         3000
#define CHECKS       20 /* per set */
#define POLICIES_MAX 40
#define ROUTE_BYTES  8

/* What a check asks for. */
struct asked {
    char route[ROUTE_BYTES];
    struct text role;
    size_t count;
    struct subject subjects[SUBJECTS_MAX];
};

/* How the steps of a match went. */
struct told {
    const struct policy_set *set;
    size_t steps;
    bool was_found;
    struct policy_identity last;
};

static const char *const names[] = {"a", "ip", "org", "team", "user", "zone"};
static const char *const values[] = {"v", "w"};
static const char *const roles[] = {"default", "gold", "silver"};

static struct arena arena;

static const char *one_of(const char *const words[], size_t count)
{
    return words[random_below((int64_t)count)];
}

/* A few letters, so that routes and prefixes meet often. */
static void random_route(char route[ROUTE_BYTES], bool may_be_prefix)
{
    size_t length = (size_t)random_below(ROUTE_BYTES - 2) + 1;

    for (size_t i = 0; i < length; i++)
        route[i] = (char)('x' + random_below(2));
    if (may_be_prefix && random_one_in(2))
        route[length - 1] = '*';
    route[length] = '\0';
}

static struct policy *random_policy(void)
{
    struct policy *policy = ARENA_NEW(&arena, struct policy);
    char route[ROUTE_BYTES];

    random_route(route, true);
    policy->identity.route_key = text_copy(&arena, text_of(route));
    policy->identity.role = text_of(one_of(roles, ARRAY_COUNT(roles)));
    if (!random_one_in(4)) {
        policy->identity.subject.name = text_of(one_of(names, ARRAY_COUNT(names)));
        policy->identity.subject.value = text_of(one_of(values, ARRAY_COUNT(values)));
    }
    return policy;
}

static size_t random_policies(struct policy *policies[POLICIES_MAX])
{
    size_t wanted = (size_t)random_below(POLICIES_MAX) + 1;
    size_t count = 0;

    for (size_t i = 0; i < wanted; i++) {
        struct policy *policy = random_policy();
        bool is_there = false;

        for (size_t other = 0; other < count; other++)
            is_there |= policy_identity_equal(&policies[other]->identity, &policy->identity);
        if (!is_there)
            policies[count++] = policy;
    }
    return count;
}

static struct asked random_check(void)
{
    struct asked asked = {.count = 0};

    random_route(asked.route, false);
    if (!random_one_in(4))
        asked.role = text_of(random_one_in(4) ? "bronze" : one_of(roles, ARRAY_COUNT(roles)));
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (random_one_in(2))
            asked.subjects[asked.count++] =
                (struct subject){text_of(names[i]), text_of(one_of(values, ARRAY_COUNT(values)))};
    }
    return asked;
}

/* The exact route is better than any prefix. -1: it does not match. */
static int route_rank(struct text route_key, const char *route)
{
    struct text prefix = {route_key.at, route_key.length - 1};

    if (text_equal(route_key, text_of(route)))
        return ROUTE_BYTES;
    if (route_key.at[prefix.length] == '*' && text_starts_with(text_of(route), prefix))
        return (int)prefix.length;
    return -1;
}

/* -1: it is not one of the check's. */
static int subject_rank(const struct subject *subject, const struct asked *asked)
{
    if (subject_is_absent(subject))
        return 0;
    for (size_t i = 0; i < asked->count; i++) {
        if (!subject_equal(&asked->subjects[i], subject))
            continue;
        if (text_equal(subject->name, TEXT("ip")))
            return 1;
        if (text_equal(subject->name, TEXT("user")))
            return 2 + SUBJECTS_MAX;
        return 1 + SUBJECTS_MAX - (int)i;
    }
    return -1;
}

/* -1: it is another role. */
static int role_rank(struct text role, struct text asked)
{
    if (text_equal(role, TEXT("default")))
        return 0;
    return text_equal(role, asked) ? 1 : -1;
}

static int rank(const struct policy_identity *identity, const struct asked *asked)
{
    const int route = route_rank(identity->route_key, asked->route);
    const int subject = subject_rank(&identity->subject, asked);
    const int role = role_rank(identity->role, asked->role);

    return route < 0 || subject < 0 || role < 0 ? -1 : (route * 100 + subject) * 2 + role;
}

static const struct policy *match_naively(struct policy *const policies[], size_t count,
                                          const struct asked *asked)
{
    const struct policy *best = NULL;
    int best_rank = -1;

    for (size_t i = 0; i < count; i++) {
        int its_rank = rank(&policies[i]->identity, asked);

        if (its_rank > best_rank) {
            best = policies[i];
            best_rank = its_rank;
        }
    }
    return best;
}

static void on_tried(void *context, const struct policy_tried *tried)
{
    struct told *told = context;
    bool is_named = !subject_is_other(&tried->subject);

    assert_false(told->was_found);
    for (size_t i = 0; i < policy_set_count(told->set); i++)
        is_named |=
            text_equal(policy_set_at(told->set, i)->identity.subject.name, tried->subject.name);
    assert_true(is_named);
    told->steps++;
    told->was_found = tried->found;
    told->last.role = tried->role;
    told->last.subject = tried->subject;
}

static void check_one(const struct policy_set *set, struct policy *const policies[], size_t count)
{
    const struct asked asked = random_check();
    const struct subjects subjects = {.count = asked.count, .at = asked.subjects};
    const struct policy *expected = match_naively(policies, count, &asked);
    struct told told = {.set = set};

    const struct policy *found = policy_set_match(set, text_of(asked.route), asked.role, &subjects);
    const struct policy *again =
        policy_set_match_telling(set, text_of(asked.route), asked.role, &subjects, &told, on_tried);

    if (found != expected) {
        fail_msg("%s: found \"%.*s\" instead of \"%.*s\"", asked.route,
                 TEXT_PRINTF(found == NULL ? TEXT("none") : found->identity.route_key),
                 TEXT_PRINTF(expected == NULL ? TEXT("none") : expected->identity.route_key));
    }
    assert_ptr_equal(again, found);
    assert_int_equal(told.was_found, found != NULL);
    assert_true(told.steps > 0);
    if (found != NULL) {
        assert_true(text_equal(told.last.role, found->identity.role));
        assert_true(subject_equal(&told.last.subject, &found->identity.subject));
    }
}

static void a_set_finds_what_a_naive_matcher_finds(void **state)
{
    (void)state;
    random_begin(random_seed());

    for (int i = 0; i < SETS; i++) {
        struct policy *policies[POLICIES_MAX];
        const size_t count = random_policies(policies);
        const struct policy_set *set = policy_set_new(&arena, policies, count);

        for (int check = 0; check < CHECKS; check++)
            check_one(set, policies, count);
        arena_close(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_finds_what_a_naive_matcher_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
