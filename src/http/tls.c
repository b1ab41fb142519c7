/* SPDX-License-Identifier: MIT */
#include "http/tls.h"

#include "base/memory.h"

#include "tls_session.h"

#include <gnutls/x509.h>
#include <stdatomic.h>

#define ENCRYPTED "-----BEGIN ENCRYPTED PRIVATE KEY-----"

struct tls {
    atomic_size_t owners;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priorities;
    int64_t begins_s;
    int64_t ends_s;
};

struct chain {
    gnutls_x509_crt_t *certificates;
    unsigned count;
};

static bool read_priorities(gnutls_priority_t *priorities, const char *text, struct error *error);
static bool read_chain(struct chain *chain, const char *pem, struct error *error);
static bool read_key(gnutls_x509_privkey_t *key, const char *pem, struct error *error);
static bool join(struct tls *tls, const struct chain *chain, gnutls_x509_privkey_t key,
                 struct error *error);
static void free_chain(struct chain *chain);
static gnutls_datum_t datum_of(const char *pem);

bool tls_priorities_check(const char *priorities, struct error *error)
{
    gnutls_priority_t read = NULL;
    bool valid = read_priorities(&read, priorities, error);

    if (valid)
        gnutls_priority_deinit(read);
    return valid;
}

struct tls *tls_new(const struct tls_parts *parts, struct error *error)
{
    struct tls *tls = MEMORY_NEW(struct tls);
    struct chain chain = {0};
    gnutls_x509_privkey_t key = NULL;
    struct error fault = {0};
    bool made;

    atomic_init(&tls->owners, 1);
    ASSERT(gnutls_certificate_allocate_credentials(&tls->credentials) == GNUTLS_E_SUCCESS);
    made = read_priorities(&tls->priorities, parts->priorities, &fault);
    if (!made)
        error_set(error, "tls_priorities %s", fault.message);
    made = made && read_chain(&chain, parts->certificate, error) &&
           read_key(&key, parts->key, error) && join(tls, &chain, key, error);
    gnutls_x509_privkey_deinit(key);
    free_chain(&chain);
    if (made)
        return tls;
    tls_release(tls);
    return NULL;
}

struct tls *tls_share(struct tls *tls)
{
    atomic_fetch_add(&tls->owners, 1);
    return tls;
}

void tls_release(struct tls *tls)
{
    if (tls == NULL || atomic_fetch_sub(&tls->owners, 1) > 1)
        return;
    gnutls_certificate_free_credentials(tls->credentials);
    if (tls->priorities != NULL)
        gnutls_priority_deinit(tls->priorities);
    free(tls);
}

enum tls_validity tls_validity(const struct tls *tls, int64_t now_s)
{
    if (now_s < tls->begins_s)
        return TLS_NOT_VALID_YET;
    return now_s > tls->ends_s ? TLS_EXPIRED : TLS_VALID;
}

/* A client that names only protocols that we do not have looks for another service (RFC 7301
 * §3.2). */
bool tls_apply(const struct tls *tls, gnutls_session_t session)
{
    static unsigned char newer[] = "http/1.1";
    static unsigned char older[] = "http/1.0";
    static const gnutls_datum_t protocols[] = {{newer, sizeof(newer) - 1},
                                               {older, sizeof(older) - 1}};

    return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) ==
               GNUTLS_E_SUCCESS &&
           gnutls_priority_set(session, tls->priorities) == GNUTLS_E_SUCCESS &&
           gnutls_alpn_set_protocols(session, protocols, ARRAY_COUNT(protocols),
                                     GNUTLS_ALPN_MANDATORY) == GNUTLS_E_SUCCESS;
}

static bool read_priorities(gnutls_priority_t *priorities, const char *text, struct error *error)
{
    const char *fault = "";
    int failure = gnutls_priority_init(priorities, text, &fault);

    if (failure == GNUTLS_E_SUCCESS)
        return true;
    *priorities = NULL;
    if (failure == GNUTLS_E_INVALID_REQUEST)
        return error_set(error, "has a word that GnuTLS does not know, at \"%.40s\"", fault);
    return error_set(error, "leaves nothing to offer: %s", gnutls_strerror(failure));
}

static bool read_chain(struct chain *chain, const char *pem, struct error *error)
{
    const gnutls_datum_t text = datum_of(pem);
    int failure =
        gnutls_x509_crt_list_import2(&chain->certificates, &chain->count, &text,
                                     GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);

    if (failure >= 0)
        return true;
    *chain = (struct chain){0};
    if (failure == GNUTLS_E_CERTIFICATE_LIST_UNSORTED)
        return error_set(error, "tls_certificate must have the server's certificate first, and "
                                "each followed by that of its issuer");
    return error_set(error, "tls_certificate holds no certificate that can be read: %s",
                     gnutls_strerror(failure));
}

static bool read_key(gnutls_x509_privkey_t *key, const char *pem, struct error *error)
{
    const gnutls_datum_t text = datum_of(pem);
    int failure;

    ASSERT(gnutls_x509_privkey_init(key) == GNUTLS_E_SUCCESS);
    failure = gnutls_x509_privkey_import2(*key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (failure == GNUTLS_E_SUCCESS)
        return true;
    /* GnuTLS does not know every cipher for it, such as scrypt's. */
    if (failure == GNUTLS_E_DECRYPTION_FAILED || strstr(pem, ENCRYPTED) != NULL)
        return error_set(error, "tls_key is encrypted: it must be readable without a password");
    return error_set(error, "tls_key holds no private key that can be read: %s",
                     gnutls_strerror(failure));
}

static bool join(struct tls *tls, const struct chain *chain, gnutls_x509_privkey_t key,
                 struct error *error)
{
    int failure;

    ASSERT(chain->certificates != NULL && chain->count > 0);
    failure = gnutls_certificate_set_x509_key(tls->credentials, chain->certificates,
                                              (int)chain->count, key);
    if (failure == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return error_set(error, "tls_key is not the key of tls_certificate");
    if (failure < 0)
        return error_set(error, "tls_certificate cannot be used: %s", gnutls_strerror(failure));
    tls->begins_s = gnutls_x509_crt_get_activation_time(chain->certificates[0]);
    tls->ends_s = gnutls_x509_crt_get_expiration_time(chain->certificates[0]);
    return true;
}

static void free_chain(struct chain *chain)
{
    for (unsigned i = 0; i < chain->count; i++)
        gnutls_x509_crt_deinit(chain->certificates[i]);
    gnutls_free(chain->certificates);
}

/* GnuTLS only reads it. */
static gnutls_datum_t datum_of(const char *pem)
{
    union {
        const char *borrowed;
        unsigned char *carried;
    } text = {.borrowed = pem};

    return (gnutls_datum_t){text.carried, (unsigned)strlen(pem)};
}
