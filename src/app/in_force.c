/* SPDX-License-Identifier: MIT */
#include "in_force.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME      "in-force.yaml"
#define HEAD      "# Written by the service that has this file open; `sluice config` reads it.\n"
#define END       "# end\n"
#define BYTES_MAX ((size_t)4 * 1024 * 1024)

static int open_file(const struct settings *settings, int flags, char path[static PATH_MAX]);
static bool is_ours(int fd);
static bool is_whole(const char *text, size_t length);

void in_force_open(struct in_force *in_force, const struct settings *settings)
{
    char path[PATH_MAX];

    *in_force = (struct in_force){.fd = open_file(settings, O_RDWR | O_CREAT, path)};
    if (in_force->fd >= 0 && !is_ours(in_force->fd))
        in_force_close(in_force);
}

void in_force_write(struct in_force *in_force, const struct settings *started,
                    const struct settings *latest)
{
    char *text = NULL;
    size_t length = 0;

    if (in_force->fd < 0 || flock(in_force->fd, LOCK_EX | LOCK_NB) != 0)
        return;
    in_force->has_lock = true;

    FILE *memory = open_memstream(&text, &length);

    ASSERT(memory != NULL);
    fputs(HEAD, memory);
    settings_print_in_force(memory, started, latest);
    fputs(END, memory);
    fclose(memory);
    /* If that fails, the file has no end, so nobody believes it. */
    if (ftruncate(in_force->fd, 0) == 0)
        (void)!pwrite(in_force->fd, text, length, 0);
    free(text);
}

void in_force_close(struct in_force *in_force)
{
    if (in_force->fd >= 0)
        (void)close(in_force->fd);
    in_force->fd = -1;
}

char *in_force_read(const struct settings *settings, struct error *error)
{
    char path[PATH_MAX];
    const int fd = open_file(settings, O_RDONLY, path);

    if (fd < 0) {
        (void)error_set(error, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }

    const bool is_old = flock(fd, LOCK_SH | LOCK_NB) == 0;
    char *text = memory_new(1, BYTES_MAX + 1);
    const ssize_t length = pread(fd, text, BYTES_MAX, 0);

    (void)close(fd);
    if (!is_old && length >= 0 && is_whole(text, (size_t)length))
        return text;
    (void)error_set(error, is_old ? "no service holds %s" : "%s is being written", path);
    free(text);
    return NULL;
}

/* -1 if there is no regular file; then errno says why. Nothing can make this wait. */
static int open_file(const struct settings *settings, int flags, char path[static PATH_MAX])
{
    struct stat status;

    if (snprintf(path, PATH_MAX, "%s/" NAME, settings->data_dir) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }

    const int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        (void)close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

/* Whether a service has made the file, or nobody has written it yet. Any other is left as it is. */
static bool is_ours(int fd)
{
    char head[sizeof(HEAD) - 1];
    struct stat status;
    const ssize_t length = pread(fd, head, sizeof(head), 0);

    return length >= 0 && memcmp(head, HEAD, (size_t)length) == 0 && fstat(fd, &status) == 0 &&
           status.st_nlink == 1 && status.st_uid == geteuid();
}

static bool is_whole(const char *text, size_t length)
{
    return length >= strlen(HEAD) + strlen(END) && strncmp(text, HEAD, strlen(HEAD)) == 0 &&
           strcmp(text + length - strlen(END), END) == 0;
}
