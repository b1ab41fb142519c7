/* SPDX-License-Identifier: MIT */
#include "limit/word.h"

static bool is_letter(char c);

bool word_is(struct text text)
{
    if (text.length == 0 || text.length > WORD_BYTES_MAX || !is_letter(text.at[0]))
        return false;
    for (size_t i = 1; i < text.length; i++) {
        const char c = text.at[i];

        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return true;
}

const char *word_string(struct text word, char space[static WORD_BYTES_MAX + 1])
{
    ASSERT(word.length <= WORD_BYTES_MAX);
    memcpy(space, word.at, word.length);
    space[word.length] = '\0';
    return space;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}
