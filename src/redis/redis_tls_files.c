/* SPDX-License-Identifier: MIT */
#include "redis_tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static SSL_CTX *context_new(void);
static bool add_authorities(SSL_CTX *context, const char *pem, struct error *error);
static bool add_authority(SSL_CTX *context, X509 *certificate);
static bool add_certificate(SSL_CTX *context, const char *pem, struct error *error);
static bool add_link(SSL_CTX *context, X509 *certificate);
static bool read_certificates(SSL_CTX *context, const char *pem,
                              bool (*add)(SSL_CTX *context, X509 *certificate));
static bool add_key(SSL_CTX *context, const char *pem, struct error *error);
static int refuse_passphrase(char *out, int size, int is_writing, void *context);
static bool fail(struct error *error, const char *what);

SSL_CTX *redis_tls_files_read(const struct redis_tls_options *options, struct error *error)
{
    SSL_CTX *context = context_new();
    bool is_good = add_authorities(context, options->authorities, error);

    if (is_good && options->certificate != NULL)
        is_good = add_certificate(context, options->certificate, error) &&
                  add_key(context, options->key, error);
    if (is_good)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

/* A whole record is read at once, with its head. Nothing is remembered of a connection: they last
 * long. */
static SSL_CTX *context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    ASSERT(context != NULL);
    const long is_set = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    ASSERT(is_set == 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    return context;
}

static bool add_authorities(SSL_CTX *context, const char *pem, struct error *error)
{
    return read_certificates(context, pem, add_authority) ||
           fail(error, "the authorities are no certificates in PEM");
}

static bool add_authority(SSL_CTX *context, X509 *certificate)
{
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1;
}

static bool add_certificate(SSL_CTX *context, const char *pem, struct error *error)
{
    return read_certificates(context, pem, add_link) ||
           fail(error, "the certificate cannot be used");
}

/* The first is our own. */
static bool add_link(SSL_CTX *context, X509 *certificate)
{
    if (SSL_CTX_get0_certificate(context) == NULL)
        return SSL_CTX_use_certificate(context, certificate) == 1;
    return SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

/* At least one, and nothing but whole ones. */
static bool read_certificates(SSL_CTX *context, const char *pem,
                              bool (*add)(SSL_CTX *context, X509 *certificate))
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    bool is_good = true;
    size_t count = 0;

    ASSERT(text != NULL);
    ERR_clear_error();
    while (is_good) {
        X509 *certificate = PEM_read_bio_X509(text, NULL, refuse_passphrase, NULL);

        if (certificate == NULL)
            break;
        is_good = add(context, certificate);
        X509_free(certificate);
        count++;
    }
    BIO_free(text);
    return is_good && count > 0 && ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_PEM &&
           ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static bool add_key(SSL_CTX *context, const char *pem, struct error *error)
{
    BIO *text = BIO_new_mem_buf(pem, -1);

    ASSERT(text != NULL);
    ERR_clear_error();
    EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, refuse_passphrase, NULL);
    BIO_free(text);
    if (key == NULL)
        return fail(error, "the key is not one in PEM, or is encrypted");
    const bool is_used = SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return is_used || fail(error, "the key is not that of the certificate");
}

/* Otherwise OpenSSL would ask at the terminal. */
static int refuse_passphrase(char *out, int size, int is_writing, void *context)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

/* OpenSSL's reason helps where our words do not: a key may be too short for its policy. */
static bool fail(struct error *error, const char *what)
{
    const unsigned long failure = ERR_peek_last_error();
    const char *words = failure == 0 ? NULL : ERR_reason_error_string(failure);

    (void)error_set(error, words == NULL ? "%s" : "%s: %s", what, words);
    ERR_clear_error();
    return false;
}
