/* SPDX-License-Identifier: MIT */
#include "redis/redis_command.h"

#include "base/memory.h"

#define LENGTH_BYTES_MAX 32 /* for a length and a line end */

static char *length_write(char *out, char kind, size_t length);

struct text redis_command_write(struct redis_command *command, int argc, const char *const argv[],
                                const size_t lengths[])
{
    size_t size = LENGTH_BYTES_MAX;

    for (int i = 0; i < argc; i++)
        size += LENGTH_BYTES_MAX + (lengths == NULL ? strlen(argv[i]) : lengths[i]);
    if (command->size < size) {
        command->at = memory_resize(command->at, size);
        command->size = size;
    }
    char *end = length_write(command->at, '*', (size_t)argc);
    for (int i = 0; i < argc; i++) {
        const size_t length = lengths == NULL ? strlen(argv[i]) : lengths[i];
        end = mempcpy(length_write(end, '$', length), argv[i], length);
        end = mempcpy(end, "\r\n", 2);
    }
    return (struct text){command->at, (size_t)(end - command->at)};
}

void redis_command_close(struct redis_command *command)
{
    free(command->at);
    *command = (struct redis_command){0};
}

/* Returns the end. */
static char *length_write(char *out, char kind, size_t length)
{
    char digits[20];
    size_t first = sizeof(digits);

    do
        digits[--first] = (char)('0' + length % 10);
    while ((length /= 10) > 0);
    *out++ = kind;
    return mempcpy(mempcpy(out, digits + first, sizeof(digits) - first), "\r\n", 2);
}
