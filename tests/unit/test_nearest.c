/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const words[] = {"listen", "metrics_listen", "limit", "window_seconds", "cost"};

static const char *nearest_of(const char *word)
{
    struct nearest nearest;

    nearest_init(&nearest, text_of(word));
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        nearest_try(&nearest, words[i]);
    return nearest.found;
}

static void one_change_for_each_three_characters_is_near(void **state)
{
    static const char *const meant[][2] = {
        {"lisen", "listen"},
        {"listten", "listen"},
        {"lisetn", "listen"},
        {"LISTEN", "listen"},
        {"limits", "limit"},
        {"window_second", "window_seconds"},
        {"window-sceonds", "window_seconds"},
        {"cots", "cost"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(meant); i++)
        assert_string_equal(nearest_of(meant[i][0]), meant[i][1]);
}

static void more_is_not(void **state)
{
    static const char *const strange[] = {"", "x", "coast_line", "listener_of_all", "cots_"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strange); i++)
        assert_null(nearest_of(strange[i]));
}

static void a_word_of_any_length_may_come(void **state)
{
    static char word[4096];

    (void)state;
    memset(word, 'x', sizeof(word) - 1);

    assert_null(nearest_of(word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_change_for_each_three_characters_is_near),
        cmocka_unit_test(more_is_not),
        cmocka_unit_test(a_word_of_any_length_may_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
