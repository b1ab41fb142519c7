/* SPDX-License-Identifier: MIT
 *
 * A lookup has LOOKUP_US. That is also the time that an attempt to connect has in all. */
#include "redis/redis_resolver.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"
#include "support/name_server.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <event2/event.h>
#include <netdb.h>

#define LOOKUP_US SECOND_US

#define NOT_FOUND                                                                                  \
    "no name server gave an address: no answer, an error, none of this name, or more than a "      \
    "datagram holds"

/* The question, and its result: "192.0.2.1 2001:db8::1", or the reason in brackets. */
struct lookup {
    struct event_base *base;
    struct redis_endpoint endpoint;
    struct redis_resolver *resolver;
    char found[512];
    int64_t took_us;
};

static void on_resolved(void *context, const struct redis_addresses *addresses, const char *reason)
{
    struct lookup *lookup = context;
    size_t length = 0;

    for (size_t i = 0; i < addresses->count; i++) {
        const struct redis_address *address = &addresses->list[i];
        char host[NI_MAXHOST];
        assert_int_equal(getnameinfo((const struct sockaddr *)&address->at, address->length, host,
                                     sizeof(host), NULL, 0, NI_NUMERICHOST),
                         0);
        length += (size_t)snprintf(lookup->found + length, sizeof(lookup->found) - length, "%s%s",
                                   i == 0 ? "" : " ", host);
    }
    if (addresses->count == 0)
        (void)snprintf(lookup->found, sizeof(lookup->found), "(%s)", reason);
}

static void lookup_open(struct lookup *lookup, const char *url, const char *resolv_conf)
{
    *lookup = (struct lookup){.base = event_base_new(), .endpoint = endpoint_at(url)};
    lookup->resolver = redis_resolver_new(lookup->base, resolv_conf, lookup, on_resolved);
}

/* The result is borrowed from the lookup. */
static const char *ask(struct lookup *lookup)
{
    const int64_t begin_us = clock_monotonic_us();

    lookup->found[0] = '\0';
    redis_resolver_begin(lookup->resolver, &lookup->endpoint);
    while (lookup->found[0] == '\0')
        assert_int_equal(event_base_loop(lookup->base, EVLOOP_ONCE), 0);
    lookup->took_us = clock_monotonic_us() - begin_us;
    return lookup->found;
}

static void lookup_close(struct lookup *lookup)
{
    redis_resolver_free(lookup->resolver);
    (void)event_base_loop(lookup->base, EVLOOP_NONBLOCK);
    event_base_free(lookup->base);
}

/* Asks one question, and expects this result. */
static void expect_found(const char *name, const char *resolv_conf, const char *expected)
{
    char url[128];
    struct lookup lookup;

    (void)snprintf(url, sizeof(url), "redis://%s:6379", name);
    lookup_open(&lookup, url, resolv_conf);
    assert_string_equal(ask(&lookup), expected);
    lookup_close(&lookup);
}

static void expect_unfound(const char *name, const char *resolv_conf)
{
    char url[512];
    struct lookup lookup;

    (void)snprintf(url, sizeof(url), "redis://%s:6379", name);
    lookup_open(&lookup, url, resolv_conf);
    assert_int_equal(ask(&lookup)[0], '(');
    lookup_close(&lookup);
}

static void addresses_of_both_families_take_turns(void **state)
{
    struct name_server *server = name_server_start();
    char path[SCRATCH_PATH_BYTES];
    (void)state;
    name_server_conf(&server, 1, "", path);
    name_server_add(server, "four.test", "192.0.2.1");
    name_server_add(server, "six.test", "2001:db8::1");
    for (int i = 1; i <= 9; i++) {
        static char addresses[9][24];
        (void)snprintf(addresses[i - 1], sizeof(addresses[0]), "192.0.2.%d", i);
        name_server_add(server, "both.test", addresses[i - 1]);
    }
    name_server_add(server, "both.test", "2001:db8::1");
    name_server_add(server, "both.test", "2001:db8::2");

    expect_found("four.test", path, "192.0.2.1");
    expect_found("six.test", path, "2001:db8::1");
    expect_found("both.test", path,
                 "192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2 192.0.2.3 192.0.2.4 192.0.2.5 "
                 "192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9");

    name_server_stop(server);
}

static void silent_name_servers_leave_time_for_one_that_answers(void **state)
{
    struct name_server *servers[] = {name_server_start(), name_server_start(), name_server_start()};
    char path[SCRATCH_PATH_BYTES];
    (void)state;
    name_server_silence(servers[0]);
    name_server_silence(servers[1]);
    name_server_add(servers[2], "redis.test", "192.0.2.1");

    for (size_t first = 0; first < 3; first++) {
        name_server_conf(&servers[first], 3 - first, "options timeout:30 attempts:1\n", path);
        expect_found("redis.test", path, "192.0.2.1");
    }

    assert_true(name_server_questions(servers[0]) > 0);
    assert_true(name_server_questions(servers[1]) > 0);
    for (size_t i = 0; i < 3; i++)
        name_server_stop(servers[i]);
}

/* Without a bound, libevent's own times would end it after 15 s. A busy machine may take a second
 * or two more than the bound. */
static void a_lookup_that_nobody_answers_ends_soon(void **state)
{
    struct name_server *server = name_server_start();
    char path[SCRATCH_PATH_BYTES];
    struct lookup lookup;
    (void)state;
    name_server_silence(server);
    name_server_conf(&server, 1, "", path);
    lookup_open(&lookup, "redis://redis.test:6379", path);

    WAIT_FOR (30, ask(&lookup)[0] == '(' && lookup.took_us < LOOKUP_US)
        ;

    lookup_close(&lookup);
    name_server_stop(server);
}

/* libevent does not tell which of these it was. */
static void a_lookup_that_fails_does_not_claim_that_nobody_answered(void **state)
{
    static const unsigned flags[] = {
        0x0000, /* the name has no address */
        0x0001, /* the question is malformed */
        0x0002, /* the server has failed */
        0x0005, /* the server refuses */
        0x0200, /* the answer does not fit into a datagram */
    };
    struct name_server *server = name_server_start();
    char path[SCRATCH_PATH_BYTES];
    (void)state;
    name_server_conf(&server, 1, "", path);

    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        name_server_fail(server, flags[i]);
        expect_found("redis.test", path, "(" NOT_FOUND ")");
    }
    name_server_silence(server);
    expect_found("redis.test", path, "(" NOT_FOUND ")");

    name_server_stop(server);
}

static void a_family_that_nobody_answers_for_does_not_delay_the_other(void **state)
{
    struct name_server *server = name_server_start();
    char path[SCRATCH_PATH_BYTES];
    struct lookup lookup;
    (void)state;
    name_server_add(server, "redis.test", "192.0.2.1");
    name_server_ignore(server, AF_INET6);
    name_server_conf(&server, 1, "", path);
    lookup_open(&lookup, "redis://redis.test:6379", path);

    WAIT_FOR (30, strcmp(ask(&lookup), "192.0.2.1") == 0 && lookup.took_us < LOOKUP_US)
        ;

    lookup_close(&lookup);
    name_server_stop(server);
}

static void a_name_server_may_know_names_in_lower_case_alone(void **state)
{
    struct name_server *server = name_server_start();
    char path[SCRATCH_PATH_BYTES];
    (void)state;
    name_server_mind_case(server);
    name_server_add(server, "redis-primary-of-the-shop.test", "192.0.2.1");
    name_server_conf(&server, 1, "options randomize-case:1\n", path);

    expect_found("Redis-Primary-of-the-shop.TEST", path, "192.0.2.1");

    name_server_stop(server);
}

static void each_question_is_asked_anew(void **state)
{
    struct name_server *servers[] = {name_server_start(), name_server_start()};
    char path[SCRATCH_PATH_BYTES];
    struct lookup lookup;
    (void)state;
    name_server_conf(&servers[0], 1, "", path);
    lookup_open(&lookup, "redis://redis.test:6379", path);

    assert_int_equal(ask(&lookup)[0], '(');
    name_server_add(servers[0], "redis.test", "192.0.2.1");
    assert_string_equal(ask(&lookup), "192.0.2.1");
    name_server_forget(servers[0]);
    name_server_add(servers[0], "redis.test", "192.0.2.2");
    assert_string_equal(ask(&lookup), "192.0.2.2");
    name_server_add(servers[1], "redis.test", "192.0.2.3");
    name_server_conf_rewrite(&servers[1], 1, "", path);
    assert_string_equal(ask(&lookup), "192.0.2.3");

    lookup_close(&lookup);
    name_server_stop(servers[0]);
    name_server_stop(servers[1]);
}

static void short_names_are_searched_for(void **state)
{
    struct name_server *server = name_server_start();
    char path[SCRATCH_PATH_BYTES];
    (void)state;
    name_server_add(server, "redis.shop.svc.test", "192.0.2.1");
    name_server_conf(&server, 1, "search other.test svc.test\noptions ndots:5\n", path);

    expect_found("redis.shop", path, "192.0.2.1");

    name_server_stop(server);
}

/* A node may announce any name. It has 255 bytes, which is more than a question holds, in labels of
 * any length; or it is no name. */
static void names_that_cannot_be_asked_for_are_not_found(void **state)
{
    struct name_server *server = name_server_start();
    static const char *const domains[] = {"", "search one.test two.test\noptions ndots:5\n"};
    char name[256];
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(domains); i++) {
        char path[SCRATCH_PATH_BYTES];

        name_server_conf(&server, 1, domains[i], path);
        for (size_t label = 1; label <= sizeof(name); label *= 2) {
            memset(name, 'a', sizeof(name) - 1);
            name[sizeof(name) - 1] = '\0';
            for (size_t dot = label; dot < sizeof(name) - 1; dot += label + 1)
                name[dot] = '.';
            expect_unfound(name, path);
        }
        expect_unfound("a..b", path);
        expect_unfound("..", path);
        expect_unfound(".", path);
        expect_unfound("%", path);
    }
    name_server_stop(server);
}

static void addresses_and_the_machines_own_names_need_no_name_server(void **state)
{
    char empty[SCRATCH_PATH_BYTES];
    (void)state;
    scratch_file("resolv.conf", "", empty);
    const char *const lists[] = {empty, "/nonexistent/resolv.conf"};

    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        struct lookup lookup;

        expect_found("127.0.0.1", lists[i], "127.0.0.1");
        expect_found("[::1]", lists[i], "::1");
        lookup_open(&lookup, "redis://localhost:6379", lists[i]);
        assert_ptr_equal(strstr(ask(&lookup), "127.0.0.1"), lookup.found);
        lookup_close(&lookup);
    }
}

static int close_group(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_both_families_take_turns),
        cmocka_unit_test(silent_name_servers_leave_time_for_one_that_answers),
        cmocka_unit_test(a_lookup_that_nobody_answers_ends_soon),
        cmocka_unit_test(a_lookup_that_fails_does_not_claim_that_nobody_answered),
        cmocka_unit_test(a_family_that_nobody_answers_for_does_not_delay_the_other),
        cmocka_unit_test(a_name_server_may_know_names_in_lower_case_alone),
        cmocka_unit_test(each_question_is_asked_anew),
        cmocka_unit_test(short_names_are_searched_for),
        cmocka_unit_test(names_that_cannot_be_asked_for_are_not_found),
        cmocka_unit_test(addresses_and_the_machines_own_names_need_no_name_server),
    };

    return cmocka_run_group_tests(tests, NULL, close_group);
}
