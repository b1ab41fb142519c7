/* SPDX-License-Identifier: MIT
 *
 * One directory per test process. All files of a test are in it. So tests can run side by side, and
 * leave nothing behind. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

/* Short enough for the path of a unix socket. */
#define SCRATCH_PATH_BYTES 64

/* Makes a new, empty directory. */
void scratch_directory(const char *name, char path[static SCRATCH_PATH_BYTES]);

/* Makes a new file with this content. */
void scratch_file(const char *name, const char *content, char path[static SCRATCH_PATH_BYTES]);

/* Replaces a file's content. */
void scratch_rewrite(const char *path, const char *content);

/* The content of a file, NUL-terminated; NULL if it does not exist. The caller frees it. */
char *scratch_read(const char *path);

/* Whether `needle` is in any file under `path`. */
bool scratch_contains(const char *path, const char *needle);

/* Removes the whole directory. */
void scratch_remove(void);

#endif
