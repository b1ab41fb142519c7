/* SPDX-License-Identifier: MIT
 *
 * Crowds of connections, of slow clients and of keys, and room for fewer than come. Beside each
 * there is a good client's steady load, which must not notice. When a crowd has gone, all that it
 * took is free again. Usage: test_crowds ENGINE [--strict [PATTERN]].
 *
 * With --strict the crowds are as large as promised, and so are the figures. Without it they are
 * small, and nothing depends on the machine's speed. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "crowd.h"
#include "scene.h"
#include "strict.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <sys/resource.h>
#include <unistd.h>

/* The promised figures. */
#define IDLE_KB_MAX           40
#define SLOW_US_MAX           INT64_C(15000000)
#define KEYS_KB_MAX           (64 * 1024 * 12 / 10)
#define STOP_US_MAX           INT64_C(5000000)
#define COUNTER_BYTES_MAX     96
#define ARGUMENTS_KB_MAX      1024
#define COUNTERS_MAX_OF_64_MB "699050"

#define ARGUMENTS_MAX 4000

/* A value in an ordinary run, and in a strict one. */
#define OF(test, strict) (is_strict ? (strict) : (test))
/* Not judged in an ordinary run, because a sanitizer takes memory too. */
#define NOT_JUDGED OF(", which is not judged here", "")

static bool is_strict;

static void wait_for_answers(struct crowd *crowd, size_t answered)
{
    WAIT_FOR (SCENE_WAIT_SECONDS, crowd->answered == answered)
        crowd_listen(crowd, 100);
}

/* They come in waves, because all at once would be another test. */
static void five_thousand_idle_connections_take_little_memory(void **state)
{
    static const char *const flags[] = {"--idle-timeout-s", "3600", NULL};
    static const size_t wave = 50;
    const size_t size = OF(200, 5000);
    struct scene scene;
    struct crowd crowd;
    (void)state;
    crowd_need_files(size + 100);
    scene_open(&scene, flags, is_strict);
    crowd_open(&crowd, service_port(scene.service));

    while (crowd.count < size) {
        crowd_join(&crowd, wave);
        crowd_say_some(&crowd, crowd.count - wave, wave, scene.check, scene.check_bytes);
        wait_for_answers(&crowd, crowd.count);
    }
    load_wait_for_checks(scene.load, OF(100, 2000), SCENE_WAIT_SECONDS);

    const double each_kb = scene_grown_kb(&scene) / (double)size;
    print_message("  %zu idle connections: %.1f KB each%s\n", size, each_kb, NOT_JUDGED);
    for (size_t i = 0; i < size; i += wave) {
        crowd_say_some(&crowd, i, wave, scene.check, scene.check_bytes);
        wait_for_answers(&crowd, size);
    }
    assert_int_equal(crowd.there, size);
    crowd_close(&crowd);
    scene_close(&scene);
    if (is_strict)
        assert_true(each_kb <= IDLE_KB_MAX);
}

/* They begin a request like this, and sometimes send one more byte. */
static void drip(const char *rest_of_beginning)
{
    static const char *const quick[] = {"--request-timeout-s", "1", NULL};
    const size_t size = OF(50, 500);
    struct scene scene;
    struct crowd crowd;
    char beginning[SCENE_REQUEST_BYTES];
    crowd_need_files(size + 100);
    scene_open(&scene, OF(quick, NULL), is_strict);
    crowd_open(&crowd, service_port(scene.service));
    int length = snprintf(beginning, sizeof(beginning),
                          "POST /check HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n%s",
                          client_key(scene.tenant), rest_of_beginning);

    crowd_join(&crowd, size);
    crowd_say(&crowd, beginning, (size_t)length);
    WAIT_FOR (SCENE_WAIT_SECONDS, crowd.there == 0) {
        crowd_listen(&crowd, 100);
        crowd_say(&crowd, "a", 1);
    }

    const int64_t longest_us = crowd.longest_us;
    print_message("  %zu slow writers: the last one was gone after %.1f s\n", size,
                  (double)longest_us / 1e6);
    crowd_close(&crowd);
    scene_close(&scene);
    if (is_strict)
        assert_in_range(longest_us, 0, SLOW_US_MAX);
}

static void slow_writers_of_headers_are_gone_in_time(void **state)
{
    (void)state;
    drip("X-Never-Ending: ");
}

static void slow_writers_of_bodies_are_gone_in_time(void **state)
{
    (void)state;
    drip("Content-Length: 10000\r\n\r\n{\"user_id\":\"");
}

/* They ask for far more than sockets can hold, and read nothing. So to the service they are silent.
 * They are few, because each takes megabytes of the kernel's memory. */
static void who_never_reads_is_let_go(void **state)
{
    static const char *const flags[] = {"--idle-timeout-s", "2", NULL};
    static const char request[] = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
    static const size_t size = 20;
    static const int requests_each = 100;
    struct scene scene;
    struct crowd crowd;
    (void)state;
    scene_open(&scene, flags, is_strict);
    crowd_open(&crowd, service_port(scene.service));
    crowd_join(&crowd, size);
    crowd_say(&crowd, scene.check, scene.check_bytes);
    wait_for_answers(&crowd, size);

    const int64_t begun_us = clock_monotonic_us();
    double stuck = 0;
    for (int i = 0; i < requests_each; i++)
        crowd_say(&crowd, request, strlen(request));
    WAIT_FOR (SCENE_WAIT_SECONDS, scene_has_all_back(&scene)) {
        const double busy = scene_figure(&scene, "sluice_http_requests_in_progress");
        stuck = busy > stuck ? busy : stuck;
    }

    print_message("  %zu never read, %.0f answers were stuck: all were gone after %.1f s\n", size,
                  stuck, (double)(clock_monotonic_us() - begun_us) / 1e6);
    crowd_close(&crowd);
    scene_close(&scene);
    if (is_strict)
        assert_true(stuck >= (double)size);
}

/* POST /check/batch for so many users, from `first` on. */
static const struct reply *check_users(struct client *tenant, size_t first, size_t count)
{
    static const size_t check_bytes_max = 64;
    char *body = memory_new(count + 1, check_bytes_max);
    size_t length = (size_t)snprintf(body, check_bytes_max, "{\"checks\":");

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(body + length, check_bytes_max,
                                   "%c{\"user_id\":\"user-%zu\",\"route_key\":\"/a\"}",
                                   i == 0 ? '[' : ',', first + i);
    length += (size_t)snprintf(body + length, check_bytes_max, "]}");
    const struct reply *reply = client_send(tenant, "POST", "/check/batch", body, length);
    free(body);
    return reply;
}

/* The good client's app has one counter that is used all the time, and one that is not. */
static void a_million_keys_stay_under_the_cap(void **state)
{
    const char *counters_max = OF("20000", COUNTERS_MAX_OF_64_MB);
    const char *const flags[] = {"--memory-counters-max", counters_max, NULL};
    const size_t keys = OF(50000, 1000000);
    const size_t batch = 1000;
    struct scene scene;
    (void)state;
    scene_open(&scene, flags, is_strict);
    for (int i = 0; i < 5; i++)
        EXPECT(client_check(scene.tenant, "hot", "/a"), 200, NULL);
    struct client *hoarder = tenant_new(scene.service);
    tenant_policy(hoarder, "{'route_key':'/a','limit':1,'window_seconds':31536000}");

    /* A new key may not send much at once. */
    WAIT_FOR (SCENE_WAIT_SECONDS, check_users(hoarder, 0, batch)->status == 200)
        ;
    for (size_t i = batch; i < keys; i += batch)
        EXPECT(check_users(hoarder, i, batch), 200, NULL);

    const double kb = scene_grown_kb(&scene);
    const double counters = scene_figure(&scene, "sluice_memory_counters");
    print_message("  %zu keys, of which %.0f are kept in %.1f MB, and %.0f gave way: resident "
                  "memory has grown by %.1f MB%s\n",
                  keys, counters, scene_figure(&scene, "sluice_memory_bytes") / 1048576,
                  scene_figure(&scene, "sluice_memory_evictions_total"), kb / 1024, NOT_JUDGED);
    assert_true(counters <= strtod(counters_max, NULL));
    assert_true(scene_figure(&scene, "sluice_memory_bytes") <=
                strtod(counters_max, NULL) * COUNTER_BYTES_MAX);
    assert_true(scene_figure(&scene, "sluice_memory_evictions_total") > 0);
    assert_int_equal(reply_integer(client_look(scene.tenant, "hot", "/a"), "remaining"),
                     SCENE_QUOTA - 5);
    client_free(hoarder);
    scene_close(&scene);
    if (is_strict)
        assert_true(kb <= KEYS_KB_MAX);
}

static void ask_with_arguments(const struct scene *scene, int count)
{
    static const char end[] = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    static char request[2 * ARGUMENTS_MAX + 128];
    struct raw_reply reply;
    int length = snprintf(request, sizeof(request), "GET /livez?");

    for (int i = 0; i < count; i++, length += 2)
        memcpy(request + length, "a&", 2);
    memcpy(request + length, end, sizeof(end));
    raw_exchange(service_port(scene->service), request, (size_t)length + strlen(end),
                 SCENE_WAIT_SECONDS, &reply);
    assert_in_range(reply.status, 200, 499);
    assert_true(reply.closed);
}

/* libmicrohttpd 0.9.75 never answered a request with 256 arguments, and never freed its memory. */
static void requests_with_thousands_of_arguments_leave_nothing_behind(void **state)
{
    static const int arguments[] = {64, 100, 128, 150, 180, 200, 256, 1000, ARGUMENTS_MAX};
    const size_t requests = OF(500, 10000);
    struct scene scene;
    (void)state;
    scene_open(&scene, NULL, is_strict);

    for (size_t i = 0; i < ARRAY_COUNT(arguments); i++)
        ask_with_arguments(&scene, arguments[i]);
    for (size_t i = 0; i < requests; i++)
        ask_with_arguments(&scene, arguments[i % ARRAY_COUNT(arguments)]);

    const double kb = scene_grown_kb(&scene);
    print_message(
        "  %zu requests with 64 to %d arguments: resident memory has grown by %.0f KB%s\n",
        requests, ARGUMENTS_MAX, kb, NOT_JUDGED);
    scene_close(&scene);
    if (is_strict)
        assert_true(kb <= ARGUMENTS_KB_MAX);
}

static void allow_files(const struct scene *scene, rlim_t count)
{
    struct rlimit limit;

    assert_int_equal(prlimit(service_process(scene->service), RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
    assert_int_equal(prlimit(service_process(scene->service), RLIMIT_NOFILE, &limit, NULL), 0);
}

static int64_t cpu_us(const struct scene *scene)
{
    clockid_t clock;
    struct timespec used;

    assert_int_equal(clock_getcpuclockid(service_process(scene->service), &clock), 0);
    assert_int_equal(clock_gettime(clock, &used), 0);
    return used.tv_sec * SECOND_US + used.tv_nsec / MICROSECOND_NS;
}

static double share_of_a_core(const struct scene *scene)
{
    const int64_t window_us = OF(1000000, 2000000);
    const int64_t begun_us = clock_monotonic_us();
    const int64_t used_us = cpu_us(scene);

    WAIT_FOR (SCENE_WAIT_SECONDS, clock_monotonic_us() - begun_us >= window_us)
        ;
    return (double)(cpu_us(scene) - used_us) / (double)(clock_monotonic_us() - begun_us);
}

/* Serves them one after the other. Returns the longest time of an answer. */
static int64_t serve_newcomers(const struct scene *scene, size_t count)
{
    int64_t slowest_us = 0;

    for (size_t i = 0; i < count; i++) {
        struct raw_reply reply;
        const int64_t begun_us = clock_monotonic_us();
        int fd = raw_connect(service_port(scene->service));
        raw_send(fd, scene->check, scene->check_bytes);
        raw_receive(fd, SCENE_WAIT_SECONDS, &reply);
        const int64_t took_us = clock_monotonic_us() - begun_us;
        assert_int_equal(reply.status, 200);
        slowest_us = took_us > slowest_us ? took_us : slowest_us;
        (void)close(fd);
    }
    return slowest_us;
}

/* There are many workers. Some have no connection, and some have only connections that stay. So the
 * descriptors that one worker gives back must serve all. */
static void running_out_of_descriptors_is_survived(void **state)
{
    static const char *const flags[] = {"--workers", "16", "--idle-timeout-s", "3600", NULL};
    static const size_t size = 64, room = 8, kept = 4, newcomers = 64;
    struct scene scene;
    struct crowd crowd;
    (void)state;
    scene_open(&scene, flags, is_strict);
    crowd_open(&crowd, service_port(scene.service));
    allow_files(&scene, scene.fds + room);

    crowd_join(&crowd, size);
    crowd_say(&crowd, scene.check, scene.check_bytes);
    WAIT_FOR (SCENE_WAIT_SECONDS, crowd.answered >= room)
        crowd_listen(&crowd, 100);
    const double share = share_of_a_core(&scene);
    crowd_listen(&crowd, 0);
    print_message("  %zu connections, of which %zu find room: %.2f of a core\n", size,
                  crowd.answered, share);
    assert_true(crowd.answered < size);
    assert_true(share < 0.5);
    crowd_leave_but(&crowd, kept);
    crowd_say(&crowd, scene.check, scene.check_bytes);
    wait_for_answers(&crowd, kept);
    const int64_t slowest_us = serve_newcomers(&scene, newcomers);

    print_message("  once some are free: %zu newcomers, answered within %.0f ms\n", newcomers,
                  (double)slowest_us / 1e3);
    allow_files(&scene, RLIM_INFINITY);
    crowd_close(&crowd);
    scene_close(&scene);
}

static bool log_tells(const struct service *service, const char *words)
{
    char *text = scratch_read(service_log(service));
    const bool tells = strstr(text, words) != NULL;

    free(text);
    return tells;
}

static bool is_degraded(struct client *tenant)
{
    const struct reply *reply = client_check(tenant, "alice", "/a");

    assert_int_equal(reply->status, 200);
    return strstr(reply->body, "\"degraded\":true") != NULL;
}

/* The crowd then takes the descriptors of links and sessions. */
static void a_redis_lost_while_no_descriptor_is_left_is_found_again(void **state)
{
    static const char *const flags[] = {"--idle-timeout-s", "3600", NULL};
    static const size_t size = 64, room = 8;
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct crowd crowd;
    options.flags = flags;
    options.environment = (const char *const[]){PROCESS_MAY_BE_SEEN, NULL};
    struct service *service = service_start(&options);
    struct scene scene = {.service = service, .tenant = tenant_new(service)};
    tenant_policy(scene.tenant, "{'route_key':'/a','limit':%d,'window_seconds':31536000}",
                  SCENE_QUOTA);
    assert_false(is_degraded(scene.tenant));
    scene.fds = process_open_fds(service_process(service));
    crowd_open(&crowd, service_port(service));
    allow_files(&scene, scene.fds + room);
    crowd_join(&crowd, size);

    redis_server_kill(world->redis);
    WAIT_FOR (SCENE_WAIT_SECONDS, log_tells(service, "cannot connect to redis") &&
                                      log_tells(service, "Too many open files"))
        (void)is_degraded(scene.tenant);
    redis_server_restart(world->redis);
    assert_true(is_degraded(scene.tenant));
    allow_files(&scene, RLIM_INFINITY);
    crowd_close(&crowd);

    WAIT_FOR (SCENE_WAIT_SECONDS, !is_degraded(scene.tenant))
        ;
    client_free(scene.tenant);
    service_stop(service);
}

/* They wait for Redis, which hangs and stays so. */
static void sigterm_with_fifty_in_flight_answers_all(void **state)
{
    static const char *const flags[] = {"--idle-timeout-s", "3600", NULL};
    static const size_t size = 50;
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char check[SCENE_REQUEST_BYTES];
    struct crowd crowd;
    options.redis_timeout_ms = "1000";
    options.flags = flags;
    struct service *service = service_start(&options);
    struct scene scene = {.service = service, .tenant = tenant_new(service)};
    tenant_policy(scene.tenant, "{'route_key':'/a','limit':%d,'window_seconds':31536000}",
                  SCENE_QUOTA);
    const size_t check_bytes = scene_write_check(scene.tenant, check);
    crowd_open(&crowd, service_port(service));
    crowd_join(&crowd, size);
    crowd_say(&crowd, check, check_bytes);
    wait_for_answers(&crowd, size);

    redis_server_pause(world->redis);
    crowd_say(&crowd, check, check_bytes);
    double in_flight = 0;
    WAIT_FOR (SCENE_WAIT_SECONDS, in_flight >= (double)size || crowd.answered > 0) {
        crowd_listen(&crowd, 0);
        in_flight = scene_figure(&scene, "sluice_http_requests_in_progress");
    }
    const int64_t begun_us = clock_monotonic_us();
    service_begin_stop(service);
    wait_for_answers(&crowd, size);
    const int exit_code = service_finish_stop(service);
    const int64_t took_us = clock_monotonic_us() - begun_us;

    redis_server_continue(world->redis);
    print_message("  SIGTERM with %.0f in flight: %zu answered, exit status %d after %.1f s\n",
                  in_flight, crowd.answered, exit_code, (double)took_us / 1e6);
    crowd_close(&crowd);
    client_free(scene.tenant);
    assert_int_equal(exit_code, 0);
    if (is_strict) {
        assert_true(in_flight >= (double)size);
        assert_in_range(took_us, 0, STOP_US_MAX);
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_thousand_idle_connections_take_little_memory),
        cmocka_unit_test(slow_writers_of_headers_are_gone_in_time),
        cmocka_unit_test(slow_writers_of_bodies_are_gone_in_time),
        cmocka_unit_test(who_never_reads_is_let_go),
        cmocka_unit_test(a_million_keys_stay_under_the_cap),
        cmocka_unit_test(requests_with_thousands_of_arguments_leave_nothing_behind),
        cmocka_unit_test(running_out_of_descriptors_is_survived),
        cmocka_unit_test(a_redis_lost_while_no_descriptor_is_left_is_found_again),
        cmocka_unit_test(sigterm_with_fifty_in_flight_answers_all),
    };

    is_strict = strict_read_arguments(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
