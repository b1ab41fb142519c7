/* SPDX-License-Identifier: MIT */
#include "redis/redis_greeting.h"

#include "redis/redis_url.h"
#include "support/cmocka.h"

#define ID "0123456789abcdef0123456789abcdef01234567"

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

static void asks_for_the_role_last_if_the_server_must_be_a_master(void **state)
{
    const struct redis_access access = {
        .login = {.user = "me", .password = "secret"}, .database = 3, .needs_master = true};
    struct redis_greeting greeting;
    (void)state;

    redis_greeting_init(&greeting, &access);

    assert_int_equal(greeting.count, 3);
    assert_string_equal(greeting.commands[0].argv[0], "AUTH");
    assert_string_equal(greeting.commands[1].argv[0], "SELECT");
    assert_string_equal(greeting.commands[2].argv[0], "ROLE");
    assert_int_equal(greeting.commands[2].argc, 1);
}

static void asks_for_the_id_last_if_the_server_must_be_a_certain_node(void **state)
{
    const struct redis_access access = {
        .login = {.user = "me", .password = "secret"}, .needs_master = true, .node_id = ID};
    struct redis_greeting greeting;
    (void)state;

    redis_greeting_init(&greeting, &access);

    assert_int_equal(greeting.count, 3);
    assert_string_equal(greeting.commands[1].argv[0], "ROLE");
    assert_int_equal(greeting.commands[2].argc, 2);
    assert_string_equal(greeting.commands[2].argv[0], "CLUSTER");
    assert_string_equal(greeting.commands[2].argv[1], "MYID");
}

/* The caller owns the reader and the reply. */
static redisReply *reply_read(redisReader *reader, const char *wire)
{
    void *reply = NULL;

    assert_int_equal(redisReaderFeed(reader, wire, strlen(wire)), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    return reply;
}

/* `message` is "" if it is accepted. */
static void expect_accepted(const struct redis_greeting_command *command, const char *wire,
                            const char *message)
{
    redisReader *reader = redisReaderCreate();
    redisReply *reply = reply_read(reader, wire);
    struct error error = {0};

    const bool accepted = redis_greeting_accept(command, reply, &error);

    if (accepted != (message[0] == '\0') || strcmp(error.message, message) != 0)
        fail_msg("%s: %s", wire, accepted ? "accepted" : error.message);
    freeReplyObject(reply);
    redisReaderFree(reader);
}

static void only_a_master_is_accepted_as_one(void **state)
{
    static const struct {
        const char *wire;
        const char *message; /* "" if it is accepted */
    } cases[] = {
        {"*3\r\n$6\r\nmaster\r\n:3129659\r\n*0\r\n", ""},
        {"*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:9000\r\n$9\r\nconnected\r\n:1\r\n",
         REDIS_GREETING_NO_MASTER},
        {"*2\r\n$8\r\nsentinel\r\n*1\r\n$8\r\nmymaster\r\n", REDIS_GREETING_NO_MASTER},
        {"*0\r\n", REDIS_GREETING_NO_MASTER},
        {"*1\r\n:1\r\n", REDIS_GREETING_NO_MASTER},
        {"*1\r\n$-1\r\n", REDIS_GREETING_NO_MASTER},
        {"*1\r\n*1\r\n$6\r\nmaster\r\n", REDIS_GREETING_NO_MASTER},
        {"*1\r\n$7\r\nmasters\r\n", REDIS_GREETING_NO_MASTER},
        {"$6\r\nmaster\r\n", REDIS_GREETING_NO_REDIS},
        {":1\r\n", REDIS_GREETING_NO_REDIS},
        {"$-1\r\n", REDIS_GREETING_NO_REDIS},
        {"-NOPERM no rights\r\n", "redis refused ROLE: NOPERM no rights"},
        {"-LOADING in memory\r\n", "redis refused ROLE: LOADING in memory"},
        {"+OK\r\n", REDIS_GREETING_NO_REDIS},
        {"+master\r\n", REDIS_GREETING_NO_REDIS},
    };
    const struct redis_greeting_command command = {1, {"ROLE"}};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_accepted(&command, cases[i].wire, cases[i].message);
}

/* A Redis without clusters would decide as well. */
static void only_the_expected_node_is_accepted(void **state)
{
    static const struct {
        const char *wire;
        const char *message; /* "" if it is accepted */
    } cases[] = {
        {"$40\r\n" ID "\r\n", ""},
        {"$40\r\n1123456789abcdef0123456789abcdef01234567\r\n", REDIS_GREETING_NO_NODE},
        {"$0\r\n\r\n", REDIS_GREETING_NO_NODE},
        {"-ERR This instance has cluster support disabled\r\n", REDIS_GREETING_NO_NODE},
        {"-NOPERM this user has no permissions to run the 'cluster|myid' command\r\n", ""},
        {"-ERR unknown command 'CLUSTER', with args beginning with: 'MYID' \r\n", ""},
        {"-LOADING in memory\r\n", "redis refused CLUSTER: LOADING in memory"},
        {"+" ID "\r\n", ""},
        {"+OK\r\n", REDIS_GREETING_NO_NODE},
        {"$-1\r\n", REDIS_GREETING_NO_REDIS},
        {"*1\r\n$40\r\n" ID "\r\n", REDIS_GREETING_NO_REDIS},
    };
    const struct redis_greeting_command command = {2, {"CLUSTER", "MYID", ID}};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_accepted(&command, cases[i].wire, cases[i].message);
}

static void a_list_is_no_answer_to_other_commands(void **state)
{
    static const struct redis_greeting_command commands[] = {{2, {"AUTH", "secret"}},
                                                             {2, {"SELECT", "1"}}};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        redisReader *reader = redisReaderCreate();
        redisReply *reply = reply_read(reader, "*1\r\n$6\r\nmaster\r\n");
        struct error error = {0};

        assert_false(redis_greeting_accept(&commands[i], reply, &error));
        assert_string_equal(error.message, REDIS_GREETING_NO_REDIS);
        freeReplyObject(reply);
        redisReaderFree(reader);
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
        cmocka_unit_test(greets_with_what_the_url_asks_for),
        cmocka_unit_test(asks_for_the_role_last_if_the_server_must_be_a_master),
        cmocka_unit_test(only_a_master_is_accepted_as_one),
        cmocka_unit_test(asks_for_the_id_last_if_the_server_must_be_a_certain_node),
        cmocka_unit_test(only_the_expected_node_is_accepted),
        cmocka_unit_test(a_list_is_no_answer_to_other_commands),
        cmocka_unit_test(a_refused_password_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
