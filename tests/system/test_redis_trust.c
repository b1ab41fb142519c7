/* SPDX-License-Identifier: MIT
 *
 * Whom the service believes to be its Redis: the files that say so are read again at SIGHUP. */
#include "support/certificate.h"
#include "support/cmocka.h"
#include "support/redis_server.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30

/* A Redis over TLS, and a file with the authorities that the service believes. */
struct place {
    struct certificate authority; /* of the server's certificate */
    struct certificate stranger;
    struct redis_server *redis;
    char ca[SCRATCH_PATH_BYTES];
};

static struct place place_open(void)
{
    struct place place = {
        .authority = certificate_make(&(struct certificate_options){.name = "authority"}),
        .stranger = certificate_make(&(struct certificate_options){.name = "stranger"}),
    };
    struct certificate server = certificate_make(
        &(struct certificate_options){.name = "redis", .issuer = &place.authority});
    char certificate[SCRATCH_PATH_BYTES];
    char key[SCRATCH_PATH_BYTES];
    char authorities[SCRATCH_PATH_BYTES];

    scratch_file("redis.crt", server.pem, certificate);
    scratch_file("redis.key", server.key, key);
    scratch_file("authorities.crt", place.authority.pem, authorities);
    scratch_file("ca.crt", place.authority.pem, place.ca);
    place.redis = redis_server_start_tls(&(struct redis_server_tls){
        .certificate = certificate, .key = key, .authorities = authorities});
    certificate_free(&server);
    return place;
}

static void place_close(struct place *place)
{
    redis_server_stop(place->redis);
    certificate_free(&place->authority);
    certificate_free(&place->stranger);
}

static struct service *serve(const struct place *place, const char *sandbox)
{
    const char *const flags[] = {"--redis-tls-ca", place->ca, "--sandbox", sandbox, NULL};
    const struct service_options options = {
        .redis_url = redis_server_tcp_url(place->redis), .flags = flags, .not_ready = true};

    return service_start(&options);
}

static void reload(struct service *service, const char *event, int count)
{
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, event) == count)
        ;
}

static void wait_for_ready(const struct service *service)
{
    struct client *client = stranger_new(service);

    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    client_free(client);
}

static void a_redis_of_a_stranger_is_not_believed_until_its_authority_is_named(void **state)
{
    static const char *const sandboxes[] = {"false", "true"};
    struct place place = place_open();
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(sandboxes); i++) {
        scratch_rewrite(place.ca, place.stranger.pem);
        struct service *service = serve(&place, sandboxes[i]);
        struct client *client = stranger_new(service);
        WAIT_FOR (WAIT_SECONDS, service_count_events(service, "redis not reachable") > 0)
            ;
        assert_int_equal(client_get(client, "/readyz")->status, 503);

        scratch_rewrite(place.ca, place.authority.pem);
        reload(service, "reloaded", 1);

        wait_for_ready(service);
        client_free(client);
        service_stop(service);
    }
    place_close(&place);
}

static void authorities_that_are_none_refuse_the_reload_and_the_old_ones_stay(void **state)
{
    struct place place = place_open();
    struct service *service = serve(&place, "false");
    (void)state;
    wait_for_ready(service);

    scratch_rewrite(place.ca, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    reload(service, "reload refused", 1);

    assert_true(scratch_contains(service_log(service), "(redis_tls_ca is "));
    assert_int_equal(service_count_events(service, "reloaded"), 0);
    struct client *client = tenant_new(service);
    tenant_policy(client, "{'route_key':'/a','limit':5,'window_seconds':60}");
    const struct reply *reply = client_look(client, "u", "/a");
    assert_int_equal(reply->status, 200);
    assert_null(reply_at(reply, "degraded"));
    client_free(client);
    service_stop(service);
    place_close(&place);
}

/* Configures another Redis over TLS, which only a restart can use, and these authorities. */
static void configure_other(const char *config, const char *url, const char *ca)
{
    char yaml[3 * SCRATCH_PATH_BYTES];

    (void)snprintf(yaml, sizeof(yaml),
                   "engine: redis\nredis_url: %s\nredis_tls_ca: %s\n"
                   "register_limit: \"off\"\nmanage_limit: \"off\"\n",
                   url, ca);
    scratch_rewrite(config, yaml);
}

static struct service *serve_configured(const struct place *place, const char *config)
{
    const struct service_options options = {.config = config};

    configure_other(config, redis_server_tcp_url(place->redis), place->ca);
    return service_start(&options);
}

static void connect_anew(const struct place *place, const struct service *service)
{
    const int lost = service_count_events(service, "redis lost");

    (void)redis_server_command(place->redis, "CLIENT KILL TYPE normal SKIPME yes");
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "redis lost") > lost)
        ;
}

/* The files of the new one say nothing about the old one. */
static void authorities_of_another_redis_wait_for_a_restart_like_its_url(void **state)
{
    struct place place = place_open();
    char config[SCRATCH_PATH_BYTES];
    char other_ca[SCRATCH_PATH_BYTES];
    (void)state;
    scratch_file("config", "", config);
    scratch_file("other.crt", place.stranger.pem, other_ca);
    struct service *service = serve_configured(&place, config);
    const int ready = service_count_events(service, "redis ready");

    configure_other(config, "rediss://127.0.0.1:1", other_ca);
    reload(service, "reloaded", 1);
    connect_anew(&place, service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "redis ready") > ready)
        ;

    assert_int_equal(service_count_events(service, "redis not reachable"), 0);
    assert_int_equal(service_count_events(service, "setting needs a restart"), 2);
    service_stop(service);
    place_close(&place);
}

/* A certificate may be renewed while a restart is put off. */
static void files_that_both_use_are_read_again_while_another_url_waits(void **state)
{
    struct place place = place_open();
    char config[SCRATCH_PATH_BYTES];
    (void)state;
    scratch_file("config", "", config);
    struct service *service = serve_configured(&place, config);
    configure_other(config, "rediss://127.0.0.1:1", place.ca);

    scratch_rewrite(place.ca, place.stranger.pem);
    reload(service, "reloaded", 1);
    connect_anew(&place, service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "redis not reachable") > 0)
        ;
    scratch_rewrite(place.ca, place.authority.pem);
    reload(service, "reloaded", 2);

    wait_for_ready(service);
    service_stop(service);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redis_of_a_stranger_is_not_believed_until_its_authority_is_named),
        cmocka_unit_test(authorities_that_are_none_refuse_the_reload_and_the_old_ones_stay),
        cmocka_unit_test(authorities_of_another_redis_wait_for_a_restart_like_its_url),
        cmocka_unit_test(files_that_both_use_are_read_again_while_another_url_waits),
    };

    return service_report(cmocka_run_group_tests(tests, NULL, NULL));
}
