/* SPDX-License-Identifier: MIT
 *
 * The replies are what Redis 6.2 and 7.0 say. */
#include "redis/redis_error.h"

#include "support/cmocka.h"

static void what_redis_as_a_whole_cannot_is_told_from_what_one_key_cannot(void **state)
{
    static const struct {
        const char *reply;
        const char *code;
        bool is_of_all;
    } cases[] = {
        {"OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:9.",
         "OOM", true},
        {"ERR Error running script (call to f_1f): @user_script:28: @user_script: 28: -OOM command "
         "not allowed when used memory > 'maxmemory'.",
         "OOM", true},
        {"READONLY You can't write against a read only replica.", "READONLY", true},
        {"LOADING Redis is loading the dataset in memory", "LOADING", true},
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL", "BUSY", true},
        {"NOPERM User sluice has no permissions to run the 'evalsha' command", "NOPERM", true},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
         "MASTERDOWN", true},
        {"MISCONF Redis is configured to save RDB snapshots", "MISCONF", true},
        {"NOAUTH Authentication required.", "NOAUTH", true},
        {"NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", true},
        {"CLUSTERDOWN The cluster is down", "CLUSTERDOWN", true},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", false},
        {"ERR Error running script (call to f_1f): @user_script:8: WRONGTYPE Operation against a "
         "key holding the wrong kind of value",
         "ERR", false},
        {"ERR invalid expire time in 'set' command script: 1f, on @user_script:21.", "ERR", false},
        {"ERR user_script:30: attempt to compare nil with number script: 1f", "ERR", false},
        {"BUSYKEY Target key name already exists.", "BUSYKEY", false},
        {"OOM", "OOM", true},
        {"", "", false},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct text reply = text_of(cases[i].reply);

        assert_int_equal(redis_error_is_of_all(reply), cases[i].is_of_all);
        assert_true(text_equal(redis_error_code(reply), text_of(cases[i].code)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_redis_as_a_whole_cannot_is_told_from_what_one_key_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
