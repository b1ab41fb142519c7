/* SPDX-License-Identifier: MIT
 *
 * One version after the other uses a SQLite file. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"
#include "versions.h"

/* All keys and the policies are as they were at the end of the version before. */
static void expect_kept(const struct service *service, json_t *keys, json_t *policies)
{
    size_t i;
    json_t *key;

    json_array_foreach (keys, i, key) {
        struct client *client = stranger_new(service);
        client_set_key(client, json_string_value(key));
        const struct reply *reply = client_get(client, "/policy");
        EXPECT(reply, 200, NULL);
        assert_true(json_matches(reply->json, i == 0 ? policies : reply->json));
        client_free(client);
    }
}

/* Registers another app for its key. As the first app, saves a policy that stays, changes one, and
 * deletes one. */
static void write_to_file(const struct service *service, struct client *tenant, json_t *keys)
{
    const size_t number = json_array_size(keys);
    struct client *registered = tenant_new(service);

    json_array_append_new(keys, json_string(client_key(registered)));
    client_free(registered);
    client_set_key(tenant, json_string_value(json_array_get(keys, 0)));
    tenant_policy(tenant, "{'route_key':'/kept/%zu','limit':5,'window_seconds':60}", number);
    tenant_policy(tenant, "{'route_key':'/changed','limit':%zu,'window_seconds':60}", number + 1);
    tenant_policy(tenant, "{'route_key':'/brief','limit':5,'window_seconds':60}");
    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/brief'}"), 200, NULL);
    EXPECT(client_check(tenant, "ada", "/changed"), 200, NULL);
}

/* Each version starts before the one before it has ended. */
static void a_file_goes_on_with_the_new_one_and_with_the_old_one_again(void **state)
{
    static const enum version versions[] = {OLD, NEW, OLD, NEW};
    struct service_options options = world_options(*state);
    struct service *before = NULL;
    char data_dir[SCRATCH_PATH_BYTES];
    json_t *keys = json_array();
    json_t *policies = json_array();

    scratch_directory("rolling", data_dir);
    options.data_dir = data_dir;
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        struct service *service = version_start(versions[i], &options);
        struct client *tenant = stranger_new(service);
        struct client *at_before = before == NULL ? NULL : stranger_new(before);
        expect_kept(service, keys, policies);
        write_to_file(service, tenant, keys);

        if (at_before != NULL) {
            client_set_key(at_before, client_key(tenant));
            WAIT_FOR (version_seen_seconds(),
                      client_has_limit(at_before, "/changed", (int64_t)i + 1))
                ;
        }
        json_decref(policies);
        policies = json_incref(client_get(tenant, "/policy")->json);
        assert_int_equal(json_array_size(policies), i + 2);
        client_free(tenant);
        client_free(at_before);
        service_stop(before);
        before = service;
        print_message("%s: %zu keys, %zu policies\n", version_words[versions[i]],
                      json_array_size(keys), json_array_size(policies));
    }
    service_stop(before);
    json_decref(keys);
    json_decref(policies);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_goes_on_with_the_new_one_and_with_the_old_one_again),
    };

    versions_choose(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
