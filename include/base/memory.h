/* SPDX-License-Identifier: MIT
 *
 * The allocator: it never returns NULL. Every size is bounded by the input rules before it gets
 * here, so running out means that the machine is out; the process says so and aborts. Release with
 * free(). */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Of a cache line; of most processors. */
#define MEMORY_LINE_BYTES  64
#define MEMORY_LARGE_BYTES (128 * 1024)

/* From now on a block of MEMORY_LARGE_BYTES or more goes back to the system as soon as it is freed,
 * and grows without being copied. By itself malloc(3) does so only until it has freed a block as
 * large. Call it before threads start. */
void memory_give_back_large(void);

/* Zeroed memory for `count` items of `size` bytes. Any thread. */
MUST_USE void *memory_new(size_t count, size_t size);

/* Moves `old` (may be NULL) to `size` > 0 bytes; the added bytes are not zeroed. Any thread. */
MUST_USE void *memory_resize(void *old, size_t size);

/* A NUL-terminated copy of `string`. Any thread. */
MUST_USE char *memory_string(const char *string);

/* Asks the processor to load `bytes` bytes into its cache, to be read some 100 ns later. Only a
 * hint, which is why it is inline. */
static inline void memory_prefetch(const void *at, size_t bytes)
{
    uintptr_t line = (uintptr_t)at / MEMORY_LINE_BYTES * MEMORY_LINE_BYTES;

    for (; line < (uintptr_t)at + bytes; line += MEMORY_LINE_BYTES)
        __builtin_prefetch((const void *)line);
}

#define MEMORY_NEW(type) ((type *)memory_new(1, sizeof(type)))

#endif
