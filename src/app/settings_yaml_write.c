/* SPDX-License-Identifier: MIT
 *
 * JSON is YAML, except for some characters that JSON need not escape. YAML refuses them, or takes
 * them for the end of a line. A terminal would obey others. */
#include "settings_parts.h"

#include "base/code_point.h"

static void visible_write(struct text text, struct buffer *out);

void settings_yaml_write(const json_t *value, struct buffer *out)
{
    char *json = json_dumps(value, JSON_ENCODE_ANY);

    ASSERT(json != NULL);
    visible_write(text_of(json), out);
    free(json);
}

/* Outside of its texts JSON is visible. */
static void visible_write(struct text text, struct buffer *out)
{
    while (text.length > 0) {
        const struct text character = {text.at, text_utf8_bytes(text)};

        ASSERT(character.length > 0);
        const uint32_t code_point = code_point_of(character);
        if (!code_point_is_hidden(code_point))
            buffer_add(out, character);
        else if (code_point < CODE_POINT_SUPPLEMENTARY)
            buffer_printf(out, "\\u%04X", (unsigned)code_point);
        else
            buffer_printf(out, "\\U%08X", (unsigned)code_point);
        text.at += character.length;
        text.length -= character.length;
    }
}
