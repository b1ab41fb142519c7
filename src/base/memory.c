/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include "base/log.h"

static void *memory_checked(void *memory, size_t size);

void *memory_new(size_t count, size_t size)
{
    /* calloc() may answer NULL to a size of 0, which is not a failure. */
    if (count == 0 || size == 0)
        count = size = 1;
    return memory_checked(calloc(count, size), size);
}

void *memory_resize(void *old, size_t size)
{
    ASSERT(size > 0);
    return memory_checked(realloc(old, size), size);
}

char *memory_string(const char *string)
{
    return memory_checked(strdup(string), strlen(string) + 1);
}

static void *memory_checked(void *memory, size_t size)
{
    if (memory != NULL)
        return memory;
    log_write(LOG_ERROR, "out of memory", LOG_INTEGER("bytes", (int64_t)size));
    abort();
}
