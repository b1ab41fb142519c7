/* SPDX-License-Identifier: MIT
 *
 * The apps that a file declares: their keys and their policies. */
#include "settings_case.h"

#include "auth/api_key.h"
#include "limit/policy.h"
#include "support/scratch.h"

static void apps_are_read_with_their_keys_and_policies(void **state)
{
    (void)state;
    char first[API_KEY_BYTES + 1];
    char second[API_KEY_BYTES + 1];
    char yaml[1024];
    api_key_generate(first);
    api_key_generate(second);
    setenv("TEST_APP_KEY", second, 1);
    (void)snprintf(yaml, sizeof(yaml),
                   "apps:\n"
                   "  - name: shop\n"
                   "    api_key_file: %s\n"
                   "    policies:\n"
                   "      - {route_key: /orders, limit: 100, window_seconds: 60}\n"
                   "      - {route_key: /orders, role: premium, rate: 10/second}\n"
                   "  - name: blog\n"
                   "    api_key_env: TEST_APP_KEY\n",
                   settings_file("shop.key", first));

    struct settings *settings = settings_valid(yaml, NO_FLAGS);

    assert_int_equal(settings->app_count, 2);
    const struct settings_app *shop = &settings->apps[0];
    assert_true(text_equal(shop->name, TEXT("shop")));
    assert_string_equal(shop->api_key, first);
    assert_int_equal(shop->policy_count, 2);
    assert_true(text_equal(shop->policies[0]->identity.route_key, TEXT("/orders")));
    assert_int_equal(shop->policies[0]->rule.limits[0].quota, 100);
    assert_true(text_equal(shop->policies[1]->identity.role, TEXT("premium")));
    assert_int_equal(shop->policies[1]->rule.limits[0].window_us, 1000000);
    assert_string_equal(settings->apps[1].api_key, second);
    assert_int_equal(settings->apps[1].policy_count, 0);
    settings_free(settings);
}

static void wrong_apps_are_named_by_their_pointer(void **state)
{
    (void)state;
    static const struct {
        const char *app;
        const char *message;
    } cases[] = {
        {"{api_key_env: TEST_APP_KEY}", "line 1: apps[0].name: is required"},
        {"{name: a}", "line 1: apps[0]: must have one of api_key_file and api_key_env"},
        {"{name: a, api_key_env: TEST_APP_KEY, api_key_file: x}",
         "line 1: apps[0]: must have one of api_key_file and api_key_env"},
        {"{name: a, api_key: x, api_key_env: TEST_APP_KEY}",
         "line 1: apps[0].api_key: there is no such name here; did you mean api_key_file?"},
        {"{name: a, api_key_env: TEST_NO_KEY}",
         "line 1: apps[0].api_key_env: names a variable that is not set"},
        {"{name: a, api_key_env: PATH}",
         "line 1: apps[0].api_key_env: holds no API key; `sluice generate-key` makes one"},
        {"{name: a, api_key_file: /nonexistent}", "line 1: apps[0].api_key_file: cannot read the "
                                                  "file that it names: No such file or directory"},
        {"{name: a, api_key_file: /dev/null}",
         "line 1: apps[0].api_key_file: holds no API key; `sluice generate-key` makes one"},
        {"{name: a, api_key_env: TEST_APP_KEY}, {name: b, api_key_env: TEST_APP_KEY}",
         "line 1: apps[1].api_key_env: holds the same API key as /apps/0"},
        {"{name: a, api_key_env: TEST_APP_KEY, policies: [{route_key: /a, limit: 1, "
         "window_seconds: 1}, {route_key: /b, limit: -1, window_seconds: 1}]}",
         "line 1: apps[0].policies[1].limit: must be a whole number from 0 to 9007199254740991, "
         "not -1"},
        {"{name: a, api_key_env: TEST_APP_KEY, policies: [{route_key: /a, limit: 1, "
         "window_seconds: 1}, {route_key: /a, role: default, limit: 2, window_seconds: 1}]}",
         "line 1: apps[0].policies[1]: has the same route_key, role and subject as an earlier "
         "policy"},
        {"{name: a, api_key_env: TEST_APP_KEY, policies: [{route_key: /a, limit: 1, period: day, "
         "zone: Europe/Berln}]}",
         "line 1: apps[0].policies[0].zone: must be a zone of the tz database that this machine "
         "can read, such as Europe/Berlin, not the text \"Europe/Berln\""},
        {"7", "line 1: apps[0]: must be names with values, as in \"workers: 2\", not 7"},
    };
    char key[API_KEY_BYTES + 1];
    api_key_generate(key);
    setenv("TEST_APP_KEY", key, 1);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char yaml[512];
        (void)snprintf(yaml, sizeof(yaml), "apps: [%s]\n", cases[i].app);
        settings_file_refused(yaml, cases[i].message);
    }
}

static void a_list_that_is_too_long_is_told_its_length(void **state)
{
    (void)state;
    char yaml[8192] = "apps: [";
    size_t length = strlen(yaml);

    for (int i = 0; i <= SETTINGS_APPS_MAX; i++)
        length += (size_t)snprintf(yaml + length, sizeof(yaml) - length, "1,");
    (void)snprintf(yaml + length, sizeof(yaml) - length, "1]\n");

    char told[SCRATCH_PATH_BYTES + 128];
    const char *file = settings_file("long.yaml", yaml);
    (void)snprintf(told, sizeof(told),
                   "%s: line 1: apps: must be a list of 0 to 1000 values, not one of 1002", file);
    settings_refused(file, NO_FLAGS, EX_CONFIG, told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(apps_are_read_with_their_keys_and_policies),
        SETTINGS_TEST(wrong_apps_are_named_by_their_pointer),
        SETTINGS_TEST(a_list_that_is_too_long_is_told_its_length),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
