/* SPDX-License-Identifier: MIT */
#include "last_words.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

void last_words_say(last_words_die_fn *die, int stderr_fd)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        dup2(stderr_fd, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        die();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

void last_words_read(last_words_die_fn *die, char words[], size_t bytes)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    last_words_say(die, ends[1]);
    const ssize_t length = read(ends[0], words, bytes - 1);
    assert_true(length > 0);
    words[length] = '\0';
    close(ends[0]);
    close(ends[1]);
}
