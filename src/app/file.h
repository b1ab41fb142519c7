/* SPDX-License-Identifier: MIT
 *
 * Small files, read whole. One that holds a secret and that others than owner and group may read is
 * taken with a warning in the log: containers get their secrets so. */
#ifndef APP_FILE_H
#define APP_FILE_H

#include "base/error.h"
#include "base/text.h"

struct arena;

/* Before a load: from here on whoever writes to a pipe among the files keeps the reader waiting for
 * FILE_WAIT_S in all; then what is not complete cannot be read. Main thread, as all of this. */
#define FILE_WAIT_S 5
void file_begin(void);

/* The content, NUL-terminated, in `arena`. False when the file cannot be read or is longer than
 * `bytes_max`. */
MUST_USE bool file_read(const char *path, size_t bytes_max, struct arena *arena,
                        struct text *content, struct error *error);

/* The same, of a secret. */
MUST_USE bool file_read_secret(const char *path, size_t bytes_max, struct arena *arena,
                               struct text *content, struct error *error);

typedef bool file_read_fn(const char *path, size_t bytes_max, struct arena *arena,
                          struct text *content, struct error *error);

/* The first line without blanks around it: how secrets are kept in files. */
MUST_USE bool file_read_line(const char *path, struct arena *arena, struct text *line,
                             struct error *error);

#endif
