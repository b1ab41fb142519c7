/* SPDX-License-Identifier: MIT
 *
 * Certificates and keys that no connection can begin with. */
#include "redis/redis_tls.h"
#include "support/cmocka.h"
#include "tls_case.h"

static void what_is_no_pem_is_refused(void **state)
{
    char cut[16384];
    (void)state;
    (void)snprintf(cut, sizeof(cut), "%s%.*s", tls_authority.pem, (int)strlen(tls_stranger.pem) / 2,
                   tls_stranger.pem);
    const struct redis_tls_options wrong[] = {
        {.authorities = ""},
        {.authorities = "no certificate"},
        {.authorities = cut},
        {.authorities = tls_authority.key},
        {.authorities = tls_authority.pem, .certificate = "", .key = tls_client.key},
        {.authorities = tls_authority.pem, .certificate = cut, .key = tls_client.key},
        {.authorities = tls_authority.pem, .certificate = tls_client.pem, .key = ""},
        {.authorities = tls_authority.pem, .certificate = tls_client.pem, .key = tls_client.pem},
    };

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct error error = {0};

        assert_null(redis_tls_new(&wrong[i], &error));
        assert_string_not_equal(error.message, "");
    }
}

static void the_key_of_another_certificate_is_refused(void **state)
{
    struct redis_tls_options options = tls_case_options();
    struct error error = {0};
    (void)state;
    options.certificate = tls_client.pem;
    options.key = tls_stranger.key;

    assert_null(redis_tls_new(&options, &error));

    assert_non_null(strstr(error.message, "the key is not that of the certificate"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_pem_is_refused),
        cmocka_unit_test(the_key_of_another_certificate_is_refused),
    };

    return cmocka_run_group_tests(tests, tls_case_open, tls_case_close);
}
