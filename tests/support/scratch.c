/* SPDX-License-Identifier: MIT */
#include "support/scratch.h"

#include "base/memory.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_DIRECTORIES_MAX 8

static const char *scratch_root(void);
static void scratch_name(const char *name, char path[static SCRATCH_PATH_BYTES]);
static int on_search(const char *path, const struct stat *status, int type, struct FTW *place);
static bool file_contains(const char *path, const char *needle);
static int on_remove(const char *path, const struct stat *status, int type, struct FTW *place);

static char root[SCRATCH_PATH_BYTES]; /* "" until the first use */
static int names_given;
static const char *sought; /* because nftw() has no context argument */

void scratch_directory(const char *name, char path[static SCRATCH_PATH_BYTES])
{
    scratch_name(name, path);
    ASSERT(mkdir(path, 0700) == 0);
}

void scratch_file(const char *name, const char *content, char path[static SCRATCH_PATH_BYTES])
{
    scratch_name(name, path);
    scratch_rewrite(path, content);
}

void scratch_rewrite(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    ASSERT(file != NULL);
    ASSERT(fputs(content, file) >= 0);
    ASSERT(fclose(file) == 0);
}

char *scratch_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *content = NULL;
    size_t length = 0;

    if (file == NULL)
        return NULL;
    /* The file may have NULs, and may still grow. So neither its size nor a line shows where it
     * ends. */
    for (size_t got = 1; got > 0; length += got) {
        content = memory_resize(content, length + 4096 + 1);
        got = fread(content + length, 1, 4096, file);
    }
    content[length] = '\0';
    (void)fclose(file);
    return content;
}

bool scratch_contains(const char *path, const char *needle)
{
    sought = needle;
    return nftw(path, on_search, OPEN_DIRECTORIES_MAX, FTW_PHYS) == 1;
}

void scratch_remove(void)
{
    if (root[0] != '\0')
        (void)nftw(root, on_remove, OPEN_DIRECTORIES_MAX, FTW_DEPTH | FTW_PHYS);
    root[0] = '\0';
}

static const char *scratch_root(void)
{
    if (root[0] == '\0') {
        (void)snprintf(root, sizeof(root), "/tmp/sluice-test-XXXXXX");
        ASSERT(mkdtemp(root) != NULL);
    }
    return root;
}

static void scratch_name(const char *name, char path[static SCRATCH_PATH_BYTES])
{
    int length =
        snprintf(path, SCRATCH_PATH_BYTES, "%s/%s-%d", scratch_root(), name, names_given++);

    ASSERT(length > 0 && length < SCRATCH_PATH_BYTES);
}

static int on_search(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)place;
    return type == FTW_F && file_contains(path, sought) ? 1 : 0;
}

static bool file_contains(const char *path, const char *needle)
{
    size_t needle_bytes = strlen(needle);
    FILE *file = fopen(path, "r");
    char block[8192];
    size_t kept = 0; /* bytes of the last block: the needle may begin in them */
    bool found = false;

    ASSERT(needle_bytes < sizeof(block) / 2);
    if (file == NULL)
        return false;
    for (size_t got = 1; got > 0 && !found;) {
        got = fread(block + kept, 1, sizeof(block) - kept, file);
        size_t filled = kept + got;
        found = memmem(block, filled, needle, needle_bytes) != NULL;
        kept = filled < needle_bytes ? filled : needle_bytes;
        memmove(block, block + filled - kept, kept);
    }
    (void)fclose(file);
    return found;
}

static int on_remove(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    (void)remove(path);
    return 0;
}
