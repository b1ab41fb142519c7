/* SPDX-License-Identifier: MIT
 *
 * Memory is taken from the newest block. When that is used up, a block of twice the size becomes
 * the newest. A piece that would nearly fill a block gets one of its own after the newest, so that
 * the rest of the newest is not lost. */
#include "base/arena.h"

#include "base/memory.h"

#include <stdalign.h>

/* With its head, the first block is enough for an ordinary request, so that needs one malloc(). */
#define BLOCK_BYTES_FIRST ((size_t)2048)
#define BLOCK_BYTES_MAX   ((size_t)64 * 1024)
#define ALIGNMENT         alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t size; /* of `bytes` */
    alignas(max_align_t) char bytes[];
};

static void *arena_allocate_apart(struct arena *arena, size_t size);
static void arena_grow(struct arena *arena);
static size_t arena_next_size(const struct arena *arena);
static struct arena_block *block_new(size_t size);

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_init_storage(struct arena *arena, void *storage, size_t size)
{
    char *at = storage;

    ASSERT((uintptr_t)at % ALIGNMENT == 0);
    *arena = (struct arena){.at = at, .end = at + size};
}

void *arena_allocate(struct arena *arena, size_t size)
{
    return memset(arena_allocate_raw(arena, size), 0, size);
}

void *arena_allocate_raw(struct arena *arena, size_t size)
{
    ASSERT(size <= PTRDIFF_MAX - ALIGNMENT);

    /* At least one unit, so that a piece of no bytes has an address, too. */
    size_t units = size == 0 ? 1 : (size + ALIGNMENT - 1) / ALIGNMENT;
    size_t rounded = units * ALIGNMENT;

    if (rounded > (size_t)(arena->end - arena->at)) {
        if (rounded > arena_next_size(arena) / 2)
            return arena_allocate_apart(arena, rounded);
        arena_grow(arena);
    }
    void *memory = arena->at;
    arena->at += rounded;
    return memory;
}

size_t arena_bytes(const struct arena *arena)
{
    size_t bytes = 0;

    for (const struct arena_block *block = arena->blocks; block != NULL; block = block->next)
        bytes += sizeof(*block) + block->size;
    return bytes;
}

void arena_close(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena_init(arena);
}

static void *arena_allocate_apart(struct arena *arena, size_t size)
{
    struct arena_block *block = block_new(size);
    struct arena_block **link = arena->blocks == NULL ? &arena->blocks : &arena->blocks->next;

    block->next = *link;
    *link = block;
    return block->bytes;
}

static void arena_grow(struct arena *arena)
{
    struct arena_block *block = block_new(arena_next_size(arena));

    block->next = arena->blocks;
    arena->blocks = block;
    arena->at = block->bytes;
    arena->end = block->bytes + block->size;
}

static size_t arena_next_size(const struct arena *arena)
{
    if (arena->blocks == NULL)
        return BLOCK_BYTES_FIRST - sizeof(struct arena_block);
    size_t doubled = 2 * arena->blocks->size;
    return doubled < BLOCK_BYTES_MAX ? doubled : BLOCK_BYTES_MAX;
}

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = memory_resize(NULL, sizeof(*block) + size);

    block->next = NULL;
    block->size = size;
    return block;
}
