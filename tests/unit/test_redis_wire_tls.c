/* SPDX-License-Identifier: MIT
 *
 * A wire with TLS to a server that reads only when the test says it, and never replies. What is
 * written must not wait for a reply. The sockets hold little, so they are soon full. */
#include "base/memory.h"
#include "redis/redis_tls.h"
#include "support/certificate.h"
#include "talk.h"

#include <openssl/ssl.h>
#include <signal.h>

#define HELD_BYTES   4096
#define LARGE_BYTES  ((size_t)1024 * 1024)
#define PIECE_BYTES  16384
#define CHAIN_LENGTH 60

static struct certificate authority;
static struct certificate of_server;
static struct certificate of_client;

/* A talk by TLS, and the server's side of it. */
struct secret {
    struct talk talk;
    struct redis_tls *tls;
    SSL *server;
    size_t received; /* by the server, of all commands */
};

/* Until nothing is left to do without the server. */
static void turn_until_full(struct secret *secret)
{
    for (int i = 0; i < 10; i++)
        assert_true(talk_turn(&secret->talk));
}

static SSL *server_new(int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    BIO *certificate = BIO_new_mem_buf(of_server.pem, -1);
    BIO *key = BIO_new_mem_buf(of_server.key, -1);
    X509 *shown = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
    EVP_PKEY *secret = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

    assert_int_equal(SSL_CTX_use_certificate(context, shown), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, secret), 1);
    SSL *server = SSL_new(context);
    assert_int_equal(SSL_set_fd(server, fd), 1);
    SSL_set_accept_state(server);
    X509_free(shown);
    EVP_PKEY_free(secret);
    BIO_free(certificate);
    BIO_free(key);
    SSL_CTX_free(context);
    return server;
}

static void secret_open(struct secret *secret, const struct redis_tls_options *options)
{
    struct error error = {0};

    *secret = (struct secret){.tls = redis_tls_new(options, &error)};
    assert_string_equal(error.message, "");
    talk_open(&secret->talk, secret->tls, HELD_BYTES);
    const int fd = secret->talk.impostor.connections[0];
    assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
    secret->server = server_new(fd);
}

/* One step of the handshake, or some of what has come. */
static void server_read(struct secret *secret)
{
    char piece[PIECE_BYTES];
    const int count = SSL_read(secret->server, piece, sizeof(piece));

    secret->received += count > 0 ? (size_t)count : 0;
}

static bool is_agreed(struct secret *secret)
{
    assert_true(talk_turn(&secret->talk));
    server_read(secret);
    return SSL_is_init_finished(secret->server) && !redis_wire_is_beginning(&secret->talk.wire);
}

/* The handshake is over, and all that the server says of itself has been read. */
static void secret_begin(struct secret *secret)
{
    const struct redis_tls_options options = {.authorities = authority.pem};

    secret_open(secret, &options);
    WAIT_FOR (TALK_WAIT_SECONDS, is_agreed(secret))
        ;
    turn_until_full(secret);
    redis_wire_serve(&secret->talk.wire); /* finds nothing to read */
}

static void secret_close(struct secret *secret)
{
    talk_close(&secret->talk);
    SSL_free(secret->server);
    redis_tls_free(secret->tls);
}

/* Returns how many bytes the command has on the wire. */
static size_t send_large(struct secret *secret)
{
    char *value = memory_new(LARGE_BYTES, 1);
    const char *argv[] = {"ECHO", value};
    const size_t lengths[] = {4, LARGE_BYTES};

    redis_wire_send(&secret->talk.wire, 2, argv, lengths);
    free(value);
    return strlen("*2\r\n$4\r\nECHO\r\n$1048576\r\n") + LARGE_BYTES + strlen("\r\n");
}

static void expect_received(struct secret *secret, size_t bytes)
{
    WAIT_FOR (TALK_WAIT_SECONDS, talk_turn(&secret->talk) && secret->received >= bytes)
        server_read(secret);

    assert_int_equal(secret->received, bytes);
    assert_int_equal(secret->talk.replies, 0);
    assert_string_equal(secret->talk.reason, "");
}

static void a_large_command_goes_out_whole_while_the_server_says_nothing(void **state)
{
    struct secret secret;
    (void)state;
    secret_begin(&secret);

    const size_t bytes = send_large(&secret);
    turn_until_full(&secret);

    expect_received(&secret, bytes);
    secret_close(&secret);
}

/* OpenSSL must be given the same bytes again, so what is sent meanwhile follows in another
 * write. */
static void what_is_sent_while_the_socket_is_full_follows_without_a_reply(void **state)
{
    struct secret secret;
    size_t bytes = 0;
    (void)state;
    secret_begin(&secret);

    for (int i = 0; i < 3; i++) {
        bytes += send_large(&secret);
        turn_until_full(&secret);
    }

    expect_received(&secret, bytes);
    secret_close(&secret);
}

/* The server tells its new keys, and wants ours to be new, too. */
static void new_keys_in_the_middle_of_a_command_do_not_stop_it(void **state)
{
    struct secret secret;
    (void)state;
    secret_begin(&secret);

    const size_t bytes = send_large(&secret);
    turn_until_full(&secret);
    assert_int_equal(SSL_key_update(secret.server, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(secret.server), 1);
    turn_until_full(&secret);

    expect_received(&secret, bytes);
    const size_t more = send_large(&secret);
    expect_received(&secret, bytes + more);
    secret_close(&secret);
}

static int believe(int is_good, X509_STORE_CTX *context)
{
    (void)is_good;
    (void)context;
    return 1;
}

/* Our certificates are more than the socket holds, and there is no command yet. */
static void a_handshake_longer_than_the_socket_holds_goes_on(void **state)
{
    char *chain = memory_new(CHAIN_LENGTH + 1, strlen(authority.pem) + strlen(of_client.pem) + 1);
    struct secret secret;
    (void)state;
    (void)strncat(chain, of_client.pem, strlen(of_client.pem));
    for (int i = 0; i < CHAIN_LENGTH; i++)
        (void)strncat(chain, authority.pem, strlen(authority.pem));
    const struct redis_tls_options options = {
        .authorities = authority.pem, .certificate = chain, .key = of_client.key};
    secret_open(&secret, &options);
    SSL_set_verify(secret.server, SSL_VERIFY_PEER, believe);

    server_read(&secret);
    turn_until_full(&secret);
    server_read(&secret);
    turn_until_full(&secret);
    WAIT_FOR (TALK_WAIT_SECONDS, is_agreed(&secret))
        ;

    assert_string_equal(secret.talk.reason, "");
    secret_close(&secret);
    free(chain);
}

static int make_certificates(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    authority = certificate_make(&(struct certificate_options){.name = "authority"});
    of_server =
        certificate_make(&(struct certificate_options){.name = "server", .issuer = &authority});
    of_client =
        certificate_make(&(struct certificate_options){.name = "client", .issuer = &authority});
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    certificate_free(&authority);
    certificate_free(&of_server);
    certificate_free(&of_client);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_command_goes_out_whole_while_the_server_says_nothing),
        cmocka_unit_test(what_is_sent_while_the_socket_is_full_follows_without_a_reply),
        cmocka_unit_test(new_keys_in_the_middle_of_a_command_do_not_stop_it),
        cmocka_unit_test(a_handshake_longer_than_the_socket_holds_goes_on),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
