/* SPDX-License-Identifier: MIT */
#include "database_file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const suffixes[DATABASE_COMPANIONS] = {"-wal", "-shm"};

static void name_beside(const char *path, const char *suffix, char name[static PATH_MAX]);
static bool companion_stat(const struct database_file *file, size_t which,
                           char path[static PATH_MAX], struct stat *status);

bool database_file_make_directory(const char *path, struct error *error)
{
    char *directory = memory_string(path);
    struct stat status;
    char *slash = strrchr(directory, '/');
    bool has_directory = true;

    if (slash != NULL && slash != directory) {
        *slash = '\0';
        /* The sandbox has no mkdir(). */
        has_directory =
            stat(directory, &status) == 0 || mkdir(directory, 0700) == 0 || errno == EEXIST;
    }
    free(directory);
    if (!has_directory)
        return error_set(error, "its directory cannot be created: %s", strerror(errno));
    return true;
}

/* SQLite would create the file with the umask's mode, but it holds the pepper. An existing file is
 * not opened here, because closing it would drop the locks that this process may have on it. SQLite
 * would never come back from a pipe. */
bool database_file_make(const char *path, struct error *error)
{
    struct stat status;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        return close(fd) == 0 || error_set(error, "%s", strerror(errno));
    if (errno != EEXIST || stat(path, &status) != 0)
        return error_set(error, "%s", strerror(errno));
    return S_ISREG(status.st_mode) || error_set(error, "it is not a regular file");
}

bool database_file_is_whole(const char *path)
{
    char log[PATH_MAX];
    struct stat status;
    const int length = snprintf(log, sizeof(log), "%s%s", path, suffixes[0]);

    return length > 0 && length < PATH_MAX && (stat(log, &status) != 0 || status.st_size == 0);
}

char *database_file_frozen_uri(const char *path)
{
    static const char head[] = "file:";
    static const char tail[] = "?immutable=1";
    const size_t bytes = sizeof(head) + 3 * strlen(path) + sizeof(tail);
    char *uri = memory_new(1, bytes);
    size_t length = (size_t)snprintf(uri, bytes, "%s", head);

    for (; *path != '\0'; path++) {
        const bool is_special = strchr("%?#", *path) != NULL;

        length += (size_t)snprintf(uri + length, bytes - length, is_special ? "%%%02X" : "%c",
                                   (unsigned char)*path);
    }
    (void)snprintf(uri + length, bytes - length, "%s", tail);
    return uri;
}

/* The file first: without its log it is only older, but a log without its file would be taken for
 * that of the next one. */
bool database_file_set_aside(const char *path, struct error *error)
{
    char name[PATH_MAX];

    name_beside(path, ".damaged", name);
    if (rename(path, name) != 0)
        return error_set(error, "%s cannot be renamed: %s", path, strerror(errno));
    for (size_t i = 0; i < DATABASE_COMPANIONS; i++) {
        name_beside(path, suffixes[i], name);
        (void)unlink(name);
    }
    return true;
}

void database_file_begin(struct database_file *file, const char *path)
{
    file->path = memory_string(path);
    for (size_t i = 0; i < DATABASE_COMPANIONS; i++) {
        char companion[PATH_MAX];
        struct stat status = {0};

        if (companion_stat(file, i, companion, &status)) {
            file->companions[i].device = status.st_dev;
            file->companions[i].inode = status.st_ino;
        }
    }
}

void database_file_end(struct database_file *file)
{
    free(file->path);
    *file = (struct database_file){0};
}

void database_file_remove_companions(const struct database_file *file)
{
    for (size_t i = 0; i < DATABASE_COMPANIONS; i++) {
        char companion[PATH_MAX];
        struct stat status;

        if (companion_stat(file, i, companion, &status) &&
            status.st_dev == file->companions[i].device &&
            status.st_ino == file->companions[i].inode)
            (void)unlink(companion);
    }
}

/* Empty if it is too long. */
static void name_beside(const char *path, const char *suffix, char name[static PATH_MAX])
{
    if (snprintf(name, PATH_MAX, "%s%s", path, suffix) >= PATH_MAX)
        name[0] = '\0';
}

static bool companion_stat(const struct database_file *file, size_t which,
                           char path[static PATH_MAX], struct stat *status)
{
    int length = snprintf(path, PATH_MAX, "%s%s", file->path, suffixes[which]);

    return length > 0 && length < PATH_MAX && stat(path, status) == 0;
}
