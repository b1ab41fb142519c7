/* SPDX-License-Identifier: MIT
 *
 * Writes plain text for roff. Each character is shown as itself, and can be copied as itself. */
#include "manual.h"

#define WORD_BYTES_UNBROKEN 60

static void write_character(FILE *out, char c);
static bool ends_sentence(const char *at);

void manual_write_head(FILE *out, const char *name, int section, const char *about)
{
    fprintf(out, ".\\\" SPDX-License-Identifier: MIT\n.Dd %s\n.Dt ", SLUICE_DATE);
    for (const char *c = name; *c != '\0'; c++)
        fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, out);
    fprintf(out, " %d\n.Os Sluice " SLUICE_VERSION "\n.Sh NAME\n.Nm %s\n.Nd %s\n", section, name,
            about);
}

void manual_write_text(FILE *out, const char *text)
{
    bool begins = true;

    for (const char *c = text; *c != '\0'; c++) {
        const bool ends = *c == '\n' || (*c == ' ' && c > text && ends_sentence(c - 1));

        if (ends)
            fputc('\n', out);
        else if (begins && (*c == '.' || *c == '\''))
            fputs("\\&", out);
        if (!ends)
            write_character(out, *c);
        begins = ends;
    }
    fputc('\n', out);
}

void manual_write_word(FILE *out, const char *word)
{
    const bool is_long = strlen(word) > WORD_BYTES_UNBROKEN;

    fputs(" \"", out);
    for (const char *c = word; *c != '\0'; c++) {
        write_character(out, *c);
        if (is_long && *c == ':')
            fputs("\\:", out);
    }
    fputc('"', out);
}

void manual_write_line(FILE *out, const char *line)
{
    fputs(".Bd -literal -offset indent\n", out);
    for (const char *c = line; *c != '\0'; c++)
        write_character(out, *c);
    fputs("\n.Ed\n", out);
}

static void write_character(FILE *out, char c)
{
    static const struct {
        char character;
        const char *escape;
    } rows[] = {{'\\', "\\e"},  {'-', "\\-"},   {'"', "\\(dq"}, {'\'', "\\(aq"},
                {'`', "\\(ga"}, {'~', "\\(ti"}, {'^', "\\(ha"}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].character == c) {
            fputs(rows[i].escape, out);
            return;
        }
    }
    fputc(c, out);
}

static bool ends_sentence(const char *at)
{
    return *at == '.' || *at == '?' || *at == '!';
}
