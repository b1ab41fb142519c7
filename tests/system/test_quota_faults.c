/* SPDX-License-Identifier: MIT
 *
 * Terms, charges and periods where Redis is away, hangs, or shows another time. */
#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/fault_proxy.h"
#include "support/wait.h"
#include "support/world.h"

#define YEAR         "31536000"
#define WAIT_SECONDS 30
#define IMPATIENT_MS "50"
#define COUNTERS_MAX "1000"

/* A service that asks Redis through a proxy, with a catalogue of its own. */
struct scene {
    struct fault_proxy *proxy;
    struct service *service;
    struct client *tenant;
};

static struct service *start(const struct world *world, const char *redis_url,
                             const char *timeout_ms)
{
    struct service_options options = world_options(world);
    const char *const flags[] = {"--workers", "1", "--counters-per-app-max", COUNTERS_MAX, NULL};

    options.redis_url = redis_url;
    options.flags = flags;
    options.catalogue_in_file = true;
    options.redis_timeout_ms = timeout_ms;
    return service_start(&options);
}

static struct scene scene_open(const struct world *world)
{
    static const char *const modes[] = {"local", "allow", "deny"};
    const struct fault_proxy_options options = {.port = redis_server_port(world->redis)};
    char url[REDIS_SERVER_URL_BYTES];
    struct scene scene = {.proxy = fault_proxy_start(&options)};

    redis_server_write_url(world->redis, fault_proxy_port(scene.proxy), url);
    scene.service = start(world, url, IMPATIENT_MS);
    scene.tenant = tenant_new(scene.service);
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        tenant_policy(scene.tenant,
                      "{'route_key':'/%s','limit':10,'window_seconds':" YEAR ",'headroom':4,"
                      "'on_store_error':'%s'}",
                      modes[i], modes[i]);
    }
    return scene;
}

static void scene_close(const struct scene *scene)
{
    client_free(scene->tenant);
    service_stop(scene->service);
    fault_proxy_stop(scene->proxy);
}

static const struct reply *ask(const struct scene *scene, const char *path, const char *route,
                               const char *more)
{
    return client_post(scene->tenant, path, "{'user_id':'ada','route_key':'/%s'%s}", route, more);
}

static bool is_degraded(const struct reply *reply)
{
    return reply->status != 0 && reply_at(reply, "degraded") != NULL;
}

/* Whether Redis is asked; by somebody else. */
static bool decides_alone(const struct scene *scene)
{
    return is_degraded(client_look(scene->tenant, "anybody", "/local"));
}

/* Redis cannot be reached, and is not asked. */
static void lose_redis(const struct scene *scene)
{
    fault_proxy_set(scene->proxy, FAULT_PROXY_RESET, 0);
    WAIT_FOR (WAIT_SECONDS, client_get(scene->tenant, "/readyz")->status == 200 &&
                                strcmp(reply_text(client_get(scene->tenant, "/readyz"), "status"),
                                       "degraded") == 0)
        ;
}

static void find_redis(const struct scene *scene)
{
    fault_proxy_set(scene->proxy, FAULT_PROXY_PASS, 0);
    WAIT_FOR (WAIT_SECONDS, !decides_alone(scene))
        ;
}

static void each_mode_answers_a_partial_check_without_redis(void **state)
{
    const struct world *world = *state;
    const struct scene scene = scene_open(world);

    lose_redis(&scene);
    EXPECT(ask(&scene, "/check", "local", ",'cost':500,'partial':true"), 200,
           "{'granted':10,'degraded':true,'remaining':0}");
    EXPECT(ask(&scene, "/check", "local", ",'cost':500,'partial':true"), 429,
           "{'granted':0,'degraded':true}");
    EXPECT(ask(&scene, "/check", "allow", ",'cost':500,'partial':true"), 200,
           "{'granted':500,'degraded':true,'remaining':null}");
    EXPECT(ask(&scene, "/check", "deny", ",'cost':500,'partial':true"), 429,
           "{'granted':0,'degraded':true,'remaining':null}");
    scene_close(&scene);
}

/* As far as it fits the limit, which is more than what is free for low priority. */
static void what_was_granted_without_redis_is_handed_back(void **state)
{
    const struct world *world = *state;
    const struct scene scene = scene_open(world);

    EXPECT(ask(&scene, "/check", "local", ",'cost':5"), 200, "{'remaining':5}");
    lose_redis(&scene);
    EXPECT(ask(&scene, "/check", "local", ",'cost':500,'partial':true,'priority':'low'"), 200,
           "{'granted':6,'degraded':true,'remaining':0}");
    EXPECT(ask(&scene, "/check", "local", ",'cost':1,'priority':'low'"), 429, "{'degraded':true}");
    find_redis(&scene);
    WAIT_FOR (WAIT_SECONDS,
              reply_integer(client_look(scene.tenant, "ada", "/local"), "remaining") == 0)
        ;
    scene_close(&scene);
}

static void a_charge_without_redis_is_handed_back_whole_in_each_mode(void **state)
{
    const struct world *world = *state;
    const struct scene scene = scene_open(world);
    static const char *const modes[] = {"local", "allow", "deny"};

    lose_redis(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        EXPECT(ask(&scene, "/charge", modes[i], ",'cost':13"), 200,
               "{'allowed':true,'degraded':true,'remaining':0}");
        EXPECT(ask(&scene, "/charge", modes[i], ",'cost':-1"), 200,
               "{'degraded':true,'remaining':0}");
    }
    find_redis(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        char route[16];

        (void)snprintf(route, sizeof(route), "/%s", modes[i]);
        WAIT_FOR (WAIT_SECONDS, client_look(scene.tenant, "ada", route)->status == 429)
            ;
        EXPECT(ask(&scene, "/charge", modes[i], ",'cost':-3"), 200, "{'remaining':1}");
    }
    scene_close(&scene);
}

static void fill_the_app(const struct scene *scene)
{
    char user_id[16];
    int number = 0;

    do
        (void)snprintf(user_id, sizeof(user_id), "%d", number++);
    while (client_check(scene->tenant, user_id, "/local")->status == 200);
    assert_string_equal(reply_text(client_check(scene->tenant, user_id, "/local"), "type"),
                        "urn:sluice:problem:quota");
}

/* While Redis was away, nobody knew whether it would be a new counter. */
static void a_charge_that_finds_no_room_when_redis_is_back_is_told_in_the_log(void **state)
{
    const struct world *world = *state;
    const struct scene scene = scene_open(world);

    fill_the_app(&scene);
    lose_redis(&scene);
    EXPECT(ask(&scene, "/charge", "local", ",'cost':5"), 200, "{'degraded':true}");
    find_redis(&scene);

    service_expect_events(scene.service, "not handed back: the app has too many counters", 1);
    scene_close(&scene);
}

static void a_charge_that_redis_may_have_made_is_answered_503_and_not_made_here(void **state)
{
    const struct world *world = *state;
    const struct scene scene = scene_open(world);

    fault_proxy_set(scene.proxy, FAULT_PROXY_DELAY, 200);
    const struct reply *reply = ask(&scene, "/charge", "local", ",'cost':13");
    EXPECT_PROBLEM(reply, 503, "not known whether the charge has been made");
    EXPECT_FIELD(reply, "Retry-After", "1");
    assert_int_equal(json_array_size(client_get(scene.tenant, "/logs/latest")->json), 0);
    find_redis(&scene);
    EXPECT(client_look(scene.tenant, "ada", "/local"), 429, "{'remaining':0}");
    EXPECT(ask(&scene, "/charge", "local", ",'cost':-4"), 200, "{'remaining':1}");
    scene_close(&scene);
}

/* Two years ahead: in no period that the service would have asked for. */
static void a_store_of_another_time_decides_by_its_own_period(void **state)
{
    const struct world *world = *state;
    struct redis_server *redis = redis_server_start_clocked();
    const int64_t ahead_us = 2 * YEAR_S * SECOND_US;
    struct service *service = start(world, redis_server_unix_url(redis), "5000");
    struct client *tenant = tenant_new(service);

    redis_server_set_clock(redis, clock_wall_us() + ahead_us);
    tenant_policy(tenant, "{'route_key':'/a','limit':3,'period':'day','zone':'Asia/Kathmandu',"
                          "'candidate':{'limit':2,'period':'month'}}");
    for (int i = 2; i >= 0; i--) {
        const struct reply *reply = client_check(tenant, "ada", "/a");

        EXPECT(reply, 200, NULL);
        assert_false(is_degraded(reply));
        assert_int_equal(reply_integer(reply, "remaining"), i);
        assert_in_range(reply_integer(reply, "reset_in"), 1, DAY_S);
    }
    EXPECT(client_check(tenant, "ada", "/a"), 429, "{'reason':'Rate limit exceeded'}");
    redis_server_set_clock(redis, clock_wall_us() + ahead_us + DAY_S * SECOND_US);
    EXPECT(client_check(tenant, "ada", "/a"), 200, "{'remaining':2}");
    redis_server_set_clock(redis, clock_wall_us() + 3 * ahead_us);
    EXPECT(client_post(tenant, "/charge", "{'user_id':'ada','route_key':'/a','cost':2}"), 200,
           "{'remaining':1}");

    client_free(tenant);
    service_stop(service);
    redis_server_stop(redis);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_answers_a_partial_check_without_redis),
        cmocka_unit_test(what_was_granted_without_redis_is_handed_back),
        cmocka_unit_test(a_charge_without_redis_is_handed_back_whole_in_each_mode),
        cmocka_unit_test(a_charge_that_finds_no_room_when_redis_is_back_is_told_in_the_log),
        cmocka_unit_test(a_charge_that_redis_may_have_made_is_answered_503_and_not_made_here),
        cmocka_unit_test(a_store_of_another_time_decides_by_its_own_period),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
