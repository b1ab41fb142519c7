/* SPDX-License-Identifier: MIT */
#include "tls_case.h"

#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/scratch.h"
#include "support/topologies.h"

struct certificate tls_authority;
struct certificate tls_stranger;
struct certificate tls_client;
struct redis_server *tls_open_server;
struct redis_server *tls_strict_server;

static struct redis_server *start(const struct certificate *certificate, bool is_strict);

int tls_case_open(void **state)
{
    if (redis_group_open(state) != 0)
        return -1;
    tls_authority = certificate_make(&(struct certificate_options){.name = "authority"});
    tls_stranger = certificate_make(&(struct certificate_options){.name = "stranger"});
    tls_client =
        certificate_make(&(struct certificate_options){.name = "client", .issuer = &tls_authority});
    struct certificate of_server = certificate_make(
        &(struct certificate_options){.name = TLS_CASE_NAME, .issuer = &tls_authority});
    tls_open_server = start(&of_server, false);
    tls_strict_server = start(&of_server, true);
    certificate_free(&of_server);
    return 0;
}

int tls_case_close(void **state)
{
    redis_server_stop(tls_open_server);
    redis_server_stop(tls_strict_server);
    certificate_free(&tls_authority);
    certificate_free(&tls_stranger);
    certificate_free(&tls_client);
    return redis_group_close(state);
}

static struct redis_server *start(const struct certificate *certificate, bool is_strict)
{
    static char paths[2][3][SCRATCH_PATH_BYTES]; /* live as long as the servers */
    char(*files)[SCRATCH_PATH_BYTES] = paths[is_strict];

    scratch_file("redis.crt", certificate->pem, files[0]);
    scratch_file("redis.key", certificate->key, files[1]);
    scratch_file("authority.crt", tls_authority.pem, files[2]);
    const struct redis_server_tls tls = {.certificate = files[0],
                                         .key = files[1],
                                         .authorities = files[2],
                                         .demands_certificate = is_strict};
    return redis_server_start_tls(&tls);
}

struct redis_tls_options tls_case_options(void)
{
    return (struct redis_tls_options){.authorities = tls_authority.pem};
}

struct redis_tls *tls_case_new(const struct redis_tls_options *options)
{
    struct error error = {0};
    struct redis_tls *tls = redis_tls_new(options, &error);

    assert_string_equal(error.message, "");
    assert_non_null(tls);
    return tls;
}

struct redis_session *tls_case_session(struct redis_dialer *dialer, struct redis_tls *tls,
                                       const char *url, int patience_ms)
{
    const struct redis_endpoint endpoint = endpoint_at(url);
    struct redis_access access = access_at(url);

    access.tls = tls;
    return redis_session_new(dialer, &endpoint, &access, patience_ms);
}

const char *tls_case_ping(struct redis_tls *tls, const char *url)
{
    static struct error error;
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_session *session = tls_case_session(dialer, tls, url, 10 * TLS_CASE_TIMEOUT_MS);

    error = (struct error){0};
    redisReply *reply =
        redis_session_command(session, &error, 1, (const char *[]){"PING"}, (size_t[]){4});
    assert_int_equal(reply == NULL, error.message[0] != '\0');
    freeReplyObject(reply);
    redis_session_free(session);
    redis_dialer_free(dialer);
    return error.message;
}

const char *tls_case_ping_with(struct redis_server *where, const struct redis_tls_options *options)
{
    struct redis_tls *tls = tls_case_new(options);
    const char *said = tls_case_ping(tls, redis_server_tcp_url(where));

    redis_tls_free(tls);
    return said;
}
