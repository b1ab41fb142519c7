/* SPDX-License-Identifier: MIT */
#include "redis/redis_bounds.h"

#include "support/cmocka.h"

/* Reads all replies in `bytes`, with at most four values and six bytes each. Returns how many there
 * are, or -1 when one was refused. */
static int read_all(const char *bytes)
{
    struct redis_bounds bounds = {.values_max = 4, .bytes_max = 6};
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    int count = 0;

    redis_bounds_hold(&bounds, reader);
    assert_int_equal(redisReaderFeed(reader, bytes, strlen(bytes)), REDIS_OK);
    while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
        freeReplyObject(reply);
        count++;
    }
    if (reader->err != 0) {
        assert_int_equal(reader->err, REDIS_ERR_OOM);
        count = -1;
    }
    redisReaderFree(reader);
    return count;
}

static void what_keeps_within_its_bounds_is_read(void **state)
{
    (void)state;

    assert_int_equal(read_all("+PONG\r\n"), 1);
    assert_int_equal(read_all("$6\r\nsixsix\r\n"), 1);
    assert_int_equal(read_all("*4\r\n:1\r\n:2\r\n$-1\r\n:4\r\n"), 1);
    assert_int_equal(read_all("*2\r\n*2\r\n$3\r\none\r\n$3\r\ntwo\r\n:1\r\n"), 1);
}

static void each_reply_has_bounds_of_its_own(void **state)
{
    (void)state;

    assert_int_equal(read_all("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n"), 2);
    assert_int_equal(read_all("$6\r\nsixsix\r\n+sixsix\r\n$6\r\nsixsix\r\n"), 3);
}

static void too_many_values_are_refused_before_they_come(void **state)
{
    (void)state;

    assert_int_equal(read_all("*5\r\n"), -1);
    assert_int_equal(read_all("*2147483647\r\n"), -1);
    assert_int_equal(read_all("*3\r\n*2\r\n"), -1);
    assert_int_equal(read_all("*2\r\n*1\r\n:1\r\n*2\r\n"), -1);
    assert_int_equal(read_all("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"), -1);
}

static void too_many_bytes_are_refused(void **state)
{
    (void)state;

    assert_int_equal(read_all("$7\r\nsevense\r\n"), -1);
    assert_int_equal(read_all("-sevense\r\n"), -1);
    assert_int_equal(read_all("*2\r\n$3\r\none\r\n$4\r\nfour\r\n"), -1);
}

static void an_unfinished_string_passes_them_by_its_bytes(void **state)
{
    struct redis_bounds bounds = {.values_max = 4, .bytes_max = 6};
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    (void)state;
    redis_bounds_hold(&bounds, reader);

    assert_int_equal(redisReaderFeed(reader, "$1000\r", 6), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_false(redis_bounds_are_passed(&bounds, reader));
    assert_int_equal(redisReaderFeed(reader, "\nx", 2), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);

    assert_true(redis_bounds_are_passed(&bounds, reader));
    assert_null(reply);
    redisReaderFree(reader);
}

/* Which replies are refused while nobody gets the next one. */
static bool is_refused_unasked(const char *bytes)
{
    struct redisCallback *nobody = NULL;
    struct redis_bounds bounds = {.values_max = 4, .bytes_max = 6, .next = &nobody};
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    redis_bounds_hold(&bounds, reader);
    assert_int_equal(redisReaderFeed(reader, bytes, strlen(bytes)), REDIS_OK);
    const bool is_refused = redisReaderGetReply(reader, &reply) != REDIS_OK;
    freeReplyObject(reply);
    assert_int_equal(bounds.is_unasked, is_refused);
    redisReaderFree(reader);
    return is_refused;
}

static void a_reply_of_any_type_that_nobody_gets_is_refused(void **state)
{
    static const char *const replies[] = {
        "+OK\r\n", "$2\r\nOK\r\n", ":1\r\n", "$-1\r\n",         "*1\r\n", "*0\r\n",
        "_\r\n",   ",1.5\r\n",     "#t\r\n", "%1\r\n",          "~1\r\n", ">1\r\n",
        "(12\r\n", "*-1\r\n",      "%0\r\n", "=5\r\ntxt:x\r\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(replies); i++)
        assert_true(is_refused_unasked(replies[i]));
}

static void an_error_that_nobody_gets_is_read(void **state)
{
    (void)state;

    assert_false(is_refused_unasked("-ERR x\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_keeps_within_its_bounds_is_read),
        cmocka_unit_test(each_reply_has_bounds_of_its_own),
        cmocka_unit_test(too_many_values_are_refused_before_they_come),
        cmocka_unit_test(too_many_bytes_are_refused),
        cmocka_unit_test(an_unfinished_string_passes_them_by_its_bytes),
        cmocka_unit_test(a_reply_of_any_type_that_nobody_gets_is_refused),
        cmocka_unit_test(an_error_that_nobody_gets_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
