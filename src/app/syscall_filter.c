/* SPDX-License-Identifier: MIT
 *
 * The system tests run in this filter on Debian 12 and 13. A trace of them shows only clone3 as
 * refused. A filter cannot see its flags, and the C library then uses clone. The lists also have
 * calls that another version of the library may prefer, such as openat2 to openat. */
#include "syscall_filter.h"

#include "sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const int allowed[] = {
    /* Events, sockets, time. */
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(bind),
    SCMP_SYS(connect),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendfile),
    SCMP_SYS(pipe2),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    /* Files: the configuration, SQLite, /proc/self for figures. */
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(openat2),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(getdents64),
    SCMP_SYS(flock),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchown),
    SCMP_SYS(umask),
    SCMP_SYS(dup),
    /* Memory and threads. */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(futex_waitv),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getcpu),
    SCMP_SYS(restart_syscall),
    /* Signals, the process itself, the end. */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Also needed by the run-time of a sanitizer, mostly for its report at the end. */
static const int allowed_sanitized[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(wait4),
    SCMP_SYS(tgkill),
    SCMP_SYS(prctl),
    SCMP_SYS(pipe),
    SCMP_SYS(setrlimit),
    SCMP_SYS(getppid),
    SCMP_SYS(getdents),
    SCMP_SYS(process_vm_readv),
};

/* Allowed if (argument & mask) == value in each of the tests. A test without a mask is none. */
struct condition {
    int call;
    struct {
        unsigned argument;
        uint64_t mask;
        uint64_t value;
    } tests[3];
};

#define WHOLE UINT64_MAX

#define COMMAND(call, argument, value)                                                             \
    {                                                                                              \
        SCMP_SYS(call),                                                                            \
        {                                                                                          \
            {                                                                                      \
                argument, WHOLE, value                                                             \
            }                                                                                      \
        }                                                                                          \
    }
#define SOCKET(family, type, protocol)                                                             \
    {                                                                                              \
        SCMP_SYS(socket),                                                                          \
        {                                                                                          \
            {0, WHOLE, family}, {1, ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), type},              \
                {2, WHOLE, protocol},                                                              \
        }                                                                                          \
    }

/* No fcntl() that makes the kernel send signals: F_SETOWN, F_SETSIG, F_NOTIFY, F_SETLEASE. */
static const struct condition conditions[] = {
    {SCMP_SYS(clone), {{0, CLONE_THREAD, CLONE_THREAD}}},
    {SCMP_SYS(mmap), {{2, PROT_EXEC, 0}}},
    {SCMP_SYS(mprotect), {{2, PROT_EXEC, 0}}},
    SOCKET(AF_UNIX, SOCK_STREAM, 0),
    SOCKET(AF_UNIX, SOCK_DGRAM, 0),
    SOCKET(AF_INET, SOCK_STREAM, 0),
    SOCKET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
    SOCKET(AF_INET, SOCK_DGRAM, 0),
    SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    SOCKET(AF_INET6, SOCK_STREAM, 0),
    SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
    SOCKET(AF_INET6, SOCK_DGRAM, 0),
    SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
    /* getaddrinfo() asks for the machine's addresses. All netlink sockets are of the kind
     * SOCK_RAW. */
    SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE),
    /* Landlock does not see a connection that begins with data, so that is not allowed. */
    {SCMP_SYS(sendto), {{3, MSG_FASTOPEN, 0}}},
    {SCMP_SYS(sendmsg), {{2, MSG_FASTOPEN, 0}}},
    {SCMP_SYS(sendmmsg), {{3, MSG_FASTOPEN, 0}}},
    COMMAND(fcntl, 1, F_GETFD),
    COMMAND(fcntl, 1, F_SETFD),
    COMMAND(fcntl, 1, F_GETFL),
    COMMAND(fcntl, 1, F_SETFL),
    COMMAND(fcntl, 1, F_DUPFD),
    COMMAND(fcntl, 1, F_DUPFD_CLOEXEC),
    COMMAND(fcntl, 1, F_GETLK),
    COMMAND(fcntl, 1, F_SETLK),
    COMMAND(fcntl, 1, F_SETLKW),
    COMMAND(ioctl, 1, FIONBIO),
    COMMAND(ioctl, 1, FIONREAD),
    COMMAND(ioctl, 1, TCGETS),
    COMMAND(prctl, 0, PR_SET_NAME),
    COMMAND(prlimit64, 2, 0), /* asks, changes nothing */
};

static int allow_all(scmp_filter_ctx filter, const int calls[], size_t count);
static int allow_conditions(scmp_filter_ctx filter);
static int allow_condition(scmp_filter_ctx filter, const struct condition *condition);

bool syscall_filter_enter(struct error *error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int failure;

    if (filter == NULL)
        return error_set(error, "sandbox: libseccomp has no filter for this machine");
    failure = allow_all(filter, allowed, ARRAY_COUNT(allowed));
    if (failure == 0 && IS_SANITIZED)
        failure = allow_all(filter, allowed_sanitized, ARRAY_COUNT(allowed_sanitized));
    if (failure == 0)
        failure = allow_conditions(filter);
    /* abort() sends a signal to its own process. No other process may get one. */
    if (failure == 0)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                   SCMP_A0_64(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (failure == 0)
        failure = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    /* Compares by a tree. In a row, the last comparison would cost a microsecond. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (failure == 0)
        failure = seccomp_load(filter); /* and no new privileges */
    seccomp_release(filter);
    if (failure != 0)
        return error_set(error, "sandbox: the kernel refuses it: %s", strerror(-failure));
    return true;
}

static int allow_all(scmp_filter_ctx filter, const int calls[], size_t count)
{
    int failure = 0;

    for (size_t i = 0; i < count && failure == 0; i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return failure;
}

static int allow_conditions(scmp_filter_ctx filter)
{
    int failure = 0;

    for (size_t i = 0; i < ARRAY_COUNT(conditions) && failure == 0; i++)
        failure = allow_condition(filter, &conditions[i]);
    return failure;
}

static int allow_condition(scmp_filter_ctx filter, const struct condition *condition)
{
    struct scmp_arg_cmp tests[ARRAY_COUNT(condition->tests)];
    unsigned count = 0;

    while (count < ARRAY_COUNT(tests) && condition->tests[count].mask != 0) {
        tests[count] = SCMP_CMP64(condition->tests[count].argument, SCMP_CMP_MASKED_EQ,
                                  condition->tests[count].mask, condition->tests[count].value);
        count++;
    }
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, condition->call, count, tests);
}
