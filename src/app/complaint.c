/* SPDX-License-Identifier: MIT */
#include "complaint.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/code_point.h"
#include "base/log.h"

#define COMPLAINT_BYTES 512

int complaint_print(int exit_code, const char *message)
{
    struct arena arena = {0};
    struct buffer line;

    buffer_init(&line, &arena, COMPLAINT_BYTES);
    buffer_add(&line, TEXT("sluice: "));
    code_point_write_visible(text_of(message), &line);
    buffer_add_char(&line, '\n');
    log_complain(buffer_text(&line));
    arena_close(&arena);
    return exit_code;
}
