/* SPDX-License-Identifier: MIT
 *
 * The manual pages in mdoc(7), made from the tables of commands and settings. Only the build needs
 * this. */
#ifndef APP_MANUAL_H
#define APP_MANUAL_H

#include <stdio.h>

/* sluice(8). */
void manual_write_commands(FILE *out);

/* sluice.yaml(5). */
void manual_write_settings(FILE *out);

/* The beginning of a page. */
void manual_write_head(FILE *out, const char *name, int section, const char *about);

/* Text with each sentence on a line of its own, and an end of line. */
void manual_write_text(FILE *out, const char *text);

/* One argument of a macro. A long one may be broken after a colon. */
void manual_write_word(FILE *out, const char *word);

/* A line as a user types it. */
void manual_write_line(FILE *out, const char *line);

#endif
