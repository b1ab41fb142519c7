/* SPDX-License-Identifier: MIT
 *
 * Sentinels that answer, but byte by byte. */
#include "base/clock.h"
#include "support/cmocka.h"
#include "support/fault_proxy.h"
#include "support/impostor.h"
#include "support/topologies.h"
#include "topology_case.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define BYTE_MS 20
/* What the service gives it. */
#define STOP_US (4 * SECOND_US)

/* Keeps to itself how long its answer is. */
struct trickle {
    struct impostor impostor;
    pthread_t thread;
    atomic_bool is_over;
};

/* Its whole answers would take half a minute. */
static void a_sentinel_that_answers_byte_by_byte_is_given_up(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    const struct fault_proxy_options options = {.port = redis_sentinels_port(sentinels, 0)};
    struct fault_proxy *proxy = fault_proxy_start(&options);
    struct redis_topology *topology = topology_to_sentinel(fault_proxy_port(proxy));
    struct error error = {0};
    (void)state;

    fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, BYTE_MS);
    assert_false(redis_topology_look(topology, &error));
    assert_non_null(strstr(error.message, "no answer within"));
    fault_proxy_set(proxy, FAULT_PROXY_PASS, 0);
    assert_true(redis_topology_look(topology, &error));

    redis_topology_free(topology);
    fault_proxy_stop(proxy);
    redis_sentinels_stop(sentinels);
}

/* Runs in a thread, because the topology's end is waited for. */
static void *speak(void *context)
{
    static const char words[] = "+PONG\r\n$100000\r\n";
    struct trickle *trickle = context;

    for (size_t i = 0; !atomic_load(&trickle->is_over); i++) {
        const char byte = i < strlen(words) ? words[i] : 'x';

        (void)send(trickle->impostor.connections[0], &byte, 1, MSG_NOSIGNAL);
        (void)poll(NULL, 0, BYTE_MS);
    }
    return NULL;
}

static void it_stops_while_a_sentinel_answers_byte_by_byte(void **state)
{
    struct trickle trickle = {.is_over = false};
    (void)state;
    impostor_open(&trickle.impostor);
    impostor_listen(&trickle.impostor);
    struct redis_topology *topology = topology_to_sentinel(endpoint_at(trickle.impostor.url).port);
    redis_topology_start(topology);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, impostor_accept(&trickle.impostor))
        ;
    assert_int_equal(pthread_create(&trickle.thread, NULL, speak, &trickle), 0);

    const bool has_stopped = redis_topology_stop(topology, clock_monotonic_us() + STOP_US);

    assert_true(has_stopped);
    atomic_store(&trickle.is_over, true);
    assert_int_equal(pthread_join(trickle.thread, NULL), 0);
    redis_topology_free(topology);
    impostor_close(&trickle.impostor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentinel_that_answers_byte_by_byte_is_given_up),
        cmocka_unit_test(it_stops_while_a_sentinel_answers_byte_by_byte),
    };

    return cmocka_run_group_tests(tests, redis_group_prepare, redis_group_close);
}
