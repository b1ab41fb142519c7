/* SPDX-License-Identifier: MIT */
#include "redis/redis_url.h"

#include "support/cmocka.h"

static void reads_each_part(void **state)
{
    static const struct {
        const char *text;
        struct redis_url url;
    } cases[] = {
        {"redis://localhost", {.host_count = 1, .hosts = {{.host = "localhost", .port = 6379}}}},
        {"redis://127.0.0.1:7000",
         {.host_count = 1, .hosts = {{.host = "127.0.0.1", .port = 7000}}}},
        {"redis://127.0.0.1/", {.host_count = 1, .hosts = {{.host = "127.0.0.1", .port = 6379}}}},
        {"redis://127.0.0.1:1/15",
         {.host_count = 1, .hosts = {{.host = "127.0.0.1", .port = 1}}, .database = 15}},
        {"redis://[::1]", {.host_count = 1, .hosts = {{.host = "::1", .port = 6379}}}},
        {"redis://[2001:db8::1]:65535/2",
         {.host_count = 1, .hosts = {{.host = "2001:db8::1", .port = 65535}}, .database = 2}},
        {"redis://:secret@redis",
         {.host_count = 1,
          .hosts = {{.host = "redis", .port = 6379}},
          .login = {.password = "secret"}}},
        {"redis://me:se:cret@redis",
         {.host_count = 1,
          .hosts = {{.host = "redis", .port = 6379}},
          .login = {.user = "me", .password = "se:cret"}}},
        {"redis://me:se@cret@redis:7",
         {.host_count = 1,
          .hosts = {{.host = "redis", .port = 7}},
          .login = {.user = "me", .password = "se@cret"}}},
        {"redis://m%65:%2F%3a%40%25@redis",
         {.host_count = 1,
          .hosts = {{.host = "redis", .port = 6379}},
          .login = {.user = "me", .password = "/:@%"}}},
        {"unix:///run/redis.sock",
         {.host_count = 1, .hosts = {{.is_unix = true, .host = "/run/redis.sock"}}}},
        {"unix:///run/redis.sock?db=3",
         {.host_count = 1, .hosts = {{.is_unix = true, .host = "/run/redis.sock"}}, .database = 3}},
        {"unix://me:secret@/run/redis.sock",
         {.host_count = 1,
          .hosts = {{.is_unix = true, .host = "/run/redis.sock"}},
          .login = {.user = "me", .password = "secret"}}},
        {"rediss://:secret@cache:7000/2",
         {.has_tls = true,
          .host_count = 1,
          .hosts = {{.host = "cache", .port = 7000}},
          .database = 2,
          .login = {.password = "secret"}}},
        {"rediss://cache",
         {.has_tls = true, .host_count = 1, .hosts = {{.host = "cache", .port = 6379}}}},
        {"redis-sentinel://one/mymaster",
         {.kind = REDIS_SENTINEL,
          .host_count = 1,
          .hosts = {{.host = "one", .port = 26379}},
          .master = "mymaster"}},
        {"redis-sentinel://one/mymaster/",
         {.kind = REDIS_SENTINEL,
          .host_count = 1,
          .hosts = {{.host = "one", .port = 26379}},
          .master = "mymaster"}},
        {"redis-sentinel://me:se,cret@one,two:7,[::1],[::1]:8/my-master_2.b/3",
         {.kind = REDIS_SENTINEL,
          .host_count = 4,
          .hosts = {{.host = "one", .port = 26379},
                    {.host = "two", .port = 7},
                    {.host = "::1", .port = 26379},
                    {.host = "::1", .port = 8}},
          .master = "my-master_2.b",
          .database = 3,
          .login = {.user = "me", .password = "se,cret"}}},
        {"rediss-sentinel://one/m",
         {.kind = REDIS_SENTINEL,
          .has_tls = true,
          .host_count = 1,
          .hosts = {{.host = "one", .port = 26379}},
          .master = "m"}},
        {"redis-cluster://one,[2001:db8::1]:7001",
         {.kind = REDIS_CLUSTER,
          .host_count = 2,
          .hosts = {{.host = "one", .port = 6379}, {.host = "2001:db8::1", .port = 7001}}}},
        {"redis-cluster://one/",
         {.kind = REDIS_CLUSTER, .host_count = 1, .hosts = {{.host = "one", .port = 6379}}}},
        {"rediss-cluster://me:se%2Ccret@one",
         {.kind = REDIS_CLUSTER,
          .has_tls = true,
          .host_count = 1,
          .hosts = {{.host = "one", .port = 6379}},
          .login = {.user = "me", .password = "se,cret"}}},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct redis_url url;
        struct error error = {0};

        const bool parsed = redis_url_parse(text_of(cases[i].text), &url, &error);

        if (!parsed)
            fail_msg("%s: %s", cases[i].text, error.message);
        assert_memory_equal(&url, &cases[i].url, sizeof(url));
    }
}

static void refuses_what_it_cannot_use_without_repeating_it(void **state)
{
    static const struct {
        const char *text;
        const char *says; /* a part of the error */
    } cases[] = {
        {"", "starts with redis://"},
        {"secret.example:6379", "starts with redis://"},
        {"http://secret", "starts with redis://"},
        {"redis://", "host"},
        {"redis://:6379", "host"},
        {"redis://::1", "host"},
        {"redis://[::1", "bracket"},
        {"redis://[::1]secret", "port"},
        {"redis://[]:1", "host"},
        {"redis://[[]", "no address"},
        {"redis://redis?password=secret", "no address"},
        {"redis://redis#secret", "no address"},
        {"redis://[::1#secret]", "no address"},
        {"unix:///:secret@/run/redis.sock", "credentials go before"},
        {"unix:///run/redis.sock?password=secret", "parameter"},
        {"redis://redis:", "port"},
        {"redis://redis:0", "port"},
        {"redis://redis:65536", "port"},
        {"redis://redis:secret", "port"},
        {"redis://redis:1/secret", "database"},
        {"redis://redis/-1", "database"},
        {"redis://redis/1/2", "database"},
        {"redis://secret@redis", "without a password"},
        {"redis://secret:@redis", "without a password"},
        {"redis://:secret%@redis", "percent"},
        {"redis://:secret%4@redis", "percent"},
        {"redis://:secret%zz@redis", "percent"},
        {"redis://:secret%00@redis", "percent"},
        {"redis://secret%:x@redis", "percent"},
        {"unix://secret", "absolute path"},
        {"unix://secret/path", "no host"},
        {"unix:///path?secret=1", "parameter"},
        {"unix:///path?db=secret", "database"},
        {"rediss:///secret", "host"},
        {"rediss+unix:///secret", "starts with redis://"},
        {"redis://one,secret", "no address"},
        {"redis-sentinel://", "host"},
        {"redis-sentinel://secret", "master's name"},
        {"redis-sentinel://secret/", "master's name"},
        {"redis-sentinel:///secret", "host"},
        {"redis-sentinel://secret,,two/m", "host"},
        {"redis-sentinel://secret,/m", "host"},
        {"redis-sentinel://,secret/m", "host"},
        {"redis-sentinel://one/sec ret", "may have only"},
        {"redis-sentinel://one/secret%20", "may have only"},
        {"redis-sentinel://one/m/secret", "database"},
        {"redis-sentinel://one:secret/m", "port"},
        {"redis-sentinel://one:70000,secret/m", "port"},
        {"redis-cluster://", "host"},
        {"redis-cluster://secret,", "host"},
        {"redis-cluster://one/0", "no databases"},
        {"redis-cluster://one/secret", "no databases"},
        {"redis-cluster://one,two?secret", "no address"},
        {"redis-cluster://secret@one,two", "without a password"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct redis_url url;
        struct error error = {0};

        const bool parsed = redis_url_parse(text_of(cases[i].text), &url, &error);

        if (parsed || strstr(error.message, cases[i].says) == NULL ||
            strstr(error.message, "secret") != NULL)
            fail_msg("%s: %s", cases[i].text, parsed ? "accepted" : error.message);
    }
}

static void refuses_what_does_not_fit(void **state)
{
    static const struct {
        const char *before;
        const char *after;
    } cases[] = {
        {"redis://", ""}, {"redis://:", "@redis"},      {"redis://", ":x@redis"},
        {"unix:///", ""}, {"redis-cluster://one,", ""}, {"redis-sentinel://one/", ""},
    };
    char longest[512];
    char text[1024];
    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct redis_url url;
        struct error error = {0};
        (void)snprintf(text, sizeof(text), "%s%s%s", cases[i].before, longest, cases[i].after);

        const bool parsed = redis_url_parse(text_of(text), &url, &error);

        assert_false(parsed);
    }
}

static void a_name_of_a_master_ends_at_no_nul(void **state)
{
    const struct text written = TEXT("redis-sentinel://one/my\0master");
    struct redis_url url;
    struct error error = {0};
    (void)state;

    assert_false(redis_url_parse(written, &url, &error));
}

/* "redis-cluster://h,h,..." */
static const char *url_of_hosts(size_t count)
{
    static char text[256];
    size_t length = (size_t)snprintf(text, sizeof(text), "redis-cluster://h");

    for (size_t i = 1; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, ",h");
    return text;
}

static void refuses_more_hosts_than_it_keeps(void **state)
{
    struct redis_url url;
    struct error error = {0};
    (void)state;

    assert_true(redis_url_parse(text_of(url_of_hosts(REDIS_URL_HOSTS_MAX)), &url, &error));
    assert_int_equal(url.host_count, REDIS_URL_HOSTS_MAX);

    assert_false(redis_url_parse(text_of(url_of_hosts(REDIS_URL_HOSTS_MAX + 1)), &url, &error));
    assert_string_equal(error.message, "a Redis URL names at most 16 hosts");
}

/* Every part but one is the same. */
static void urls_are_equal_only_in_all_parts(void **state)
{
    static const char *const texts[] = {
        "redis-sentinel://me:secret@one,two/m/1",   "rediss-sentinel://me:secret@one,two/m/1",
        "redis-sentinel://you:secret@one,two/m/1",  "redis-sentinel://me:other@one,two/m/1",
        "redis-sentinel://me:secret@two,one/m/1",   "redis-sentinel://me:secret@one/m/1",
        "redis-sentinel://me:secret@one,two:1/m/1", "redis-sentinel://me:secret@one,two/n/1",
        "redis-sentinel://me:secret@one,two/m/2",   "redis-cluster://me:secret@one,two",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(texts); j++) {
            struct redis_url a;
            struct redis_url b;
            struct error error = {0};
            assert_true(redis_url_parse(text_of(texts[i]), &a, &error));
            assert_true(redis_url_parse(text_of(texts[j]), &b, &error));

            assert_int_equal(redis_url_equal(&a, &b), i == j);
        }
    }
}

static void the_longest_description_fits(void **state)
{
    struct redis_url url = {.kind = REDIS_SENTINEL, .has_tls = true, .database = 1000000};
    char description[REDIS_URL_BYTES];
    (void)state;
    url.host_count = REDIS_URL_HOSTS_MAX;
    memset(url.master, 'm', sizeof(url.master) - 1);
    for (size_t i = 0; i < REDIS_URL_HOSTS_MAX; i++) {
        url.hosts[i].port = 65535;
        memset(url.hosts[i].host, ':', sizeof(url.hosts[i].host) - 1);
    }

    redis_url_write(&url, description);

    assert_string_equal(description + strlen(description) - strlen("m/1000000"), "m/1000000");
}

static void describes_without_credentials(void **state)
{
    static const struct {
        const char *text;
        const char *description;
    } cases[] = {
        {"redis://me:secret@redis:7/3", "redis://redis:7/3"},
        {"redis://[::1]", "redis://[::1]:6379/0"},
        {"unix://:secret@/run/redis.sock?db=1", "unix:///run/redis.sock?db=1"},
        {"rediss://me:secret@redis:7/3", "rediss://redis:7/3"},
        {"redis-sentinel://me:secret@one,[::1]:7/m/3", "redis-sentinel://one:26379,[::1]:7/m/3"},
        {"rediss-sentinel://one/m", "rediss-sentinel://one:26379/m/0"},
        {"redis-cluster://:secret@one,two:7", "redis-cluster://one:6379,two:7"},
        {"rediss-cluster://one/", "rediss-cluster://one:6379"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct redis_url url;
        struct error error = {0};
        char description[REDIS_URL_BYTES];
        assert_true(redis_url_parse(text_of(cases[i].text), &url, &error));

        redis_url_write(&url, description);

        assert_string_equal(description, cases[i].description);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_part),
        cmocka_unit_test(refuses_what_it_cannot_use_without_repeating_it),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(a_name_of_a_master_ends_at_no_nul),
        cmocka_unit_test(refuses_more_hosts_than_it_keeps),
        cmocka_unit_test(urls_are_equal_only_in_all_parts),
        cmocka_unit_test(the_longest_description_fits),
        cmocka_unit_test(describes_without_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
