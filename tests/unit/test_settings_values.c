/* SPDX-License-Identifier: MIT
 *
 * What a value may be: every kind of it read, wrong ones refused by name and place. */
#include "settings_case.h"

#include "support/certificate.h"

#include <arpa/inet.h>
#include <sys/un.h>

static void every_kind_is_read_from_the_file(void **state)
{
    (void)state;
    char yaml[1024];
    struct certificate made = certificate_make(&(struct certificate_options){.name = "localhost"});
    const char *pem = settings_file("tls.pem", made.pem);
    const char *key = settings_file("tls.key", made.key);

    (void)snprintf(yaml, sizeof(yaml),
                   "listen: \"[::1]:9090\"\nworkers: 3\nengine: redis\n"
                   "redis_url: redis://user:secret@cache:7000/2\ncatalogue: sqlite:/tmp/a b.db\n"
                   "registration: token\nadmin_token: \"1234567890123456\"\nregister_limit: off\n"
                   "manage_limit: 100/15m\nkey_pepper: 0123456789abcdef\nlog_level: debug\n"
                   "trusted_proxies: 10.0.0.0/8, ::1\nrate_limit_reset: off\n"
                   "browser_hosts: limits.example.org, [::1]:8080\n"
                   "memory_counters_max: 0x400\ntls_certificate: %s\ntls_key: %s\n"
                   "tls_priorities: SECURE256\nhsts_max_age_s: 0\n",
                   pem, key);
    struct settings *settings = settings_valid(yaml, NO_FLAGS);

    const struct sockaddr_in6 *address = (const void *)&settings->listen;
    assert_int_equal(address->sin6_family, AF_INET6);
    assert_int_equal(ntohs(address->sin6_port), 9090);
    assert_true(IN6_IS_ADDR_LOOPBACK(&address->sin6_addr));
    assert_int_equal(settings->listen_length, sizeof(*address));
    assert_int_equal(settings->workers, 3);
    assert_int_equal(settings->engine, ENGINE_REDIS);
    assert_string_equal(settings->redis.hosts[0].host, "cache");
    assert_int_equal(settings->redis.hosts[0].port, 7000);
    assert_string_equal(settings->redis.login.password, "secret");
    assert_int_equal(settings->catalogue, CATALOGUE_KIND_SQLITE);
    assert_string_equal(settings->catalogue_path, "/tmp/a b.db");
    assert_int_equal(settings->api.registration, REGISTRATION_TOKEN);
    assert_string_equal(settings->api.admin_token, "1234567890123456");
    assert_int_equal(settings->api.register_limit.quota, 0);
    assert_int_equal(settings->api.manage_limit.quota, 100);
    assert_int_equal(settings->api.manage_limit.window_s, 900);
    assert_true(settings->has_pepper);
    assert_int_equal(settings->log_level, LOG_DEBUG);
    assert_int_equal(settings->api.trusted_proxies.count, 2);
    assert_int_equal(settings->api.rate_headers, RATE_HEADERS_OFF);
    assert_string_equal(settings->api.browser_hosts.text, "limits.example.org, [::1]:8080");
    assert_int_equal(settings->memory_counters_max, 1024);
    assert_string_equal(settings->tls_certificate, made.pem);
    assert_string_equal(settings->tls_key, made.key);
    assert_string_equal(settings->tls_priorities, "SECURE256");
    assert_non_null(settings->tls);
    assert_int_equal(settings->hsts_max_age_s, 0);
    certificate_free(&made);
    settings_free(settings);
}

static void a_wrong_secret_is_not_repeated(void **state)
{
    (void)state;
    static const char *const secrets[][2] = {
        {"SLUICE_REDIS_URL", "redis://user:hunter2@host:port"},
        {"SLUICE_KEY_PEPPER", "hunter2"},
        {"SLUICE_ADMIN_TOKEN", "hunter2 hunter2"},
        {"SLUICE_CATALOGUE", "postgresql://user:hunter2@host/db"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        int exit_code;
        struct error error;
        setenv(secrets[i][0], secrets[i][1], 1);
        assert_null(settings_try(NULL, NO_FLAGS, &exit_code, &error));
        unsetenv(secrets[i][0]);
        assert_true(strncmp(error.message, secrets[i][0], strlen(secrets[i][0])) == 0);
        assert_null(strstr(error.message, "hunter2"));
    }
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    char yaml[256];

    settings_refused(NULL, FLAGS("--registration=token"), EX_CONFIG,
                     "registration is token, which needs admin_token");

    (void)snprintf(yaml, sizeof(yaml), "tls_key: %s", settings_file("tls.key", PEM_CONTENT));
    settings_refused(settings_file("tls.yaml", yaml), NO_FLAGS, EX_CONFIG,
                     "tls_key is set and tls_certificate is not; HTTPS needs both");

    struct certificate one = certificate_make(&(struct certificate_options){.name = "one"});
    struct certificate other = certificate_make(&(struct certificate_options){.name = "other"});
    const char *certificate = settings_file("tls.pem", one.pem);
    const char *key = settings_file("tls.key", other.key);
    char expected[256];
    (void)snprintf(yaml, sizeof(yaml), "tls_certificate: %s\ntls_key: %s\n", certificate, key);
    (void)snprintf(expected, sizeof(expected),
                   "tls_key is not the key of tls_certificate (tls_certificate is \"%s\", "
                   "tls_key is \"%s\")",
                   certificate, key);
    settings_refused(settings_file("tls.yaml", yaml), NO_FLAGS, EX_CONFIG, expected);
    certificate_free(&one);
    certificate_free(&other);
}

static void a_socket_with_a_path_is_an_address(void **state)
{
    (void)state;
    static const char *const written[] = {"unix:/run/sluice/s.sock", "unix:///run/sluice/s.sock"};

    for (size_t i = 0; i < ARRAY_COUNT(written); i++) {
        struct settings *settings =
            settings_valid(EMPTY_FILE, FLAGS("--listen", written[i], "--socket-mode=600"));
        const struct sockaddr_un *address = (const void *)&settings->listen;

        assert_int_equal(address->sun_family, AF_UNIX);
        assert_string_equal(address->sun_path, "/run/sluice/s.sock");
        assert_int_equal(settings->listen_length, sizeof(*address));
        assert_int_equal(settings->socket_mode, 0600);
        settings_free(settings);
    }
}

/* The longest path has one byte fewer than the kernel's field, which ends in a NUL. */
static void a_path_that_cannot_be_a_sockets_is_refused(void **state)
{
    (void)state;
    char listen[160];
    static const char *const wrong[] = {"unix:", "unix:sluice.sock", "unix:@name", "unix:/",
                                        "unix:/run/sluice/"};

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        char message[256];
        (void)snprintf(message, sizeof(message),
                       "--listen: must be unix: and a path from the root to a file, such as "
                       "unix:/run/sluice/sluice.sock, not \"%s\"",
                       wrong[i]);
        settings_refused(NULL, FLAGS("--listen", wrong[i]), EXIT_USAGE, message);
    }
    (void)snprintf(listen, sizeof(listen), "unix:/%0106d", 0);
    settings_free(settings_valid(EMPTY_FILE, FLAGS("--listen", listen)));
    (void)snprintf(listen, sizeof(listen), "unix:/%0107d", 0);
    settings_refused(NULL, FLAGS("--listen", listen), EXIT_USAGE,
                     "--listen: the path of a socket may have 107 bytes, and this one has 108");
}

static void the_rights_of_a_socket_are_octal_digits(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        mode_t mode; /* 0: refused */
    } cases[] = {
        {"socket_mode: 0660\n", 0660},     {"socket_mode: 660\n", 0660},
        {"socket_mode: \"0666\"\n", 0666}, {"socket_mode: \"600\"\n", 0600},
        {"socket_mode: 0640\n", 0640},     {"socket_mode: 0o660\n", 0},
        {"socket_mode: 0o600\n", 0},       {"socket_mode: 0o666\n", 0},
        {"socket_mode: 0o644\n", 0},       {"socket_mode: 0777\n", 0},
        {"socket_mode: 0060\n", 0},        {"socket_mode: \"00660\"\n", 0},
        {"socket_mode: \"u+rw\"\n", 0},    {"socket_mode: \"68\"\n", 0},
        {"socket_mode: -660\n", 0},        {"socket_mode: 6.0\n", 0},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int exit_code;
        struct error error;
        struct settings *settings =
            settings_try(settings_file("mode.yaml", cases[i].yaml), NO_FLAGS, &exit_code, &error);

        if (cases[i].mode == 0) {
            assert_null(settings);
            assert_non_null(strstr(error.message, "socket_mode: must be"));
        } else {
            assert_non_null(settings);
            assert_int_equal(settings->socket_mode, cases[i].mode);
        }
        settings_free(settings);
    }
}

static void listeners_that_take_the_same_connections_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *listen;
        const char *metrics_listen;
        bool is_refused;
    } cases[] = {
        {"[::1]:8081", "[::1]:8081", true},
        {"127.0.0.1:8081", "127.0.0.1:8081", true},
        {"[::ffff:127.0.0.1]:8081", "127.0.0.1:8081", true},
        {"0.0.0.0:8081", "127.0.0.1:8081", true},
        {"127.0.0.1:8081", "0.0.0.0:8081", true},
        {"[::]:8081", "127.0.0.1:8081", true},
        {"[::]:8081", "0.0.0.0:8081", true},
        {"[::1]:8081", "[::]:8081", true},
        {"unix:/run/s", "unix:/run/s", true},
        {"unix:/run/s", "unix:/run/t", false},
        {"unix:/run/s", "127.0.0.1:8081", false},
        {"127.0.0.1:8081", "unix:/run/s", false},
        {"0.0.0.0:8081", "[::1]:8081", false},
        {"127.0.0.1:8081", "127.0.0.2:8081", false},
        {"127.0.0.1:8081", "[::1]:8081", false},
        {"[::]:8081", "0.0.0.0:8082", false},
        {"0.0.0.0:0", "127.0.0.1:0", false},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *const flags[] = {"--listen", cases[i].listen, "--metrics-listen",
                                     cases[i].metrics_listen, NULL};
        if (cases[i].is_refused)
            settings_refused(NULL, flags, EX_CONFIG,
                             "metrics_listen would take connections meant for listen, or the other "
                             "way round: give it a port of its own");
        else
            settings_free(settings_valid(EMPTY_FILE, flags));
    }
}

static void metrics_may_have_a_listener_apart(void **state)
{
    (void)state;

    struct settings *without = settings_valid(EMPTY_FILE, NO_FLAGS);
    struct settings *any_port =
        settings_valid(EMPTY_FILE, FLAGS("--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0"));
    struct settings *other_port = settings_valid("metrics_listen: 127.0.0.1:9464\n", NO_FLAGS);

    const struct sockaddr_in *address = (const struct sockaddr_in *)&other_port->metrics_listen;
    assert_int_equal(without->metrics_listen_length, 0);
    assert_int_equal(any_port->metrics_listen_length, sizeof(*address));
    assert_int_equal(ntohs(address->sin_port), 9464);
    settings_free(without);
    settings_free(any_port);
    settings_free(other_port);
}

static void one_pepper_is_always_the_same_key(void **state)
{
    (void)state;

    struct settings *one = settings_valid("key_pepper: 0123456789abcdef\n", NO_FLAGS);
    struct settings *same = settings_valid(EMPTY_FILE, FLAGS("--key-pepper=0123456789abcdef"));
    struct settings *other = settings_valid("key_pepper: 0123456789abcdeg\n", NO_FLAGS);

    assert_memory_equal(&one->pepper, &same->pepper, sizeof(one->pepper));
    assert_memory_not_equal(&one->pepper, &other->pepper, sizeof(one->pepper));
    settings_free(one);
    settings_free(same);
    settings_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(every_kind_is_read_from_the_file),
        SETTINGS_TEST(a_wrong_secret_is_not_repeated),
        SETTINGS_TEST(settings_that_contradict_each_other_are_refused),
        SETTINGS_TEST(a_socket_with_a_path_is_an_address),
        SETTINGS_TEST(a_path_that_cannot_be_a_sockets_is_refused),
        SETTINGS_TEST(the_rights_of_a_socket_are_octal_digits),
        SETTINGS_TEST(listeners_that_take_the_same_connections_are_refused),
        SETTINGS_TEST(metrics_may_have_a_listener_apart),
        SETTINGS_TEST(one_pepper_is_always_the_same_key),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
