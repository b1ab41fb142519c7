/* SPDX-License-Identifier: MIT */
#include "support/proxy.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "support/client.h"
#include "support/cmocka.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define START_SECONDS 30
#define SIGNS_MAX     2
#define ARGUMENTS_MAX 8

/* Below the ephemeral ports, so that no client's connection uses the port. */
#define PORT_MIN   20000
#define PORT_COUNT 12000

struct program {
    const char *argv[ARGUMENTS_MAX]; /* the configuration's path is the last */
    const char *configuration;
    const char *signs[SIGNS_MAX + 1]; /* it prints one of these when it takes an instance out */
};

struct kind {
    const char *name;
    const struct program *program;
    const char *strictness;
};

struct proxy {
    const struct kind *kind;
    pid_t process;
    int port;
    char directory[SCRATCH_PATH_BYTES];
    char configuration[SCRATCH_PATH_BYTES];
    char output[SCRATCH_PATH_BYTES];
};

/* A mark in a configuration, and the text that the test puts there. */
struct blank {
    const char *mark;
    const char *text;
};

static const struct program nginx = {
    .argv = {"/usr/sbin/nginx", "-e", "stderr", "-c"},
    .configuration = "nginx.conf",
    .signs = {"temporarily disabled", "no live upstreams"},
};
static const struct program haproxy = {
    .argv = {"/usr/sbin/haproxy", "-db", "-f"},
    .configuration = "haproxy.cfg",
    .signs = {"is DOWN"},
};
static const struct program apache = {
    .argv = {"/usr/sbin/apache2", "-X", "-f"},
    .configuration = "apache.conf",
    .signs = {"Health check DISABLING"},
};
static const struct program caddy = {
    .argv = {"/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config"},
    .configuration = "Caddyfile",
    .signs = {"health_checker.active\",\"msg\":\"HTTP request failed"},
};

static const struct kind kinds[] = {
    {"nginx", &nginx, "Strict"},
    {"haproxy", &haproxy, "Strict"},
    {"haproxy_unsafe", &haproxy, "Unsafe"},
    {"apache", &apache, "Strict"},
    {"apache_unsafe", &apache, "Unsafe"},
    {"caddy", &caddy, "Strict"},
};

static const struct kind *find_kind(const char *name);
static int free_port(void);
static void configure(struct proxy *proxy, int first, int second);
static void fill_in(struct buffer *out, const char *text, const struct blank blanks[]);
static pid_t run(const struct proxy *proxy);
static bool answers(const struct proxy *proxy);

bool proxy_is_known(const char *name)
{
    return find_kind(name) != NULL;
}

struct proxy *proxy_start(const char *name, int first, int second)
{
    struct proxy *proxy = MEMORY_NEW(struct proxy);

    proxy->kind = find_kind(name);
    proxy->port = free_port();
    scratch_directory("proxy", proxy->directory);
    scratch_file("proxy-output", "", proxy->output);
    configure(proxy, first, second);
    proxy->process = run(proxy);
    WAIT_FOR (START_SECONDS, answers(proxy))
        ;
    return proxy;
}

void proxy_stop(struct proxy *proxy)
{
    process_kill(proxy->process);
    free(proxy);
}

int proxy_port(const struct proxy *proxy)
{
    return proxy->port;
}

bool proxy_has_given_up(const struct proxy *proxy)
{
    char *output = proxy_output(proxy);
    bool found = false;

    for (const char *const *sign = proxy->kind->program->signs; *sign != NULL; sign++)
        found |= strstr(output, *sign) != NULL;
    free(output);
    return found;
}

char *proxy_output(const struct proxy *proxy)
{
    return scratch_read(proxy->output);
}

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* Found by binding it, because some proxies would share another's port. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int port = 0;
    int bound = -1;

    for (unsigned attempt = 0; bound != 0; attempt++) {
        ASSERT(attempt < PORT_COUNT);
        port = PORT_MIN + (int)(((unsigned)getpid() * 131U + attempt) % PORT_COUNT);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        address.sin_port = htons((uint16_t)port);
        bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
        (void)close(fd);
    }
    return port;
}

static void configure(struct proxy *proxy, int first, int second)
{
    char ports[3][8];
    const struct blank blanks[] = {{"@PORT@", ports[0]},
                                   {"@FIRST@", ports[1]},
                                   {"@SECOND@", ports[2]},
                                   {"@DIRECTORY@", proxy->directory},
                                   {"@STRICTNESS@", proxy->kind->strictness},
                                   {NULL, NULL}};
    struct arena arena = {0};
    struct buffer out;
    char path[256];

    (void)snprintf(ports[0], sizeof(ports[0]), "%d", proxy->port);
    (void)snprintf(ports[1], sizeof(ports[1]), "%d", first);
    (void)snprintf(ports[2], sizeof(ports[2]), "%d", second);
    (void)snprintf(path, sizeof(path), PROXIES "/%s", proxy->kind->program->configuration);
    char *text = scratch_read(path);
    assert_non_null(text);
    buffer_init(&out, &arena, 4096);
    fill_in(&out, text, blanks);
    scratch_file("proxy-configuration", buffer_string(&out), proxy->configuration);
    arena_close(&arena);
    free(text);
}

static void fill_in(struct buffer *out, const char *text, const struct blank blanks[])
{
    while (*text != '\0') {
        const struct blank *blank = blanks;
        while (blank->mark != NULL && strncmp(text, blank->mark, strlen(blank->mark)) != 0)
            blank++;
        if (blank->mark == NULL) {
            buffer_add_char(out, *text++);
        } else {
            buffer_add(out, text_of(blank->text));
            text += strlen(blank->mark);
        }
    }
}

static pid_t run(const struct proxy *proxy)
{
    char home[SCRATCH_PATH_BYTES + 32];
    const char *const environment[] = {home, NULL}; /* Caddy keeps files there */
    const char *argv[ARGUMENTS_MAX + 1] = {NULL};
    size_t count = 0;

    (void)snprintf(home, sizeof(home), "XDG_CONFIG_HOME=%s", proxy->directory);
    for (; proxy->kind->program->argv[count] != NULL; count++)
        argv[count] = proxy->kind->program->argv[count];
    argv[count] = proxy->configuration;
    return process_start(argv, environment, proxy->output);
}

static bool answers(const struct proxy *proxy)
{
    int code = process_poll(proxy->process);

    if (code != PROCESS_RUNNING) {
        char *output = proxy_output(proxy);
        fail_msg("%s is not installed, or ended with %d: %s", proxy->kind->program->argv[0], code,
                 output);
    }
    struct client *client = client_new(proxy->port);
    bool answered = client_get(client, "/livez")->status == 200;
    client_free(client);
    return answered;
}
