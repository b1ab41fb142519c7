/* SPDX-License-Identifier: MIT
 *
 * POST /register: an app, its key, and what the service keeps of it. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/scratch.h"
#include "support/world.h"

#define SECRET_AT 17 /* after slk_<12>_ */

static void registering_shows_the_app_and_its_key(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);

    const struct reply *reply = client_post(client, "/register", "{'name':'Köln Café'}");

    EXPECT(reply, 201, "{'name':'Köln Café'}");
    EXPECT_MEMBERS(reply->json, "app_id name api_key created_at");
    assert_int_equal(strlen(reply_text(reply, "app_id")), strlen("app_") + 12);
    assert_memory_equal(reply_text(reply, "app_id"), "app_", 4);
    assert_int_equal(strlen(reply_text(reply, "created_at")), strlen("2026-11-21T14:12:15.042Z"));
    EXPECT_FIELD(reply, "Cache-Control", "no-store");
    client_free(client);
}

static void a_key_tells_which_app_it_opens(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);
    const struct reply *reply = client_post(client, "/register", "{'name':'Köln Café'}");
    json_t *registered = json_incref(reply->json);

    client_set_key(client, reply_text(reply, "api_key"));
    (void)json_object_del(registered, "api_key");

    const struct reply *told = client_get(client, "/app");

    EXPECT(told, 200, NULL);
    EXPECT_FIELD(told, "Cache-Control", "no-store");
    assert_true(json_equal(told->json, registered));
    json_decref(registered);
    client_free(client);
}

static void a_key_has_the_documented_form(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const char *key = client_key(tenant);

    assert_int_equal(strlen(key), 4 + 12 + 1 + 32 + 6);
    assert_memory_equal(key, "slk_", 4);
    assert_int_equal(key[16], '_');
    assert_int_equal(strspn(key + SECRET_AT, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "abcdefghijklmnopqrstuvwxyz"),
                     38);
    client_free(tenant);
}

static void a_new_key_works_at_once_on_every_worker(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    /* New connections are spread over the workers. */
    for (int i = 0; i < 16; i++) {
        struct client *connection = stranger_new(world->service);
        client_set_key(connection, client_key(tenant));
        EXPECT(client_get(connection, "/policy"), 200, "[]");
        client_free(connection);
    }
    client_free(tenant);
}

static void the_same_name_registers_another_app(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);
    char first_id[32];

    const struct reply *first = client_post(client, "/register", "{'name':'Twin'}");
    EXPECT(first, 201, NULL);
    (void)snprintf(first_id, sizeof(first_id), "%s", reply_text(first, "app_id"));
    const struct reply *second = client_post(client, "/register", "{'name':'Twin'}");

    EXPECT(second, 201, NULL);
    assert_string_not_equal(reply_text(second, "app_id"), first_id);
    client_free(client);
}

static void the_key_is_stored_nowhere(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const char *secret = client_key(tenant) + SECRET_AT;

    tenant_policy(tenant, "{'route_key':'/stored','limit':5,'window_seconds':60}");
    EXPECT(client_check(tenant, "alice", "/stored"), 200, NULL);

    assert_false(scratch_contains(service_data_dir(world->service), secret));
    assert_false(scratch_contains(service_log(world->service), secret));
    if (world->redis != NULL) {
        assert_true(redis_server_contains(world->redis, "/stored"));
        assert_false(redis_server_contains(world->redis, secret));
    } else {
        assert_true(scratch_contains(service_data_dir(world->service), "/stored"));
    }
    client_free(tenant);
}

static void what_checks_leave_in_redis_names_nobody(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'/private','limit':5,'window_seconds':3600}");
    EXPECT(client_check(tenant, "somebody@example.org", "/private"), 200, NULL);

    if (world->redis != NULL) {
        const redisReply *keys = redis_server_command(world->redis, "KEYS *");
        for (size_t i = 0; i < keys->elements; i++) {
            assert_memory_equal(keys->element[i]->str, "sluice:", strlen("sluice:"));
            assert_null(strstr(keys->element[i]->str, "somebody"));
        }
    }
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registering_shows_the_app_and_its_key),
        cmocka_unit_test(a_key_tells_which_app_it_opens),
        cmocka_unit_test(a_key_has_the_documented_form),
        cmocka_unit_test(a_new_key_works_at_once_on_every_worker),
        cmocka_unit_test(the_same_name_registers_another_app),
        cmocka_unit_test(the_key_is_stored_nowhere),
        cmocka_unit_test(what_checks_leave_in_redis_names_nobody),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
