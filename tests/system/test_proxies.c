/* SPDX-License-Identifier: MIT
 *
 * A proxy in front of two instances: test_proxies PROXY, where PROXY is one of support/proxy.h. The
 * raw requests come through the proxy, and between them the checks of good clients over the same
 * connections to the instances. Each client must get its own answer. No instance may be taken out
 * because of its answers. */
#include "base/arena.h"
#include "base/memory.h"
#include "raw_rows.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/proxy.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define GOOD           3
#define ANSWER_SECONDS 20
#define WAIT_SECONDS   20
#define TURNS_MAX      100

struct stand {
    struct world *world;
    struct proxy *proxy;
    struct client *tenant; /* connected directly to the first instance */
    struct client *good[GOOD];
    struct client *denied;
    long checks; /* of good clients; each has a route of its own */
};

static const char *proxy_name;

static struct client *through_proxy(const struct stand *stand)
{
    struct client *client = client_new(proxy_port(stand->proxy));

    client_set_key(client, client_key(stand->tenant));
    return client;
}

static int open_stand(void **state)
{
    struct stand *stand = MEMORY_NEW(struct stand);

    (void)world_open_pair((void **)&stand->world);
    stand->proxy = proxy_start(proxy_name, service_port(stand->world->service),
                               service_port(stand->world->second));
    stand->tenant = tenant_new(stand->world->service);
    tenant_policy(stand->tenant, "{'route_key':'*','limit':1000000000,'window_seconds':31536000}");
    tenant_policy(stand->tenant, "{'route_key':'/denied','limit':1,'window_seconds':31536000}");
    client_free(tenant_at_second(stand->world, stand->tenant));
    for (size_t i = 0; i < GOOD; i++)
        stand->good[i] = through_proxy(stand);
    stand->denied = through_proxy(stand);
    EXPECT(client_check(stand->denied, "denied", "/denied"), 200, NULL);
    *state = stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;

    if (stand == NULL) /* the proxy did not start */
        return 0;
    for (size_t i = 0; i < GOOD; i++)
        client_free(stand->good[i]);
    client_free(stand->denied);
    client_free(stand->tenant);
    proxy_stop(stand->proxy);
    (void)world_close((void **)&stand->world);
    free(stand);
    return 0;
}

static bool gets_own_answer(struct client *client, const char *user, const char *route, int status)
{
    const struct reply *reply = client_check(client, user, route);
    bool is_own = reply->status == status && strcmp(reply_text(reply, "route_key"), route) == 0;

    if (!is_own)
        print_error("the check of %s on %s was answered %d: %s\n", user, route, reply->status,
                    reply->body);
    return is_own;
}

static bool all_get_own_answers(struct stand *stand)
{
    bool all = true;

    for (size_t i = 0; i < GOOD; i++) {
        char route[32];
        snprintf(route, sizeof route, "/good/%ld", stand->checks++);
        all &= gets_own_answer(stand->good[i], "good", route, 200);
    }
    return gets_own_answer(stand->denied, "denied", "/denied", 429) && all;
}

static bool is_anothers(const struct raw_reply *reply)
{
    return strstr(reply->text, "/good/") != NULL || strstr(reply->text, "/denied") != NULL;
}

/* The proxy uses them in turn, but other requests count too. */
static bool both_serve(struct stand *stand)
{
    char before[64] = "";
    bool both = false;

    for (int i = 0; i < TURNS_MAX && !both; i++) {
        const struct reply *reply = client_check(stand->good[0], "good", "/good/last");
        const char *instance = reply_field(reply, "X-Instance");
        assert_non_null(instance);
        both = before[0] != '\0' && strcmp(instance, before) != 0;
        snprintf(before, sizeof before, "%s", instance);
    }
    if (!both)
        print_error("only %s serves\n", before);
    return both;
}

/* Sends the request. The good clients check after it was sent, after the head of its answer, and
 * after its end. True if each got its own answer, and the connection was closed. */
static bool bears(struct stand *stand, const char *request)
{
    struct arena arena = {0};
    struct text bytes = raw_rows_expand(&arena, request, client_key(stand->tenant));
    struct raw_reply reply;
    int fd = raw_connect(proxy_port(stand->proxy));

    raw_send(fd, bytes.at, bytes.length);
    bool borne = all_get_own_answers(stand);
    raw_receive_until(fd, "\r\n\r\n", ANSWER_SECONDS, &reply);
    borne &= all_get_own_answers(stand) && !is_anothers(&reply);
    raw_receive_until(fd, "", ANSWER_SECONDS, &reply);
    borne &= reply.closed && !is_anothers(&reply);
    (void)close(fd);
    borne &= all_get_own_answers(stand) && both_serve(stand) && !proxy_has_given_up(stand->proxy);
    arena_close(&arena);
    return borne;
}

static void print_output(const struct proxy *proxy)
{
    char *output = proxy_output(proxy);

    (void)fprintf(stderr, "--- output of %s ---\n%s", proxy_name, output);
    free(output);
}

static void nobody_gets_anothers_answer_and_no_instance_is_taken_out(void **state)
{
    struct stand *stand = *state;
    const struct load_options options = {
        .port = proxy_port(stand->proxy),
        .api_key = client_key(stand->tenant),
        .routes = {"/load"},
        .threads = 2,
        .per_second = 100,
        .counted_user = "load",
        .denying_route = "none",
    };
    struct load *load = load_begin(&options);
    int wrong = 0;

    for (size_t i = 0; i < raw_rows_count; i++) {
        char request[2048];
        snprintf(request, sizeof request, "%s" FOLLOWER, raw_rows[i].request);
        if (!bears(stand, request)) {
            print_error("because of\n%s\n", raw_rows[i].request);
            wrong++;
        }
    }
    const struct load_summary summary = load_end(load);

    if (wrong > 0)
        print_output(stand->proxy);
    assert_int_equal(wrong, 0);
    load_expect_answered(&summary);
    load_expect_counted(&summary, false);
    EXPECT(client_get(stand->tenant, "/livez"), 200, NULL);
}

/* This shows that proxy_has_given_up() can be true. */
static void an_instance_that_has_died_is_taken_out(void **state)
{
    struct stand *stand = *state;

    assert_false(proxy_has_given_up(stand->proxy));
    service_kill(stand->world->second);
    stand->world->second = NULL;
    WAIT_FOR (WAIT_SECONDS, proxy_has_given_up(stand->proxy))
        (void)client_check(stand->good[0], "good", "/good/last");
}

int main(int argc, char *argv[])
{
    static char redis[] = "redis_unix";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_gets_anothers_answer_and_no_instance_is_taken_out),
        cmocka_unit_test(an_instance_that_has_died_is_taken_out),
    };

    if (argc != 2 || !proxy_is_known(argv[1])) {
        (void)fprintf(stderr, "usage: %s PROXY, see support/proxy.h\n", argv[0]);
        return 2;
    }
    proxy_name = argv[1];
    world_choose_engine(2, (char *[]){argv[0], redis});
    return service_report(cmocka_run_group_tests(tests, open_stand, close_stand));
}
