/* SPDX-License-Identifier: MIT
 *
 * This version reads what version 884fd83 has stored: see tests/fixtures/884fd83/make.py. With the
 * memory engine that is a SQLite file. On Redis it is the catalogue, counters, the log and
 * usage. */
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/redis_fixture.h"
#include "support/scratch.h"
#include "support/world.h"

#include <sqlite3.h>

#define CATALOGUE  "sluice:{catalogue}:"
#define PASSES_MAX 100

/* A service on a copy of the fixture. Each test has its own. */
struct upgrade {
    struct world *world;
    struct service *service;
    char data_dir[SCRATCH_PATH_BYTES];
    json_t *answers; /* the answers of 884fd83 */
};

static void start(struct upgrade *upgrade)
{
    struct service_options options = world_options(upgrade->world);

    options.data_dir = upgrade->data_dir;
    upgrade->service = service_start(&options);
}

/* It has logged no complaint about what it read. */
static void stop(struct upgrade *upgrade)
{
    char *log = scratch_read(service_log(upgrade->service));

    service_stop(upgrade->service);
    assert_non_null(log);
    assert_null(strstr(log, "\"level\":\"warn\""));
    assert_null(strstr(log, "\"level\":\"error\""));
    free(log);
}

static struct client *client_with_key(const struct upgrade *upgrade, json_t *holder)
{
    struct client *client = stranger_new(upgrade->service);

    client_set_key(client, json_string_value(json_object_get(holder, "api_key")));
    return client;
}

static void expect_equal(json_t *value, json_t *stored)
{
    if (json_matches(value, stored))
        return;
    char *is = json_dumps(value, JSON_ENCODE_ANY);
    char *was = json_dumps(stored, JSON_ENCODE_ANY);
    print_error("it is  %s\nit was %s\n", is, was);
    free(is);
    free(was);
    fail();
}

static void every_key_works_and_its_policies_are_listed_as_they_were(void **state)
{
    const struct upgrade *upgrade = *state;
    size_t i;
    json_t *app;

    assert_int_equal(json_array_size(json_object_get(upgrade->answers, "apps")), 3);
    json_array_foreach (json_object_get(upgrade->answers, "apps"), i, app) {
        struct client *client = client_with_key(upgrade, app);
        const struct reply *reply = client_get(client, "/policy");
        EXPECT(reply, 200, NULL);
        expect_equal(reply->json, json_object_get(app, "policies"));
        client_free(client);
    }
}

static const struct reply *check(struct client *client, json_t *look, int cost)
{
    json_t *body = json_copy(look);

    json_object_set_new(body, "cost", json_integer(cost));
    char *text = json_dumps(body, 0);
    const struct reply *reply = client_send(client, "POST", "/check", text, strlen(text));
    free(text);
    json_decref(body);
    assert_true(reply->status == 200 || reply->status == 429);
    assert_null(reply_at(reply, "degraded"));
    return reply;
}

/* The least of all limits. If all are full, the answer's own number is that of the first limit. */
static int64_t least_remaining(const struct reply *reply)
{
    int64_t least = reply_integer(reply, "remaining");
    size_t i;
    json_t *limit;

    json_array_foreach (reply_at(reply, "limits"), i, limit) {
        const int64_t remaining = json_integer_value(json_object_get(limit, "remaining"));
        if (remaining < least)
            least = remaining;
    }
    return least;
}

/* Charges all that the counter has left. Returns how much that was. */
static int64_t drain(const struct upgrade *upgrade, json_t *counter)
{
    struct client *client = client_with_key(upgrade, counter);
    json_t *look = json_object_get(counter, "look");
    const int64_t remaining = least_remaining(check(client, look, 0));
    int64_t passed = 0;

    while (passed < PASSES_MAX && check(client, look, 1)->status == 200)
        passed++;
    client_free(client);
    assert_int_equal(passed, remaining);
    return passed;
}

/* In both cases at most one more limit passes. */
static void a_counter_goes_on_or_starts_afresh_once(void **state)
{
    struct upgrade *upgrade = *state;
    json_t *counters = json_object_get(upgrade->answers, "counters");
    int gone_on = 0;
    size_t i;
    json_t *counter;

    assert_int_equal(json_array_size(counters), 16);
    json_array_foreach (counters, i, counter) {
        const int64_t limit = json_integer_value(json_object_get(counter, "limit"));
        const int64_t remaining = json_integer_value(json_object_get(counter, "remaining"));
        const int64_t passed = drain(upgrade, counter);
        assert_in_range(passed, remaining, limit);
        gone_on += passed == remaining;
    }
    print_message("%d of %zu counters went on\n", gone_on, i);
    stop(upgrade);
    start(upgrade);

    json_array_foreach (counters, i, counter)
        assert_int_equal(drain(upgrade, counter), 0);
}

/* What wrote the fixture called the entries by their place in the stream. */
static json_t *without_ids(json_t *logs)
{
    size_t i;
    json_t *entry;

    json_array_foreach (logs, i, entry)
        assert_int_equal(json_object_del(entry, "id"), 0);
    return logs;
}

static void log_and_usage_are_there(void **state)
{
    const struct upgrade *upgrade = *state;
    json_t *logs = json_object_get(upgrade->answers, "logs");
    struct client *client =
        client_with_key(upgrade, json_array_get(json_object_get(upgrade->answers, "apps"), 0));

    const struct reply *reply = client_get(client, "/logs/latest?limit=1000");
    EXPECT(reply, 200, NULL);
    expect_equal(without_ids(reply->json), without_ids(logs));
    reply = client_get(client, "/usage?window=7d&step=1h");
    EXPECT(reply, 200, "{'degraded':false}");
    expect_equal(reply->json, json_object_get(upgrade->answers, "usage"));
    client_free(client);
}

/* Makes a new app with a policy, saves and deletes a policy of an old app, and checks. */
static void write_beside(const struct upgrade *upgrade)
{
    json_t *app = json_array_get(json_object_get(upgrade->answers, "apps"), 0);
    struct client *tenant = tenant_new(upgrade->service);
    struct client *old = client_with_key(upgrade, app);

    tenant_policy(tenant, "{'route_key':'/new','limit':5,'window_seconds':60}");
    tenant_policy(old, "{'route_key':'/new','limit':5,'window_seconds':60}");
    EXPECT(client_check(tenant, "ada", "/new"), 200, NULL);
    EXPECT(client_check(old, "ada", "/new"), 200, NULL);
    EXPECT(client_delete(old, "/policy", "{'route_key':'/new'}"), 200, NULL);
    client_free(tenant);
    client_free(old);
}

/* Of the stored catalogue, only revisions may have changed. */
static void on_stored(void *context, struct redis_fixture_command *command)
{
    const char *const *words = command->words;

    if (strncmp(words[1], CATALOGUE, strlen(CATALOGUE)) != 0)
        return;
    if (strcmp(words[0], "ZADD") == 0) {
        const redisReply *score = redis_server_command(context, "ZSCORE %s %s", words[1], words[3]);
        assert_int_equal(score->type, REDIS_REPLY_STRING);
        assert_true(strtod(score->str, NULL) >= strtod(words[2], NULL));
    } else if (strcmp(words[0], "HSET") == 0 && strcmp(words[2], "revision") != 0) {
        const redisReply *value = redis_server_command(context, "HGET %s %s", words[1], words[2]);
        assert_int_equal(value->type, REDIS_REPLY_STRING);
        assert_string_equal(value->str, words[3]);
    } else if (strcmp(words[1], CATALOGUE "pepper") == 0) {
        const redisReply *value = redis_server_command(context, "GET %s", words[1]);
        assert_int_equal(value->type, REDIS_REPLY_STRING);
        assert_memory_equal(value->str, words[2], command->lengths[2]);
    }
}

static void what_it_writes_in_redis_leaves_the_catalogue_that_was_there(void **state)
{
    const struct upgrade *upgrade = *state;

    write_beside(upgrade);

    redis_fixture_visit(FIXTURE "/redis.txt", upgrade->world->redis, on_stored);
}

static int64_t query(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

/* Version 884fd83 refuses a user_version that it does not know. It inserts rows without naming the
 * columns. */
static void what_it_writes_in_a_file_leaves_the_tables_that_were_there(void **state)
{
    static const char *const lost[] = {
        "SELECT count(*) FROM (SELECT name, sql FROM was.sqlite_master "
        "EXCEPT SELECT name, sql FROM main.sqlite_master)",
        "SELECT count(*) FROM (SELECT id, name, created_at FROM was.apps "
        "EXCEPT SELECT id, name, created_at FROM main.apps)",
        "SELECT count(*) FROM (SELECT * FROM was.api_keys EXCEPT SELECT * FROM main.api_keys)",
        "SELECT count(*) FROM (SELECT * FROM was.policies EXCEPT SELECT * FROM main.policies)",
        "SELECT count(*) FROM was.settings JOIN main.settings USING (name) "
        "WHERE name = 'pepper' AND was.settings.value <> main.settings.value",
    };
    struct upgrade *upgrade = *state;
    char path[SCRATCH_PATH_BYTES + 16];
    sqlite3 *database = NULL;

    write_beside(upgrade);

    (void)snprintf(path, sizeof(path), "%s/sluice.db", upgrade->data_dir);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database, "ATTACH '" FIXTURE "/catalogue.db' AS was", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(query(database, "PRAGMA user_version"), 1);
    assert_int_equal(query(database, "SELECT count(*) FROM main.apps"), 4);
    for (size_t i = 0; i < ARRAY_COUNT(lost); i++)
        assert_int_equal(query(database, lost[i]), 0);
    (void)sqlite3_close(database);
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    int byte;

    assert_non_null(in);
    assert_non_null(out);
    while ((byte = getc(in)) != EOF)
        assert_int_equal(putc(byte, out), byte);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

static int open_upgrade(void **state)
{
    struct upgrade *upgrade = MEMORY_NEW(struct upgrade);
    void *world = NULL;
    char path[SCRATCH_PATH_BYTES + 16];

    *state = upgrade;
    (void)world_open_engine(&world);
    upgrade->world = world;
    scratch_directory("upgrade", upgrade->data_dir);
    if (upgrade->world->redis == NULL) {
        (void)snprintf(path, sizeof(path), "%s/sluice.db", upgrade->data_dir);
        copy_file(FIXTURE "/catalogue.db", path);
        upgrade->answers = json_load_file(FIXTURE "/memory.json", 0, NULL);
    } else {
        redis_fixture_load(upgrade->world->redis, FIXTURE "/redis.txt");
        upgrade->answers = json_load_file(FIXTURE "/redis.json", 0, NULL);
    }
    assert_non_null(upgrade->answers);
    start(upgrade);
    return 0;
}

static int close_upgrade(void **state)
{
    struct upgrade *upgrade = *state;
    void *world = upgrade->world;

    stop(upgrade);
    json_decref(upgrade->answers);
    free(upgrade);
    return world_close(&world);
}

#define UPGRADE(test) cmocka_unit_test_setup_teardown(test, open_upgrade, close_upgrade)

int main(int argc, char *argv[])
{
    const struct CMUnitTest in_a_file[] = {
        UPGRADE(every_key_works_and_its_policies_are_listed_as_they_were),
        UPGRADE(what_it_writes_in_a_file_leaves_the_tables_that_were_there),
    };
    const struct CMUnitTest in_redis[] = {
        UPGRADE(every_key_works_and_its_policies_are_listed_as_they_were),
        UPGRADE(a_counter_goes_on_or_starts_afresh_once),
        UPGRADE(log_and_usage_are_there),
        UPGRADE(what_it_writes_in_redis_leaves_the_catalogue_that_was_there),
    };

    world_choose_engine(argc, argv);
    return service_report(strcmp(argv[1], "memory") == 0
                              ? cmocka_run_group_tests(in_a_file, NULL, NULL)
                              : cmocka_run_group_tests(in_redis, NULL, NULL));
}
