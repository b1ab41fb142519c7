/* SPDX-License-Identifier: MIT
 *
 * The one directory of a test process: everything that a test leaves on disk lies in it, so tests
 * can run side by side and leave nothing behind. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

/* Short enough for a unix socket in it. */
#define SCRATCH_PATH_BYTES 64

/* A new, empty directory. */
void scratch_directory(const char *name, char path[static SCRATCH_PATH_BYTES]);

/* A new file with this content. */
void scratch_file(const char *name, const char *content, char path[static SCRATCH_PATH_BYTES]);

/* Replaces a file's content. */
void scratch_rewrite(const char *path, const char *content);

/* The content of a file, NUL-terminated, the caller's to free; NULL when there is none. */
char *scratch_read(const char *path);

/* Whether any file under `path` holds `needle`. */
bool scratch_contains(const char *path, const char *needle);

/* Removes it all. */
void scratch_remove(void);

#endif
