/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST 300
#define SLOTS   2048
#define CHOSEN  512
#define CHOOSE  "choose"

static uint64_t hash_of_number(unsigned number)
{
    char route[32];

    (void)snprintf(route, sizeof route, "/route/%u", number);
    return hash_text(text_of(route));
}

/* What an attacker would do who knew the key: finds texts that all meet in one slot. */
static int choose(void)
{
    unsigned chosen = 0;

    for (unsigned number = 0; chosen < CHOSEN; number++) {
        if (hash_of_number(number) % SLOTS != 0)
            continue;
        (void)printf("%u\n", number);
        chosen++;
    }
    return 0;
}

/* The texts that another process finds. */
static FILE *choose_elsewhere(pid_t *child)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    *child = fork();
    if (*child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)execl("/proc/self/exe", "test_hash", CHOOSE, (char *)NULL);
        _exit(1);
    }
    (void)close(ends[1]);
    return fdopen(ends[0], "r");
}

static void texts_that_meet_in_one_process_do_not_in_another(void **state)
{
    static unsigned taken[SLOTS];
    char line[32];
    unsigned most = 0;
    unsigned count = 0;
    pid_t child;
    int status;

    (void)state;
    FILE *chosen = choose_elsewhere(&child);

    assert_non_null(chosen);
    while (fgets(line, sizeof line, chosen) != NULL) {
        const unsigned number = (unsigned)strtoul(line, NULL, 10);
        unsigned *slot = &taken[hash_of_number(number) % SLOTS];

        if (++*slot > most)
            most = *slot;
        count++;
    }
    (void)fclose(chosen);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count, CHOSEN);
    assert_in_range(most, 1, 16);
}

static void texts_that_differ_have_different_hashes(void **state)
{
    char text[LONGEST] = "";
    uint64_t of_nothing[LONGEST + 1];

    (void)state;
    for (size_t length = 0; length <= LONGEST; length++) {
        of_nothing[length] = hash_text((struct text){text, length});
        for (size_t shorter = 0; shorter < length; shorter++)
            assert_true(of_nothing[shorter] != of_nothing[length]);
    }
    for (size_t bit = 0; bit < 8 * (size_t)LONGEST; bit++) {
        text[bit / 8] = (char)(1U << bit % 8);
        assert_true(hash_text((struct text){text, LONGEST}) != of_nothing[LONGEST]);
        assert_true(hash_text((struct text){text, bit / 8 + 1}) != of_nothing[bit / 8 + 1]);
        assert_true(hash_text((struct text){text, bit / 8}) == of_nothing[bit / 8]);
        text[bit / 8] = 0;
    }
}

static void a_prefix_s_hash_is_that_of_its_text(void **state)
{
    char text[HASH_PREFIX_BYTES_MAX];
    struct hash_prefixes prefixes;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 37 + 11);
    for (size_t length = 0; length <= sizeof text; length++) {
        hash_prefixes_init(&prefixes, (struct text){text, length});
        for (size_t prefix = 0; prefix <= length; prefix++) {
            assert_true(hash_prefix(&prefixes, prefix) == hash_text((struct text){text, prefix}));
        }
    }
}

static void an_absent_text_is_hashed_as_an_empty_one(void **state)
{
    (void)state;
    assert_true(hash_text((struct text){0}) == hash_text(TEXT("")));
}

static void a_joined_hash_goes_by_the_order(void **state)
{
    const uint64_t foo = hash_text(TEXT("foo"));
    const uint64_t bar = hash_text(TEXT("bar"));

    (void)state;
    assert_true(hash_join(foo, bar) != hash_join(bar, foo));
}

int main(int argument_count, char *arguments[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_meet_in_one_process_do_not_in_another),
        cmocka_unit_test(texts_that_differ_have_different_hashes),
        cmocka_unit_test(a_prefix_s_hash_is_that_of_its_text),
        cmocka_unit_test(an_absent_text_is_hashed_as_an_empty_one),
        cmocka_unit_test(a_joined_hash_goes_by_the_order),
    };

    if (argument_count > 1 && strcmp(arguments[1], CHOOSE) == 0)
        return choose();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
