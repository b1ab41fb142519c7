/* SPDX-License-Identifier: MIT
 *
 * Which certificates, keys and priorities are accepted, and what is said about the others.
 * tests/system/test_https.c shows what they do on a connection. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "http/tls.h"
#include "support/certificate.h"
#include "support/cmocka.h"

#include <gnutls/x509.h>

#define UNKNOWN_CIPHER                                                                             \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAsGCSqGSIb3DQEFDQ==\n"                                \
    "-----END ENCRYPTED PRIVATE KEY-----\n"

#define PRIORITIES "SECURE128"

struct world {
    struct certificate root;
    struct certificate middle; /* signed by the root */
    struct certificate leaf;   /* signed by the middle one */
    struct certificate rsa;    /* signed by itself */
};

static int make_certificates(void **state)
{
    static struct world world;

    world.root = certificate_make(&(struct certificate_options){.name = "root"});
    world.middle =
        certificate_make(&(struct certificate_options){.name = "middle", .issuer = &world.root});
    world.leaf =
        certificate_make(&(struct certificate_options){.name = "leaf", .issuer = &world.middle});
    world.rsa = certificate_make(&(struct certificate_options){.name = "rsa", .is_rsa = true});
    *state = &world;
    return 0;
}

static int free_certificates(void **state)
{
    struct world *world = *state;

    certificate_free(&world->root);
    certificate_free(&world->middle);
    certificate_free(&world->leaf);
    certificate_free(&world->rsa);
    return 0;
}

static char *join(const char *first, const char *second, const char *third)
{
    size_t size = strlen(first) + strlen(second) + strlen(third) + 1;
    char *joined = memory_new(1, size);

    (void)snprintf(joined, size, "%s%s%s", first, second, third);
    return joined;
}

static void expect_taken(const char *certificate, const char *key)
{
    struct error error = {0};
    struct tls *tls = tls_new(&(struct tls_parts){certificate, key, PRIORITIES}, &error);

    assert_string_equal(error.message, "");
    assert_non_null(tls);
    tls_release(tls);
}

static void expect_refused(const char *certificate, const char *key, const char *priorities,
                           const char *start)
{
    struct error error = {0};

    assert_null(tls_new(&(struct tls_parts){certificate, key, priorities}, &error));
    if (strncmp(error.message, start, strlen(start)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", error.message, start);
}

static char *encrypted(const char *key)
{
    gnutls_x509_privkey_t read;
    gnutls_datum_t text = {(unsigned char *)memory_string(key), (unsigned)strlen(key)};
    gnutls_datum_t written;

    assert_int_equal(gnutls_x509_privkey_init(&read), 0);
    assert_int_equal(gnutls_x509_privkey_import2(read, &text, GNUTLS_X509_FMT_PEM, NULL, 0), 0);
    assert_int_equal(gnutls_x509_privkey_export2_pkcs8(read, GNUTLS_X509_FMT_PEM, "secret",
                                                       GNUTLS_PKCS_PBES2_AES_128, &written),
                     0);
    char *pem = memory_string((const char *)written.data);
    gnutls_free(written.data);
    free(text.data);
    gnutls_x509_privkey_deinit(read);
    return pem;
}

static void a_certificate_and_its_key_are_taken_alone_and_with_issuers(void **state)
{
    const struct world *world = *state;
    char *chain = join(world->leaf.pem, world->middle.pem, "");
    char *whole = join(world->leaf.pem, world->middle.pem, world->root.pem);
    char *both = join(world->rsa.key, world->rsa.pem, "");

    expect_taken(world->leaf.pem, world->leaf.key);
    expect_taken(world->rsa.pem, world->rsa.key);
    expect_taken(chain, world->leaf.key);
    expect_taken(whole, world->leaf.key);
    expect_taken(both, both);
    free(chain);
    free(whole);
    free(both);
}

static void the_part_that_is_wrong_is_named(void **state)
{
    const struct world *world = *state;
    const char *pem = world->leaf.pem;
    const char *key = world->leaf.key;
    char *turned = join(world->middle.pem, pem, "");
    char *gap = join(pem, world->root.pem, "");
    char *cut = memory_string(pem);
    char *locked = encrypted(key);
    cut[strlen(cut) / 2] = '\0';

    expect_refused(pem, world->rsa.key, PRIORITIES, "tls_key is not the key of tls_certificate");
    expect_refused(turned, key, PRIORITIES, "tls_certificate must have the server's certificate");
    expect_refused(gap, key, PRIORITIES, "tls_certificate must have the server's certificate");
    expect_refused(cut, key, PRIORITIES, "tls_certificate holds no certificate");
    expect_refused(key, key, PRIORITIES, "tls_certificate holds no certificate");
    expect_refused("", key, PRIORITIES, "tls_certificate holds no certificate");
    expect_refused(pem, pem, PRIORITIES, "tls_key holds no private key");
    expect_refused(pem, "", PRIORITIES, "tls_key holds no private key");
    expect_refused(pem, locked, PRIORITIES, "tls_key is encrypted");
    expect_refused(pem, UNKNOWN_CIPHER, PRIORITIES, "tls_key is encrypted");
    expect_refused(pem, key, "SECURE128:+FOO", "tls_priorities has a word");
    free(turned);
    free(gap);
    free(cut);
    free(locked);
}

static void priorities_must_be_known_and_leave_something(void **state)
{
    struct error error = {0};
    (void)state;

    assert_true(tls_priorities_check("SECURE128", &error));
    assert_true(tls_priorities_check("NORMAL:-VERS-ALL:+VERS-TLS1.3", &error));

    assert_false(tls_priorities_check("SECURE128:+FOO:+VERS-TLS1.3", &error));
    assert_string_equal(error.message,
                        "has a word that GnuTLS does not know, at \"+FOO:+VERS-TLS1.3\"");
    assert_false(tls_priorities_check("NORMAL:-VERS-ALL", &error));
    assert_non_null(strstr(error.message, "leaves nothing to offer"));
    assert_false(tls_priorities_check("", &error));
}

static void a_certificate_says_when_it_may_be_used(void **state)
{
    const int64_t now_s = clock_wall_us() / SECOND_US;
    struct certificate made = certificate_make(&(struct certificate_options){
        .name = "hour", .begins_s = now_s - 1800, .ends_s = now_s + 1800});
    struct error error;
    (void)state;

    struct tls *tls = tls_new(&(struct tls_parts){made.pem, made.key, PRIORITIES}, &error);

    assert_non_null(tls);
    assert_int_equal(tls_validity(tls, now_s - 1801), TLS_NOT_VALID_YET);
    assert_int_equal(tls_validity(tls, now_s - 1800), TLS_VALID);
    assert_int_equal(tls_validity(tls, now_s + 1800), TLS_VALID);
    assert_int_equal(tls_validity(tls, now_s + 1801), TLS_EXPIRED);
    tls_release(tls);
    certificate_free(&made);
}

static void what_is_shared_lives_until_its_last_owner_has_gone(void **state)
{
    const struct world *world = *state;
    struct error error;
    struct tls *tls =
        tls_new(&(struct tls_parts){world->leaf.pem, world->leaf.key, PRIORITIES}, &error);

    struct tls *shared = tls_share(tls);
    tls_release(tls);

    assert_ptr_equal(shared, tls);
    assert_int_equal(tls_validity(shared, clock_wall_us() / SECOND_US), TLS_VALID);
    tls_release(shared);
    tls_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_and_its_key_are_taken_alone_and_with_issuers),
        cmocka_unit_test(the_part_that_is_wrong_is_named),
        cmocka_unit_test(priorities_must_be_known_and_leave_something),
        cmocka_unit_test(a_certificate_says_when_it_may_be_used),
        cmocka_unit_test(what_is_shared_lives_until_its_last_owner_has_gone),
    };

    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
