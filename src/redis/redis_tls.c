/* SPDX-License-Identifier: MIT
 *
 * What is given becomes a context of OpenSSL, of which each connection keeps a reference. The lock
 * is held only while a connection takes it. */
#include "redis/redis_tls.h"

#include "base/memory.h"
#include "redis/redis_bounds.h"
#include "redis_tls_files.h"

#include <errno.h>
#include <event2/util.h>
#include <hiredis/hiredis_ssl.h>
#include <hiredis/sds.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#define NAME_BYTES 256

struct redis_tls {
    pthread_mutex_t lock;
    SSL_CTX *context;
    char *server_name; /* NULL: the host */
};

/* What an operator can do something about; OpenSSL has its own words for the rest. */
static const struct {
    int reason;
    const char *words;
} known_reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER, "the server there does not speak TLS"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the server speaks only versions of TLS before 1.2"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the server speaks only versions of TLS before 1.2"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the server demands a certificate of ours"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the server does not know who signed our certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the server says that our certificate has expired"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "the server refuses the TLS handshake; it may demand a certificate of ours"},
};

static SSL *connection_new(struct redis_tls *tls, const char *host, struct error *error);
static bool expect_name(SSL *ssl, const char *name);
static SSL *connection_of(const redisContext *context);
static void write_reason(SSL *ssl, char *out, size_t size);
static bool has_begun(const SSL *ssl);
static unsigned long failure_of(SSL *ssl);
static bool is_of_system(unsigned long failure);
static const char *words_for(unsigned long failure);
static void hint_at_tls(redisContext *context);

struct redis_tls *redis_tls_new(const struct redis_tls_options *options, struct error *error)
{
    SSL_CTX *context = redis_tls_files_read(options, error);

    if (context == NULL)
        return NULL;
    struct redis_tls *tls = MEMORY_NEW(struct redis_tls);
    (void)pthread_mutex_init(&tls->lock, NULL);
    tls->context = context;
    tls->server_name = options->server_name == NULL ? NULL : memory_string(options->server_name);
    return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    free(tls->server_name);
    (void)pthread_mutex_destroy(&tls->lock);
    free(tls);
}

bool redis_tls_renew(struct redis_tls *tls, const struct redis_tls_options *options,
                     struct error *error)
{
    struct redis_tls *next = redis_tls_new(options, error);

    if (next == NULL)
        return false;
    (void)pthread_mutex_lock(&tls->lock);
    SSL_CTX *context = tls->context;
    char *server_name = tls->server_name;
    tls->context = next->context;
    tls->server_name = next->server_name;
    (void)pthread_mutex_unlock(&tls->lock);
    next->context = context;
    next->server_name = server_name;
    redis_tls_free(next);
    return true;
}

/* hiredis owns the connection once it has begun, and frees it with the context. */
bool redis_tls_begin(struct redis_tls *tls, redisContext *context, const char *host,
                     struct error *error)
{
    SSL *ssl = connection_new(tls, host, error);

    if (ssl == NULL)
        return false;
    if (evutil_make_socket_nonblocking(context->fd) != 0) {
        SSL_free(ssl);
        return error_set(error, "the socket cannot be kept from blocking");
    }
    context->flags &= ~REDIS_BLOCK;
    ERR_clear_error();
    if (redisInitiateSSL(context, ssl) == REDIS_OK) {
        context->privdata = ssl;
        return true;
    }
    write_reason(ssl, context->errstr, sizeof(context->errstr));
    SSL_free(ssl);
    return error_set(error, "%s", context->errstr);
}

static SSL *connection_new(struct redis_tls *tls, const char *host, struct error *error)
{
    (void)pthread_mutex_lock(&tls->lock);
    const char *name = tls->server_name == NULL ? host : tls->server_name;
    SSL *ssl = SSL_new(tls->context);
    ASSERT(ssl != NULL);
    const bool is_named = expect_name(ssl, name);
    if (!is_named)
        error_set(error, "\"%s\" is no name that a certificate can be for", name);
    (void)pthread_mutex_unlock(&tls->lock);
    if (is_named)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

/* OpenSSL checks no name at all if it is given an empty one. A certificate has names without the
 * dot that ends an absolute one. */
static bool expect_name(SSL *ssl, const char *name)
{
    char bare[NAME_BYTES];
    size_t length = strlen(name);

    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length == 0 || length >= sizeof(bare))
        return false;
    memcpy(bare, name, length);
    bare[length] = '\0';
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), bare) == 1)
        return true;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(ssl, bare) == 1 && SSL_set1_host(ssl, bare) == 1;
}

/* After a failure of TLS hiredis puts errno into words, although no system call has failed. */
void redis_tls_prepare(const redisContext *context)
{
    if (connection_of(context) == NULL)
        return;
    ERR_clear_error();
    errno = 0;
}

/* What is left of an unfinished record counts as pending, and then the last read has got
 * nothing. */
bool redis_tls_has_more(const redisContext *context)
{
    const SSL *ssl = connection_of(context);

    return ssl != NULL && SSL_has_pending(ssl) && SSL_want_nothing(ssl);
}

/* A write in the handshake may wait for the server's words. */
bool redis_tls_has_left(const redisContext *context)
{
    const SSL *ssl = connection_of(context);

    return ssl != NULL && sdslen(context->obuf) > 0 && !SSL_want_read(ssl);
}

bool redis_tls_is_full(const redisContext *context)
{
    const SSL *ssl = connection_of(context);

    return ssl != NULL && SSL_want_write(ssl);
}

bool redis_tls_is_beginning(const redisContext *context)
{
    const SSL *ssl = connection_of(context);

    return ssl != NULL && !SSL_is_init_finished(ssl);
}

short redis_tls_events(const redisContext *context)
{
    if (connection_of(context) == NULL)
        return 0;
    return redis_tls_has_left(context) || redis_tls_is_full(context) ? POLLOUT : POLLIN;
}

uint64_t redis_tls_received(const redisContext *context)
{
    const SSL *ssl = connection_of(context);

    return ssl == NULL ? 0 : BIO_number_read(SSL_get_rbio(ssl));
}

void redis_tls_explain(redisContext *context)
{
    SSL *ssl = connection_of(context);

    if (context->err != REDIS_ERR_IO && context->err != REDIS_ERR_EOF)
        return;
    if (ssl != NULL)
        write_reason(ssl, context->errstr, sizeof(context->errstr));
    else if (!redis_bounds_has_begun(context->reader))
        hint_at_tls(context);
}

static SSL *connection_of(const redisContext *context)
{
    return context->privdata;
}

/* `out` has hiredis' reason, which stays if TLS has none. */
static void write_reason(SSL *ssl, char *out, size_t size)
{
    const long verdict = SSL_get_verify_result(ssl);
    const unsigned long failure = verdict == X509_V_OK ? failure_of(ssl) : 0;

    if (verdict != X509_V_OK)
        (void)snprintf(out, size, "the server's certificate is not accepted: %s",
                       X509_verify_cert_error_string(verdict));
    else if (failure != 0)
        (void)snprintf(out, size, "%s", words_for(failure));
    else if (!has_begun(ssl))
        (void)snprintf(out, size, "closed in the TLS handshake; the server may not speak TLS");
    ERR_clear_error();
}

/* The handshake succeeded. SSL_is_init_finished() forgets that when the connection breaks. */
static bool has_begun(const SSL *ssl)
{
    return SSL_get_state(ssl) == TLS_ST_OK;
}

/* Zero: none, or the server has just closed the connection. A write that fails because the server
 * has left may come before its last words are read. */
static unsigned long failure_of(SSL *ssl)
{
    char first;

    if (is_of_system(ERR_peek_last_error()) && has_begun(ssl)) {
        ERR_clear_error();
        (void)SSL_peek(ssl, &first, sizeof(first));
    }
    const unsigned long failure = ERR_peek_last_error();
    const bool is_end = ERR_GET_LIB(failure) == ERR_LIB_SSL &&
                        ERR_GET_REASON(failure) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    return is_end || is_of_system(failure) ? 0 : failure;
}

/* From version 3.2 on OpenSSL notes the failure of a write as an error of its own kind. */
static bool is_of_system(unsigned long failure)
{
    return failure == 0 || ERR_GET_LIB(failure) == ERR_LIB_SYS;
}

static const char *words_for(unsigned long failure)
{
    for (size_t i = 0; i < ARRAY_COUNT(known_reasons); i++) {
        if (ERR_GET_LIB(failure) == ERR_LIB_SSL &&
            ERR_GET_REASON(failure) == known_reasons[i].reason)
            return known_reasons[i].words;
    }
    const char *words = ERR_reason_error_string(failure);

    return words == NULL ? "TLS failed" : words;
}

/* A server that speaks TLS ends the connection when it hears something else. No server does so at a
 * socket with a path. */
static void hint_at_tls(redisContext *context)
{
    int domain = AF_UNIX;
    socklen_t size = sizeof(domain);
    char reason[sizeof(context->errstr)];

    if (getsockopt(context->fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain == AF_UNIX)
        return;
    (void)snprintf(reason, sizeof(reason), "%s", context->errstr);
    (void)snprintf(context->errstr, sizeof(context->errstr), "%.40s before any answer%s", reason,
                   REDIS_TLS_HINT);
}
