/* SPDX-License-Identifier: MIT
 *
 * Which system calls a process may make in the sandbox, and how it enters it. */
#include "sandbox_case.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES 4096

static const struct settings settings;

static long run_a_program(void)
{
    static char *const argv[] = {NULL};

    return execve("/bin/true", argv, argv);
}

static long make_memory_executable(void)
{
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? 0 : mprotect(page, PAGE_BYTES, PROT_READ | PROT_EXEC);
}

static long map_executable_memory(void)
{
    return mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

static long open_a_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static long open_a_raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long open_a_raw_socket_of_ipv6(void)
{
    return socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
}

static long open_an_old_packet_socket(void)
{
    return socket(AF_INET, SOCK_PACKET | SOCK_CLOEXEC, 0);
}

/* Landlock does not take this for TCP. */
static long open_a_multipath_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
}

static long open_a_ping_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long talk_to_the_audit_system(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
}

static long have_a_process_signalled(void)
{
    return fcntl(STDERR_FILENO, F_SETOWN, getppid());
}

static long choose_the_signal(void)
{
    return fcntl(STDERR_FILENO, F_SETSIG, SIGKILL);
}

static long change_a_mode_by_name(void)
{
    return chmod("/nowhere", 0666);
}

static long listen_on_a_port(void)
{
    return listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1);
}

static long become_another_user(void)
{
    return syscall(SYS_setuid, 65534);
}

static long mount_a_file_system(void)
{
    return mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long signal_another_process(void)
{
    return kill(getppid(), 0);
}

static attempt_fn *const refused[] = {
    run_a_program,
    make_memory_executable,
    map_executable_memory,
    open_a_packet_socket,
    open_a_raw_socket,
    open_a_raw_socket_of_ipv6,
    open_an_old_packet_socket,
    open_a_multipath_socket,
    open_a_ping_socket,
    talk_to_the_audit_system,
    have_a_process_signalled,
    choose_the_signal,
    change_a_mode_by_name,
    listen_on_a_port,
    become_another_user,
    mount_a_file_system,
    signal_another_process,
};

static long open_a_socket(void)
{
    return socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long open_a_socket_as_hiredis(void)
{
    return socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
}

static long open_a_socket_as_libevent(void)
{
    return socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
}

static long talk_to_the_routing_system(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static long copy_a_descriptor(void)
{
    return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
}

static void *nothing(void *context)
{
    return context;
}

static long run_a_thread(void)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, nothing, NULL);
    return errno == 0 && pthread_join(thread, NULL) == 0 ? 0 : -1;
}

static attempt_fn *const granted[] = {
    open_a_socket,
    open_a_socket_as_hiredis,
    open_a_socket_as_libevent,
    talk_to_the_routing_system,
    copy_a_descriptor,
    run_a_thread,
};

static void what_serving_does_not_need_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        assert_int_equal(sandbox_result_of(refused[i], &settings), ENOSYS);
}

static void what_serving_needs_is_granted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(granted); i++)
        assert_int_equal(sandbox_result_of(granted[i], &settings), 0);
}

static sem_t finished;

static void *wait_for_the_end(void *context)
{
    (void)sem_wait(&finished);
    return context;
}

/* The other thread would not be in the sandbox. */
static void it_is_not_entered_while_another_thread_runs(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct error error = {0};
        pthread_t thread;
        bool entered;

        log_set_level(LOG_ERROR);
        (void)sem_init(&finished, 0, 0);
        if (pthread_create(&thread, NULL, wait_for_the_end, NULL) != 0)
            _exit(255);
        entered = sandbox_enter(&settings, &error);
        (void)sem_post(&finished);
        _exit(entered || strstr(error.message, "thread") == NULL ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void abort_ends_the_process_without_a_core(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct error error;

        sandbox_forbid_core_dumps();
        log_set_level(LOG_ERROR);
        if (prctl(PR_GET_DUMPABLE) == 0 && sandbox_enter(&settings, &error))
            abort();
        _exit(255);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_false(WCOREDUMP(status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_serving_does_not_need_is_refused),
        cmocka_unit_test(what_serving_needs_is_granted),
        cmocka_unit_test(it_is_not_entered_while_another_thread_runs),
        cmocka_unit_test(abort_ends_the_process_without_a_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
