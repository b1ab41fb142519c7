/* SPDX-License-Identifier: MIT
 *
 * Mistakes in a configuration and all that is said of each. Beside them stands what the messages
 * were judged by: who reads them must know from them alone what to change. */
#include "settings_case.h"

static void each_mistake_is_told_so_that_it_can_be_mended(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *messages; /* a line each, without the file's name */
        const char *tells;    /* the judgement */
    } mistakes[] = {
        {"lisen: 127.0.0.1:8080\n", "line 1: lisen: there is no such setting; did you mean listen?",
         "names what was meant, and its line"},
        {"redis-url: redis://localhost\n",
         "line 1: redis-url: there is no such setting; did you mean redis_url?",
         "names what was meant, and its line"},
        {"port: 8080\n", "line 1: port: there is no such setting",
         "names what is unknown, and its line"},
        {"workers: many\n",
         "line 1: workers: must be a whole number from 0 to 64, not the text \"many\"",
         "names the setting, the range and what came"},
        {"workers: \"2\"\n",
         "line 1: workers: must be a whole number from 0 to 64, not the text \"2\"",
         "names the setting, the range and what came"},
        {"workers: 65\n", "line 1: workers: must be a whole number from 0 to 64, not 65",
         "names the setting, the range and what came"},
        {"workers: 1.5\n", "line 1: workers: must be a whole number from 0 to 64, not 1.5",
         "names the setting, the range and what came"},
        {"workers: [2]\n", "line 1: workers: must be a whole number from 0 to 64, not a list",
         "names the setting, the range and what came"},
        {"redis_timeout_ms: 0\n",
         "line 1: redis_timeout_ms: must be a whole number of milliseconds from 1 to 5000, not 0",
         "names the setting, the unit, the range and what came"},
        {"idle_timeout_s: 75s\n",
         "line 1: idle_timeout_s: must be a whole number of seconds from 1 to 3600, not the text "
         "\"75s\"",
         "names the setting, the unit, the range and what came"},
        {"sandbox: yes\n", "line 1: sandbox: must be true or false, not the text \"yes\"",
         "says what is taken and what came"},
        {"engine: reddis\n",
         "line 1: engine: must be one of memory, redis, not the text \"reddis\"",
         "lists the words and what came"},
        {"log_level: 7\n", "line 1: log_level: must be one of debug, info, warn, error, not 7",
         "lists the words and what came"},
        {"listen: 8080\n",
         "line 1: listen: must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
         "not 8080",
         "shows both forms of an address"},
        {"listen: localhost:8080\n",
         "line 1: listen: must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
         "not the text \"localhost:8080\"",
         "shows both forms of an address"},
        {"trusted_proxies: *\n",
         "line 1, column 19: an unquoted * begins an alias, which is not supported; write the "
         "value in quotes, as in \"*\"",
         "explains the unquoted asterisk"},
        {"trusted_proxies: *all\n",
         "line 1, column 18: an unquoted * begins an alias, which is not supported; write the "
         "value in quotes, as in \"*\"",
         "explains the unquoted asterisk"},
        {"trusted_proxies: [10.0.0.0/8]\n",
         "line 1: trusted_proxies: must be one text of networks with commas between them, such as "
         "\"10.0.0.0/8, ::1\", not a list",
         "says that one text is taken"},
        {"browser_hosts: https://a.example\n",
         "line 1: browser_hosts: \"https://a.example\" is no host such as limits.example.org or "
         "[::1]:8080",
         "says what is wrong where"},
        {"register_limit: 5\n",
         "line 1: register_limit: must be a rate such as \"5/minute\", or \"off\", not 5",
         "says what is wrong where"},
        {"register_limit: often\n",
         "line 1: register_limit: must be a rate such as \"5/minute\", or \"off\", not the text "
         "\"often\"",
         "says what is taken and what came"},
        {"workers: 1\nlisten: 127.0.0.1:1\nworkers: 2\n",
         "line 3, column 1: workers is there twice; line 1 has it, too",
         "names the setting and both lines"},
        {"workers:\t- 1\n",
         "line 1, column 10: block sequence entries are not allowed in this context",
         "says what is wrong where"},
        {"workers:\n\t- 1\n",
         "line 2, column 1: a tab is here; YAML takes spaces alone at the beginning of a line",
         "explains the tab"},
        {"workers:2\n",
         "line 1, column 1: a setting is its name, a colon, a space and a value, as in \"workers: "
         "2\"",
         "shows how a setting is written"},
        {"workers: 2\nlisten:127.0.0.1:80\n",
         "line 3, column 1: before this, a colon and a space are missing; a setting is its name, a "
         "colon, a space and a value, as in \"workers: 2\"",
         "shows how a setting is written"},
        {"data_dir: C: here\n",
         "line 1, column 12: a second colon is here; a value with a colon and a space in it must "
         "be in quotes",
         "says which values need quotes"},
        {"data_dir: \"here\nworkers: 2\n",
         "line 3, column 1: the text before this begins with a quote and does not end with one",
         "says what is wrong where"},
        {"workers: 1\n  listen: 127.0.0.1:80\n",
         "line 2, column 9: a second colon is here; a value with a colon and a space in it must be "
         "in quotes",
         "says which values need quotes"},
        {"data_dir: @home\n",
         "line 1, column 11: a value that begins with this character must be in quotes",
         "says what to put in quotes"},
        {"data_dir: &home x\n",
         "line 1, column 11: anchors (&) and tags (!) are not supported; a value that begins with "
         "such a character must be in quotes",
         "says what to put in quotes"},
        {"- workers: 2\n", "must be names with values, as in \"workers: 2\"",
         "says what is wrong where"},
        {"workers: 1\n---\nworkers: 2\n",
         "line 2, column 1: a second document begins; only one is allowed",
         "says what is wrong where"},
        {"key_pepper: short\n", "line 1: key_pepper: must be a text of 16 to 1024 bytes",
         "says how long a text may be"},
        {"admin_token: with a space in it, indeed\n",
         "line 1: admin_token: must be visible ASCII without spaces", "says what is wrong where"},
        {"catalogue: postgres://u:secret@h/db\n",
         "line 1: catalogue: PostgreSQL is not supported by this version; use sqlite:PATH or redis",
         "says what is wrong where"},
        {"tls_key: /nonexistent/key\n",
         "line 1: tls_key: cannot read /nonexistent/key: No such file or directory",
         "names the file and why"},
        {"tls_certificate: /etc/passwd\n", "line 1: tls_certificate: must name a PEM file",
         "says what is wrong where"},
        {"registration: token\n", "registration is token, which needs admin_token",
         "names the other setting"},
        {"apps:\n  - name: shop\n    api_key: x\n",
         "line 2: apps[0]: must have one of api_key_file and api_key_env\nline 3: apps[0].api_key: "
         "there is no such name here",
         "names what was meant, and its line"},
        {"apps:\n  - name: shop\n    api_key_env: TEST_NO_KEY\n    policies:\n      - routekey: "
         "/a\n        limit: many\n        window: 60\n",
         "line 5: apps[0].policies[0].route_key: is required\nline 5: "
         "apps[0].policies[0].window_seconds: is required\nline 3: apps[0].api_key_env: "
         "TEST_NO_KEY is not set in the environment\nline 5: apps[0].policies[0].routekey: there "
         "is no such name here; did you mean route_key?\nline 6: apps[0].policies[0].limit: must "
         "be a whole number from 0 to 1000000000, not the text \"many\"\nline 7: "
         "apps[0].policies[0].window: there is no such name here",
         "names what was meant, and its line"},
        {"apps:\n  shop:\n    api_key_file: x\n",
         "line 1: apps: must be a list of 0 to 1000 values, not names with values",
         "says that a list is taken"},
        {"workers: many\nengine: sql\nlisen: x\nredis_timeout_ms: 0\n",
         "line 1: workers: must be a whole number from 0 to 64, not the text \"many\"\nline 2: "
         "engine: must be one of memory, redis, not the text \"sql\"\nline 3: lisen: there is no "
         "such setting; did you mean listen?\nline 4: redis_timeout_ms: must be a whole number of "
         "milliseconds from 1 to 5000, not 0",
         "names what was meant, and its line"},
        {"apps:\n  - name: shop\n    api_key_file: /nonexistent\n    policy: []\n",
         "line 3: apps[0].api_key_file: cannot read /nonexistent: No such file or directory\nline "
         "4: apps[0].policy: there is no such name here",
         "names what is unknown, and its line"},
        {"a: {b: 1", "line 2, column 1: did not find expected ',' or '}'",
         "says what is wrong where"},
        {"data_dir: %x\n",
         "line 1, column 11: a value that begins with this character must be in quotes",
         "says what to put in quotes"},
        {"data_dir: 'it's here'\n",
         "line 1, column 15: this line does not begin in the same column as those that belong to "
         "it, or the value before it must be in quotes",
         "says what to put in quotes"},
        {"workers: =2\n",
         "line 1: workers: must be a whole number from 0 to 64, not the text \"=2\"",
         "names the setting, the range and what came"},
        {"workers 2\n", "must be names with values, as in \"workers: 2\"",
         "says what is wrong where"},
        {"workers 2\nlisten: 1\n",
         "line 2, column 7: a second colon is here; a value with a colon and a space in it must be "
         "in quotes",
         "says which values need quotes"},
        {"workers: 99999999999999999999\n",
         "line 1: workers: must be a whole number from 0 to 64, not 1e+20",
         "names the setting, the range and what came"},
        {"data_dir: ''\n", "line 1: data_dir: must be a text of 1 to 4000 bytes, not the text \"\"",
         "says what is taken and what came"},
        {"drain_timeout_s: \"10\"\n",
         "line 1: drain_timeout_s: must be a whole number of seconds from 1 to 3600, not the text "
         "\"10\"",
         "names the setting, the unit, the range and what came"},
        {"wrokers: 1\n", "line 1: wrokers: there is no such setting; did you mean workers?",
         "names what was meant, and its line"},
        {"workers: \"1\"\n",
         "line 1: workers: must be a whole number from 0 to 64, not the text \"1\"",
         "names the setting, the range and what came"},
        {"workers: -1\n", "line 1: workers: must be a whole number from 0 to 64, not -1",
         "names the setting, the range and what came"},
        {"workers: 1\nengine: x\nlog_level: 7\n",
         "line 2: engine: must be one of memory, redis, not the text \"x\"\nline 3: log_level: "
         "must be one of debug, info, warn, error, not 7",
         "lists the words and what came"},
        {"memory_counters_max: 1023\n",
         "line 1: memory_counters_max: must be a whole number from 1024 to 100000000, not 1023",
         "names the setting, the range and what came"},
        {"registration: maybe\n",
         "line 1: registration: must be one of auto, open, token, closed, not the text \"maybe\"",
         "lists the words and what came"},
        {"log_level: loud\n",
         "line 1: log_level: must be one of debug, info, warn, error, not the text \"loud\"",
         "lists the words and what came"},
        {"rate_limit_reset: false\n",
         "line 1: rate_limit_reset: must be one of delta, epoch, off, not false",
         "lists the words and what came"},
        {"listen: 127.0.0.1:65536\n",
         "line 1: listen: must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
         "not the text \"127.0.0.1:65536\"",
         "shows both forms of an address"},
        {"listen: '[::1:8080'\n",
         "line 1: listen: must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
         "not the text \"[::1:8080\"",
         "shows both forms of an address"},
        {"listen: '::1:8080'\n",
         "line 1: listen: must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
         "not the text \"::1:8080\"",
         "shows both forms of an address"},
        {"listen: ':8080'\n",
         "line 1: listen: must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
         "not the text \":8080\"",
         "shows both forms of an address"},
        {"listen: '[127.0.0.1]:8080'\n",
         "line 1: listen: must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
         "not the text \"[127.0.0.1]:8080\"",
         "shows both forms of an address"},
        {"metrics_listen: 8080\n",
         "line 1: metrics_listen: must be an IP address and a port, such as 127.0.0.1:8080 or "
         "[::1]:8080, not 8080",
         "shows both forms of an address"},
        {"metrics_listen: here\n",
         "line 1: metrics_listen: must be an IP address and a port, such as 127.0.0.1:8080 or "
         "[::1]:8080, not the text \"here\"",
         "shows both forms of an address"},
        {"metrics_apps: 1001\n",
         "line 1: metrics_apps: must be a whole number from 0 to 1000, not 1001",
         "names the setting, the range and what came"},
        {"manage_limit: 0/minute\n",
         "line 1: manage_limit: must be a rate such as \"5/minute\", or \"off\", not the text "
         "\"0/minute\"",
         "says what is taken and what came"},
        {"key_pepper: tooshort\n", "line 1: key_pepper: must be a text of 16 to 1024 bytes",
         "says how long a text may be"},
        {"admin_token: fifteen-letters\n", "line 1: admin_token: must be a text of 16 to 256 bytes",
         "says how long a text may be"},
        {"admin_token: with a space in it\n",
         "line 1: admin_token: must be visible ASCII without spaces", "says what is wrong where"},
        {"catalogue: postgres://user:secret@host/db\n",
         "line 1: catalogue: PostgreSQL is not supported by this version; use sqlite:PATH or redis",
         "says what is wrong where"},
        {"catalogue: 'sqlite:'\n", "line 1: catalogue: must be sqlite:PATH or redis",
         "says what is wrong where"},
        {"tls_key: /etc/passwd\n", "line 1: tls_key: must name a PEM file",
         "says what is wrong where"},
        {"tls_priorities: SECURE128:+FOO\n",
         "line 1: tls_priorities: has a word that GnuTLS does not know, at \"+FOO\"",
         "says what is wrong where"},
        {"tls_priorities: ''\n",
         "line 1: tls_priorities: must be a text of 1 to 1000 bytes, not the text \"\"",
         "says what is taken and what came"},
        {"hsts_max_age_s: -1\n",
         "line 1: hsts_max_age_s: must be a whole number of seconds from 0 to 63072000, not -1",
         "names the setting, the unit, the range and what came"},
        {"apps: {}\n", "line 1: apps: must be a list of 0 to 1000 values, not names with values",
         "says that a list is taken"},
        {"- a\n- b\n", "must be names with values, as in \"workers: 2\"",
         "says what is wrong where"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(mistakes); i++)
        settings_mistakes_told(mistakes[i].yaml, mistakes[i].messages, mistakes[i].tells);
}

static void every_origin_is_told_of(void **state)
{
    (void)state;
    struct settings_complaints complaints;
    const char *const flags[] = {"--lisen=x", "--no-such", "value", "--engine=sql"};
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
                        "--lisen: there is no such option; did you mean --listen?");
    assert_string_equal(complaints.at[3], "--no-such: there is no such option");
    assert_string_equal(complaints.at[4], "--engine: must be one of memory, redis, not \"sql\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(each_mistake_is_told_so_that_it_can_be_mended),
        SETTINGS_TEST(every_origin_is_told_of),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
