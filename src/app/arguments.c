/* SPDX-License-Identifier: MIT */
#include "arguments.h"

bool arguments_ask_help(int argc, char *argv[])
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

bool arguments_read(struct settings_source *source, int words_max, const char *options[], int argc,
                    char *argv[], struct error *error)
{
    int words = 0;

    *source = (struct settings_source){.argv = options};
    while (words < words_max && words < argc && argv[words][0] != '-') {
        source->words[words] = argv[words];
        words++;
    }
    for (int i = words; i < argc; i++) {
        struct text value = text_of(argv[i]);
        if (!text_equal(text_cut(&value, '='), TEXT("--config"))) {
            options[source->argc++] = argv[i];
            continue;
        }
        if (text_is_absent(value))
            value = text_of(i + 1 < argc ? argv[++i] : NULL);
        if (value.length == 0)
            return error_set(error, "--config: needs a file");
        source->file = value.at;
    }
    return true;
}
