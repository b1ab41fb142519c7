/* SPDX-License-Identifier: MIT */
#include "unix_socket.h"

#include "address_holder.h"
#include "path_lock.h"

#include <errno.h>
#include <unistd.h>

static bool make_way(const struct sockaddr_un *address, struct error *error);
static int ask(const struct sockaddr_un *address, struct ucred *holder);
static bool refuse_held(const struct ucred *holder, struct error *error);
static int listen_at(const struct sockaddr_un *address, mode_t mode);
static bool binds(int fd, const struct sockaddr_un *address, mode_t mode);

int unix_socket_open(struct socket_file *file, const struct sockaddr_un *address, mode_t mode,
                     struct error *error)
{
    struct path_lock lock;
    struct stat status;
    int fd = -1;

    if (!path_lock_take(&lock, address->sun_path, error))
        return -1;
    if (make_way(address, error)) {
        fd = listen_at(address, mode);
        if (fd < 0)
            (void)error_set(error, "%s", strerror(errno));
    }
    if (fd >= 0 && lstat(address->sun_path, &status) == 0) {
        memcpy(file->path, address->sun_path, sizeof(file->path));
        file->device = status.st_dev;
        file->inode = status.st_ino;
    }
    path_lock_release(&lock);
    return fd;
}

void unix_socket_remove(struct socket_file *file)
{
    struct stat status;

    if (file->path[0] != '\0' && lstat(file->path, &status) == 0 && status.st_dev == file->device &&
        status.st_ino == file->inode)
        (void)unlink(file->path);
    file->path[0] = '\0';
}

/* True: there is no file any more. A link is not followed, because its target is somebody
 * else's. */
static bool make_way(const struct sockaddr_un *address, struct error *error)
{
    struct ucred holder = {0};
    struct stat status;

    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT || error_set(error, "%s", strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return error_set(error, "what is there is not a socket, and stays as it is");
    switch (ask(address, &holder)) {
    case 0:
    case EAGAIN:     /* its queue is full */
    case EPROTOTYPE: /* another kind of socket */
        return refuse_held(&holder, error);
    case ECONNREFUSED:
        return unlink(address->sun_path) == 0 ||
               error_set(error, "cannot remove the old socket: %s", strerror(errno));
    case ENOENT:
        return true;
    default:
        return error_set(error, "there is a socket that cannot be asked: %s", strerror(errno));
    }
}

/* Returns what connect(2) says, and who has called listen(2) if it says 0. */
static int ask(const struct sockaddr_un *address, struct ucred *holder)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t length = sizeof(*holder);
    int failure = fd < 0 ? errno : 0;

    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
        failure = errno;
    if (failure == 0)
        (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, holder, &length);
    if (fd >= 0)
        (void)close(fd);
    errno = failure;
    return failure;
}

static bool refuse_held(const struct ucred *holder, struct error *error)
{
    char written[ADDRESS_HOLDER_BYTES];

    address_holder_write_process(holder->pid, written);
    return error_set(error, "%s%s%s", strerror(EADDRINUSE), written[0] == '\0' ? "" : ",", written);
}

static int listen_at(const struct sockaddr_un *address, mode_t mode)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || (binds(fd, address, mode) && listen(fd, SOMAXCONN) == 0))
        return fd;

    const int failure = errno;
    (void)close(fd);
    errno = failure;
    return -1;
}

/* The file has its rights from the beginning. chmod(2) would follow a link that somebody has put in
 * its place. */
static bool binds(int fd, const struct sockaddr_un *address, mode_t mode)
{
    const mode_t before = umask(~mode & (S_IRWXU | S_IRWXG | S_IRWXO));
    const bool bound = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    const int failure = errno;

    (void)umask(before);
    errno = failure;
    return bound;
}
