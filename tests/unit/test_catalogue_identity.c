/* SPDX-License-Identifier: MIT */
#include "catalogue/catalogue_identity.h"

#include "support/cmocka.h"

#include <sodium.h>

static const struct pepper own = {.bytes = {1}};
static const struct pepper another = {.bytes = {2}};

static void verdicts_are_those_of_the_table(void **state)
{
    (void)state;
    const struct catalogue_identity first = catalogue_identity_new(&own, NULL);
    const struct catalogue_identity restored = catalogue_identity_new(&own, &first.generation);
    const struct catalogue_identity anew = catalogue_identity_new(&own, NULL);
    const struct catalogue_identity foreign = catalogue_identity_new(&another, &first.generation);
    const struct catalogue_held nothing = {0};
    const struct catalogue_held configured = {.pepper = &own, .is_configured = true};
    const struct catalogue_held running = {.pepper = &own,
                                           .is_configured = true,
                                           .has_generation = true,
                                           .generation = first.generation};
    const struct catalogue_held unmarked = {.pepper = &own, .has_seen_pepper = true};
    const struct catalogue_held known = {.pepper = &own,
                                         .has_seen_pepper = true,
                                         .has_generation = true,
                                         .generation = first.generation,
                                         .unseen_us = 1000};
    const struct {
        const struct catalogue_held *held;
        const struct pepper *pepper;
        const struct catalogue_identity *identity;
        enum catalogue_verdict verdict;
        int64_t age_us;
    } rows[] = {
        {&nothing, NULL, NULL, VERDICT_UNMARKED, 0},
        {&nothing, &own, NULL, VERDICT_UNMARKED, 0},
        {&nothing, &own, &first, VERDICT_KEPT, 0},
        {&nothing, NULL, &first, VERDICT_FOREIGN, 0},
        {&nothing, &another, &first, VERDICT_FOREIGN, 0},
        {&configured, NULL, NULL, VERDICT_UNMARKED, 0},
        {&configured, NULL, &first, VERDICT_KEPT, 0},
        {&configured, &own, NULL, VERDICT_UNMARKED, 0},
        {&configured, &another, NULL, VERDICT_UNMARKED, 0},
        {&configured, &another, &first, VERDICT_KEPT, 0},
        {&configured, &another, &foreign, VERDICT_FOREIGN, 0},
        {&configured, NULL, &foreign, VERDICT_FOREIGN, 0},
        {&running, &another, &first, VERDICT_KEPT, 0},
        {&running, &another, NULL, VERDICT_FOREIGN, 0},
        {&running, &another, &foreign, VERDICT_FOREIGN, 0},
        {&unmarked, NULL, NULL, VERDICT_EMPTY, 0},
        {&unmarked, &own, NULL, VERDICT_UNMARKED, 0},
        {&unmarked, &own, &first, VERDICT_KEPT, 0},
        {&known, &own, &first, VERDICT_KEPT, 0},
        {&known, NULL, &first, VERDICT_KEPT, 0},
        {&known, NULL, NULL, VERDICT_EMPTY, 0},
        {&known, &own, NULL, VERDICT_EMPTY, 0},
        {&known, &own, NULL, VERDICT_REPLACED, 1},
        {&known, &own, &anew, VERDICT_RESTORED, 0},
        {&known, &own, &anew, VERDICT_RESTORED, 1001},
        {&known, &own, &anew, VERDICT_ANOTHER, 1002},
        {&known, &own, &restored, VERDICT_RESTORED, 0},
        {&known, &own, &restored, VERDICT_RESTORED, 1002},
        {&known, NULL, &restored, VERDICT_RESTORED, 0},
        {&known, &another, NULL, VERDICT_FOREIGN, 0},
        {&known, &another, &foreign, VERDICT_FOREIGN, 0},
        {&known, NULL, &foreign, VERDICT_FOREIGN, 0},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct catalogue_mark mark = {.has_pepper = rows[i].pepper != NULL,
                                      .has_identity = rows[i].identity != NULL,
                                      .progress = {.age_us = rows[i].age_us}};
        if (mark.has_pepper)
            mark.pepper = *rows[i].pepper;
        if (mark.has_identity)
            mark.identity = *rows[i].identity;

        enum catalogue_verdict verdict = catalogue_identity_judge(rows[i].held, &mark);

        if (verdict != rows[i].verdict)
            fail_msg("row %zu: %d instead of %d", i, (int)verdict, (int)rows[i].verdict);
    }
}

static void what_lacks_something_that_was_seen_is_an_older_copy(void **state)
{
    (void)state;
    const struct catalogue_identity identity = catalogue_identity_new(&own, NULL);
    const struct catalogue_held held = {.pepper = &own,
                                        .has_generation = true,
                                        .generation = identity.generation,
                                        .seen = {.newest = 7, .written = 6}};
    static const struct {
        int64_t newest;
        bool lacks_write;
        bool has_lost_list;
        enum catalogue_verdict verdict;
    } rows[] = {
        {7, false, false, VERDICT_KEPT},     {8, false, false, VERDICT_KEPT},
        {6, false, false, VERDICT_REPLACED}, {0, false, false, VERDICT_REPLACED},
        {8, true, false, VERDICT_REPLACED},  {7, false, true, VERDICT_KEPT},
        {6, false, true, VERDICT_EMPTY},     {0, true, true, VERDICT_EMPTY},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct catalogue_mark mark = {.has_identity = true,
                                            .lacks_write = rows[i].lacks_write,
                                            .has_lost_list = rows[i].has_lost_list,
                                            .identity = identity,
                                            .progress = {.newest = rows[i].newest}};
        assert_int_equal(catalogue_identity_judge(&held, &mark), rows[i].verdict);
    }
}

static void the_fingerprint_does_not_tell_the_pepper(void **state)
{
    (void)state;
    const struct catalogue_identity identity = catalogue_identity_new(&own, NULL);
    const struct digest_key subject_key = digest_key_derive(&own, TEXT("subject"));

    assert_memory_not_equal(identity.fingerprint, own.bytes, sizeof(identity.fingerprint));
    assert_memory_not_equal(identity.fingerprint, subject_key.bytes, sizeof(identity.fingerprint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_those_of_the_table),
        cmocka_unit_test(what_lacks_something_that_was_seen_is_an_older_copy),
        cmocka_unit_test(the_fingerprint_does_not_tell_the_pepper),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
