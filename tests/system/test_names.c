/* SPDX-License-Identifier: MIT
 *
 * Redis by its name, in the sandbox: the links of the workers, the catalogue and the log. The
 * service reads /etc/resolv.conf. So this runs in a mount namespace, where the test's own file
 * covers that one. Skipped if the kernel does not allow it. All of 127.0.0.0/8 is this machine. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/listener.h"
#include "support/name_server.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define RESOLV_CONF  "/etc/resolv.conf"

static bool has_names;
static struct name_server *dead;
static struct name_server *live;

/* To be called before there are threads: a process with several threads cannot enter another user's
 * namespace. */
static void enter_namespace(void)
{
    char path[SCRATCH_PATH_BYTES];

    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return;
    scratch_file("resolv.conf", "", path);
    has_names = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount(path, RESOLV_CONF, NULL, MS_BIND, NULL) == 0;
}

static int open_group(void **state)
{
    struct name_server *servers[] = {name_server_start(), name_server_start()};

    dead = servers[0];
    live = servers[1];
    name_server_silence(dead);
    if (has_names)
        name_server_conf_rewrite(servers, ARRAY_COUNT(servers), "", RESOLV_CONF);
    return world_open_engine(state);
}

static int close_group(void **state)
{
    name_server_stop(dead);
    name_server_stop(live);
    return world_close(state);
}

/* The service uses the Redis named "redis.test", also for its catalogue. */
static struct service *start(const struct world *world)
{
    static const char *const flags[] = {"--sandbox", "true", NULL};
    char url[REDIS_SERVER_URL_BYTES];
    struct service_options options = world_options(world);
    const char *host = strstr(world->redis_url, "127.0.0.1");

    (void)snprintf(url, sizeof(url), "%.*sredis.test%s", (int)(host - world->redis_url),
                   world->redis_url, host + strlen("127.0.0.1"));
    options.redis_url = url;
    options.flags = flags;
    return service_start(&options);
}

static void expect_everything(struct service *service)
{
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, "{'route_key':'/a','limit':3,'window_seconds':3600}");
    EXPECT(client_check(tenant, "ada", "/a"), 200, "{'remaining':2}");
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(tenant, "/logs/latest")->json) == 1)
        ;
    assert_null(reply_at(client_check(tenant, "ada", "/a"), "degraded"));
    client_free(tenant);
}

static void dead_name_servers_and_dead_addresses_are_passed_over(void **state)
{
    const struct world *world = *state;
    struct listener silent;
    if (!has_names)
        skip();
    name_server_forget(live);
    name_server_add(live, "redis.test", "127.0.0.2");
    name_server_add(live, "redis.test", "127.0.0.3");
    name_server_add(live, "redis.test", "127.0.0.1");
    listener_open(&silent, "127.0.0.2", redis_server_port(world->redis));
    listener_fill(&silent);

    struct service *service = start(world);
    expect_everything(service);

    service_stop(service);
    listener_close(&silent);
}

/* A server that accepts at an address and is not a Redis. */
struct stranger {
    const char *kind;
    const char *words; /* its answer to everything; NULL: repeats what it receives */
    bool is_deaf;      /* closes the connection at once */
    bool is_endless;   /* sends its words again and again */
    struct listener listener;
};

static void converse(const struct stranger *stranger, int fd)
{
    char heard[4096];
    ssize_t length;

    while (!stranger->is_deaf && (length = recv(fd, heard, sizeof(heard), 0)) > 0) {
        const char *words = stranger->words == NULL ? heard : stranger->words;
        const size_t bytes = stranger->words == NULL ? (size_t)length : strlen(words);

        while (send(fd, words, bytes, MSG_NOSIGNAL) > 0 && stranger->is_endless)
            ;
    }
}

/* Handles one guest after the other. */
static void *receive_guests(void *context)
{
    const struct stranger *stranger = context;
    int fd;

    while ((fd = accept(stranger->listener.fd, NULL, NULL)) >= 0) {
        converse(stranger, fd);
        (void)close(fd);
    }
    return NULL;
}

static void an_address_where_something_else_answers_is_passed_over(void **state)
{
    static struct stranger strangers[] = {
        {.kind = "hangs up", .is_deaf = true},
        {.kind = "silent", .words = ""},
        {.kind = "speaks HTTP", .words = "HTTP/1.1 400 Bad Request\r\n\r\n"},
        {.kind = "loading", .words = "-LOADING Redis is loading the dataset in memory\r\n"},
        {.kind = "loading, no password", .words = "+OK\r\n-LOADING Redis is loading\r\n"},
        {.kind = "echo"},
        {.kind = "endless", .words = "$9000000000\r\n", .is_endless = true},
    };
    const struct world *world = *state;
    if (!has_names)
        skip();
    name_server_forget(live);
    name_server_add(live, "redis.test", "127.0.0.2");
    name_server_add(live, "redis.test", "127.0.0.1");

    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++) {
        struct stranger *stranger = &strangers[i];
        pthread_t thread;
        print_message("  %s\n", stranger->kind);
        listener_open(&stranger->listener, "127.0.0.2", redis_server_port(world->redis));
        assert_int_equal(pthread_create(&thread, NULL, receive_guests, stranger), 0);

        struct service *service = start(world);
        expect_everything(service);

        service_stop(service);
        assert_int_equal(shutdown(stranger->listener.fd, SHUT_RDWR), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        listener_close(&stranger->listener);
    }
}

static bool is_degraded(struct client *client)
{
    return strcmp(reply_text(client_get(client, "/readyz"), "status"), "degraded") == 0;
}

static void a_name_that_moves_is_followed(void **state)
{
    const struct world *world = *state;
    if (!has_names)
        skip();
    name_server_forget(live);
    name_server_add(live, "redis.test", "127.0.0.1");
    struct service *service = start(world);
    struct client *client = stranger_new(service);

    name_server_forget(live);
    name_server_add(live, "redis.test", "127.0.0.2"); /* nothing listens there */
    redis_server_kill(world->redis);
    redis_server_restart(world->redis);
    WAIT_FOR (WAIT_SECONDS, is_degraded(client))
        ;
    name_server_forget(live);
    name_server_add(live, "redis.test", "127.0.0.1");
    WAIT_FOR (WAIT_SECONDS, !is_degraded(client))
        ;
    expect_everything(service);

    client_free(client);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dead_name_servers_and_dead_addresses_are_passed_over),
        cmocka_unit_test(an_address_where_something_else_answers_is_passed_over),
        cmocka_unit_test(a_name_that_moves_is_followed),
    };

    enter_namespace();
    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, open_group, close_group));
}
