/* SPDX-License-Identifier: MIT */
#include "redis/redis_slot.h"

#include "support/cmocka.h"
#include "support/random.h"
#include "support/redis_server.h"
#include "support/scratch.h"

#define RANDOM_KEYS   1000
#define KEY_BYTES_MAX 40

static void the_slot_is_the_crc_of_the_specification(void **state)
{
    (void)state;

    assert_int_equal(redis_slot(TEXT("123456789")), 0x31C3);
    assert_int_equal(redis_slot(TEXT("")), 0);
    assert_int_equal(redis_slot(TEXT("foo")), 12182);
}

static void only_what_is_between_braces_counts(void **state)
{
    const uint16_t tag = redis_slot(TEXT("tag"));
    (void)state;

    assert_int_equal(redis_slot(TEXT("{tag}")), tag);
    assert_int_equal(redis_slot(TEXT("a{tag}b")), tag);
    assert_int_equal(redis_slot(TEXT("a{tag}b{other}")), tag);
    assert_int_equal(redis_slot(TEXT("a}{tag}b")), tag);
    assert_int_equal(redis_slot(TEXT("{{tag}}")), redis_slot(TEXT("{tag")));
}

static void without_anything_between_braces_the_whole_key_counts(void **state)
{
    static const char *const keys[] = {"{}tag", "a{}{tag}", "{tag", "tag}", "}tag{", "{"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
        assert_int_not_equal(redis_slot(text_of(keys[i])), redis_slot(TEXT("tag")));
    assert_int_not_equal(redis_slot(TEXT("{}a")), redis_slot(TEXT("{}b")));
}

static size_t make_key(char key[static KEY_BYTES_MAX])
{
    const size_t length = (size_t)random_below(KEY_BYTES_MAX);

    for (size_t i = 0; i < length; i++)
        key[i] = random_one_in(4) ? "{}"[random_below(2)] : (char)random_below(256);
    return length;
}

static void each_key_is_where_redis_puts_it(void **state)
{
    struct redis_server *node = redis_server_start_node();
    (void)state;
    random_begin(random_seed());

    for (int i = 0; i < RANDOM_KEYS; i++) {
        char key[KEY_BYTES_MAX];
        const size_t length = make_key(key);
        const char *words[] = {"CLUSTER", "KEYSLOT", key};
        const size_t lengths[] = {strlen(words[0]), strlen(words[1]), length};
        const redisReply *slot = redis_server_command_words(node, 3, words, lengths);

        assert_int_equal(redis_slot((struct text){key, length}), slot->integer);
    }
    redis_server_stop(node);
}

static int remove_scratch(void **state)
{
    (void)state;

    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slot_is_the_crc_of_the_specification),
        cmocka_unit_test(only_what_is_between_braces_counts),
        cmocka_unit_test(without_anything_between_braces_the_whole_key_counts),
        cmocka_unit_test(each_key_is_where_redis_puts_it),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
