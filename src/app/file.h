/* SPDX-License-Identifier: MIT
 *
 * Small files, read whole. If a file with a secret can be read by others than its owner and group,
 * the log warns. It is read all the same, because containers get such files. */
#ifndef APP_FILE_H
#define APP_FILE_H

#include "base/error.h"
#include "base/text.h"

struct arena;

/* To be called before a load. From now on all waits for pipes take at most FILE_WAIT_S together;
 * then a pipe that is not complete counts as unreadable. Main thread, like all of this. */
#define FILE_WAIT_S 5
void file_begin(void);

/* The content, NUL-terminated, in `arena`. False if the file cannot be read or is longer than
 * `bytes_max`. */
MUST_USE bool file_read(const char *path, size_t bytes_max, struct arena *arena,
                        struct text *content, struct error *error);

/* The same for a secret. The error does not repeat the path. */
MUST_USE bool file_read_secret(const char *path, size_t bytes_max, struct arena *arena,
                               struct text *content, struct error *error);

typedef bool file_read_fn(const char *path, size_t bytes_max, struct arena *arena,
                          struct text *content, struct error *error);

/* The first line of a file with a secret, without blanks around it. */
MUST_USE bool file_read_line(const char *path, struct arena *arena, struct text *line,
                             struct error *error);

#endif
