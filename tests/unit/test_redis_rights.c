/* SPDX-License-Identifier: MIT */
#include "redis/redis_rights.h"

#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"

static bool find_missing(const char *credentials, char missing[static REDIS_RIGHTS_BYTES])
{
    char text[256];

    (void)snprintf(text, sizeof(text), "unix://%s%s", credentials,
                   redis_server_unix_url(server) + strlen("unix://"));
    struct redis_sessions *sessions = redis_sessions_new(topology_at(text), 10000);
    const bool is_known = redis_rights_find_missing(sessions, missing);

    redis_sessions_free(sessions);
    return is_known;
}

static void expect_missing(const char *credentials, const char *expected)
{
    char missing[REDIS_RIGHTS_BYTES];

    assert_true(find_missing(credentials, missing));
    assert_string_equal(missing, expected);
}

static void what_a_user_may_not_do_is_found(void **state)
{
    (void)state;
    (void)redis_server_command(server,
                               "ACL SETUSER some on >x ~* +@all -get -zadd -hset -xadd -del");

    expect_missing("", "");
    expect_missing("some:x@", " +get +del +hset +zadd +xadd");
}

static void nothing_is_known_about_a_user_without_scripts(void **state)
{
    char missing[REDIS_RIGHTS_BYTES];
    (void)state;
    (void)redis_server_command(server, "ACL SETUSER none on >x ~* -@all");

    assert_false(find_missing("none:x@", missing));
    assert_string_equal(missing, "");
}

static void looking_changes_nothing(void **state)
{
    (void)state;
    (void)redis_server_command(server, "FLUSHALL");

    expect_missing("", "");

    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 0);
    assert_non_null(strstr(redis_server_command(server, "INFO persistence")->str,
                           "rdb_changes_since_last_save:0\r\n"));
}

/* A full Redis and a replica refuse writes, whatever the rights are. */
static void a_redis_that_takes_no_writes_grants_all_the_same(void **state)
{
    (void)state;
    (void)redis_server_command(server, "CONFIG SET maxmemory 1 maxmemory-policy noeviction");
    expect_missing("", "");
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    (void)redis_server_command(server, "REPLICAOF 127.0.0.1 1");
    expect_missing("", "");
    (void)redis_server_command(server, "REPLICAOF NO ONE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_user_may_not_do_is_found),
        cmocka_unit_test(nothing_is_known_about_a_user_without_scripts),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(a_redis_that_takes_no_writes_grants_all_the_same),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
