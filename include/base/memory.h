/* SPDX-License-Identifier: MIT
 *
 * The allocator: it never returns NULL. Every size is bounded by the input rules before it gets
 * here, so running out means that the machine is out; the process says so and aborts. Release with
 * free(). */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Zeroed memory for `count` things of `size` bytes. Any thread. */
MUST_USE void *memory_new(size_t count, size_t size);

/* Moves `old` (may be NULL) to `size` > 0 bytes; what is added is not zeroed. Any thread. */
MUST_USE void *memory_resize(void *old, size_t size);

/* A NUL-terminated copy of `string`. Any thread. */
MUST_USE char *memory_string(const char *string);

#define MEMORY_NEW(type) ((type *)memory_new(1, sizeof(type)))

#endif
