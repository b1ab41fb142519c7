/* SPDX-License-Identifier: MIT */
#include "systemd.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATE_BYTES 512
#define LISTENER_FD 3 /* SD_LISTEN_FDS_START */

static bool notify_address(struct sockaddr_un *address, socklen_t *length);
static bool is_for_this_process(const char *variable);
static bool variable_integer(const char *variable, int64_t *value);
static bool is_listener(int fd);

void systemd_notify(const char *format, ...)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length;
    char state[STATE_BYTES];
    va_list arguments;
    int fd;

    if (!notify_address(&address, &length))
        return;
    va_start(arguments, format);
    vsnprintf(state, sizeof state, format, arguments);
    va_end(arguments);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* A supervisor that does not read must not block the service. */
    (void)sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
                 (const struct sockaddr *)&address, length);
    (void)close(fd);
}

bool systemd_is_abstract(void)
{
    const char *path = getenv("NOTIFY_SOCKET");

    return path != NULL && path[0] == '@';
}

bool systemd_find_listener(int *fd, struct error *error)
{
    int64_t count;

    *fd = -1;
    if (!variable_integer("LISTEN_FDS", &count) || !is_for_this_process("LISTEN_PID"))
        return true;
    if (count != 1)
        return error_set(error, "LISTEN_FDS: one socket can be served, not %lld", (long long)count);
    if (!is_listener(LISTENER_FD))
        return error_set(error, "LISTEN_FDS: the socket passed does not listen for streams");
    /* Workers get duplicates, which share this flag. */
    if (fcntl(LISTENER_FD, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(LISTENER_FD, F_SETFL, O_NONBLOCK) != 0)
        return error_set(error, "LISTEN_FDS: %s", strerror(errno));
    *fd = LISTENER_FD;
    return true;
}

int64_t systemd_watchdog_us(void)
{
    int64_t interval_us;

    if (!variable_integer("WATCHDOG_USEC", &interval_us) || interval_us <= 0)
        return 0;
    if (getenv("WATCHDOG_PID") != NULL && !is_for_this_process("WATCHDOG_PID"))
        return 0;
    return interval_us;
}

/* The address is a path, or with '@' a name in the abstract namespace. */
static bool notify_address(struct sockaddr_un *address, socklen_t *length)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t path_length = path == NULL ? 0 : strlen(path);

    if (path_length < 2 || path_length >= sizeof address->sun_path ||
        (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(address->sun_path, path, path_length);
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length);
    return true;
}

/* Child processes inherit the variables, which are not meant for them. */
static bool is_for_this_process(const char *variable)
{
    int64_t process;

    return variable_integer(variable, &process) && process == getpid();
}

static bool variable_integer(const char *variable, int64_t *value)
{
    const char *text = getenv(variable);

    return text != NULL && text_parse_integer(text_of(text), value);
}

static bool is_listener(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t address_length = sizeof address;
    int type = 0;
    int listens = 0;
    socklen_t length = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens != 0 &&
           getsockname(fd, (struct sockaddr *)&address, &address_length) == 0 &&
           (address.ss_family == AF_INET || address.ss_family == AF_INET6 ||
            address.ss_family == AF_UNIX);
}
