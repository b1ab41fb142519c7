/* SPDX-License-Identifier: MIT
 *
 * HTTPS as clients, scanners and operators meet it: what is refused and what is taken, a
 * certificate that is renewed under load, handshakes that are never completed. */
#include "scrape.h"
#include "support/certificate.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/process.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_SECONDS   20
#define COMMAND_BYTES  512
#define HALF_SHAKES    64
#define EXCHANGE_TIMES 20
#define CHECKS         200

/* The first 16 bytes of a message that is as long as it says. */
static const char half_a_handshake[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03randomness";

/* A certificate with its key in files, and the flags that name them. */
struct files {
    char certificate[SCRATCH_PATH_BYTES];
    char key[SCRATCH_PATH_BYTES];
    const char *flags[12];
};

static void files_write(struct files *files, const struct certificate_options *options)
{
    struct certificate made = certificate_make(options);

    scratch_file("tls.crt", made.pem, files->certificate);
    scratch_file("tls.key", made.key, files->key);
    certificate_free(&made);
    const char *const flags[] = {"--tls-certificate", files->certificate, "--tls-key", files->key};
    memcpy(files->flags, flags, sizeof(flags));
}

/* One more flag; at most four. */
static void files_add_flag(struct files *files, const char *name, const char *value)
{
    size_t i = 0;

    while (files->flags[i] != NULL)
        i++;
    assert_true(i + 2 < ARRAY_COUNT(files->flags));
    files->flags[i] = name;
    files->flags[i + 1] = value;
}

/* As a program that renews certificates does it: whole new files take the place of the old ones. */
static void files_replace(const struct files *files, const struct files *new)
{
    assert_int_equal(rename(new->certificate, files->certificate), 0);
    assert_int_equal(rename(new->key, files->key), 0);
}

static struct service *start(void **state, const struct files *files)
{
    struct service_options options = world_options(*state);

    options.flags = files->flags;
    options.https = true;
    return service_start(&options);
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
    struct files elliptic = {0};
    struct files rsa = {0};
    int wrong = 0;
    files_write(&elliptic, &(struct certificate_options){.name = "elliptic"});
    files_write(&rsa, &(struct certificate_options){.name = "rsa", .is_rsa = true});
    struct service *strict = start(state, &elliptic);
    struct service *strict_rsa = start(state, &rsa);
    files_add_flag(&rsa, "--tls-priorities", ANYTHING);
    struct service *lax = start(state, &rsa);

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
    struct files files = {0};
    files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = start(state, &files);

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
    struct files files = {0};
    files_write(&files, &(struct certificate_options){.name = "name-0"});
    files_add_flag(&files, "--sandbox", "true");
    struct service *service = start(state, &files);
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
        struct files new = {0};
        char name[16];
        (void)snprintf(name, sizeof(name), "name-%d", i);
        files_write(&new, &(struct certificate_options){.name = name, .is_rsa = i % 2 == 1});
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
static void expect_refused_reload(struct service *service, const struct files *files,
                                  const struct files *new, int number, const char *reason)
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
    struct files files = {0};
    struct files one = {0};
    struct files other = {0};
    struct files empty = {0};
    struct files lapsed = {0};
    files_write(&files, &(struct certificate_options){.name = "first"});
    files_write(&one, &(struct certificate_options){.name = "one"});
    files_write(&other, &(struct certificate_options){.name = "other"});
    files_write(&empty, &(struct certificate_options){.name = "empty"});
    files_write(&lapsed,
                &(struct certificate_options){.name = "lapsed", .begins_s = 1, .ends_s = 2});
    scratch_rewrite(empty.certificate, "-----BEGIN CERTIFICATE-----\n");
    memcpy(one.key, other.key, sizeof(one.key));
    struct service *service = start(state, &files);

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

static double figure(struct client *client, const char *name, const char *labels)
{
    static struct scrape scrape;

    scrape_read(&scrape, client);
    return scrape_value(&scrape, name, labels);
}

static double cpu_seconds(struct client *client)
{
    return figure(client, "process_cpu_seconds_total", "");
}

static bool handshakes_are(struct client *client, const char *which, const char *labels, int count)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "sluice_tls_handshakes_%s", which);
    return (int)figure(client, name, labels) == count;
}

/* Whoever tries again and again what cannot go on uses a whole core. */
static void a_handshake_that_is_not_completed_costs_nothing_and_is_let_go(void **state)
{
    struct files files = {0};
    int fds[HALF_SHAKES];
    files_write(&files, &(struct certificate_options){.name = "one"});
    files_add_flag(&files, "--request-timeout-s", "2");
    struct service *service = start(state, &files);
    struct client *client = stranger_new(service);
    double before = cpu_seconds(client);

    for (int i = 0; i < HALF_SHAKES; i++) {
        fds[i] = raw_connect(service_port(service));
        raw_send(fds[i], half_a_handshake, i % 2 == 0 ? sizeof(half_a_handshake) - 1 : 0);
    }
    EXPECT(client_get(client, "/livez"), 200, NULL);
    for (int i = 0; i < HALF_SHAKES; i++) {
        struct raw_reply reply;

        raw_receive(fds[i], WAIT_SECONDS, &reply);
        assert_true(reply.closed);
        (void)close(fds[i]);
    }

    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "total", "result=\"failed\"", HALF_SHAKES))
        ;
    assert_true(handshakes_are(client, "in_progress", "", 0));
    assert_true(cpu_seconds(client) - before < 1);
    client_free(client);
    service_stop(service);
}

static void a_service_ends_in_the_middle_of_handshakes(void **state)
{
    struct files files = {0};
    int fds[HALF_SHAKES];
    files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = start(state, &files);
    struct client *client = stranger_new(service);

    for (int i = 0; i < HALF_SHAKES; i++) {
        fds[i] = raw_connect(service_port(service));
        raw_send(fds[i], half_a_handshake, sizeof(half_a_handshake) - 1);
    }
    WAIT_FOR (WAIT_SECONDS, handshakes_are(client, "in_progress", "", HALF_SHAKES))
        ;
    client_free(client);

    service_stop(service);
    for (int i = 0; i < HALF_SHAKES; i++)
        (void)close(fds[i]);
}

struct hello {
    char bytes[1024];
    size_t length;
};

static ssize_t on_push(gnutls_transport_ptr_t context, const void *data, size_t size)
{
    struct hello *hello = context;

    assert_true(hello->length + size <= sizeof(hello->bytes));
    memcpy(hello->bytes + hello->length, data, size);
    hello->length += size;
    return (ssize_t)size;
}

static ssize_t on_pull(gnutls_transport_ptr_t context, void *data, size_t size)
{
    (void)context;
    (void)data;
    (void)size;
    errno = EAGAIN;
    return -1;
}

/* What a client says first. */
static void hello_make(struct hello *hello)
{
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;

    assert_int_equal(gnutls_certificate_allocate_credentials(&credentials), 0);
    assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK), 0);
    assert_int_equal(gnutls_set_default_priority(session), 0);
    assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), 0);
    gnutls_transport_set_ptr(session, hello);
    gnutls_transport_set_push_function(session, on_push);
    gnutls_transport_set_pull_function(session, on_pull);
    assert_int_equal(gnutls_handshake(session), GNUTLS_E_AGAIN);
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
}

/* They are far more than go on in one turn, and as long as none of them says more nothing happens
 * that would bring another turn. */
static void each_of_many_at_once_has_its_turn(void **state)
{
    struct files files = {0};
    struct hello hello = {0};
    int fds[HALF_SHAKES];
    files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = start(state, &files);
    hello_make(&hello);

    for (int i = 0; i < HALF_SHAKES; i++)
        fds[i] = raw_connect(service_port(service));
    for (int i = 0; i < HALF_SHAKES; i++)
        raw_send(fds[i], hello.bytes, hello.length);

    for (int i = 0; i < HALF_SHAKES; i++) {
        struct pollfd readable = {.fd = fds[i], .events = POLLIN};
        char first;

        assert_int_equal(poll(&readable, 1, WAIT_SECONDS * 1000), 1);
        assert_int_equal(recv(fds[i], &first, 1, 0), 1);
        assert_int_equal(first, half_a_handshake[0]);
    }
    for (int i = 0; i < HALF_SHAKES; i++)
        (void)close(fds[i]);
    service_stop(service);
}

static void who_speaks_the_other_protocol_is_closed(void **state)
{
    static const char plain[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char nonsense[] = "\1\2\3\4";
    const struct world *world = *state;
    struct files files = {0};
    struct raw_reply reply;
    files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = start(state, &files);

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
    struct files files = {0};
    files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = start(state, &files);
    files_add_flag(&files, "--hsts-max-age-s", "0");
    struct service *silent = start(state, &files);
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

static int run_with(const struct files *files, const char *command, const char *listen,
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
    struct files files = {0};
    (void)state;
    files_write(&files, &(struct certificate_options){.name = "one"});

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
    struct files files = {0};
    char listen[32];
    files_write(&files, &(struct certificate_options){.name = "one"});
    struct service *service = start(state, &files);

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
        cmocka_unit_test(a_handshake_that_is_not_completed_costs_nothing_and_is_let_go),
        cmocka_unit_test(a_service_ends_in_the_middle_of_handshakes),
        cmocka_unit_test(each_of_many_at_once_has_its_turn),
        cmocka_unit_test(who_speaks_the_other_protocol_is_closed),
        cmocka_unit_test(pages_tell_browsers_to_stay_with_https),
        cmocka_unit_test(a_key_that_all_may_read_is_taken_with_a_warning),
        cmocka_unit_test(the_health_check_asks_a_service_that_speaks_https),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
