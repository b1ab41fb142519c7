/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void allocations_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    static const char zeros[1000];
    char *before = arena_allocate(&arena, 1);
    memset(before, 'x', 1);

    for (size_t size = 1; size <= 1000; size += 7) {
        char *memory = arena_allocate(&arena, size);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        assert_memory_equal(memory, zeros, size);
        memset(memory, 'y', size);
    }

    assert_int_equal(*before, 'x');
    arena_close(&arena);
}

static void nothing_has_an_address_of_its_own(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);

    const void *first = arena_allocate(&arena, 0);
    const void *second = arena_allocate_raw(&arena, 0);

    assert_non_null(first);
    assert_ptr_not_equal(first, second);
    arena_close(&arena);
}

static void an_ordinary_request_needs_one_block(void **state)
{
    (void)state;
    struct arena arena = {0};

    for (int i = 0; i < 40; i++)
        arena_allocate(&arena, 48);
    const struct arena_block *block = arena.blocks;
    arena_allocate(&arena, 48);

    assert_ptr_equal(arena.blocks, block);
    arena_close(&arena);
}

static void a_large_allocation_leaves_the_rest_of_the_block(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *small = arena_allocate(&arena, 16);
    const struct arena_block *block = arena.blocks;

    char *large = arena_allocate(&arena, 1024 * 1024);
    char *next = arena_allocate(&arena, 16);

    memset(large, 'x', 1024 * 1024);
    assert_ptr_equal(next, small + 16);
    assert_ptr_equal(arena.blocks, block);
    arena_close(&arena);
}

static void a_large_allocation_may_come_first(void **state)
{
    (void)state;
    struct arena arena = {0};

    char *large = arena_allocate(&arena, 100000);
    char *small = arena_allocate(&arena, 16);

    memset(large, 'x', 100000);
    assert_int_equal(small[15], 0);
    arena_close(&arena);
}

static void a_closed_arena_is_usable_again(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_allocate(&arena, 5000);

    arena_close(&arena);
    arena_close(&arena);
    char *memory = arena_allocate(&arena, 5000);

    assert_int_equal(memory[4999], 0);
    arena_close(&arena);
}

static void storage_of_the_caller_is_used_up_first(void **state)
{
    (void)state;
    alignas(max_align_t) char storage[64];
    struct arena arena;
    arena_init_storage(&arena, storage, sizeof(storage));

    char *first = arena_allocate(&arena, 64);
    char *second = arena_allocate(&arena, 64);

    assert_ptr_equal(first, storage);
    assert_true(second < storage || second >= storage + sizeof(storage));
    arena_close(&arena);
}

static void what_it_has_taken_is_known(void **state)
{
    struct arena arena = {0};
    (void)state;

    assert_int_equal(arena_bytes(&arena), 0);
    (void)arena_allocate(&arena, 1);
    (void)arena_allocate(&arena, 1000000);
    assert_in_range(arena_bytes(&arena), 1000000, 1010000);
    arena_close(&arena);

    assert_int_equal(arena_bytes(&arena), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(nothing_has_an_address_of_its_own),
        cmocka_unit_test(an_ordinary_request_needs_one_block),
        cmocka_unit_test(a_large_allocation_leaves_the_rest_of_the_block),
        cmocka_unit_test(a_large_allocation_may_come_first),
        cmocka_unit_test(a_closed_arena_is_usable_again),
        cmocka_unit_test(storage_of_the_caller_is_used_up_first),
        cmocka_unit_test(what_it_has_taken_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
