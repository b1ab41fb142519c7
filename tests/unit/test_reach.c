/* SPDX-License-Identifier: MIT
 *
 * Which files, ports and sockets a process can reach in the sandbox. */
#include "sandbox_case.h"

#include "../../src/app/landlock.h"

#include "base/log.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES (SCRATCH_PATH_BYTES + 64)
/* The first ABI that fences TCP ports. */
#define PORTS_ABI 4

static char config_dir[SCRATCH_PATH_BYTES];
static char certificate_dir[SCRATCH_PATH_BYTES];
static char data_dir[SCRATCH_PATH_BYTES];
static char outside_dir[SCRATCH_PATH_BYTES];
static char socket_dir[SCRATCH_PATH_BYTES];
static char config[PATH_BYTES];
static char neighbour[PATH_BYTES];         /* beside the configuration */
static char certificate[PATH_BYTES];       /* a link beside it, into certificate_dir */
static char newer_certificate[PATH_BYTES]; /* in certificate_dir */
static char catalogue[PATH_BYTES];
static char outside[PATH_BYTES];
static char link_outside[PATH_BYTES]; /* beside the configuration */
static char dots_outside[PATH_BYTES];

/* A listening socket that a process outside the sandbox owns. */
static int abstract_socket = -1;
static struct sockaddr_un abstract_address = {.sun_family = AF_UNIX};
static socklen_t abstract_length = sizeof(abstract_address);

static struct settings_file files[] = {
    {.path = config, .next = &files[1]},
    {.path = certificate},
};

static struct settings settings = {
    .files = files,
    .catalogue = CATALOGUE_KIND_SQLITE,
    .catalogue_path = catalogue,
    .engine = ENGINE_REDIS,
};

static void name_file(char path[static PATH_BYTES], const char *directory, const char *name)
{
    (void)snprintf(path, PATH_BYTES, "%s/%s", directory, name);
}

/* The service listens there. For what is removed, any file will do. */
static void name_socket(void)
{
    struct sockaddr_un *address = (struct sockaddr_un *)(void *)&settings.listen;

    address->sun_family = AF_UNIX;
    (void)snprintf(address->sun_path, sizeof(address->sun_path), "%s/s", socket_dir);
    scratch_rewrite(address->sun_path, "");
}

/* The kernel chooses its name. */
static void make_abstract_socket(void)
{
    struct sockaddr *address = (struct sockaddr *)&abstract_address;

    abstract_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(abstract_socket, address, sizeof(sa_family_t)), 0);
    assert_int_equal(listen(abstract_socket, 100), 0);
    assert_int_equal(getsockname(abstract_socket, address, &abstract_length), 0);
}

static int make_files(void **state)
{
    char older_certificate[PATH_BYTES];

    (void)state;
    settings.redis.hosts[0].port = 1; /* nothing listens there */
    scratch_directory("config", config_dir);
    scratch_directory("certificates", certificate_dir);
    scratch_directory("data", data_dir);
    scratch_directory("outside", outside_dir);
    scratch_directory("socket", socket_dir);
    name_socket();
    name_file(config, config_dir, "sluice.yaml");
    name_file(neighbour, config_dir, "key");
    name_file(certificate, config_dir, "certificate");
    name_file(older_certificate, certificate_dir, "1.pem");
    name_file(newer_certificate, certificate_dir, "2.pem");
    name_file(catalogue, data_dir, "sluice.db");
    name_file(outside, outside_dir, "secret");
    name_file(link_outside, config_dir, "link");
    (void)snprintf(dots_outside, sizeof(dots_outside), "%s/..%s/secret", config_dir,
                   strrchr(outside_dir, '/'));
    scratch_rewrite(config, "");
    scratch_rewrite(neighbour, "");
    scratch_rewrite(older_certificate, "");
    scratch_rewrite(newer_certificate, "");
    scratch_rewrite(outside, "");
    assert_int_equal(symlink(older_certificate, certificate), 0);
    assert_int_equal(symlink(outside, link_outside), 0);
    make_abstract_socket();
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    assert_int_equal(close(abstract_socket), 0);
    scratch_remove();
    return 0;
}

static long open_file(const char *path, int flags)
{
    return open(path, flags | O_CLOEXEC, 0600);
}

static long read_password_hashes(void)
{
    return open_file("/etc/shadow", O_RDONLY);
}

static long read_the_environment_of_init(void)
{
    return open_file("/proc/1/environ", O_RDONLY);
}

static long read_its_own_environment(void)
{
    return open_file("/proc/self/environ", O_RDONLY);
}

static long read_its_own_memory(void)
{
    return open_file("/proc/self/mem", O_RDONLY);
}

static long write_to_tmp(void)
{
    return open_file("/tmp", O_TMPFILE | O_WRONLY);
}

static long list_a_directory(void)
{
    return open_file("/etc", O_RDONLY | O_DIRECTORY);
}

static long read_a_file_outside(void)
{
    return open_file(outside, O_RDONLY);
}

static long read_a_file_outside_by_dots(void)
{
    return open_file(dots_outside, O_RDONLY);
}

static long read_a_file_outside_by_a_link(void)
{
    return open_file(link_outside, O_RDONLY);
}

static long write_beside_the_configuration(void)
{
    char path[PATH_BYTES];

    name_file(path, config_dir, "new");
    return open_file(path, O_WRONLY | O_CREAT);
}

static long make_a_file_beside_the_socket(void)
{
    char path[PATH_BYTES];

    name_file(path, socket_dir, "new");
    return open_file(path, O_WRONLY | O_CREAT);
}

static long remove_a_file_outside(void)
{
    return unlink(outside);
}

static long empty_the_configuration(void)
{
    return open_file(config, O_RDONLY | O_TRUNC);
}

static struct sockaddr_in loopback(in_port_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static long connect_to(in_port_t port)
{
    const struct sockaddr_in address = loopback(port);

    return connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                   (const struct sockaddr *)&address, sizeof(address));
}

static long connect_to_another_port(void)
{
    return connect_to((in_port_t)(settings.redis.hosts[0].port + 1));
}

/* The first packet already has the first bytes of the stream. */
static long connect_by_sending(void)
{
    const struct sockaddr_in address = loopback((in_port_t)(settings.redis.hosts[0].port + 1));

    return sendto(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "", 1, MSG_FASTOPEN,
                  (const struct sockaddr *)&address, sizeof(address));
}

static long bind_a_port(void)
{
    const struct sockaddr_in address = loopback(0);

    return bind(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (const struct sockaddr *)&address,
                sizeof(address));
}

static long connect_to_an_abstract_socket(void)
{
    return connect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                   (const struct sockaddr *)&abstract_address, abstract_length);
}

/* What Landlock refuses, and since which ABI. */
static const struct {
    attempt_fn *attempt;
    int abi;
    int failure;
} fenced[] = {
    {read_password_hashes, 1, EACCES},
    {read_the_environment_of_init, 1, EACCES},
    {read_its_own_environment, 1, EACCES},
    {read_its_own_memory, 1, EACCES},
    {write_to_tmp, 1, EACCES},
    {list_a_directory, 1, EACCES},
    {read_a_file_outside, 1, EACCES},
    {read_a_file_outside_by_dots, 1, EACCES},
    {read_a_file_outside_by_a_link, 1, EACCES},
    {write_beside_the_configuration, 1, EACCES},
    {make_a_file_beside_the_socket, 1, EACCES},
    {remove_a_file_outside, 1, EACCES},
    {empty_the_configuration, 3, EACCES},
    {connect_to_another_port, 4, EACCES},
    {connect_by_sending, 4, ENOSYS},
    {bind_a_port, 4, EACCES},
    {connect_to_an_abstract_socket, 6, EPERM},
};

static long read_the_hosts(void)
{
    return open_file("/etc/hosts", O_RDONLY);
}

static long read_the_configuration(void)
{
    return open_file(config, O_RDONLY);
}

static long read_what_may_replace_it(void)
{
    return open_file(neighbour, O_RDONLY);
}

static long read_by_a_link(void)
{
    return open_file(certificate, O_RDONLY);
}

static long read_what_the_link_may_name_next(void)
{
    return open_file(newer_certificate, O_RDONLY);
}

static long keep_a_database(void)
{
    char path[PATH_BYTES];

    name_file(path, data_dir, "sluice.db-wal");
    return open_file(path, O_RDWR | O_CREAT | O_TRUNC) < 0 ? -1 : unlink(path);
}

static long remove_the_socket(void)
{
    return unlink(((const struct sockaddr_un *)(const void *)&settings.listen)->sun_path);
}

static long connect_to_redis(void)
{
    return connect_to((in_port_t)settings.redis.hosts[0].port) < 0 && errno != ECONNREFUSED ? -1
                                                                                            : 0;
}

static attempt_fn *const granted[] = {
    read_the_hosts,
    read_the_configuration,
    read_what_may_replace_it,
    read_by_a_link,
    read_what_the_link_may_name_next,
    keep_a_database,
    connect_to_redis,
    remove_the_socket,
};

static void what_the_settings_do_not_name_is_out_of_reach(void **state)
{
    struct landlock landlock;
    struct error error;

    (void)state;
    assert_true(landlock_begin(&landlock, (struct landlock_open){0}, &error));
    if (landlock.abi == 0)
        skip();
    assert_int_equal(close(landlock.rules), 0);
    for (size_t i = 0; i < ARRAY_COUNT(fenced); i++) {
        if (fenced[i].abi <= landlock.abi)
            assert_int_equal(sandbox_result_of(fenced[i].attempt, &settings), fenced[i].failure);
    }
}

static void what_serving_needs_is_within_reach(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(granted); i++)
        assert_int_equal(sandbox_result_of(granted[i], &settings), 0);
}

/* All else stays fenced. */
static void servers_that_are_not_known_yet_are_within_reach(void **state)
{
    static const struct {
        enum redis_kind kind;
        enum engine engine;
        bool is_open;
    } cases[] = {
        {REDIS_SERVER, ENGINE_REDIS, false},   {REDIS_SENTINEL, ENGINE_REDIS, true},
        {REDIS_CLUSTER, ENGINE_REDIS, true},   {REDIS_SENTINEL, ENGINE_MEMORY, false},
        {REDIS_CLUSTER, ENGINE_MEMORY, false},
    };
    struct landlock landlock;
    struct error error;

    (void)state;
    assert_true(landlock_begin(&landlock, (struct landlock_open){0}, &error));
    if (landlock.abi > 0)
        assert_int_equal(close(landlock.rules), 0);
    if (landlock.abi < PORTS_ABI)
        skip();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct settings other = settings;

        other.redis.kind = cases[i].kind;
        other.engine = cases[i].engine;
        assert_int_equal(sandbox_result_of(connect_to_another_port, &other),
                         cases[i].is_open ? ECONNREFUSED : EACCES);
        assert_int_equal(sandbox_result_of(bind_a_port, &other), EACCES);
        assert_int_equal(sandbox_result_of(read_a_file_outside, &other), EACCES);
    }
}

/* Makes Landlock fail, as in a kernel without it, or in a container whose filter does not know
 * it. */
static bool lose_landlock(int failure)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool done = seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)failure),
                                 SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
                seccomp_load(filter) == 0;

    seccomp_release(filter);
    return done;
}

static void without_landlock_system_calls_are_still_refused(void **state)
{
    static const int failures[] = {ENOSYS, EPERM};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            struct error error;

            log_set_level(LOG_ERROR);
            if (!lose_landlock(failures[i]) || !sandbox_enter(&settings, &error))
                _exit(255);
            _exit(read_a_file_outside() >= 0 && chmod(config, 0600) != 0 && errno == ENOSYS ? 0
                                                                                            : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void what_the_kernel_cannot_do_is_named(void **state)
{
    static const struct {
        int abi;
        const char *missing;
    } cases[] = {
        {0, "files, truncation of files, TCP ports, abstract sockets"},
        {2, "truncation of files, TCP ports, abstract sockets"},
        {5, "abstract sockets"},
        {6, ""},
        {99, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct landlock landlock = {.abi = cases[i].abi};
        char missing[LANDLOCK_MISSING_BYTES];

        landlock_write_missing(&landlock, missing);
        assert_string_equal(missing, cases[i].missing);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_settings_do_not_name_is_out_of_reach),
        cmocka_unit_test(what_serving_needs_is_within_reach),
        cmocka_unit_test(servers_that_are_not_known_yet_are_within_reach),
        cmocka_unit_test(without_landlock_system_calls_are_still_refused),
        cmocka_unit_test(what_the_kernel_cannot_do_is_named),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
