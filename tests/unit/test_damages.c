/* SPDX-License-Identifier: MIT */
#include "damages.h"

#include "base/log.h"
#include "support/cmocka.h"

#define APPS      2000
#define LINES_MAX (DAMAGES_NAMED_MAX + 5)

static void tell(struct damages *damages, int number)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "app_%d", number);
    damages_tell(damages, text_of(name), "junk");
}

static void each_name_is_told_once(void **state)
{
    (void)state;
    struct damages damages = {0};
    const uint64_t before = log_lines(LOG_ERROR);

    for (int i = 0; i < 3; i++) {
        tell(&damages, 1);
        tell(&damages, 2);
    }

    assert_int_equal(log_lines(LOG_ERROR) - before, 2);
}

static void a_catalogue_full_of_damage_does_not_fill_the_log(void **state)
{
    (void)state;
    struct damages damages = {0};
    const uint64_t before = log_lines(LOG_ERROR);

    for (int i = 0; i < APPS; i++)
        tell(&damages, i);

    assert_in_range(log_lines(LOG_ERROR) - before, DAMAGES_NAMED_MAX + 1, LINES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_is_told_once),
        cmocka_unit_test(a_catalogue_full_of_damage_does_not_fill_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
