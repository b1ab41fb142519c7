/* SPDX-License-Identifier: MIT
 *
 * The replies are those of Redis 6.2 and 7.0. The table is what the documentation promises about
 * them. */
#include "redis/redis_error.h"

#include "support/cmocka.h"
#include "support/scratch.h"

#define CELLS 4 /* the cells of a row that are compared */

static void what_is_told_quotes_no_argument(void **state)
{
    static const struct {
        const char *reply;
        const char *told;
    } cases[] = {
        {"ERR unknown command 'XADD', with args beginning with: 'sluice:log' '{\"user_id\":\"al",
         "ERR unknown command 'XADD'"},
        {"ERR unknown command `XADD`, with args beginning with: `sluice:log`, ",
         "ERR unknown command `XADD`"},
        {"OOM command not allowed when used memory > 'maxmemory'.",
         "OOM command not allowed when used memory > 'maxmemory'."},
        {"", ""},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_true(text_equal(redis_error_told(text_of(cases[i].reply)), text_of(cases[i].told)));
}

static void an_error_says_whom_it_is_of(void **state)
{
    static const struct {
        const char *reply;
        const char *code;
        enum redis_error_scope scope;
    } cases[] = {
        {"OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:9.",
         "OOM", REDIS_ERROR_OF_ALL},
        {"ERR Error running script (call to f_1f): @user_script:28: @user_script: 28: -OOM command "
         "not allowed when used memory > 'maxmemory'.",
         "OOM", REDIS_ERROR_OF_ALL},
        {"READONLY You can't write against a read only replica.", "READONLY", REDIS_ERROR_OF_ALL},
        {"LOADING Redis is loading the dataset in memory", "LOADING", REDIS_ERROR_OF_ALL},
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL", "BUSY",
         REDIS_ERROR_OF_ALL},
        {"NOPERM User sluice has no permissions to run the 'evalsha' command", "NOPERM",
         REDIS_ERROR_OF_ALL},
        {"ERR ACL failure in script: User sluice has no permissions to run the 'set' command "
         "script: b3, on @user_script:73.",
         "NOPERM", REDIS_ERROR_OF_ALL},
        {"ERR The user executing the script can't run this command or subcommand script: b3, on "
         "@user_script:72.",
         "NOPERM", REDIS_ERROR_OF_ALL},
        {"ERR Error running script (call to f_b3): @user_script:72: @user_script: 72: The user "
         "executing the script can't run this command or subcommand",
         "NOPERM", REDIS_ERROR_OF_ALL},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
         "MASTERDOWN", REDIS_ERROR_OF_ALL},
        {"MISCONF Redis is configured to save RDB snapshots", "MISCONF", REDIS_ERROR_OF_ALL},
        {"NOAUTH Authentication required.", "NOAUTH", REDIS_ERROR_OF_ALL},
        {"NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", REDIS_ERROR_OF_ALL},
        {"CLUSTERDOWN The cluster is down", "CLUSTERDOWN", REDIS_ERROR_OF_PLACE},
        {"CLUSTERDOWN Hash slot not served", "CLUSTERDOWN", REDIS_ERROR_OF_PLACE},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE",
         REDIS_ERROR_OF_ONE},
        {"ERR Error running script (call to f_1f): @user_script:8: WRONGTYPE Operation against a "
         "key holding the wrong kind of value",
         "ERR", REDIS_ERROR_OF_ONE},
        {"ERR invalid expire time in 'set' command script: 1f, on @user_script:21.", "ERR",
         REDIS_ERROR_OF_ONE},
        {"ERR user_script:30: attempt to compare nil with number script: 1f", "ERR",
         REDIS_ERROR_OF_ONE},
        {"ERR The user executing the script can't run this command or subcommand script: 1f, on "
         "@user_script:1.",
         "NOPERM", REDIS_ERROR_OF_ALL},
        {"ERR Error running script (call to f_1f): @user_script:1: @user_script: 1: The user "
         "executing the script can't access at least one of the keys mentioned in the command "
         "arguments",
         "NOPERM", REDIS_ERROR_OF_ALL},
        {"BUSYKEY Target key name already exists.", "BUSYKEY", REDIS_ERROR_OF_ONE},
        {"MOVED 3999 127.0.0.1:6381", "MOVED", REDIS_ERROR_OF_PLACE},
        {"ASK 3999 127.0.0.1:6381", "ASK", REDIS_ERROR_OF_PLACE},
        {"TRYAGAIN Multiple keys request during rehashing of slot", "TRYAGAIN",
         REDIS_ERROR_OF_PLACE},
        {"CROSSSLOT Keys in request don't hash to the same slot", "CROSSSLOT",
         REDIS_ERROR_OF_PLACE},
        {"OOM", "OOM", REDIS_ERROR_OF_ALL},
        {"", "", REDIS_ERROR_OF_ONE},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct text reply = text_of(cases[i].reply);

        assert_int_equal(redis_error_scope(reply), cases[i].scope);
        assert_true(text_equal(redis_error_code(reply), text_of(cases[i].code)));
    }
}

static void what_forbids_a_command_is_told_from_what_forbids_everything(void **state)
{
    static const struct {
        const char *reply;
        bool is_of_command;
    } cases[] = {
        {"NOPERM this user has no permissions to run the 'script|load' command", true},
        {"ERR unknown command 'SCRIPT', with args beginning with: 'LOAD'", true},
        {"ERR unsupported command", true},
        {"ERR Script is disabled", true},
        {"ERR max number of clients reached", false},
        {"NOAUTH Authentication required.", false},
        {"LOADING Redis is loading the dataset in memory", false},
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL", false},
        {"", false},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(redis_error_is_of_command(cases[i].reply, "SCRIPT"),
                         cases[i].is_of_command);
}

/* Reads a row like "| `OOM` | when | yes | yes | ...". False when the line is not one. */
static bool read_row(struct text line, struct text cells[static CELLS])
{
    if (!text_starts_with(line, TEXT("| `")))
        return false;
    (void)text_cut(&line, '`');
    cells[0] = text_cut(&line, '`');
    (void)text_cut(&line, '|');
    for (size_t i = 1; i < CELLS; i++)
        cells[i] = text_cut(&line, '|');
    return line.length > 0;
}

static bool says_yes(struct text cell)
{
    assert_true(text_equal(cell, TEXT(" yes ")) || text_equal(cell, TEXT(" no ")));
    return text_equal(cell, TEXT(" yes "));
}

static void the_table_says_what_counts_and_what_is_kept(void **state)
{
    char *table = scratch_read(TABLE);
    struct text rest = text_of(table);
    size_t rows_of[REDIS_ERROR_OF_ONE + 1] = {0};
    (void)state;
    assert_non_null(table);

    while (rest.length > 0) {
        struct text cells[CELLS];

        if (!read_row(text_cut(&rest, '\n'), cells))
            continue;
        const enum redis_error_scope scope = redis_error_scope(cells[0]);
        rows_of[scope]++;
        if (says_yes(cells[2]) != (scope == REDIS_ERROR_OF_ALL) ||
            says_yes(cells[3]) != (scope != REDIS_ERROR_OF_ONE))
            fail_msg("the row of %.*s is wrong", TEXT_PRINTF(cells[0]));
    }

    assert_int_equal(rows_of[REDIS_ERROR_OF_ALL], 9);
    assert_int_equal(rows_of[REDIS_ERROR_OF_PLACE], 5);
    assert_in_range(rows_of[REDIS_ERROR_OF_ONE], 1, 100);
    free(table);
}

static void errors_about_a_key_blame_the_key(void **state)
{
    (void)state;

    assert_true(redis_error_blames_key(
        TEXT("WRONGTYPE Operation against a key holding the wrong kind of value")));
    assert_true(redis_error_blames_key(
        TEXT("ERR The stream has exhausted the last possible ID, unable to add more items")));
    assert_false(redis_error_blames_key(TEXT("ERR unknown command 'XADD'")));
    assert_false(redis_error_blames_key(TEXT("OOM command not allowed")));
    assert_false(redis_error_blames_key(TEXT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_whom_it_is_of),
        cmocka_unit_test(what_is_told_quotes_no_argument),
        cmocka_unit_test(what_forbids_a_command_is_told_from_what_forbids_everything),
        cmocka_unit_test(the_table_says_what_counts_and_what_is_kept),
        cmocka_unit_test(errors_about_a_key_blame_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
