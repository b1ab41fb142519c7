/* SPDX-License-Identifier: MIT
 *
 * What a process can and cannot do in the sandbox. Each attempt is made by a child, since there is
 * no way out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/app/sandbox.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES 4096

/* Like a system call: -1 with errno when it is refused. */
typedef long attempt_fn(void);

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

static long open_a_raw_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
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
    run_a_program,       make_memory_executable, map_executable_memory,  open_a_raw_socket,
    become_another_user, mount_a_file_system,    signal_another_process,
};

static long open_a_socket(void)
{
    return socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long read_a_file(void)
{
    char byte;

    return read(open("/etc/passwd", O_RDONLY | O_CLOEXEC), &byte, 1);
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

static attempt_fn *const granted[] = {open_a_socket, read_a_file, run_a_thread};

/* The errno of the attempt, 0 when it succeeded. */
static int result_of(attempt_fn *attempt)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct error error;

        log_set_level(LOG_ERROR);
        if (!sandbox_enter(&error))
            _exit(255);
        _exit(attempt() < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void what_serving_does_not_need_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        assert_int_equal(result_of(refused[i]), ENOSYS);
}

static void what_serving_needs_is_granted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(granted); i++)
        assert_int_equal(result_of(granted[i]), 0);
}

static pthread_barrier_t entered;

static void *open_a_raw_socket_then(void *result)
{
    (void)pthread_barrier_wait(&entered);
    *(long *)result = open_a_raw_socket();
    return NULL;
}

static void threads_that_run_already_are_in_it_too(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct error error;
        pthread_t thread;
        long result = 0;

        log_set_level(LOG_ERROR);
        (void)pthread_barrier_init(&entered, NULL, 2);
        if (pthread_create(&thread, NULL, open_a_raw_socket_then, &result) != 0 ||
            !sandbox_enter(&error))
            _exit(255);
        (void)pthread_barrier_wait(&entered);
        (void)pthread_join(thread, NULL);
        _exit(result < 0 ? 0 : 1);
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
        if (prctl(PR_GET_DUMPABLE) == 0 && sandbox_enter(&error))
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
        cmocka_unit_test(threads_that_run_already_are_in_it_too),
        cmocka_unit_test(abort_ends_the_process_without_a_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
