/* SPDX-License-Identifier: MIT
 *
 * Sluice as an operator uses it: its messages to a supervisor, restarts that lose no request,
 * reloads that are refused, and the sandbox. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define UNLIMITED    "register_limit: \"off\"\nmanage_limit: \"off\"\n"
#define RESTARTS     4
#define CHECKS       50

/* The supervisor's end of NOTIFY_SOCKET. */
struct supervisor {
    int fd;
    char variable[sizeof("NOTIFY_SOCKET=") + SCRATCH_PATH_BYTES];
};

static void supervisor_open(struct supervisor *supervisor)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[SCRATCH_PATH_BYTES];

    scratch_file("notify", "", path); /* only for its name, which the socket gets */
    assert_int_equal(unlink(path), 0);
    memcpy(address.sun_path, path, sizeof(path));
    supervisor->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(supervisor->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    (void)snprintf(supervisor->variable, sizeof(supervisor->variable), "NOTIFY_SOCKET=%s", path);
}

/* Expects that the next message to the supervisor starts like this. */
static void supervisor_expect(const struct supervisor *supervisor, const char *start)
{
    struct pollfd readable = {.fd = supervisor->fd, .events = POLLIN};
    char state[1024];

    assert_int_equal(poll(&readable, 1, WAIT_SECONDS * 1000), 1);
    ssize_t length = recv(supervisor->fd, state, sizeof(state) - 1, 0);
    assert_true(length > 0);
    state[length] = '\0';
    if (strncmp(state, start, strlen(start)) != 0)
        fail_msg("the supervisor got \"%s\" instead of \"%s\"", state, start);
}

/* Two loads on one address, on which one service starts while the other ends. */
struct traffic {
    struct client *tenant;
    struct load *reconnecting;
    struct load *keeping_alive;
};

static void traffic_begin(struct traffic *traffic, const struct service *service)
{
    traffic->tenant = tenant_new(service);
    tenant_policy(traffic->tenant,
                  "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
    struct load_options options = {.port = service_port(service),
                                   .api_key = client_key(traffic->tenant),
                                   .routes = {"/a"},
                                   .threads = 3};

    traffic->keeping_alive = load_begin(&options);
    options.reconnects = true;
    traffic->reconnecting = load_begin(&options);
}

static void traffic_goes_on(const struct traffic *traffic)
{
    long kept = load_summary(traffic->keeping_alive).checks + CHECKS;
    long made = load_summary(traffic->reconnecting).checks + CHECKS;

    WAIT_FOR (WAIT_SECONDS, load_summary(traffic->keeping_alive).checks >= kept &&
                                load_summary(traffic->reconnecting).checks >= made)
        ;
}

static void traffic_end_without_failure(struct traffic *traffic)
{
    struct load_summary kept = load_end(traffic->keeping_alive);
    struct load_summary made = load_end(traffic->reconnecting);

    client_free(traffic->tenant);
    print_message("slowest: %lld ms kept alive, %lld ms reconnecting\n",
                  (long long)kept.slowest_us / 1000, (long long)made.slowest_us / 1000);
    assert_string_equal(kept.first_failure, "");
    assert_string_equal(made.first_failure, "");
    assert_int_equal(kept.failed + made.failed, 0);
    assert_true(kept.allowed > 0 && made.allowed > 0);
}

static void the_supervisor_is_told_of_each_change(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char config[SCRATCH_PATH_BYTES];
    struct supervisor supervisor;
    supervisor_open(&supervisor);
    const char *const environment[] = {supervisor.variable, NULL};
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    options.environment = environment;

    struct service *service = service_start(&options);
    supervisor_expect(&supervisor, "READY=1\nSTATUS=Serving on 127.0.0.1:");
    service_reload(service);
    supervisor_expect(&supervisor, "RELOADING=1\nMONOTONIC_USEC=");
    supervisor_expect(&supervisor, "READY=1\nSTATUS=Serving with the new settings.");
    scratch_rewrite(config, UNLIMITED "drain_timeout_s: 11\nwaiting_max: 7\n");
    service_reload(service);
    supervisor_expect(&supervisor, "RELOADING=1\n");
    supervisor_expect(&supervisor, "READY=1\nSTATUS=Serving with the new settings, of which 2 need "
                                   "a restart.");
    scratch_rewrite(config, "engine: bicycle\n");
    service_reload(service);
    supervisor_expect(&supervisor, "RELOADING=1\n");
    supervisor_expect(&supervisor, "READY=1\nSTATUS=Serving with the old settings: ");
    service_begin_stop(service);
    supervisor_expect(&supervisor, "STOPPING=1\n");

    assert_int_equal(service_finish_stop(service), 0);
    (void)close(supervisor.fd);
}

static void a_store_that_is_away_delays_the_start_but_does_not_prevent_it(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct supervisor supervisor;
    if (world->redis == NULL)
        skip();
    supervisor_open(&supervisor);
    const char *const environment[] = {supervisor.variable, NULL};
    options.environment = environment;
    options.not_ready = true;
    redis_server_pause(world->redis);

    struct service *service = service_start(&options);

    supervisor_expect(&supervisor, "READY=1\nSTATUS=Waiting for the store or the catalogue on ");
    struct client *client = stranger_new(service);
    EXPECT(client_get(client, "/livez"), 200, NULL);
    EXPECT(client_get(client, "/readyz"), 503, NULL);
    redis_server_continue(world->redis);
    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    client_free(client);
    service_stop(service);
    (void)close(supervisor.fd);
}

static void the_watchdog_hears_from_a_service_whose_workers_turn(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct supervisor supervisor;
    supervisor_open(&supervisor);
    const char *const environment[] = {supervisor.variable, "WATCHDOG_USEC=200000", NULL};
    options.environment = environment;

    struct service *service = service_start(&options);

    supervisor_expect(&supervisor, "READY=1\n");
    for (int i = 0; i < 5; i++)
        supervisor_expect(&supervisor, "WATCHDOG=1");
    service_stop(service);
    (void)close(supervisor.fd);
}

static void a_restart_on_a_held_socket_loses_no_request(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char data_dir[SCRATCH_PATH_BYTES];
    struct traffic traffic;
    scratch_directory("kept", data_dir);
    options.data_dir = data_dir;
    options.passed_socket = raw_listen();
    struct service *service = service_start(&options);
    traffic_begin(&traffic, service);

    for (int i = 0; i < RESTARTS; i++) {
        traffic_goes_on(&traffic);
        service_stop(service);
        service = service_start(&options);
    }
    traffic_goes_on(&traffic);

    traffic_end_without_failure(&traffic);
    service_expect_events(service, "socket passed", 1);
    service_stop(service);
    (void)close(options.passed_socket);
}

static void a_new_instance_takes_over_from_an_old_one_without_a_failure(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char data_dir[SCRATCH_PATH_BYTES];
    char address[32];
    const char *const flags[] = {"--listen", address, "--share-address", "true", NULL};
    struct traffic traffic;
    scratch_directory("kept", data_dir);
    options.data_dir = data_dir;
    struct service *old = service_start(&options);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%d", service_port(old));
    options.flags = flags;
    traffic_begin(&traffic, old);

    for (int i = 0; i < RESTARTS; i++) {
        traffic_goes_on(&traffic);
        struct service *new = service_start(&options);
        service_stop(old);
        old = new;
    }
    traffic_goes_on(&traffic);

    traffic_end_without_failure(&traffic);
    service_stop(old);
}

/* A configuration that a reload refuses, and the reason that it gives. */
struct bad_reload {
    const char *config; /* NULL: no file; %s: a file that does not exist */
    const char *reason;
};

static const struct bad_reload bad_reloads[] = {
    {NULL, "No such file"},
    {"listen: [", "line"},
    {"workers: 2\nworkers: 2\n", "is there twice"},
    {"colour: green\n", "line 1: colour"},
    {"log_level: loud\n", "line 1: log_level"},
    {"idle_timeout_s: 0\n", "line 1: idle_timeout_s"},
    {"tls_certificate: %s\n", "line 1: tls_certificate"},
    {"apps:\n  - name: Shop\n    api_key_file: %s\n    policies: []\n",
     "line 3: apps[0].api_key_file"},
    {"apps:\n  - name: Shop\n    api_key_env: NOT_SET_ANYWHERE\n    policies: []\n",
     "line 3: apps[0].api_key_env"},
    {"apps:\n  - {name: Shop, api_key_env: SHOP_KEY, policies: [{route_key: /a, limit: -1,"
     " window_seconds: 60}]}\n",
     "line 2: apps[0].policies[0].limit"},
};

static void write_bad(const struct bad_reload *bad, const char *config, const char *missing)
{
    const char *hole = bad->config == NULL ? NULL : strstr(bad->config, "%s");
    char text[512];

    if (bad->config == NULL) {
        assert_int_equal(unlink(config), 0);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s", bad->config);
    if (hole != NULL)
        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - bad->config), bad->config,
                       missing, hole + strlen("%s"));
    scratch_rewrite(config, text);
}

/* Expects that the last refusal gives this reason. */
static void expect_refusal(const struct service *service, const char *reason)
{
    char *log = scratch_read(service_log(service));
    const char *last = log;

    for (const char *next = log; next != NULL; next = strstr(last + 1, "reload refused"))
        last = next;
    if (strstr(last, reason) == NULL)
        fail_msg("\"%s\" is not the reason in %s", reason, last);
    free(log);
}

static void each_bad_file_is_refused_with_its_reason_and_changes_nothing(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char config[SCRATCH_PATH_BYTES];
    char missing[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED "registration: closed\n", config);
    char key_file[SCRATCH_PATH_BYTES];
    char *key = service_new_key(key_file);
    char variable[128];
    const char *const environment[] = {variable, NULL};
    (void)snprintf(variable, sizeof(variable), "SHOP_KEY=%s", key);
    free(key);
    options.environment = environment;
    scratch_file("missing", "", missing);
    assert_int_equal(unlink(missing), 0);
    options.config = config;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);

    for (size_t i = 0; i < ARRAY_COUNT(bad_reloads); i++) {
        write_bad(&bad_reloads[i], config, missing);
        service_reload(service);
        WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reload refused") == (int)i + 1)
            ;
        expect_refusal(service, bad_reloads[i].reason);
        EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Late'}"), 403, NULL);
    }

    assert_int_equal(service_count_events(service, "reloaded"), 0);
    client_free(client);
    service_stop(service);
}

static void write_shop(const char *path, const char *key_file)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   UNLIMITED "apps:\n  - name: Shop\n    api_key_file: %s\n    policies:\n"
                             "      - {route_key: /b, limit: 7, window_seconds: 60}\n",
                   key_file);
    scratch_rewrite(path, text);
}

/* Expects that each thread reports that it is in the sandbox. Returns how many threads have this
 * name. */
static int expect_threads_in_it(const struct service *service, const char *name)
{
    char path[SCRATCH_PATH_BYTES];
    char prefix[SCRATCH_PATH_BYTES];
    int named = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)service_process(service));
    (void)snprintf(prefix, sizeof(prefix), "Name:\t%s\n", name);
    DIR *threads = opendir(path);
    assert_non_null(threads);

    for (const struct dirent *thread = readdir(threads); thread != NULL;
         thread = readdir(threads)) {
        char file[SCRATCH_PATH_BYTES];
        if (thread->d_name[0] == '.')
            continue;
        (void)snprintf(file, sizeof(file), "task/%.16s/status", thread->d_name);
        assert_int_equal(service_status(service, file, "\nNoNewPrivs:"), 1);
        assert_int_equal(service_status(service, file, "\nSeccomp:"), 2);
        named += service_status(service, file, prefix) >= 0;
    }
    assert_int_equal(closedir(threads), 0);
    return named;
}

static void a_sandboxed_service_does_all_its_work(void **state)
{
    static const char *const flags[] = {"--sandbox", "true", NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char config[SCRATCH_PATH_BYTES];
    char key_file[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    options.flags = flags;

    struct service *service = service_start(&options);
    assert_int_equal(expect_threads_in_it(service, "catalogue"), 1);
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':4}");
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(tenant, "/logs/latest")->json) == 1)
        ;

    /* A reload reads files and declares an app. */
    char *key = service_new_key(key_file);
    write_shop(config, key_file);
    service_reload(service);
    struct client *shop = stranger_new(service);
    client_set_key(shop, key);
    WAIT_FOR (WAIT_SECONDS, client_look(shop, "alice", "/b")->status == 200)
        ;

    /* The store is lost and found again: that needs a new connection, and the scripts are loaded
     * again. */
    if (world->redis != NULL) {
        redis_server_kill(world->redis);
        EXPECT(client_check(tenant, "alice", "/a"), 200, "{'degraded':true}");
        redis_server_restart(world->redis);
        WAIT_FOR (WAIT_SECONDS, reply_at(client_look(tenant, "alice", "/a"), "degraded") == NULL)
            ;
    }
    free(key);
    client_free(shop);
    client_free(tenant);
    service_stop(service);
}

static bool has_landlock(const struct service *service)
{
    char *log = scratch_read(service_log(service));
    bool has =
        strstr(log, "\"landlock_abi\":") != NULL && strstr(log, "\"landlock_abi\":0") == NULL;

    free(log);
    return has;
}

static void a_sandboxed_service_reads_only_beside_what_was_named_at_the_start(void **state)
{
    static const char *const flags[] = {"--sandbox", "true", NULL};
    struct service_options options = world_options(*state);
    char config_dir[SCRATCH_PATH_BYTES];
    char config[SCRATCH_PATH_BYTES + 16];
    char next[SCRATCH_PATH_BYTES + 16];
    char key_outside[SCRATCH_PATH_BYTES];
    char key_inside[SCRATCH_PATH_BYTES + 16];
    scratch_directory("config", config_dir);
    (void)snprintf(config, sizeof(config), "%s/sluice.yaml", config_dir);
    (void)snprintf(next, sizeof(next), "%s/sluice.new", config_dir);
    (void)snprintf(key_inside, sizeof(key_inside), "%s/key", config_dir);
    scratch_rewrite(config, UNLIMITED);
    char *key = service_new_key(key_outside);
    scratch_rewrite(key_inside, key);
    options.config = config;
    options.flags = flags;
    struct service *service = service_start(&options);

    if (has_landlock(service)) {
        write_shop(config, key_outside);
        service_reload(service);
        WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reload refused") == 1)
            ;
        expect_refusal(service, "Permission denied");
    }

    /* A new file replaces the old one, as editors and renewals do it. */
    write_shop(next, key_inside);
    assert_int_equal(rename(next, config), 0);
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == 1)
        ;
    free(key);
    service_stop(service);
}

/* As /proc shows it, where "unlimited" is not a number. */
static int64_t own_core_limit(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    return limit.rlim_cur == RLIM_INFINITY ? 0 : (int64_t)limit.rlim_cur;
}

static void a_crash_leaves_no_core_unless_it_may(void **state)
{
    static const char *const flags[] = {"--core-dumps", "true", NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct service *secretive = service_start(&options);
    options.flags = flags;
    struct service *open = service_start(&options);

    /* A core file of less than a page has nothing in it. At 1 the kernel does not start a program
     * of core_pattern. */
    assert_in_range(service_status(secretive, "limits", "Max core file size"), 0, 1);
    assert_int_equal(service_status(open, "limits", "Max core file size"), own_core_limit());
    service_stop(secretive);
    service_stop(open);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_supervisor_is_told_of_each_change),
        cmocka_unit_test(a_store_that_is_away_delays_the_start_but_does_not_prevent_it),
        cmocka_unit_test(the_watchdog_hears_from_a_service_whose_workers_turn),
        cmocka_unit_test(a_restart_on_a_held_socket_loses_no_request),
        cmocka_unit_test(a_new_instance_takes_over_from_an_old_one_without_a_failure),
        cmocka_unit_test(each_bad_file_is_refused_with_its_reason_and_changes_nothing),
        cmocka_unit_test(a_sandboxed_service_does_all_its_work),
        cmocka_unit_test(a_sandboxed_service_reads_only_beside_what_was_named_at_the_start),
        cmocka_unit_test(a_crash_leaves_no_core_unless_it_may),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
