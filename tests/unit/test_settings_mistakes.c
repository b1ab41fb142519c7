/* SPDX-License-Identifier: MIT
 *
 * Mistakes in a configuration and all that is said of each. Beside them stands what they were
 * judged by: what a reader who knows the messages alone will change. */
#include "settings_case.h"

static const struct mistake of_names[] = {
    {"lisen: 127.0.0.1:8080\n", "line 1: lisen: there is no such setting; did you mean listen?",
     "the name, to listen"},
    {"wrokers: 1\n", "line 1: wrokers: there is no such setting; did you mean workers?",
     "the name, to workers"},
    {"redis-url: redis://localhost\n",
     "line 1: redis-url: there is no such setting; did you mean redis_url?",
     "the dash, to an underscore"},
    {"idle_timeout: 5\n",
     "line 1: idle_timeout: there is no such setting; did you mean idle_timeout_s?",
     "the name; its end tells the unit"},
    {"log-format: texts\n",
     "line 1: log-format: there is no such setting; did you mean log_format?",
     "the name first; its value is told once it is known"},
    {"port: 8080\n", "line 1: port: there is no such setting; did you mean listen?",
     "the name; listen then says that it takes the address, too"},
    {"threads: 5\n", "line 1: threads: there is no such setting; did you mean workers?",
     "the name, though nothing in it is near"},
    {"redis: localhost\n", "line 1: redis: there is no such setting; did you mean redis_url?",
     "the name; redis_url then says that it takes a URL"},
    {"timeout: 5\n", "line 1: timeout: there is no such setting; did you mean request_timeout_s?",
     "a guess, and a question: there are four time-outs"},
    {"colour: green\n", "line 1: colour: there is no such setting",
     "the line to take out; nothing is near"},
    {"workers: 1\n"
     "listen: 127.0.0.1:1\n"
     "workers: 2\n",
     "line 3, column 1: workers is there twice; line 1 has it, too",
     "one of two lines, and which two"},
    {"workers: many\n"
     "engine: sql\n"
     "lisen: x\n"
     "redis_timeout_ms: 0\n",
     "line 1: workers: must be a whole number from 0 to 64, not the text \"many\"\n"
     "line 2: engine: must be one of memory, redis, not the text \"sql\"\n"
     "line 3: lisen: there is no such setting; did you mean listen?\n"
     "line 4: redis_timeout_ms: must be a whole number of milliseconds from 1 to 5000, not 0",
     "all four lines, in their order"},
};

static const struct mistake of_values[] = {
    {"workers: many\n",
     "line 1: workers: must be a whole number from 0 to 64, not the text \"many\"",
     "the value, to a number of this range"},
    {"workers: \"2\"\n",
     "line 1: workers: must be a whole number from 0 to 64, not the text \"2\"; leave the "
     "quotes out",
     "the quotes"},
    {"workers: 2,\n", "line 1: workers: must be a whole number from 0 to 64, not the text \"2,\"",
     "the value; the comma is shown in it"},
    {"workers: =2\n", "line 1: workers: must be a whole number from 0 to 64, not the text \"=2\"",
     "the value; the sign is shown in it"},
    {"workers: 65\n", "line 1: workers: must be a whole number from 0 to 64, not 65",
     "the number; the range is there"},
    {"workers: -1\n", "line 1: workers: must be a whole number from 0 to 64, not -1",
     "the number; the range is there"},
    {"workers: 1.5\n", "line 1: workers: must be a whole number from 0 to 64, not 1.5",
     "the number, to a whole one"},
    {"workers: 99999999999999999999\n",
     "line 1: workers: must be a whole number from 0 to 64, not 1e+20",
     "the number, though it is shown rounded"},
    {"workers: [2]\n", "line 1: workers: must be a whole number from 0 to 64, not a list",
     "the list, to a number"},
    {"redis_timeout_ms: 0\n",
     "line 1: redis_timeout_ms: must be a whole number of milliseconds from 1 to 5000, not 0",
     "the number; unit and range are there"},
    {"idle_timeout_s: 75s\n",
     "line 1: idle_timeout_s: must be a whole number of seconds from 1 to 3600, not the text "
     "\"75s\"",
     "the letter behind the number: the unit is seconds already"},
    {"drain_timeout_s: \"10\"\n",
     "line 1: drain_timeout_s: must be a whole number of seconds from 1 to 3600, not the text "
     "\"10\"; leave the quotes out",
     "the quotes"},
    {"hsts_max_age_s: -1\n",
     "line 1: hsts_max_age_s: must be a whole number of seconds from 0 to 63072000, not -1",
     "the number; unit and range are there"},
    {"memory_counters_max: 1023\n",
     "line 1: memory_counters_max: must be a whole number from 1024 to 100000000, not 1023",
     "the number; the range is there"},
    {"metrics_apps: 1001\n",
     "line 1: metrics_apps: must be a whole number from 0 to 1000, not 1001",
     "the number; the range is there"},
    {"sandbox: yes\n", "line 1: sandbox: must be true or false, not the text \"yes\"",
     "the word, to true"},
    {"sandbox: 'true'\n",
     "line 1: sandbox: must be true or false, not the text \"true\"; leave the quotes out",
     "the quotes"},
    {"engine: reddis\n",
     "line 1: engine: must be one of memory, redis, not the text \"reddis\"; did you mean "
     "redis?",
     "the word, to redis"},
    {"engine: Redis\n",
     "line 1: engine: must be one of memory, redis, not the text \"Redis\"; did you mean "
     "redis?",
     "the capital letter, which the question shows"},
    {"registration: maybe\n",
     "line 1: registration: must be one of auto, open, token, closed, not the text \"maybe\"",
     "the word; all are there"},
    {"log_level: 7\n", "line 1: log_level: must be one of debug, info, warn, error, not 7",
     "the number, to one of the words"},
    {"log_level: loud\n",
     "line 1: log_level: must be one of debug, info, warn, error, not the text \"loud\"",
     "the word; all are there"},
    {"log_format: txt\n",
     "line 1: log_format: must be one of auto, json, text, not the text \"txt\"; did you mean "
     "text?",
     "the word, to text"},
    {"rate_limit_reset: false\n",
     "line 1: rate_limit_reset: must be one of delta, epoch, off, not false",
     "the word; off is among those that are there"},
    {"listen: 8080\n",
     "line 1: listen: must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
     "[::1]:8080, or unix: and the path of a socket, not 8080",
     "the value: the address is missing"},
    {"listen: ':8080'\n",
     "line 1: listen: must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
     "[::1]:8080, or unix: and the path of a socket, not the text \":8080\"",
     "the value: the address is missing"},
    {"listen: localhost:8080\n",
     "line 1: listen: must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
     "[::1]:8080, or unix: and the path of a socket, not the text \"localhost:8080\"",
     "the name, to an IP address"},
    {"listen: 127.0.0.1:65536\n",
     "line 1: listen: must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
     "[::1]:8080, or unix: and the path of a socket, not the text \"127.0.0.1:65536\"",
     "the port; its limit is there"},
    {"listen: '::1:8080'\n",
     "line 1: listen: must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
     "[::1]:8080, or unix: and the path of a socket, not the text \"::1:8080\"",
     "the brackets, as the second form shows"},
    {"listen: '[::1:8080'\n",
     "line 1: listen: must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
     "[::1]:8080, or unix: and the path of a socket, not the text \"[::1:8080\"",
     "the bracket, as the second form shows"},
    {"listen: '[127.0.0.1]:8080'\n",
     "line 1: listen: must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
     "[::1]:8080, or unix: and the path of a socket, not the text \"[127.0.0.1]:8080\"",
     "the brackets, as the first form shows"},
    {"metrics_listen: 8080\n",
     "line 1: metrics_listen: must be an IP address and a port up to 65535, such as "
     "127.0.0.1:8080 or [::1]:8080, or unix: and the path of a socket, not 8080",
     "the value: the address is missing"},
    {"metrics_listen: here\n",
     "line 1: metrics_listen: must be an IP address and a port up to 65535, such as "
     "127.0.0.1:8080 or [::1]:8080, or unix: and the path of a socket, not the text \"here\"",
     "the value; both forms are there"},
    {"trusted_proxies: [10.0.0.0/8]\n",
     "line 1: trusted_proxies: must be one text of networks with commas between them, such as "
     "\"10.0.0.0/8, ::1\", not a list",
     "the list, to one text; its form is there"},
    {"trusted_proxies: '*'\n",
     "line 1: trusted_proxies: \"*\" is no IP address or network such as 10.0.0.0/8",
     "the value, to networks; the form of one is there"},
    {"browser_hosts: https://a.example\n",
     "line 1: browser_hosts: \"https://a.example\" is no host such as limits.example.org or "
     "[::1]:8080",
     "the value: the examples have no https://"},
    {"register_limit: 5\n",
     "line 1: register_limit: must be a rate such as \"5/minute\", or \"off\", not 5",
     "the value: per what is missing"},
    {"register_limit: often\n",
     "line 1: register_limit: must be a rate such as \"5/minute\", or \"off\", not the text "
     "\"often\"",
     "the value; the form is there"},
    {"manage_limit: 0/minute\n",
     "line 1: manage_limit: must be a rate such as \"5/minute\", or \"off\", not the text "
     "\"0/minute\"",
     "the value; how to have no limit is there"},
    {"data_dir: ''\n", "line 1: data_dir: must be a text of 1 to 4000 bytes, not the text \"\"",
     "the value: it is empty"},
    {"redis_url: localhost\n",
     "line 1: redis_url: a Redis URL starts with redis://, rediss://, unix://, "
     "redis-sentinel:// or redis-cluster://",
     "the beginning of the URL"},
    {"key_pepper: short\n", "line 1: key_pepper: must be a text of 16 to 1024 bytes",
     "the length; a secret is not shown"},
    {"admin_token: fifteen-letters\n", "line 1: admin_token: must be a text of 16 to 256 bytes",
     "the length; a secret is not shown"},
    {"admin_token: with a space in it\n",
     "line 1: admin_token: must be visible ASCII without spaces",
     "the spaces; a secret is not shown"},
    {"registration: token\n", "registration is token, which needs admin_token",
     "the other setting, which is missing"},
    {"catalogue: postgres://user:secret@host/db\n",
     "line 1: catalogue: PostgreSQL is not supported by this version; use sqlite:PATH or redis",
     "the value; what there is instead is there"},
    {"catalogue: 'sqlite:'\n", "line 1: catalogue: must be sqlite:PATH or redis",
     "the value: the path is missing"},
    {"tls_key: /nonexistent/key\n",
     "line 1: tls_key: cannot read the file that it names: No such file or directory",
     "the path, or the file"},
    {"tls_key: /etc/passwd\n", "line 1: tls_key: /etc/passwd is no PEM file",
     "the path, or the file's form"},
    {"tls_certificate: /etc/passwd\n", "line 1: tls_certificate: /etc/passwd is no PEM file",
     "the path, or the file's form"},
    {"tls_priorities: SECURE128:+FOO\n",
     "line 1: tls_priorities: has a word that GnuTLS does not know, at \"+FOO\"",
     "the word, which is shown"},
    {"tls_priorities: ''\n",
     "line 1: tls_priorities: must be a text of 1 to 1000 bytes, not the text \"\"",
     "the value: it is empty"},
};

static const struct mistake of_apps[] = {
    {"apps: shop\n",
     "line 1: apps: must be a list of 0 to 1000 values, not the text \"shop\"; each value of "
     "a list begins with \"- \"",
     "the value, to a list, and how one is written"},
    {"apps: {}\n",
     "line 1: apps: must be a list of 0 to 1000 values, not names with values; each value of "
     "a list begins with \"- \"",
     "the value, to a list, and how one is written"},
    {"apps:\n"
     "  shop:\n"
     "    api_key_file: x\n",
     "line 1: apps: must be a list of 0 to 1000 values, not names with values; each value of "
     "a list begins with \"- \"",
     "the value, to a list, and how one is written"},
    {"apps:\n"
     "  - name: shop\n"
     "    api_key: x\n",
     "line 2: apps[0]: must have one of api_key_file and api_key_env\nline 3: "
     "apps[0].api_key: there is no such name here; did you mean api_key_file?",
     "the name: a key is in a file or a variable, not here"},
    {"apps:\n"
     "  - name: shop\n"
     "    api_key_file: /nonexistent\n"
     "    policy: []\n",
     "line 3: apps[0].api_key_file: cannot read the file that it names: No such file or "
     "directory\nline "
     "4: apps[0].policy: there is no such name here; did you mean policies?",
     "the path, and the name"},
    {"apps:\n"
     "  - name: shop\n"
     "    api_key_env: TEST_NO_KEY\n"
     "    policies:\n"
     "      - routekey: /a\n"
     "        limit: many\n"
     "        window: 60\n",
     "line 3: apps[0].api_key_env: names a variable that is not set\n"
     "line 5: apps[0].policies[0].route_key: is required\n"
     "line 5: apps[0].policies[0].window_seconds: is required\n"
     "line 5: apps[0].policies[0].routekey: there is no such name here; did you mean "
     "route_key?\n"
     "line 6: apps[0].policies[0].limit: must be a whole number from 0 to 9007199254740991, not "
     "the "
     "text \"many\"\n"
     "line 7: apps[0].policies[0].window: there is no such name here; did you mean rate, as in "
     "\"rate\": \"100/m\", or window_seconds?",
     "the variable, two names and a number; what is missing is what was named wrongly"},
    {"apps:\n"
     "  - name: shop\n"
     "    api_key_env: HOME\n"
     "    policies:\n"
     "      - route: /a\n"
     "        limit: '5'\n"
     "        window_seconds: 60\n",
     "line 3: apps[0].api_key_env: holds no API key; `sluice generate-key` makes one\n"
     "line 5: apps[0].policies[0].route_key: is required\n"
     "line 5: apps[0].policies[0].route: there is no such name here; did you mean route_key?\n"
     "line 6: apps[0].policies[0].limit: must be a whole number from 0 to 9007199254740991, not "
     "the "
     "text \"5\"; leave the quotes out",
     "the variable, the name and the quotes"},
};

static void a_wrong_name_is_told_so_that_it_can_be_mended(void **state)
{
    (void)state;

    settings_mistakes_told(of_names, ARRAY_COUNT(of_names));
}

static void a_wrong_value_is_told_so_that_it_can_be_mended(void **state)
{
    (void)state;

    settings_mistakes_told(of_values, ARRAY_COUNT(of_values));
}

static void a_wrong_app_is_told_so_that_it_can_be_mended(void **state)
{
    (void)state;

    settings_mistakes_told(of_apps, ARRAY_COUNT(of_apps));
}

static void every_origin_is_told_of(void **state)
{
    (void)state;
    struct settings_complaints complaints;
    const char *const flags[] = {"--port=1", "--no-such", "value", "--engine=sql"};
    const struct settings_source source = {
        .file = settings_file("origins.yaml", "workers: many\n"), .argc = 4, .argv = flags};
    setenv("SLUICE_LOG_LEVEL", "loud", 1);

    struct settings *settings = settings_load(&source, &complaints);

    unsetenv("SLUICE_LOG_LEVEL");
    assert_null(settings);
    assert_int_equal(complaints.exit_code, EX_CONFIG);
    assert_int_equal(complaints.count, 5);
    assert_non_null(strstr(complaints.at[0], ": line 1: workers: must be a whole number"));
    assert_string_equal(complaints.at[1], "SLUICE_LOG_LEVEL: must be one of debug, info, warn, "
                                          "error, not \"loud\"");
    assert_string_equal(complaints.at[2],
                        "--port: there is no such option; did you mean --listen?");
    assert_string_equal(complaints.at[3], "--no-such: there is no such option");
    assert_string_equal(complaints.at[4], "--engine: must be one of memory, redis, not \"sql\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(a_wrong_name_is_told_so_that_it_can_be_mended),
        SETTINGS_TEST(a_wrong_value_is_told_so_that_it_can_be_mended),
        SETTINGS_TEST(a_wrong_app_is_told_so_that_it_can_be_mended),
        SETTINGS_TEST(every_origin_is_told_of),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
