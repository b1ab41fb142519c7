/* SPDX-License-Identifier: MIT */
#include "redis/redis_endpoint.h"

#include "support/cmocka.h"

static void reads_a_host_with_or_without_a_port(void **state)
{
    static const struct {
        const char *text;
        struct redis_endpoint endpoint;
    } cases[] = {
        {"redis", {.host = "redis", .port = 26379}},
        {"redis:1", {.host = "redis", .port = 1}},
        {"127.0.0.1:65535", {.host = "127.0.0.1", .port = 65535}},
        {"[::1]", {.host = "::1", .port = 26379}},
        {"[fe80::1%eth0]:7", {.host = "fe80::1%eth0", .port = 7}},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct redis_endpoint endpoint;
        struct error error = {0};

        if (!redis_endpoint_parse(text_of(cases[i].text), 26379, &endpoint, &error))
            fail_msg("%s: %s", cases[i].text, error.message);
        assert_memory_equal(&endpoint, &cases[i].endpoint, sizeof(endpoint));
    }
}

static void refuses_what_is_no_host_and_port(void **state)
{
    static const char *const cases[] = {
        "",    ":7",  "[]",   "[]:7",    "[::1", "::1",   "[::1]7",        "[::1]::",
        "h:",  "h:0", "h:-1", "h:65536", "h:7 ", "h:7:7", "h:99999999999", "a@h",
        "h?a", "h#a", "h,a",  "[[::1]",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct redis_endpoint endpoint;
        struct error error = {0};

        if (redis_endpoint_parse(text_of(cases[i]), 6379, &endpoint, &error))
            fail_msg("%s: accepted", cases[i]);
        assert_true(error.message[0] != '\0');
    }
}

static void a_host_holds_no_nul(void **state)
{
    struct redis_endpoint endpoint;
    struct error error = {0};
    (void)state;

    assert_false(redis_endpoint_parse(TEXT("h\0a:7"), 6379, &endpoint, &error));
    assert_false(redis_endpoint_parse(TEXT("[::\0]:7"), 6379, &endpoint, &error));
}

static void a_host_has_fewer_bytes_than_its_place(void **state)
{
    char host[sizeof(((struct redis_endpoint *)NULL)->host) + 1];
    struct redis_endpoint endpoint;
    struct error error = {0};
    (void)state;
    memset(host, 'h', sizeof(host));

    assert_true(
        redis_endpoint_parse((struct text){host, sizeof(endpoint.host) - 1}, 1, &endpoint, &error));
    assert_int_equal(strlen(endpoint.host), sizeof(endpoint.host) - 1);
    assert_false(
        redis_endpoint_parse((struct text){host, sizeof(endpoint.host)}, 1, &endpoint, &error));
    assert_string_equal(error.message, "the host in a Redis URL must have 1..255 bytes");
}

static void what_is_written_is_read_as_the_same(void **state)
{
    static const struct {
        struct redis_endpoint endpoint;
        const char *text;
    } cases[] = {
        {{.host = "redis", .port = 6379}, "redis:6379"},
        {{.host = "127.0.0.1", .port = 1}, "127.0.0.1:1"},
        {{.host = "2001:db8::1", .port = 65535}, "[2001:db8::1]:65535"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[REDIS_ENDPOINT_BYTES];
        struct redis_endpoint again;
        struct error error = {0};

        redis_endpoint_write(&cases[i].endpoint, text);

        assert_string_equal(text, cases[i].text);
        assert_true(redis_endpoint_parse(text_of(text), 2, &again, &error));
        assert_true(redis_endpoint_equal(&again, &cases[i].endpoint));
    }
}

static void a_socket_is_written_as_a_url(void **state)
{
    const struct redis_endpoint endpoint = {.is_unix = true, .host = "/run/redis.sock"};
    char text[REDIS_ENDPOINT_BYTES];
    (void)state;

    redis_endpoint_write(&endpoint, text);

    assert_string_equal(text, "unix:///run/redis.sock");
}

static void endpoints_differ_by_each_part(void **state)
{
    static const struct redis_endpoint endpoints[] = {
        {.host = "h", .port = 1},
        {.host = "h", .port = 2},
        {.host = "g", .port = 1},
        {.is_unix = true, .host = "h", .port = 1},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(endpoints); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(endpoints); j++)
            assert_int_equal(redis_endpoint_equal(&endpoints[i], &endpoints[j]), i == j);
    }
}

static void expect_learnt(const char *host, const char *asked_host, const char *expected)
{
    struct redis_endpoint asked = {.port = 7000};
    struct redis_endpoint learnt;

    (void)snprintf(asked.host, sizeof(asked.host), "%s", asked_host);
    assert_true(redis_endpoint_learn(text_of(host), 7001, &asked, &learnt));
    assert_string_equal(learnt.host, expected);
    assert_int_equal(learnt.port, 7001);
}

/* From here its own loopback address would be this machine. */
static void a_node_elsewhere_that_names_its_own_machine_means_the_host_we_asked(void **state)
{
    static const char *const own[] = {"127.0.0.1", "127.1.2.3", "::1", "localhost"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        expect_learnt(own[i], "10.0.0.7", "10.0.0.7");
        expect_learnt(own[i], "redis-1.example", "redis-1.example");
        for (size_t j = 0; j < ARRAY_COUNT(own); j++)
            expect_learnt(own[i], own[j], own[i]);
        expect_learnt(own[i], "", own[i]); /* it is not known who said it */
    }
    expect_learnt("10.0.0.8", "10.0.0.7", "10.0.0.8");
    expect_learnt("10.0.0.8", "127.0.0.1", "10.0.0.8");
    expect_learnt("?", "10.0.0.7", "10.0.0.7");
}

/* Otherwise it would be written as what no URL may have. */
static void a_host_that_no_url_may_have_is_not_learnt(void **state)
{
    static const char *const hosts[] = {"a b", "[::1]", "a/b", "a?b", "a#b", "a@b", "a,b"};
    const struct redis_endpoint asked = {.host = "10.0.0.7", .port = 7000};
    struct redis_endpoint learnt;
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        if (redis_endpoint_learn(text_of(hosts[i]), 7001, &asked, &learnt))
            fail_msg("learnt: %s", hosts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_host_with_or_without_a_port),
        cmocka_unit_test(refuses_what_is_no_host_and_port),
        cmocka_unit_test(a_host_holds_no_nul),
        cmocka_unit_test(a_host_has_fewer_bytes_than_its_place),
        cmocka_unit_test(what_is_written_is_read_as_the_same),
        cmocka_unit_test(a_socket_is_written_as_a_url),
        cmocka_unit_test(endpoints_differ_by_each_part),
        cmocka_unit_test(a_host_that_no_url_may_have_is_not_learnt),
        cmocka_unit_test(a_node_elsewhere_that_names_its_own_machine_means_the_host_we_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
