/* SPDX-License-Identifier: MIT */
#include "redis/redis_url.h"

#include "redis/redis_greeting.h"
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
        {"redis://", ""}, {"redis://:", "@redis"}, {"redis://", ":x@redis"}, {"unix:///", ""}};
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

static void describes_without_credentials(void **state)
{
    static const struct {
        const char *text;
        const char *description;
    } cases[] = {
        {"redis://me:secret@redis:7/3", "redis://redis:7/3"},
        {"redis://[::1]", "redis://[::1]:6379/0"},
        {"unix://:secret@/run/redis.sock?db=1", "unix:///run/redis.sock?db=1"},
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

static void greets_with_what_the_url_asks_for(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        int auth_argc;
        const char *last; /* the last argument of the last command */
    } cases[] = {
        {"redis://redis", 0, 0, ""},
        {"redis://redis/3", 1, 0, "3"},
        {"redis://:secret@redis", 1, 2, "secret"},
        {"redis://me:secret@redis", 1, 3, "secret"},
        {"redis://me:secret@redis/12", 2, 3, "12"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct redis_url url;
        struct error error = {0};
        struct redis_greeting greeting;
        assert_true(redis_url_parse(text_of(cases[i].text), &url, &error));

        const struct redis_access access = {.login = url.login, .database = url.database};
        redis_greeting_init(&greeting, &access);

        assert_int_equal(greeting.count, cases[i].count);
        if (cases[i].auth_argc > 0)
            assert_int_equal(greeting.commands[0].argc, cases[i].auth_argc);
        if (greeting.count > 0) {
            const struct redis_greeting_command *last = &greeting.commands[greeting.count - 1];
            assert_string_equal(last->argv[last->argc - 1], cases[i].last);
        }
    }
}

static void a_refused_password_is_not_repeated(void **state)
{
    static const struct {
        const char *reply;
        const char *message;
    } cases[] = {
        {"WRONGPASS invalid username-password pair or user is disabled.",
         "redis refused AUTH: WRONGPASS invalid username-password pair or user is disabled."},
        {"ERR unknown command `AUTH`, with args beginning with: `sec`",
         "redis refused AUTH: it does not know the command or its argument"},
        {"ERR no such user: secret",
         "redis refused AUTH: it does not know the command or its argument"},
    };
    const struct redis_greeting_command command = {2, {"AUTH", "secret"}};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char words[128];
        redisReply reply = {.type = REDIS_REPLY_ERROR, .str = words};
        struct error error = {0};
        (void)snprintf(words, sizeof(words), "%s", cases[i].reply);

        const bool accepted = redis_greeting_accept(&command, &reply, &error);

        assert_false(accepted);
        assert_string_equal(error.message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_part),
        cmocka_unit_test(refuses_what_it_cannot_use_without_repeating_it),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(describes_without_credentials),
        cmocka_unit_test(greets_with_what_the_url_asks_for),
        cmocka_unit_test(a_refused_password_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
