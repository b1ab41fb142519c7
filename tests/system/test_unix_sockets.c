/* SPDX-License-Identifier: MIT
 *
 * Serving at a path: who may connect, whom limits take a caller for, and what becomes of the
 * file. */
#include "rivals.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/https_files.h"
#include "support/process.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <sys/stat.h>
#include <unistd.h>

#define EXIT_UNAVAILABLE 69
#define WAIT_SECONDS     30
#define CALLERS          40
#define ROUNDS           3
#define LISTEN_BYTES     (SCRATCH_PATH_BYTES + 8)

#define ASK_LIVE "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void path_in_new_directory(char path[static SCRATCH_PATH_BYTES])
{
    scratch_directory("s", path);
    const size_t length = strlen(path);
    assert_true(length + sizeof("/s") <= SCRATCH_PATH_BYTES);
    memcpy(path + length, "/s", sizeof("/s"));
}

static struct service *start_at(const struct world *world, const char *path,
                                const char *const flags[])
{
    struct service_options options = world_options(world);

    options.socket = path;
    options.flags = flags;
    return service_start(&options);
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    return status.st_mode & 0777;
}

static void decisions_are_made_at_a_path_and_the_file_goes_with_the_service(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    struct service *service = start_at(*state, path, NULL);
    assert_int_equal(mode_of(path), 0660);

    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':31536000}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':0}");
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);

    client_free(tenant);
    service_stop(service);
    assert_false(exists(path));
}

static void the_rights_of_the_file_are_a_setting(void **state)
{
    static const char *const flags[] = {"--socket-mode", "0600", NULL};
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);

    struct service *service = start_at(*state, path, flags);

    assert_int_equal(mode_of(path), 0600);
    service_stop(service);
}

static void the_file_of_a_killed_service_is_replaced(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    service_kill(start_at(*state, path, NULL));
    assert_true(exists(path));

    struct service *service = start_at(*state, path, NULL); /* and is ready */

    service_stop(service);
    assert_false(exists(path));
}

static void expect_refused(const char *path, const char *reason)
{
    char listen[LISTEN_BYTES];
    char directory[SCRATCH_PATH_BYTES];
    char *output = NULL;
    scratch_directory("unused", directory);
    (void)snprintf(listen, sizeof(listen), "unix:%s", path);

    const int code = service_run_command(
        (const char *const[]){"serve", "--listen", listen, "--data-dir", directory, NULL}, &output);

    if (code != EXIT_UNAVAILABLE || strstr(output, reason) == NULL)
        fail_msg("wanted \"%s\"; it exited with %d and said: %s", reason, code, output);
    free(output);
}

static void a_second_service_is_refused_and_told_who_has_the_path(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    char reason[256];
    path_in_new_directory(path);
    struct service *service = start_at(*state, path, NULL);

    (void)snprintf(reason, sizeof(reason),
                   "listen: cannot listen at unix:%s: Address already in use, by sluice (process "
                   "%d)",
                   path, (int)service_process(service));
    expect_refused(path, reason);

    struct client *client = stranger_new(service);
    EXPECT(client_get(client, "/livez"), 200, NULL);
    client_free(client);
    service_stop(service);
}

static void a_file_that_is_not_a_socket_is_left_alone(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    char *content;
    (void)state;
    scratch_file("precious", "as before", path);

    expect_refused(path, "is not a socket, and stays as it is");

    content = scratch_read(path);
    assert_string_equal(content, "as before");
    free(content);
}

/* In each round but the first they find the file of one that was killed. */
static void of_many_that_start_at_once_one_has_the_path(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    char listen[LISTEN_BYTES];
    (void)state;
    path_in_new_directory(path);
    (void)snprintf(listen, sizeof(listen), "unix:%s", path);

    for (int round = 0; round < ROUNDS; round++) {
        const pid_t left = rivals_start(listen);

        WAIT_FOR (WAIT_SECONDS, exists(path))
            ;
        (void)close(raw_connect_path(path));
        process_kill(left);
    }
}

static void all_callers_count_as_one_address_for_management(void **state)
{
    struct service_options options = world_options(*state);
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    options.socket = path;
    options.register_limit = "2/h";
    struct service *service = service_start(&options);

    for (int i = 0; i < 3; i++) {
        static const char *const forwarded[][2] = {{"X-Forwarded-For: 203.0.113.1", NULL},
                                                   {"X-Forwarded-For: 203.0.113.2", NULL},
                                                   {"X-Forwarded-For: 203.0.113.3", NULL}};
        struct client *client = stranger_new(service);
        client_set_headers(client, forwarded[i]);
        assert_int_equal(client_post(client, "/register", "{'name':'Test'}")->status,
                         i < 2 ? 201 : 429);
        client_free(client);
    }
    service_stop(service);
}

static void behind_a_trusted_proxy_at_the_socket_callers_count_apart(void **state)
{
    static const char *const flags[] = {"--trusted-proxies", "unix:", NULL};
    struct service_options options = world_options(*state);
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    options.socket = path;
    options.flags = flags;
    options.register_limit = "1/h";
    struct service *service = service_start(&options);

    for (int i = 0; i < 2; i++) {
        static const char *const forwarded[][2] = {{"X-Forwarded-For: 203.0.113.1", NULL},
                                                   {"X-Forwarded-For: 203.0.113.2", NULL}};
        struct client *client = stranger_new(service);
        client_set_headers(client, forwarded[i]);
        assert_int_equal(client_post(client, "/register", "{'name':'Test'}")->status, 201);
        assert_int_equal(client_post(client, "/register", "{'name':'Test'}")->status, 429);
        client_free(client);
    }
    service_stop(service);
}

static void expect_live(int fd)
{
    struct raw_reply reply = {0};

    raw_receive(fd, WAIT_SECONDS, &reply);
    assert_int_equal(reply.status, 200);
}

static void connections_have_no_limit_by_address(void **state)
{
    static const char *const flags[] = {"--connections-per-ip-max", "4", NULL};
    int fds[CALLERS];
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    struct service *service = start_at(*state, path, flags);

    for (int i = 0; i < CALLERS; i++) {
        fds[i] = raw_connect_path(path);
        raw_send(fds[i], ASK_LIVE, strlen(ASK_LIVE));
    }

    for (int i = 0; i < CALLERS; i++) {
        expect_live(fds[i]);
        (void)close(fds[i]);
    }
    service_stop(service);
}

/* None of them was accepted before. */
static void who_has_connected_before_the_end_is_answered(void **state)
{
    int fds[CALLERS];
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    struct service *service = start_at(*state, path, NULL);
    service_pause(service);
    for (int i = 0; i < CALLERS; i++) {
        fds[i] = raw_connect_path(path);
        raw_send(fds[i], ASK_LIVE, strlen(ASK_LIVE));
    }

    service_begin_stop(service);
    service_continue(service);

    for (int i = 0; i < CALLERS; i++) {
        expect_live(fds[i]);
        (void)close(fds[i]);
    }
    assert_int_equal(service_finish_stop(service), 0);
}

static void a_socket_that_was_passed_is_served_and_stays(void **state)
{
    struct service_options options = world_options(*state);
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    options.socket = path; /* where clients connect; `listen` is not used */
    options.passed_socket = raw_listen_path(path);
    struct service *service = service_start(&options);

    service_expect_events(service, "socket passed", 1);
    service_stop(service);
    assert_true(exists(path));
    int waiting = raw_connect_path(path);
    raw_send(waiting, ASK_LIVE, strlen(ASK_LIVE));
    service = service_start(&options);
    expect_live(waiting);

    (void)close(waiting);
    service_stop(service);
    (void)close(options.passed_socket);
}

static void metrics_may_have_a_path_too(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    char metrics[LISTEN_BYTES];
    const char *const flags[] = {"--metrics-listen", metrics, "--trusted-proxies", "unix:", NULL};
    path_in_new_directory(path);
    (void)snprintf(metrics, sizeof(metrics), "unix:%s", path);
    struct service_options options = world_options(*state);
    options.flags = flags;
    struct service *service = service_start(&options);

    struct client *client = client_new(0);
    client_use_socket(client, path);
    EXPECT(client_get(client, "/metrics"), 200, NULL);
    assert_int_equal(mode_of(path), 0660);

    client_free(client);
    service_stop(service);
    assert_false(exists(path));
}

static void https_works_over_it(void **state)
{
    struct service_options options = world_options(*state);
    struct https_files files = {0};
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    https_files_write(&files, &(struct certificate_options){.name = "localhost"});
    options.socket = path;
    options.flags = files.flags;
    options.https = true;

    struct service *service = service_start(&options); /* and is ready */

    struct client *tenant = tenant_new(service);
    EXPECT(client_get(tenant, "/policy"), 200, "[]");
    client_free(tenant);
    service_stop(service);
}

static void the_health_check_asks_at_the_path(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    char listen[LISTEN_BYTES];
    path_in_new_directory(path);
    (void)snprintf(listen, sizeof(listen), "unix:%s", path);
    const char *const ask[] = {"healthcheck", "--listen", listen, NULL};
    struct service *service = start_at(*state, path, NULL);

    assert_int_equal(service_run_command(ask, NULL), 0);
    service_stop(service);

    assert_int_equal(service_run_command(ask, NULL), 1);
}

/* Nobody else may be at the path while it serves. */
static void a_file_that_was_replaced_is_not_removed_at_the_end(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    path_in_new_directory(path);
    struct service *service = start_at(*state, path, NULL);
    int caller = raw_connect_path(path);
    raw_send(caller, ASK_LIVE, strlen(ASK_LIVE));
    expect_live(caller);
    assert_int_equal(unlink(path), 0);
    int other = raw_listen_path(path);

    raw_send(caller, ASK_LIVE, strlen(ASK_LIVE));
    expect_live(caller);
    service_stop(service);

    assert_true(exists(path));
    (void)close(caller);
    (void)close(other);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_are_made_at_a_path_and_the_file_goes_with_the_service),
        cmocka_unit_test(the_rights_of_the_file_are_a_setting),
        cmocka_unit_test(the_file_of_a_killed_service_is_replaced),
        cmocka_unit_test(a_second_service_is_refused_and_told_who_has_the_path),
        cmocka_unit_test(a_file_that_is_not_a_socket_is_left_alone),
        cmocka_unit_test(of_many_that_start_at_once_one_has_the_path),
        cmocka_unit_test(all_callers_count_as_one_address_for_management),
        cmocka_unit_test(behind_a_trusted_proxy_at_the_socket_callers_count_apart),
        cmocka_unit_test(connections_have_no_limit_by_address),
        cmocka_unit_test(who_has_connected_before_the_end_is_answered),
        cmocka_unit_test(a_socket_that_was_passed_is_served_and_stays),
        cmocka_unit_test(metrics_may_have_a_path_too),
        cmocka_unit_test(https_works_over_it),
        cmocka_unit_test(the_health_check_asks_at_the_path),
        cmocka_unit_test(a_file_that_was_replaced_is_not_removed_at_the_end),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
