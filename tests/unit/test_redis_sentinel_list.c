/* SPDX-License-Identifier: MIT */
#include "redis_sentinel_list.h"

#include "support/cmocka.h"

#define MANY 20

/* What hiredis makes of these bytes. */
static redisReply *reply_of(const char *bytes)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    assert_int_equal(redisReaderFeed(reader, bytes, strlen(bytes)), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static struct redis_sentinel_list list_of(const char *url)
{
    struct redis_sentinel_list list;
    struct redis_url parsed;
    struct error error = {0};

    assert_true(redis_url_parse(text_of(url), &parsed, &error));
    redis_sentinel_list_init(&list, &parsed);
    return list;
}

/* A reply to SENTINEL SENTINELS that tells of the hosts "s0", "s1", ..., from `first` on. */
static redisReply *reply_that_tells(int first, int count)
{
    char bytes[MANY * 64];
    size_t length = (size_t)snprintf(bytes, sizeof(bytes), "*%d\r\n", count);

    for (int i = first; i < first + count; i++)
        length += (size_t)snprintf(bytes + length, sizeof(bytes) - length,
                                   "*6\r\n$4\r\nname\r\n$1\r\nx\r\n$2\r\nip\r\n$3\r\ns%02d\r\n"
                                   "$4\r\nport\r\n$1\r\n9\r\n",
                                   i);
    return reply_of(bytes);
}

static void learn(struct redis_sentinel_list *list, int first, int count)
{
    redisReply *reply = reply_that_tells(first, count);

    redis_sentinel_list_learn(list, reply);
    freeReplyObject(reply);
}

/* The hosts in their order, separated by spaces. */
static const char *hosts_in(const struct redis_sentinel_list *list)
{
    static char hosts[REDIS_SENTINEL_LIST_MAX * 16];
    size_t length = 0;

    hosts[0] = '\0';
    for (size_t i = 0; i < list->count; i++)
        length += (size_t)snprintf(hosts + length, sizeof(hosts) - length, "%s%s",
                                   i == 0 ? "" : " ", list->sentinels[i].endpoint.host);
    return hosts;
}

static void those_of_the_url_are_asked_in_turn(void **state)
{
    struct redis_sentinel_list list = list_of("redis-sentinel://a,b,c/mymaster");
    (void)state;

    assert_string_equal(hosts_in(&list), "a b c");
    assert_int_equal(list.sentinels[0].endpoint.port, 26379);
    redis_sentinel_list_turn(&list);
    assert_string_equal(hosts_in(&list), "b c a");
}

static void the_preferred_one_is_asked_first(void **state)
{
    struct redis_sentinel_list list = list_of("redis-sentinel://a,b,c,d/mymaster");
    struct redis_endpoint endpoint = list.sentinels[2].endpoint;
    (void)state;

    redis_sentinel_list_prefer(&list, &endpoint);
    assert_string_equal(hosts_in(&list), "c a b d");
    redis_sentinel_list_prefer(&list, &endpoint);
    assert_string_equal(hosts_in(&list), "c a b d");
    endpoint.port++; /* of nobody */
    redis_sentinel_list_prefer(&list, &endpoint);
    assert_string_equal(hosts_in(&list), "c a b d");
}

static void further_ones_are_learnt_and_forgotten_and_those_of_the_url_stay(void **state)
{
    struct redis_sentinel_list list = list_of("redis-sentinel://a,b/mymaster");
    (void)state;

    learn(&list, 0, 3);
    assert_string_equal(hosts_in(&list), "a b s00 s01 s02");
    redis_sentinel_list_turn(&list);
    learn(&list, 2, 2);
    assert_string_equal(hosts_in(&list), "b s02 a s03");
}

static void a_learnt_one_that_answers_stays(void **state)
{
    struct redis_sentinel_list list = list_of("redis-sentinel://a/mymaster");
    (void)state;
    learn(&list, 0, 1);
    redis_sentinel_list_turn(&list);

    learn(&list, 1, 1);

    assert_string_equal(hosts_in(&list), "s00 a s01");
}

static void who_tells_of_none_changes_nothing(void **state)
{
    static const char *const replies[] = {"*0\r\n",
                                          "+OK\r\n",
                                          "*-1\r\n",
                                          "*1\r\n:1\r\n",
                                          "*1\r\n*1\r\n$2\r\nip\r\n",
                                          "*1\r\n*2\r\n$2\r\nip\r\n$1\r\nx\r\n"};
    struct redis_sentinel_list list = list_of("redis-sentinel://a/mymaster");
    (void)state;
    learn(&list, 0, 2);

    for (size_t i = 0; i < ARRAY_COUNT(replies); i++) {
        redisReply *reply = reply_of(replies[i]);
        redis_sentinel_list_learn(&list, reply);
        freeReplyObject(reply);
        assert_string_equal(hosts_in(&list), "a s00 s01");
    }
}

/* The hosts of the group in their order. */
static const char *group_in(const struct redis_sentinel_list *list)
{
    struct redis_sentinel_list group = {0};

    for (size_t i = 0; i < list->count; i++) {
        if (list->sentinels[i].is_of_group)
            group.sentinels[group.count++] = list->sentinels[i];
    }
    return hosts_in(&group);
}

static void those_that_are_told_are_of_the_group_until_it_is_left(void **state)
{
    struct redis_sentinel_list list = list_of("redis-sentinel://a,s01:9,b/mymaster");
    (void)state;
    assert_string_equal(group_in(&list), "");

    learn(&list, 1, 2);
    assert_string_equal(group_in(&list), "s01 s02");
    redis_sentinel_list_leave_group(&list);

    assert_string_equal(group_in(&list), "");
    assert_string_equal(hosts_in(&list), "a s01 b s02");
}

static void there_are_never_more_than_its_bound(void **state)
{
    struct redis_sentinel_list list = list_of("redis-sentinel://a,b/mymaster");
    (void)state;

    learn(&list, 0, MANY);
    assert_int_equal(list.count, REDIS_SENTINEL_LIST_MAX);
    learn(&list, 30, MANY);
    assert_int_equal(list.count, REDIS_SENTINEL_LIST_MAX);
    assert_string_equal(list.sentinels[2].endpoint.host, "s30");
}

static void expect_master(const char *bytes, const char *host, int port)
{
    struct redis_endpoint master = {0};
    struct error error = {0};
    redisReply *reply = reply_of(bytes);

    assert_true(redis_sentinel_list_read_master(reply, &master, &error));
    assert_string_equal(master.host, host);
    assert_int_equal(master.port, port);
    assert_false(master.is_unix);
    freeReplyObject(reply);
}

static void a_master_is_an_address_or_a_name(void **state)
{
    (void)state;

    expect_master("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", "127.0.0.1", 6379);
    expect_master("*2\r\n$3\r\n::1\r\n$5\r\n65535\r\n", "::1", 65535);
    expect_master("*2\r\n$7\r\nredis-1\r\n$1\r\n1\r\n", "redis-1", 1);
}

static void what_is_no_address_is_no_master(void **state)
{
    static const char *const replies[] = {
        "+OK\r\n",
        "*0\r\n",
        "*2\r\n$0\r\n\r\n$4\r\n6379\r\n",
        "*2\r\n$1\r\na\r\n$1\r\n0\r\n",
        "*2\r\n$1\r\na\r\n$5\r\n65536\r\n",
        "*2\r\n$1\r\na\r\n$2\r\n-1\r\n",
        "*2\r\n$1\r\na\r\n:6379\r\n",
        "*2\r\n$1\r\na\r\n$4\r\n63x9\r\n",
        "*2\r\n$-1\r\n$4\r\n6379\r\n",
        "*3\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\n1\r\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(replies); i++) {
        struct redis_endpoint master;
        struct error error = {0};
        redisReply *reply = reply_of(replies[i]);

        assert_false(redis_sentinel_list_read_master(reply, &master, &error));
        assert_string_equal(error.message, "its answer is not that of a sentinel");
        freeReplyObject(reply);
    }
}

static void an_epoch_is_a_number_in_a_list_of_names_and_values(void **state)
{
    static const struct {
        const char *bytes;
        uint64_t epoch;
    } cases[] = {
        {"*4\r\n$4\r\nname\r\n$1\r\nx\r\n$12\r\nconfig-epoch\r\n$2\r\n17\r\n", 17},
        {"*4\r\n$12\r\nconfig-epoch\r\n$1\r\n1\r\n$1\r\nx\r\n$1\r\n2\r\n", 1},
        {"*2\r\n$12\r\nconfig-epoch\r\n$2\r\n-1\r\n", 0},
        {"*2\r\n$12\r\nconfig-epoch\r\n$3\r\n1x7\r\n", 0},
        {"*2\r\n$12\r\nconfig-epoch\r\n$-1\r\n", 0},
        {"*1\r\n$12\r\nconfig-epoch\r\n", 0},
        {"*0\r\n", 0},
        {"*-1\r\n", 0},
        {"+OK\r\n", 0},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        redisReply *reply = reply_of(cases[i].bytes);

        assert_int_equal(redis_sentinel_list_read_epoch(reply), cases[i].epoch);
        freeReplyObject(reply);
    }
}

static void a_name_that_is_too_long_is_no_master(void **state)
{
    struct redis_endpoint master;
    struct error error = {0};
    char bytes[300];
    char name[sizeof(master.host) + 1] = "";
    (void)state;
    memset(name, 'a', sizeof(master.host));
    (void)snprintf(bytes, sizeof(bytes), "*2\r\n$%zu\r\n%s\r\n$1\r\n1\r\n", strlen(name), name);
    redisReply *reply = reply_of(bytes);

    assert_false(redis_sentinel_list_read_master(reply, &master, &error));

    freeReplyObject(reply);
}

static void a_master_that_it_does_not_know_is_said(void **state)
{
    struct redis_endpoint master;
    struct error error = {0};
    redisReply *reply = reply_of("*-1\r\n");
    (void)state;

    assert_false(redis_sentinel_list_read_master(reply, &master, &error));

    assert_string_equal(error.message, "it knows no master of this name");
    freeReplyObject(reply);
}

static bool tells(const char *bytes)
{
    redisReply *reply = reply_of(bytes);
    const bool told = redis_sentinel_list_tell_switch(reply, "mine");

    freeReplyObject(reply);
    return told;
}

static void only_a_message_about_our_master_tells_of_a_switch(void **state)
{
    (void)state;

    assert_true(
        tells("*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$16\r\nmine a 1 b 2 etc\r\n"));
    assert_false(
        tells("*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$17\r\nmine2 a 1 b 2 etc\r\n"));
    assert_false(tells("*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n"));
    assert_false(tells("*2\r\n$4\r\npong\r\n$0\r\n\r\n"));
    assert_false(tells("*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n:1\r\n"));
    assert_false(tells("+PONG\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_the_url_are_asked_in_turn),
        cmocka_unit_test(the_preferred_one_is_asked_first),
        cmocka_unit_test(further_ones_are_learnt_and_forgotten_and_those_of_the_url_stay),
        cmocka_unit_test(a_learnt_one_that_answers_stays),
        cmocka_unit_test(who_tells_of_none_changes_nothing),
        cmocka_unit_test(those_that_are_told_are_of_the_group_until_it_is_left),
        cmocka_unit_test(there_are_never_more_than_its_bound),
        cmocka_unit_test(a_master_is_an_address_or_a_name),
        cmocka_unit_test(what_is_no_address_is_no_master),
        cmocka_unit_test(an_epoch_is_a_number_in_a_list_of_names_and_values),
        cmocka_unit_test(a_name_that_is_too_long_is_no_master),
        cmocka_unit_test(a_master_that_it_does_not_know_is_said),
        cmocka_unit_test(only_a_message_about_our_master_tells_of_a_switch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
