/* SPDX-License-Identifier: MIT */
#include "redis/redis_complaints.h"

#include "base/duration.h"
#include "support/cmocka.h"

static void a_cause_is_logged_once_per_second(void **state)
{
    struct redis_complaints complaints = {0};
    (void)state;

    const bool first = redis_complaints_allow(&complaints, "refused", 7);
    const bool again = redis_complaints_allow(&complaints, "refused", 7 + SECOND_US - 1);
    const bool later = redis_complaints_allow(&complaints, "refused", 7 + SECOND_US);

    assert_true(first);
    assert_false(again);
    assert_true(later);
}

/* Each process has its own choice of causes that share a place. */
static void other_causes_need_not_wait(void **state)
{
    struct redis_complaints complaints = {0};
    size_t allowed = 0;
    char cause[32];
    (void)state;

    const bool refused = redis_complaints_allow(&complaints, "OOM", 7);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(cause, sizeof(cause), "BUSY %d", i);
        allowed += redis_complaints_allow(&complaints, cause, 7);
    }

    assert_true(refused);
    assert_in_range(allowed, REDIS_COMPLAINTS / 2, REDIS_COMPLAINTS - 1);
}

static void lines_per_second_are_bounded_whatever_the_causes(void **state)
{
    struct redis_complaints complaints = {0};
    size_t allowed = 0;
    char cause[32];
    (void)state;

    for (int i = 0; i < 10000; i++) {
        (void)snprintf(cause, sizeof(cause), "cause %d", i);
        allowed += redis_complaints_allow(&complaints, cause, 7);
    }

    assert_int_equal(allowed, REDIS_COMPLAINTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cause_is_logged_once_per_second),
        cmocka_unit_test(other_causes_need_not_wait),
        cmocka_unit_test(lines_per_second_are_bounded_whatever_the_causes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
