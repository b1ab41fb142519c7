/* SPDX-License-Identifier: MIT
 *
 * Memory that is released all at once: a request's, a policy set's. Not shared between threads. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *at;                   /* [at, end) is free in the newest */
    char *end;
};

/* An empty arena that holds no memory yet. So is a zeroed struct. */
void arena_init(struct arena *arena);

/* An arena that first uses `size` bytes of the caller's, for short work on the stack. They must be
 * aligned for any type and outlive the arena. */
void arena_init_storage(struct arena *arena, void *storage, size_t size);

/* `size` zeroed bytes, aligned for any type, valid until arena_close(). Never NULL. */
void *arena_allocate(struct arena *arena, size_t size);

/* Like arena_allocate(), not zeroed. */
void *arena_allocate_raw(struct arena *arena, size_t size);

/* How many bytes it has taken from the heap. */
size_t arena_bytes(const struct arena *arena);

/* Releases everything; the arena is empty and usable again. */
void arena_close(struct arena *arena);

#define ARENA_NEW(arena, type)          ((type *)arena_allocate((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_allocate((arena), sizeof(type) * (count)))

#endif
