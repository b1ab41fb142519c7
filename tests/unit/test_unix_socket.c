/* SPDX-License-Identifier: MIT
 *
 * A socket that is a file: what it replaces, what it leaves alone, and what it says. */
#include "unix_socket.h"

#include "path_lock.h"
#include "socket_address.h"
#include "support/cmocka.h"
#include "support/raw.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define NOBODY     65534
#define PATH_BYTES (SCRATCH_PATH_BYTES + 32)
#define MODE       0640

struct fixture {
    char directory[SCRATCH_PATH_BYTES];
    char path[PATH_BYTES]; /* in it; nothing is there */
    char lock[PATH_BYTES];
};

static int set_up(void **state)
{
    static struct fixture fixture;

    scratch_directory("socket", fixture.directory);
    (void)snprintf(fixture.path, sizeof(fixture.path), "%s/s", fixture.directory);
    (void)snprintf(fixture.lock, sizeof(fixture.lock), "%s/s.lock", fixture.directory);
    *state = &fixture;
    return 0;
}

static int open_at(const char *path, struct socket_file *file, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *file = (struct socket_file){0};
    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    return unix_socket_open(file, &address, MODE, error);
}

static int must_open(const char *path, struct socket_file *file)
{
    struct error error = {.message = ""};
    int fd = open_at(path, file, &error);

    assert_string_equal(error.message, "");
    assert_true(fd >= 0);
    return fd;
}

static void expect_refused(const char *path, const char *reason)
{
    struct socket_file file;
    struct error error = {.message = ""};

    assert_int_equal(open_at(path, &file, &error), -1);
    assert_string_equal(error.message, reason);
    unix_socket_remove(&file); /* does nothing */
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static void the_file_has_the_rights_that_it_is_given_whatever_the_umask(void **state)
{
    const struct fixture *fixture = *state;
    struct socket_file file;
    struct stat status;
    const mode_t before = umask(0077);

    int fd = must_open(fixture->path, &file);

    assert_int_equal(umask(before), 0077);
    assert_int_equal(lstat(fixture->path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 0777, MODE);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_false(exists(fixture->lock));
    unix_socket_remove(&file);
    assert_false(exists(fixture->path));
    assert_int_equal(close(fd), 0);
}

static void a_socket_at_which_nobody_listens_is_replaced(void **state)
{
    const struct fixture *fixture = *state;
    struct socket_file file;
    assert_int_equal(close(raw_listen_path(fixture->path)), 0);

    int fd = must_open(fixture->path, &file);

    assert_int_equal(close(raw_connect_path(fixture->path)), 0);
    assert_int_equal(close(fd), 0);
}

static void a_socket_at_which_somebody_listens_is_refused_by_name(void **state)
{
    const struct fixture *fixture = *state;
    char reason[128];
    int holder = raw_listen_path(fixture->path);
    (void)snprintf(reason, sizeof(reason),
                   "Address already in use, by test_unix_socke (process %d)", (int)getpid());

    expect_refused(fixture->path, reason);

    assert_int_equal(close(raw_connect_path(fixture->path)), 0);
    assert_int_equal(close(holder), 0);
}

/* Then the probe itself is told to try again. */
static void a_socket_whose_queue_is_full_is_in_use(void **state)
{
    const struct fixture *fixture = *state;
    int holder = raw_listen_path(fixture->path);
    int guest;
    assert_int_equal(listen(holder, 0), 0);
    guest = raw_connect_path(fixture->path);

    expect_refused(fixture->path, "Address already in use");

    assert_int_equal(close(guest), 0);
    assert_int_equal(close(holder), 0);
}

static void what_is_not_a_socket_stays_as_it_is(void **state)
{
    static const char reason[] = "what is there is not a socket, and stays as it is";
    const struct fixture *fixture = *state;
    char target[PATH_BYTES];
    struct stat before;
    struct stat after;
    (void)snprintf(target, sizeof(target), "%s/target", fixture->directory);
    assert_int_equal(close(raw_listen_path(target)), 0);

    for (int kind = 0; kind < 4; kind++) {
        if (kind == 0)
            assert_int_equal(close(open(fixture->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
        else if (kind == 1)
            assert_int_equal(mkdir(fixture->path, 0700), 0);
        else
            assert_int_equal(symlink(kind == 2 ? target : "/nowhere/at/all", fixture->path), 0);
        assert_int_equal(lstat(fixture->path, &before), 0);

        expect_refused(fixture->path, reason);

        assert_int_equal(lstat(fixture->path, &after), 0);
        assert_int_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_mode, before.st_mode);
        assert_int_equal(remove(fixture->path), 0);
    }
    assert_true(exists(target));
}

static void a_file_that_has_come_in_its_place_is_not_removed(void **state)
{
    const struct fixture *fixture = *state;
    struct socket_file file;
    int fd = must_open(fixture->path, &file);
    assert_int_equal(unlink(fixture->path), 0);
    int other = raw_listen_path(fixture->path);

    unix_socket_remove(&file);

    assert_true(exists(fixture->path));
    assert_int_equal(close(other), 0);
    assert_int_equal(close(fd), 0);
}

static void a_directory_that_cannot_have_it_is_named(void **state)
{
    const struct fixture *fixture = *state;
    const uid_t user = geteuid();
    char path[PATH_BYTES + 32];
    char reason[256];

    (void)snprintf(path, sizeof(path), "%s/missing/s", fixture->directory);
    (void)snprintf(reason, sizeof(reason),
                   "cannot make a file in %s/missing/: No such file or directory",
                   fixture->directory);
    expect_refused(path, reason);

    assert_int_equal(close(open(fixture->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    (void)snprintf(path, sizeof(path), "%s/s", fixture->path);
    (void)snprintf(reason, sizeof(reason), "cannot make a file in %s/: Not a directory",
                   fixture->path);
    expect_refused(path, reason);
    assert_int_equal(unlink(fixture->path), 0);

    assert_int_equal(chmod(fixture->directory, 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    expect_refused("/proc/s", "cannot make a file in /proc/: No such file or directory");
    expect_refused("/s", "cannot make a file in /: Permission denied");
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(fixture->directory, 0700), 0);
}

static void a_lock_that_another_holds_is_waited_for_and_named(void **state)
{
    const struct fixture *fixture = *state;
    char reason[256];
    int held = open(fixture->lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_int_equal(flock(held, LOCK_EX), 0);

    (void)snprintf(reason, sizeof(reason), "another process holds %s", fixture->lock);
    expect_refused(fixture->path, reason);
    assert_int_equal(close(held), 0);

    struct socket_file file;
    int fd = must_open(fixture->path, &file);
    assert_int_equal(close(fd), 0);
}

static void a_file_that_only_has_the_name_of_the_lock_stays(void **state)
{
    const struct fixture *fixture = *state;
    char reason[256];
    int file = open(fixture->lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_int_equal(write(file, "x", 1), 1);
    (void)snprintf(reason, sizeof(reason), "%s is there, and is not a lock", fixture->lock);

    expect_refused(fixture->path, reason);
    assert_true(exists(fixture->lock));
    assert_int_equal(unlink(fixture->lock), 0);

    assert_int_equal(symlink("/tmp/sluice-nowhere", fixture->lock), 0);
    (void)snprintf(reason, sizeof(reason),
                   "cannot make a file in %s/: Too many levels of symbolic links",
                   fixture->directory);
    expect_refused(fixture->path, reason);
    assert_false(exists("/tmp/sluice-nowhere"));
    assert_int_equal(close(file), 0);
}

static int remove_scratch(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_file_has_the_rights_that_it_is_given_whatever_the_umask),
        TEST(a_socket_at_which_nobody_listens_is_replaced),
        TEST(a_socket_at_which_somebody_listens_is_refused_by_name),
        TEST(a_socket_whose_queue_is_full_is_in_use),
        TEST(what_is_not_a_socket_stays_as_it_is),
        TEST(a_file_that_has_come_in_its_place_is_not_removed),
        TEST(a_directory_that_cannot_have_it_is_named),
        TEST(a_lock_that_another_holds_is_waited_for_and_named),
        TEST(a_file_that_only_has_the_name_of_the_lock_stays),
    };

    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
