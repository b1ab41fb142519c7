/* SPDX-License-Identifier: MIT
 *
 * The rights in Redis that docs/operations.md lists. With only these, everything works. If one is
 * missing, the log names it. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 20
#define LINE_START   "ACL SETUSER sluice "
#define PASSWORD     "a-long-secret"
#define WORDS_MAX    64
#define URL_BYTES    256

static const char *const algorithms[] = {"fixed_window", "sliding_window", "sliding_window_log",
                                         "token_bucket", "leaky_bucket"};

/* The words of the line. */
struct rights {
    char line[1024];
    size_t count;
    const char *words[WORDS_MAX];
};

static struct rights rights;

static void rights_read(void)
{
    char *text = scratch_read(OPERATIONS);
    char *place = NULL;

    assert_non_null(text);
    char *line = strstr(text, LINE_START);
    assert_non_null(line);
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(rights.line, sizeof(rights.line), "%s", line);
    free(text);
    for (char *word = strtok_r(rights.line, " ", &place); word != NULL;
         word = strtok_r(NULL, " ", &place)) {
        assert_true(rights.count < WORDS_MAX);
        rights.words[rights.count++] = strcmp(word, ">PASSWORD") == 0 ? ">" PASSWORD : word;
    }
}

/* Gives the user all rights except `without`, which may be NULL. */
static void grant(struct redis_server *redis, const char *without)
{
    const char *words[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    int count = 0;

    (void)redis_server_command(redis, "FLUSHALL");
    (void)redis_server_command(redis, "SCRIPT FLUSH");
    (void)redis_server_command(redis, "ACL DELUSER sluice");
    (void)redis_server_command(redis, "ACL LOG RESET");
    for (size_t i = 0; i < rights.count; i++) {
        if (without != NULL && strcmp(rights.words[i], without) == 0)
            continue;
        words[count] = rights.words[i];
        lengths[count] = strlen(rights.words[i]);
        count++;
    }
    (void)redis_server_command_words(redis, count, words, lengths);
}

/* `query` is "", or selects a database. */
static void write_url(const struct world *world, const char *query, char url[static URL_BYTES])
{
    (void)snprintf(url, URL_BYTES, "unix://sluice:" PASSWORD "@%s%s",
                   world->redis_url + strlen("unix://"), query);
}

static struct service *start(const struct world *world, const char *query, bool not_ready)
{
    char url[URL_BYTES];
    struct service_options options = world_options(world);

    write_url(world, query, url);
    options.redis_url = url;
    options.not_ready = not_ready;
    return service_start(&options);
}

/* Returns the exit code. The app's id may be NULL. */
static int admin(const struct world *world, const char *action, const char *app_id)
{
    char url[URL_BYTES];
    const char *const argv[] = {"admin",
                                action,
                                app_id != NULL ? app_id : "--engine=redis",
                                "--engine=redis",
                                "--redis-url",
                                url,
                                NULL};

    write_url(world, "", url);
    return service_run_command(argv, NULL);
}

/* Uses all routes of the API. Returns how many answers were wrong. */
static int use_api(struct client *tenant)
{
    int wrong = 0;

    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        wrong +=
            client_post(tenant, "/policy",
                        "{'route_key':'/%zu','algorithm':'%s','limit':2,'window_seconds':3600}", i,
                        algorithms[i])
                    ->status /
                100 !=
            2;
        for (int check = 0; check < 4; check++) {
            char route[8];
            (void)snprintf(route, sizeof(route), "/%zu", i);
            const struct reply *reply = client_check(tenant, "ada", route);
            wrong += reply->status != (check < 2 ? 200 : 429) || reply_at(reply, "degraded");
        }
        wrong +=
            client_post(tenant, "/reset", "{'user_id':'ada','route_key':'/%zu'}", i)->status != 200;
    }
    wrong += client_post(tenant, "/policy",
                         "{'route_key':'/w','algorithm':'leaky_bucket','rate':'20/s','burst':3}")
                     ->status /
                 100 !=
             2;
    for (int i = 0; i < 2; i++)
        wrong += client_post(tenant, "/check", "{'user_id':'ada','route_key':'/w','wait':true}")
                     ->status != 200;
    wrong += client_get(tenant, "/policy")->status != 200;
    wrong += client_get(tenant, "/logs/latest")->status != 200;
    wrong += client_get(tenant, "/usage")->status != 200;
    wrong += client_delete(tenant, "/policy", "{'route_key':'/w'}")->status != 200;
    wrong += strcmp(reply_text(client_get(tenant, "/readyz"), "status"), "ready") != 0;
    return wrong;
}

static void expect_admin(const struct world *world, const char *app_id)
{
    static const char *const actions[] = {"suspend", "resume", "replace-key", "delete"};

    assert_int_equal(admin(world, "list", NULL), 0);
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        assert_int_equal(admin(world, actions[i], app_id), 0);
}

static bool has_keys(struct redis_server *redis, const char *pattern)
{
    return redis_server_command(redis, "KEYS %s", pattern)->elements > 0;
}

static void the_rights_that_are_listed_are_enough(void **state)
{
    const struct world *world = *state;
    char app_id[64];
    grant(world->redis, NULL);
    struct service *service = start(world, "", false);
    struct client *tenant = stranger_new(service);
    const struct reply *registered = client_post(tenant, "/register", "{'name':'Shop'}");
    EXPECT(registered, 201, NULL);
    (void)snprintf(app_id, sizeof(app_id), "%s", reply_text(registered, "app_id"));
    client_set_key(tenant, reply_text(registered, "api_key"));

    const int wrong = use_api(tenant);
    WAIT_FOR (WAIT_SECONDS,
              has_keys(world->redis, "sluice:log:*") && has_keys(world->redis, "sluice:usage:*"))
        ;
    (void)redis_server_command(world->redis, "FLUSHALL");
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "apps put back") > 0)
        ;
    expect_admin(world, app_id);

    const redisReply *refused = redis_server_command(world->redis, "ACL LOG");
    for (size_t i = 0; i < refused->elements; i++)
        print_error("refused: %s\n", refused->element[i]->element[7]->str);
    assert_int_equal(refused->elements, 0);
    assert_int_equal(wrong, 0);
    client_free(tenant);
    service_stop(service);
}

static bool log_says(const struct service *service, const char *words)
{
    char *log = scratch_read(service_log(service));
    const bool says = strstr(log, words) != NULL;

    free(log);
    return says;
}

/* Redis quotes the right's name, and the hint has it as it is. */
static bool log_names(const struct service *service, const char *right)
{
    char quoted[32];

    (void)snprintf(quoted, sizeof(quoted), "'%s'", right + 1);
    return log_says(service, quoted) || log_says(service, right);
}

static void expect_named(const struct world *world, const char *right)
{
    grant(world->redis, right);
    struct service *service = start(world, "?db=1", true);
    struct client *tenant = stranger_new(service);

    WAIT_FOR (WAIT_SECONDS, log_names(service, right)) {
        const struct reply *reply = client_post(tenant, "/register", "{'name':'Shop'}");
        if (reply->status == 201)
            client_set_key(tenant, reply_text(reply, "api_key"));
        (void)use_api(tenant);
    }
    EXPECT(client_get(tenant, "/livez"), 200, NULL);
    client_free(tenant);
    service_stop(service);
}

/* Except PING, which is sent only after 15 s: test_redis_link_idle tests that it is named. */
static void a_right_that_is_missing_is_named(void **state)
{
    for (size_t i = 0; i < rights.count; i++) {
        if (rights.words[i][0] == '+' && strcmp(rights.words[i], "+ping") != 0)
            expect_named(*state, rights.words[i]);
    }
}

static void a_wrong_password_is_named(void **state)
{
    const struct world *world = *state;
    grant(world->redis, NULL);
    (void)redis_server_command(world->redis, "ACL SETUSER sluice resetpass >another");
    struct service *service = start(world, "", true);

    WAIT_FOR (WAIT_SECONDS, log_says(service, "redis refused AUTH: WRONGPASS"))
        ;

    service_stop(service);
}

static int open_group(void **state)
{
    rights_read();
    return world_open_engine(state);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rights_that_are_listed_are_enough),
        cmocka_unit_test(a_right_that_is_missing_is_named),
        cmocka_unit_test(a_wrong_password_is_named),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, open_group, world_close));
}
