/* SPDX-License-Identifier: MIT */
#include "captured.h"

#include "support/cmocka.h"

#include <fcntl.h>
#include <unistd.h>

void capture_begin(struct captured *captured)
{
    scratch_file("log", "", captured->path);
    int file = open(captured->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    captured->standard_error = dup(STDERR_FILENO);
    assert_true(file >= 0 && captured->standard_error >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    (void)close(file);
}

int capture_end(struct captured *captured, const char *needle)
{
    char *text = scratch_read(captured->path);
    int count = 0;

    assert_int_equal(dup2(captured->standard_error, STDERR_FILENO), STDERR_FILENO);
    (void)close(captured->standard_error);
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++)
        count++;
    free(text);
    return count;
}
