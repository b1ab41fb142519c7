/* SPDX-License-Identifier: MIT */
#include "complaint.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/code_point.h"
#include "base/log.h"

#define COMPLAINT_BYTES 512

int complaint_print(int exit_code, const char *message)
{
    struct text rest = text_of(message);
    struct arena arena = {0};
    struct buffer line;

    buffer_init(&line, &arena, COMPLAINT_BYTES);
    buffer_add(&line, TEXT("sluice: "));
    while (rest.length > 0) {
        struct text character = {rest.at, text_utf8_bytes(rest)};

        rest.at += character.length > 0 ? character.length : 1;
        rest.length -= character.length > 0 ? character.length : 1;
        if (character.length == 0 || code_point_is_hidden(code_point_of(character)))
            character = TEXT("?");
        buffer_add(&line, character);
    }
    buffer_add_char(&line, '\n');
    log_complain(buffer_text(&line));
    arena_close(&arena);
    return exit_code;
}
