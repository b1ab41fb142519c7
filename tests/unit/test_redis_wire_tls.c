/* SPDX-License-Identifier: MIT
 *
 * A wire with TLS to a server that reads only when the test says it, and never replies. What is
 * written must not wait for a reply. The sockets hold little, so they are soon full. */
#include "redis/redis_wire.h"

#include "base/memory.h"
#include "base/text.h"
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "redis/redis_tls.h"
#include "support/certificate.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <event2/event.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

#define WAIT_SECONDS 20
#define LARGE_BYTES  ((size_t)1024 * 1024)
#define PIECE_BYTES  16384
#define CHAIN_LENGTH 60

static struct certificate authority;
static struct certificate of_server;
static struct certificate of_client;

/* The server's side of a wire, and what the wire has reported. */
struct talk {
    struct event_base *base;
    struct redis_tls *tls;
    struct redis_wire wire;
    struct impostor impostor;
    SSL *server;
    size_t received; /* by the server, of all commands */
    size_t replies;
    char reason[128]; /* empty: not lost */
};

static void on_written(void *context)
{
    (void)context;
}

static void on_replied(void *context, const redisReply *reply)
{
    (void)reply;
    ((struct talk *)context)->replies++;
}

static void on_lost(void *context, const char *reason)
{
    struct talk *talk = context;

    (void)snprintf(talk->reason, sizeof(talk->reason), "%s", reason);
}

static const struct redis_wire_events events = {on_written, on_replied, on_lost};

static bool turn(struct talk *talk)
{
    return event_base_loop(talk->base, EVLOOP_NONBLOCK) >= 0;
}

/* Until nothing is left to do without the server. */
static void turn_until_full(struct talk *talk)
{
    for (int i = 0; i < 10; i++)
        assert_true(turn(talk));
}

static void hold_little(int fd, int option)
{
    const int bytes = 4096;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes)), 0);
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

static void talk_open(struct talk *talk, const struct redis_tls_options *options)
{
    struct error error = {0};

    *talk = (struct talk){.base = event_base_new(), .tls = redis_tls_new(options, &error)};
    assert_string_equal(error.message, "");
    impostor_open(&talk->impostor);
    hold_little(talk->impostor.listening, SO_RCVBUF);
    impostor_listen(&talk->impostor);
    const struct redis_endpoint endpoint = endpoint_at(talk->impostor.url);
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    const int fd = redis_dialer_dial(dialer, &endpoint, 1000 * WAIT_SECONDS, &error);
    redis_dialer_free(dialer);
    assert_true(fd >= 0);
    hold_little(fd, SO_SNDBUF);
    redis_wire_init(&talk->wire, talk->base, &events, talk);
    assert_true(redis_wire_open_give(&talk->wire, fd, talk->tls, "127.0.0.1", &error));
    WAIT_FOR (WAIT_SECONDS, impostor_accept(&talk->impostor))
        ;
    assert_int_equal(evutil_make_socket_nonblocking(talk->impostor.connections[0]), 0);
    talk->server = server_new(talk->impostor.connections[0]);
}

/* One step of the handshake, or some of what has come. */
static void server_read(struct talk *talk)
{
    char piece[PIECE_BYTES];
    const int count = SSL_read(talk->server, piece, sizeof(piece));

    talk->received += count > 0 ? (size_t)count : 0;
}

static bool is_agreed(struct talk *talk)
{
    assert_true(turn(talk));
    server_read(talk);
    return SSL_is_init_finished(talk->server) && !redis_wire_is_beginning(&talk->wire);
}

/* The handshake is over, and all that the server says of itself has been read. */
static void talk_begin(struct talk *talk)
{
    const struct redis_tls_options options = {.authorities = authority.pem};

    talk_open(talk, &options);
    WAIT_FOR (WAIT_SECONDS, is_agreed(talk))
        ;
    turn_until_full(talk);
    redis_wire_serve(&talk->wire); /* finds nothing to read */
}

static void talk_end(struct talk *talk)
{
    redis_wire_close(&talk->wire);
    SSL_free(talk->server);
    impostor_close(&talk->impostor);
    event_base_free(talk->base);
    redis_tls_free(talk->tls);
}

/* Returns how many bytes the command has on the wire. */
static size_t send_large(struct talk *talk)
{
    char *value = memory_new(LARGE_BYTES, 1);
    const char *argv[] = {"ECHO", value};
    const size_t lengths[] = {4, LARGE_BYTES};

    redis_wire_send(&talk->wire, 2, argv, lengths);
    free(value);
    return strlen("*2\r\n$4\r\nECHO\r\n$1048576\r\n") + LARGE_BYTES + strlen("\r\n");
}

static void expect_received(struct talk *talk, size_t bytes)
{
    WAIT_FOR (WAIT_SECONDS, turn(talk) && talk->received >= bytes)
        server_read(talk);

    assert_int_equal(talk->received, bytes);
    assert_int_equal(talk->replies, 0);
    assert_string_equal(talk->reason, "");
}

static void a_large_command_goes_out_whole_while_the_server_says_nothing(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin(&talk);

    const size_t bytes = send_large(&talk);
    turn_until_full(&talk);

    expect_received(&talk, bytes);
    talk_end(&talk);
}

/* OpenSSL must be given the same bytes again, so what is sent meanwhile follows in another
 * write. */
static void what_is_sent_while_the_socket_is_full_follows_without_a_reply(void **state)
{
    struct talk talk;
    size_t bytes = 0;
    (void)state;
    talk_begin(&talk);

    for (int i = 0; i < 3; i++) {
        bytes += send_large(&talk);
        turn_until_full(&talk);
    }

    expect_received(&talk, bytes);
    talk_end(&talk);
}

/* The server tells its new keys, and wants ours to be new, too. */
static void new_keys_in_the_middle_of_a_command_do_not_stop_it(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin(&talk);

    const size_t bytes = send_large(&talk);
    turn_until_full(&talk);
    assert_int_equal(SSL_key_update(talk.server, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(talk.server), 1);
    turn_until_full(&talk);

    expect_received(&talk, bytes);
    const size_t more = send_large(&talk);
    expect_received(&talk, bytes + more);
    talk_end(&talk);
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
    struct talk talk;
    (void)state;
    (void)strncat(chain, of_client.pem, strlen(of_client.pem));
    for (int i = 0; i < CHAIN_LENGTH; i++)
        (void)strncat(chain, authority.pem, strlen(authority.pem));
    const struct redis_tls_options options = {
        .authorities = authority.pem, .certificate = chain, .key = of_client.key};
    talk_open(&talk, &options);
    SSL_set_verify(talk.server, SSL_VERIFY_PEER, believe);

    server_read(&talk);
    turn_until_full(&talk);
    server_read(&talk);
    turn_until_full(&talk);
    WAIT_FOR (WAIT_SECONDS, is_agreed(&talk))
        ;

    assert_string_equal(talk.reason, "");
    talk_end(&talk);
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
