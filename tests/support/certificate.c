/* SPDX-License-Identifier: MIT */
#include "support/certificate.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>

#define RSA_BITS 2048

static gnutls_x509_privkey_t new_key(bool is_rsa);
static gnutls_x509_crt_t new_subject(const struct certificate_options *options,
                                     gnutls_x509_privkey_t key);
static void sign(gnutls_x509_crt_t subject, gnutls_x509_privkey_t key,
                 const struct certificate *issuer);
static gnutls_datum_t datum_of(char *text);
static char *text_from(gnutls_datum_t *datum);
static void must(int result);

struct certificate certificate_make(const struct certificate_options *options)
{
    gnutls_x509_privkey_t key = new_key(options->is_rsa);
    gnutls_x509_crt_t subject = new_subject(options, key);
    struct certificate made;
    gnutls_datum_t text;

    sign(subject, key, options->issuer);
    must(gnutls_x509_crt_export2(subject, GNUTLS_X509_FMT_PEM, &text));
    made.pem = text_from(&text);
    must(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                           &text));
    made.key = text_from(&text);
    gnutls_x509_crt_deinit(subject);
    gnutls_x509_privkey_deinit(key);
    return made;
}

void certificate_free(struct certificate *certificate)
{
    free(certificate->pem);
    free(certificate->key);
}

static gnutls_x509_privkey_t new_key(bool is_rsa)
{
    gnutls_x509_privkey_t key;

    must(gnutls_x509_privkey_init(&key));
    must(gnutls_x509_privkey_generate(
        key, is_rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
        is_rsa ? RSA_BITS : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    return key;
}

static gnutls_x509_crt_t new_subject(const struct certificate_options *options,
                                     gnutls_x509_privkey_t key)
{
    static unsigned char serial;
    const struct in_addr address = {htonl(INADDR_LOOPBACK)};
    int64_t now_s = clock_wall_us() / SECOND_US;
    gnutls_x509_crt_t subject;

    must(gnutls_x509_crt_init(&subject));
    must(gnutls_x509_crt_set_version(subject, 3));
    serial++;
    must(gnutls_x509_crt_set_serial(subject, &serial, sizeof(serial)));
    must(gnutls_x509_crt_set_activation_time(subject, options->begins_s != 0 ? options->begins_s
                                                                             : now_s - DAY_S));
    must(gnutls_x509_crt_set_expiration_time(subject, options->ends_s != 0 ? options->ends_s
                                                                           : now_s + DAY_S));
    must(gnutls_x509_crt_set_dn_by_oid(subject, GNUTLS_OID_X520_COMMON_NAME, 0, options->name,
                                       (unsigned)strlen(options->name)));
    must(gnutls_x509_crt_set_subject_alt_name(subject, GNUTLS_SAN_IPADDRESS, &address,
                                              sizeof(address), GNUTLS_FSAN_SET));
    must(gnutls_x509_crt_set_basic_constraints(subject, 1, -1));
    must(gnutls_x509_crt_set_key(subject, key));
    return subject;
}

static void sign(gnutls_x509_crt_t subject, gnutls_x509_privkey_t key,
                 const struct certificate *issuer)
{
    gnutls_x509_privkey_t signing_key;
    gnutls_x509_crt_t signer;
    gnutls_datum_t text;

    if (issuer == NULL) {
        must(gnutls_x509_crt_sign2(subject, subject, key, GNUTLS_DIG_SHA256, 0));
        return;
    }
    must(gnutls_x509_crt_init(&signer));
    must(gnutls_x509_privkey_init(&signing_key));
    text = datum_of(issuer->pem);
    must(gnutls_x509_crt_import(signer, &text, GNUTLS_X509_FMT_PEM));
    text = datum_of(issuer->key);
    must(gnutls_x509_privkey_import2(signing_key, &text, GNUTLS_X509_FMT_PEM, NULL, 0));
    must(gnutls_x509_crt_sign2(subject, signer, signing_key, GNUTLS_DIG_SHA256, 0));
    gnutls_x509_crt_deinit(signer);
    gnutls_x509_privkey_deinit(signing_key);
}

static gnutls_datum_t datum_of(char *text)
{
    return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

static char *text_from(gnutls_datum_t *datum)
{
    char *text = memory_new(1, datum->size + 1);

    memcpy(text, datum->data, datum->size);
    gnutls_free(datum->data);
    return text;
}

static void must(int result)
{
    ASSERT(result >= 0);
}
