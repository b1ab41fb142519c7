/* SPDX-License-Identifier: MIT
 *
 * When a thread looks for the servers again, and that it can be stopped. */
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/topologies.h"
#include "topology_case.h"

#include <sys/socket.h>

#define HEARD_BYTES 512

/* With the impostor as the only sentinel. */
static struct redis_topology *started_at(struct impostor *sentinel)
{
    impostor_open(sentinel);
    impostor_listen(sentinel);
    struct redis_topology *topology = topology_to_sentinel(endpoint_at(sentinel->url).port);
    redis_topology_start(topology);
    return topology;
}

/* How often the sentinel was asked so far. Each time it says that it knows no such master. */
static size_t asked(struct impostor *impostor)
{
    if (impostor->count < IMPOSTOR_CONNECTIONS_MAX)
        (void)impostor_rebuff(impostor, "+PONG\r\n*-1\r\n*-1\r\n");
    return impostor->count;
}

static void a_doubt_leads_to_a_look(void **state)
{
    struct impostor sentinel;
    (void)state;
    struct redis_topology *topology = started_at(&sentinel);

    /* Without a doubt it looks again after half a second. */
    for (size_t looks = 1; looks < 5; looks++) {
        WAIT_FOR (TOPOLOGY_WAIT_SECONDS, asked(&sentinel) >= looks)
            ;
        redis_topology_doubt(topology, "a test");
    }

    topology_end(topology);
    impostor_close(&sentinel);
}

static void a_doubt_while_it_looks_leads_to_another_look(void **state)
{
    struct impostor sentinel;
    (void)state;
    struct redis_topology *topology = started_at(&sentinel);

    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, impostor_accept(&sentinel))
        ;
    redis_topology_doubt(topology, "a test");
    impostor_say(&sentinel, "+PONG\r\n*-1\r\n*-1\r\n");
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, impostor_accept(&sentinel))
        ;

    topology_end(topology);
    impostor_close(&sentinel);
}

/* Adds what has come to `heard`, and counts the PINGs in it. */
static int pings(int connection, char heard[HEARD_BYTES])
{
    const size_t length = strlen(heard);
    const ssize_t more = recv(connection, heard + length, HEARD_BYTES - 1 - length, MSG_DONTWAIT);
    int count = 0;

    if (more > 0)
        heard[length + (size_t)more] = '\0';
    for (const char *at = heard; (at = strstr(at, "PING")) != NULL; at++)
        count++;
    return count;
}

/* The first look asks once, and then listens. The first PING greets. Another one comes when there
 * is nothing left to hear. */
static void a_storm_of_switches_is_answered_by_a_look_or_two(void **state)
{
    static const char subscribed[] =
        "+PONG\r\n*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n";
    static const char message[] = "*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n"
                                  "$32\r\nmymaster 127.0.0.1 1 127.0.0.1 2\r\n";
    struct impostor sentinel;
    char words[TOPOLOGY_WORDS_BYTES];
    char heard[HEARD_BYTES] = "";
    (void)state;
    topology_words_naming(server, words);
    struct redis_topology *topology = started_at(&sentinel);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, impostor_rebuff(&sentinel, words) == 1)
        ;
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, impostor_accept(&sentinel))
        ;
    impostor_say(&sentinel, subscribed);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, impostor_rebuff(&sentinel, words) == 3)
        ;

    const int ear = sentinel.connections[1];
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send(ear, message, strlen(message), MSG_NOSIGNAL), strlen(message));
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, pings(ear, heard) == 2) {
        if (sentinel.count < IMPOSTOR_CONNECTIONS_MAX)
            (void)impostor_rebuff(&sentinel, words);
    }

    assert_in_range(sentinel.count, 4, 6);
    topology_end(topology);
    impostor_close(&sentinel);
}

static void it_stops_while_sentinels_hang(void **state)
{
    struct impostor sentinel;
    (void)state;
    struct redis_topology *topology = started_at(&sentinel);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, impostor_accept(&sentinel))
        ;

    topology_end(topology);

    impostor_close(&sentinel);
}

static void it_may_be_stopped_at_once_or_without_a_start(void **state)
{
    (void)state;

    for (int i = 0; i < 20; i++) {
        topology_end(topology_started("redis-sentinel://127.0.0.1:1/mymaster"));
        topology_end(topology_to("redis-sentinel://127.0.0.1:1/mymaster"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_doubt_leads_to_a_look),
        cmocka_unit_test(a_doubt_while_it_looks_leads_to_another_look),
        cmocka_unit_test(a_storm_of_switches_is_answered_by_a_look_or_two),
        cmocka_unit_test(it_stops_while_sentinels_hang),
        cmocka_unit_test(it_may_be_stopped_at_once_or_without_a_start),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
