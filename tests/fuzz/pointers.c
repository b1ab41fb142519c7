/* SPDX-License-Identifier: MIT */
#include "pointers.h"

#include "base/text.h"

#define POINTER_BYTES sizeof(((struct fault *)NULL)->pointer)
/* A pointer that is at least this long may have been cut, even inside a character. */
#define CUT_BYTES (POINTER_BYTES - 4)

static const json_t *value_at(const json_t *parent, struct text token);
static void token_unescape(struct text token, char out[static POINTER_BYTES * 4]);

void pointer_check(const char *pointer, const json_t *document)
{
    bool may_be_cut = strlen(pointer) >= CUT_BYTES;
    struct text rest = text_of(pointer);
    const json_t *value = document;

    ASSERT(text_cut(&rest, '/').length == 0);
    while (!text_is_absent(rest)) {
        struct text token = text_cut(&rest, '/');
        const json_t *child = value_at(value, token);

        if (child == NULL) {
            ASSERT(may_be_cut || (json_is_object(value) && text_is_absent(rest)));
            return;
        }
        value = child;
    }
}

void pointers_check(const struct faults *faults, const json_t *document)
{
    ASSERT(faults->count > 0);
    for (size_t i = 0; i < faults->count && i < FAULTS_MAX; i++) {
        ASSERT(faults->at[i].detail[0] != '\0');
        pointer_check(faults->at[i].pointer, document);
    }
}

static const json_t *value_at(const json_t *parent, struct text token)
{
    char name[POINTER_BYTES * 4];
    int64_t index;

    if (json_is_array(parent)) {
        ASSERT(text_parse_integer(token, &index) && index >= 0);
        return json_array_get(parent, (size_t)index);
    }
    token_unescape(token, name);
    return json_object_get(parent, name);
}

/* Four times the room, because a byte of a cut character may have become U+FFFD. */
static void token_unescape(struct text token, char out[static POINTER_BYTES * 4])
{
    size_t length = 0;

    ASSERT(token.length < POINTER_BYTES * 4);
    for (size_t i = 0; i < token.length; i++) {
        bool escaped = token.at[i] == '~' && i + 1 < token.length;
        char c = token.at[i];

        if (escaped)
            c = token.at[++i] == '1' ? '/' : '~';
        out[length++] = c;
    }
    out[length] = '\0';
}
