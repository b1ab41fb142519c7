/* SPDX-License-Identifier: MIT */
#include "redis/redis_redirect.h"

#include "captured.h"
#include "redis/redis_complaints.h"
#include "support/cmocka.h"

static const struct redis_endpoint asked = {.host = "10.0.0.1", .port = 7000};

static struct redis_redirect redirect_of(const char *reply)
{
    return redis_redirect_read(text_of(reply), &asked);
}

static void a_redirect_says_where_to_ask(void **state)
{
    static const struct {
        const char *reply;
        enum redis_redirect_kind kind;
        const char *host;
        int port;
    } cases[] = {
        {"MOVED 3999 10.0.0.2:6381", REDIS_MOVED, "10.0.0.2", 6381},
        {"MOVED 0 redis-2.example:6381", REDIS_MOVED, "redis-2.example", 6381},
        {"ASK 16383 10.0.0.2:65535", REDIS_ASK, "10.0.0.2", 65535},
        {"MOVED 3999 2001:db8::2:7000", REDIS_MOVED, "2001:db8::2", 7000},
        {"ASK 3999 2001:db8::1:7000", REDIS_ASK, "2001:db8::1", 7000},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct redis_redirect redirect = redirect_of(cases[i].reply);

        assert_int_equal(redirect.kind, cases[i].kind);
        assert_string_equal(redirect.endpoint.host, cases[i].host);
        assert_int_equal(redirect.endpoint.port, cases[i].port);
        assert_false(redirect.endpoint.is_unix);
    }
}

static void an_unknown_host_is_the_one_that_was_asked(void **state)
{
    static const struct redis_endpoint socket = {.is_unix = true, .host = "/run/redis.sock"};
    (void)state;

    assert_string_equal(redirect_of("MOVED 3999 :6381").endpoint.host, "10.0.0.1");
    assert_string_equal(redirect_of("ASK 3999 ?:6381").endpoint.host, "10.0.0.1");
    assert_int_equal(redirect_of("MOVED 3999 :6381").endpoint.port, 6381);
    assert_int_equal(redis_redirect_read(TEXT("MOVED 3999 :6381"), &socket).kind, REDIS_NOT_SERVED);
}

static void what_names_no_node_is_told_by_its_code(void **state)
{
    static const struct {
        const char *reply;
        enum redis_redirect_kind kind;
    } cases[] = {
        {"TRYAGAIN Multiple keys request during rehashing of slot", REDIS_TRY_AGAIN},
        {"CLUSTERDOWN The cluster is down", REDIS_NOT_SERVED},
        {"CLUSTERDOWN Hash slot not served", REDIS_NOT_SERVED},
        {"CLUSTERDOWN", REDIS_NOT_SERVED},
        {"CROSSSLOT Keys in request don't hash to the same slot", REDIS_NO_REDIRECT},
        {"READONLY You can't write against a read only replica.", REDIS_NO_REDIRECT},
        {"ERR MOVED 3999 127.0.0.1:6381", REDIS_NO_REDIRECT},
        {"MOVEDTO 3999 127.0.0.1:6381", REDIS_NO_REDIRECT},
        {"moved 3999 127.0.0.1:6381", REDIS_NO_REDIRECT},
        {"", REDIS_NO_REDIRECT},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(redirect_of(cases[i].reply).kind, cases[i].kind);
}

static void each_kind_has_its_code(void **state)
{
    (void)state;

    assert_string_equal(redis_redirect_word(REDIS_MOVED), "MOVED");
    assert_string_equal(redis_redirect_word(REDIS_ASK), "ASK");
    assert_string_equal(redis_redirect_word(REDIS_TRY_AGAIN), "TRYAGAIN");
    assert_string_equal(redis_redirect_word(REDIS_NOT_SERVED), "CLUSTERDOWN");
    assert_string_equal(redis_redirect_word(REDIS_NO_REDIRECT), "none");
}

static int lines_for(const char *reply)
{
    struct redis_complaints complaints = {0};
    struct captured captured;

    capture_begin(&captured);
    redis_redirect_tell_cluster(text_of(reply), &asked, &complaints);
    redis_redirect_tell_cluster(text_of(reply), &asked, &complaints);
    return capture_end(&captured, "\"event\":\"redis is a cluster\",\"redis\":\"10.0.0.1:7000\"");
}

static void what_only_a_node_of_a_cluster_says_is_told_once(void **state)
{
    (void)state;

    assert_int_equal(lines_for("MOVED 3999 127.0.0.1:6381"), 1);
    assert_int_equal(lines_for("ASK 3999 127.0.0.1:6381"), 1);
    assert_int_equal(lines_for("CROSSSLOT Keys in request don't hash to the same slot"), 1);
    assert_int_equal(lines_for("CLUSTERDOWN The cluster is down"), 1);
    assert_int_equal(lines_for("TRYAGAIN Multiple keys request during rehashing of slot"), 1);
    assert_int_equal(lines_for("READONLY You can't write against a read only replica."), 0);
    assert_int_equal(lines_for("ERR MOVED 3999 127.0.0.1:6381"), 0);
    assert_int_equal(lines_for(""), 0);
}

static void a_redirect_that_cannot_be_read_serves_nobody(void **state)
{
    static const char *const replies[] = {
        "MOVED",
        "MOVED ",
        "MOVED 3999",
        "MOVED 3999 ",
        "MOVED 3999 127.0.0.1",
        "MOVED 3999 127.0.0.1:",
        "MOVED 3999 127.0.0.1:0",
        "MOVED 3999 127.0.0.1:65536",
        "MOVED 3999 127.0.0.1:4294973677",
        "MOVED 3999 127.0.0.1:-1",
        "MOVED 3999 127.0.0.1:6381 ",
        "MOVED 16384 127.0.0.1:6381",
        "MOVED -1 127.0.0.1:6381",
        "ASK x 127.0.0.1:6381",
        "ASK 3999 two words:6381",
        "ASK 3999 [::1]:6381",
        "ASK 3999 new\nline:6381",
        "ASK 3999 user@host:6381",
    };
    char long_host[300];
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(replies); i++)
        assert_int_equal(redirect_of(replies[i]).kind, REDIS_NOT_SERVED);
    (void)snprintf(long_host, sizeof(long_host), "MOVED 1 %0255d:6381", 1);
    assert_int_equal(redirect_of(long_host).kind, REDIS_MOVED);
    (void)snprintf(long_host, sizeof(long_host), "MOVED 1 %0256d:6381", 1);
    assert_int_equal(redirect_of(long_host).kind, REDIS_NOT_SERVED);
    assert_int_equal(redis_redirect_read((struct text){"MOVED 1 a\0b:6381", 16}, &asked).kind,
                     REDIS_NOT_SERVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redirect_says_where_to_ask),
        cmocka_unit_test(an_unknown_host_is_the_one_that_was_asked),
        cmocka_unit_test(what_names_no_node_is_told_by_its_code),
        cmocka_unit_test(each_kind_has_its_code),
        cmocka_unit_test(what_only_a_node_of_a_cluster_says_is_told_once),
        cmocka_unit_test(a_redirect_that_cannot_be_read_serves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
