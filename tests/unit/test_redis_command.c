/* SPDX-License-Identifier: MIT */
#include "redis/redis_command.h"

#include "support/cmocka.h"

#define ASSERT_WRITTEN(text, expected)                                                             \
    do {                                                                                           \
        assert_int_equal((text).length, sizeof(expected) - 1);                                     \
        assert_memory_equal((text).at, expected, sizeof(expected) - 1);                            \
    } while (0)

static void a_command_is_an_array_of_bulk_strings(void **state)
{
    (void)state;
    struct redis_command command = {0};
    const char *argv[] = {"SET", "", "0123456789"};

    const struct text text = redis_command_write(&command, 3, argv, NULL);

    ASSERT_WRITTEN(text, "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$10\r\n0123456789\r\n");
    redis_command_close(&command);
}

static void arguments_with_a_length_may_have_any_bytes(void **state)
{
    (void)state;
    struct redis_command command = {0};
    const char *argv[] = {"a\0\r\n", "bcd"};

    const struct text text = redis_command_write(&command, 2, argv, (const size_t[]){4, 1});

    ASSERT_WRITTEN(text, "*2\r\n$4\r\na\0\r\n\r\n$1\r\nb\r\n");
    redis_command_close(&command);
}

static void the_room_grows_and_is_used_again(void **state)
{
    (void)state;
    static char large[100000];
    struct redis_command command = {0};
    const char *argv[] = {"PING", large};

    memset(large, 'x', sizeof(large) - 1);
    for (int i = 0; i < 2; i++) {
        struct text text = redis_command_write(&command, 1, argv, NULL);
        ASSERT_WRITTEN(text, "*1\r\n$4\r\nPING\r\n");
        text = redis_command_write(&command, 2, argv, NULL);
        assert_int_equal(text.length, strlen("*2\r\n$4\r\nPING\r\n$99999\r\n\r\n") + 99999);
        assert_memory_equal(text.at + 22, large, 99999);
    }
    redis_command_close(&command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_an_array_of_bulk_strings),
        cmocka_unit_test(arguments_with_a_length_may_have_any_bytes),
        cmocka_unit_test(the_room_grows_and_is_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
