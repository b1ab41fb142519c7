/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include "base/clock.h"

#include "stderr_line.h"

#include <malloc.h>

#define LINE_BYTES_MAX 128

static void *memory_checked(void *memory, size_t size);
NO_RETURN static void memory_is_out(size_t size);

/* The allocator of a sanitizer does not have this. */
void memory_give_back_large(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, MEMORY_LARGE_BYTES);
}

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
    if (memory == NULL)
        memory_is_out(size);
    return memory;
}

/* Writes a line in the form of the log, but without the log, because the log itself allocates
 * memory here. */
NO_RETURN static void memory_is_out(size_t size)
{
    char time[CLOCK_RFC3339_BYTES];
    char line[LINE_BYTES_MAX];

    clock_write_rfc3339(clock_wall_us(), time);
    int length = snprintf(line, sizeof(line),
                          "{\"time\":\"%s\",\"level\":\"error\",\"event\":\"out of memory\","
                          "\"bytes\":%zu}\n",
                          time, size);
    bool is_written = stderr_line_try((struct text){line, (size_t)length});

    (void)is_written; /* nothing else can report it */
    abort();
}
