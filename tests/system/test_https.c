/* SPDX-License-Identifier: MIT
 *
 * HTTPS as clients, scanners and operators meet it: what is refused and what is taken, and a
 * certificate that is renewed under load. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/https_files.h"
#include "support/load.h"
#include "support/process.h"
#include "support/raw.h"
#include "support/wait.h"

#include <sys/stat.h>

#define WAIT_SECONDS   20
#define COMMAND_BYTES  512
#define EXCHANGE_TIMES 20
#define CHECKS         200

/* As a program that renews certificates does it: whole new files take the place of the old ones. */
static void files_replace(const struct https_files *files, const struct https_files *new)
{
    assert_int_equal(rename(new->certificate, files->certificate), 0);
    assert_int_equal(rename(new->key, files->key), 0);
}

/* What `openssl s_client` says of a connection, the caller's to free. `typed` is what it is given
 * to send. */
static char *connect_with(const struct service *service, const char *arguments, const char *typed)
{
    char command[COMMAND_BYTES];
    char output[SCRATCH_PATH_BYTES];
    const char *const argv[] = {"sh", "-c", command, NULL};

    scratch_file("openssl", "", output);
    (void)snprintf(command, sizeof(command),
                   "printf '%s' | timeout %d openssl s_client -connect 127.0.0.1:%d %s", typed,
                   WAIT_SECONDS, service_port(service), arguments);
    assert_int_not_equal(process_wait(process_start(argv, NULL, output), 2 * WAIT_SECONDS),
                         PROCESS_RUNNING);
    return scratch_read(output);
}

static bool says(const struct service *service, const char *arguments, const char *expected)
{
    char *said = connect_with(service, arguments, "");
    bool found = strstr(said, expected) != NULL;

    if (!found)
        print_message("%s: no \"%s\" in\n%s\n", arguments, expected, said);
    free(said);
    return found;
}

static int count_of(const char *text, const char *word)
{
    int count = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

#define ANY         "-cipher ALL:@SECLEVEL=0"
#define REFUSED     "Cipher is (NONE)"
#define CIPHER(one) "-tls1_2 -cipher " one ":@SECLEVEL=0"

/* A scan: how a client connects, and what comes of it with a certificate of each kind. A server
 * that takes everything shows that the client offers it. */
static const struct {
    const char *arguments;
    const char *elliptic;
    const char *rsa;
    const char *anything_goes; /* with the RSA certificate */
} scan[] = {
    {"-tls1 " ANY, REFUSED, REFUSED, "New, "},
    {"-tls1_1 " ANY, REFUSED, REFUSED, "New, "},
    {"-tls1_2 " ANY, "New, TLSv1.2, Cipher is ECDHE-ECDSA-", "New, TLSv1.2, Cipher is ECDHE-RSA-",
     "New, TLSv1.2"},
    {"-tls1_3", "New, TLSv1.3, Cipher is TLS_", "New, TLSv1.3, Cipher is TLS_", "New, TLSv1.3"},
    {"", "New, TLSv1.3", "New, TLSv1.3", "New, TLSv1.3"},
    {CIPHER("ECDHE-ECDSA-AES128-GCM-SHA256"), "is ECDHE-ECDSA-AES128-GCM-SHA256", REFUSED, REFUSED},
    {CIPHER("ECDHE-ECDSA-CHACHA20-POLY1305"), "is ECDHE-ECDSA-CHACHA20-POLY1305", REFUSED, REFUSED},
    {CIPHER("ECDHE-RSA-AES256-GCM-SHA384"), REFUSED, "is ECDHE-RSA-AES256-GCM-SHA384", "New, "},
    {CIPHER("ECDHE-RSA-CHACHA20-POLY1305"), REFUSED, "is ECDHE-RSA-CHACHA20-POLY1305", "New, "},
    {CIPHER("ECDHE-ECDSA-AES128-SHA"), REFUSED, REFUSED, REFUSED},
    {CIPHER("ECDHE-RSA-AES128-SHA"), REFUSED, REFUSED, "New, "},
    {CIPHER("ECDHE-RSA-AES256-SHA384"), REFUSED, REFUSED, "New, "},
    {CIPHER("AES128-GCM-SHA256"), REFUSED, REFUSED, "New, "},
    {CIPHER("AES256-SHA"), REFUSED, REFUSED, "New, "},
    {CIPHER("DHE-RSA-AES128-GCM-SHA256"), REFUSED, REFUSED, "New, "},
    {"-tls1_3 -groups ffdhe2048", REFUSED, REFUSED, "New, TLSv1.3"},
    {"-tls1_3 -groups P-256", "New, TLSv1.3", "New, TLSv1.3", "New, TLSv1.3"},
};

#define ANYTHING                                                                                   \
    "LEGACY:+VERS-ALL:+RSA:+DHE-RSA:+AES-256-CBC:+AES-128-CBC:+SHA1:+SHA256:+SHA384:"              \
    "+SIGN-RSA-SHA1:+GROUP-FFDHE2048"

static void only_what_protects_the_past_and_the_text_is_taken(void **state)
{
    struct https_files elliptic = {0};
    struct https_files rsa = {0};
    int wrong = 0;
    https_files_write(&elliptic, &(struct certificate_options){.name = "elliptic"});
    https_files_write(&rsa, &(struct certificate_options){.name = "rsa", .is_rsa = true});
    struct service *strict = https_files_serve(*state, &elliptic);
    struct service *strict_rsa = https_files_serve(*state, &rsa);
    https_files_add_flag(&rsa, "--tls-priorities", ANYTHING);
    struct service *lax = https_files_serve(*state, &rsa);

    for (size_t i = 0; i < ARRAY_COUNT(scan); i++) {
        wrong += !says(strict, scan[i].arguments, scan[i].elliptic);
        wrong += !says(strict_rsa, scan[i].arguments, scan[i].rsa);
        wrong += !says(lax, scan[i].arguments, scan[i].anything_goes);
    }

    assert_int_equal(wrong, 0);
    service_stop(strict);
    service_stop(strict_rsa);
    service_stop(lax);
}

static void only_http_1_is_agreed_on_and_nothing_outlives_a_connection(void **state)
{
    struct https_files files = {0};
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = https_files_serve(*state, &files);

    assert_true(says(service, "-alpn http/1.1", "ALPN protocol: http/1.1"));
    assert_true(says(service, "-alpn h2,http/1.1", "ALPN protocol: http/1.1"));
    assert_true(says(service, "", "No ALPN negotiated"));
    assert_true(says(service, "-alpn h2", REFUSED));

    char *again = connect_with(service, "-tls1_2 -reconnect", "");
    assert_int_equal(count_of(again, "New, TLSv1.2"), 6);
    assert_int_equal(count_of(again, "Reused, "), 0);
    free(again);

    /* R asks for another handshake in the same connection. */
    char *renegotiated = connect_with(service, "-tls1_2", "R\\nGET /livez HTTP/1.0\\r\\n\\r\\n");
    assert_int_equal(count_of(renegotiated, "RENEGOTIATING"), 1);
    assert_int_equal(count_of(renegotiated, "HTTP/1"), 0);
    free(renegotiated);
    service_stop(service);
}

static void expect_subject(const struct service *service, const char *name)
{
    char subject[64];

    (void)snprintf(subject, sizeof(subject), "subject=CN=%s", name);
    /* Otherwise OpenSSL 3.0 and 3.5 write it with different spaces. */
    assert_true(says(service, "-nameopt RFC2253", subject));
}

static void a_certificate_is_renewed_under_load_without_a_failure(void **state)
{
    struct https_files files = {0};
    https_files_write(&files, &(struct certificate_options){.name = "name-0"});
    https_files_add_flag(&files, "--sandbox", "true");
    struct service *service = https_files_serve(*state, &files);
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
    struct load_options options = {.port = service_port(service),
                                   .api_key = client_key(tenant),
                                   .routes = {"/a"},
                                   .threads = 4,
                                   .https = true};
    struct load *kept = load_begin(&options);
    options.reconnects = true;
    struct load *made = load_begin(&options);

    for (int i = 1; i <= 4; i++) {
        struct https_files new = {0};
        char name[32];
        (void)snprintf(name, sizeof(name), "name-%d", i);
        https_files_write(&new, &(struct certificate_options){.name = name, .is_rsa = i % 2 == 1});
        load_wait_for_checks(kept, CHECKS, WAIT_SECONDS);
        load_wait_for_checks(made, CHECKS, WAIT_SECONDS);
        files_replace(&files, &new);
        service_reload(service);
        WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == i)
            ;
        expect_subject(service, name);
    }
    load_wait_for_checks(kept, CHECKS, WAIT_SECONDS);

    struct load_summary kept_summary = load_end(kept);
    struct load_summary made_summary = load_end(made);
    load_expect_answered(&kept_summary);
    load_expect_answered(&made_summary);
    assert_int_equal(kept_summary.connections, options.threads);
    assert_int_equal(made_summary.connections, made_summary.checks);
    client_free(tenant);
    service_stop(service);
}

/* The files are what `new` has, and the service goes on with what it had. */
static void expect_refused_reload(struct service *service, const struct https_files *files,
                                  const struct https_files *new, int number, const char *reason)
{
    files_replace(files, new);
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reload refused") == number)
        ;
    char *log = scratch_read(service_log(service));
    if (strstr(log, reason) == NULL)
        fail_msg("\"%s\" is not the reason in %s", reason, log);
    free(log);
    expect_subject(service, "first");
}

static void a_pair_that_is_wrong_is_refused_and_the_old_one_stays(void **state)
{
    struct https_files files = {0};
    struct https_files one = {0};
    struct https_files other = {0};
    struct https_files empty = {0};
    struct https_files lapsed = {0};
    https_files_write(&files, &(struct certificate_options){.name = "first"});
    https_files_write(&one, &(struct certificate_options){.name = "one"});
    https_files_write(&other, &(struct certificate_options){.name = "other"});
    https_files_write(&empty, &(struct certificate_options){.name = "empty"});
    https_files_write(&lapsed,
                      &(struct certificate_options){.name = "lapsed", .begins_s = 1, .ends_s = 2});
    scratch_rewrite(empty.certificate, "-----BEGIN CERTIFICATE-----\n");
    memcpy(one.key, other.key, sizeof(one.key));
    struct service *service = https_files_serve(*state, &files);

    expect_refused_reload(service, &files, &one, 1, "tls_key is not the key of tls_certificate");
    expect_refused_reload(service, &files, &empty, 2, "tls_certificate holds no certificate");
    files_replace(&files, &lapsed);
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == 1)
        ;

    service_expect_events(service, "certificate has expired", 1);
    expect_subject(service, "lapsed");
    service_stop(service);
}

static void who_speaks_the_other_protocol_is_closed(void **state)
{
    static const char plain[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char nonsense[] = "\1\2\3\4";
    const struct world *world = *state;
    struct https_files files = {0};
    struct raw_reply reply;
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = https_files_serve(*state, &files);

    raw_exchange(service_port(service), plain, sizeof(plain) - 1, WAIT_SECONDS, &reply);
    assert_true(reply.closed);
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.text, "This port speaks HTTPS."));
    raw_exchange(service_port(service), nonsense, sizeof(nonsense) - 1, WAIT_SECONDS, &reply);
    assert_true(reply.closed);
    for (int i = 0; i < EXCHANGE_TIMES; i++)
        assert_true(says(world->service, "", REFUSED));
    service_stop(service);
}

static void pages_tell_browsers_to_stay_with_https(void **state)
{
    const struct world *world = *state;
    struct https_files files = {0};
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = https_files_serve(*state, &files);
    https_files_add_flag(&files, "--hsts-max-age-s", "0");
    struct service *silent = https_files_serve(*state, &files);
    struct client *secure = stranger_new(service);
    struct client *unsaid = stranger_new(silent);
    struct client *plain = stranger_new(world->service);

    EXPECT_FIELD(client_get(secure, "/docs"), "Strict-Transport-Security", "max-age=31536000");
    EXPECT_FIELD(client_get(secure, "/livez"), "Strict-Transport-Security", NULL);
    EXPECT_FIELD(client_get(unsaid, "/docs"), "Strict-Transport-Security", NULL);
    EXPECT_FIELD(client_get(plain, "/docs"), "Strict-Transport-Security", NULL);
    client_free(secure);
    client_free(unsaid);
    client_free(plain);
    service_stop(service);
    service_stop(silent);
}

static int run_with(const struct https_files *files, const char *command, const char *listen,
                    char **output)
{
    const char *const arguments[] = {command,
                                     "--tls-certificate",
                                     files->certificate,
                                     "--tls-key",
                                     files->key,
                                     "--listen",
                                     listen,
                                     NULL};

    return service_run_command(arguments, output);
}

static void a_key_that_all_may_read_is_taken_with_a_warning(void **state)
{
    static const struct {
        mode_t mode;
        const char *warning;
    } cases[] = {
        {0600, NULL}, {0640, NULL}, {0644, "\"mode\":\"0644\""}, {0604, "\"mode\":\"0604\""}};
    struct https_files files = {0};
    (void)state;
    https_files_write(&files, &(struct certificate_options){.name = "one"});

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char *output = NULL;
        assert_int_equal(chmod(files.key, cases[i].mode), 0);
        assert_int_equal(run_with(&files, "check-config", "127.0.0.1:0", &output), 0);
        assert_non_null(strstr(output, "The settings are valid."));
        if (cases[i].warning == NULL) {
            assert_null(strstr(output, "warn"));
        } else {
            assert_non_null(strstr(output, "file with a secret is open to all"));
            assert_non_null(strstr(output, files.key));
            assert_non_null(strstr(output, cases[i].warning));
        }
        free(output);
    }
}

static void the_health_check_asks_a_service_that_speaks_https(void **state)
{
    struct https_files files = {0};
    char listen[32];
    https_files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = https_files_serve(*state, &files);

    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%d", service_port(service));
    assert_int_equal(run_with(&files, "healthcheck", listen, NULL), 0);

    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_protects_the_past_and_the_text_is_taken),
        cmocka_unit_test(only_http_1_is_agreed_on_and_nothing_outlives_a_connection),
        cmocka_unit_test(a_certificate_is_renewed_under_load_without_a_failure),
        cmocka_unit_test(a_pair_that_is_wrong_is_refused_and_the_old_one_stays),
        cmocka_unit_test(who_speaks_the_other_protocol_is_closed),
        cmocka_unit_test(pages_tell_browsers_to_stay_with_https),
        cmocka_unit_test(a_key_that_all_may_read_is_taken_with_a_warning),
        cmocka_unit_test(the_health_check_asks_a_service_that_speaks_https),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
