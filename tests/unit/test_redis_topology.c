/* SPDX-License-Identifier: MIT
 *
 * Where the servers are, as its thread finds it, with real sentinels and with impostors. */
#include "redis/redis_topology.h"

#include "base/clock.h"
#include "base/log.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/redis_sentinels.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <signal.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS  20
#define STOP_US       (2 * SECOND_US)
#define SENTINEL_USER "sluice-finder"
#define SENTINEL_WORD "open-sesame"
#define WORDS_MAX     32
#define URL_BYTES     512

static struct redis_topology *topology_as(const char *url, const char *sentinel_user,
                                          const char *sentinel_password)
{
    struct redis_topology_options options = {0};
    struct error error = {0};

    assert_true(redis_url_parse(text_of(url), &options.url, &error));
    (void)snprintf(options.sentinel_login.user, sizeof(options.sentinel_login.user), "%s",
                   sentinel_user);
    (void)snprintf(options.sentinel_login.password, sizeof(options.sentinel_login.password), "%s",
                   sentinel_password);
    return redis_topology_new(&options);
}

static struct redis_topology *topology_to(const char *url)
{
    return topology_as(url, "", "");
}

static struct redis_topology *started(const char *url)
{
    struct redis_topology *topology = topology_to(url);

    redis_topology_start(topology);
    return topology;
}

static void end(struct redis_topology *topology)
{
    assert_true(redis_topology_stop(topology, clock_monotonic_us() + STOP_US));
    redis_topology_free(topology);
}

/* The port of its only server; 0: none is known. */
static int port_in(struct redis_topology *topology)
{
    struct redis_map *map = redis_topology_map(topology);
    const int port = map->node_count == 0 ? 0 : map->nodes[0].endpoint.port;

    assert_true(map->node_count <= 1);
    redis_map_release(map);
    return port;
}

static bool names(struct redis_topology *topology, struct redis_sentinels *sentinels, size_t index)
{
    return port_in(topology) == redis_server_port(redis_sentinels_server(sentinels, index));
}

static void wait_until_it_names(struct redis_topology *topology, struct redis_sentinels *sentinels,
                                size_t index)
{
    WAIT_FOR (WAIT_SECONDS, names(topology, sentinels, index))
        ;
}

/* "redis-sentinel://" with the impostor first. */
static void url_with(const struct impostor *impostor, const char *others, char url[URL_BYTES])
{
    (void)snprintf(url, URL_BYTES, "redis-sentinel://%s%s", strstr(impostor->url, "127.0.0.1"),
                   others);
}

/* With the impostor as the only sentinel. */
static struct redis_topology *started_at(struct impostor *sentinel)
{
    char url[URL_BYTES];

    impostor_open(sentinel);
    impostor_listen(sentinel);
    url_with(sentinel, "/mymaster", url);
    return started(url);
}

/* The rest of such a URL: the first sentinel, and the master's name. */
static const char *others_at(const struct redis_sentinels *sentinels, const char *master,
                             char others[URL_BYTES])
{
    (void)snprintf(others, URL_BYTES, ",127.0.0.1:%d/%s", redis_sentinels_port(sentinels, 0),
                   master);
    return others;
}

/* How often the sentinel was asked so far. Each time it says that it knows no such master. */
static size_t asked(struct impostor *impostor)
{
    if (impostor->count < IMPOSTOR_CONNECTIONS_MAX)
        (void)impostor_rebuff(impostor, "+PONG\r\n*-1\r\n*-1\r\n");
    return impostor->count;
}

/* What a sentinel says in a look, if it names this server as the master, and tells nothing else. */
static void words_naming(const struct redis_server *master, char words[URL_BYTES])
{
    char port[16];
    const int digits = snprintf(port, sizeof(port), "%d", redis_server_port(master));

    (void)snprintf(words, URL_BYTES, "+PONG\r\n*0\r\n*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n*0\r\n",
                   digits, port);
}

static void a_single_server_is_known_at_once_and_is_not_doubted(void **state)
{
    struct redis_topology *topology = topology_to("redis://127.0.0.1:6380");
    struct error error = {0};
    (void)state;

    assert_int_equal(port_in(topology), 6380);
    assert_int_equal(redis_topology_version(topology), 1);
    assert_true(redis_topology_look(topology, &error));
    redis_topology_start(topology);
    redis_topology_doubt(topology, "a test");
    assert_int_equal(redis_topology_version(topology), 1);
    end(topology);
}

static void the_master_is_found_by_any_sentinel(void **state)
{
    struct redis_sentinels *sentinels = *state;
    struct impostor away;
    char url[URL_BYTES];
    char others[URL_BYTES];
    struct error error = {0};
    impostor_open(&away); /* it refuses */
    url_with(&away, others_at(sentinels, "mymaster", others), url);
    struct redis_topology *topology = topology_to(url);

    assert_int_equal(port_in(topology), 0);
    const bool found = redis_topology_look(topology, &error);

    assert_true(found);
    assert_true(names(topology, sentinels, 0));
    assert_int_equal(redis_topology_version(topology), 1);
    redis_topology_free(topology);
    impostor_close(&away);
}

static void a_failure_says_what_happened_at_each(void **state)
{
    struct redis_sentinels *sentinels = *state;
    struct impostor away;
    char url[URL_BYTES];
    char others[URL_BYTES];
    struct error error = {0};
    impostor_open(&away);
    url_with(&away, others_at(sentinels, "nobody", others), url);
    struct redis_topology *topology = topology_to(url);

    assert_false(redis_topology_look(topology, &error));

    assert_non_null(strstr(error.message, "refused; 127.0.0.1:"));
    assert_non_null(strstr(error.message, "it knows no master of this name"));
    redis_topology_free(topology);
    impostor_close(&away);
}

static void a_server_that_is_no_sentinel_is_said(void **state)
{
    struct redis_sentinels *sentinels = *state;
    char url[URL_BYTES];
    struct error error = {0};
    (void)snprintf(url, sizeof(url), "redis-sentinel://127.0.0.1:%d/mymaster",
                   redis_server_port(redis_sentinels_server(sentinels, 0)));
    struct redis_topology *topology = topology_to(url);

    assert_false(redis_topology_look(topology, &error));

    assert_non_null(strstr(error.message, "unknown command"));
    redis_topology_free(topology);
}

static void a_sentinel_that_names_a_replica_is_passed_over(void **state)
{
    struct redis_sentinels *sentinels = *state;
    struct impostor behind;
    char url[URL_BYTES];
    char others[URL_BYTES];
    char words[URL_BYTES];
    impostor_open(&behind);
    impostor_listen(&behind);
    url_with(&behind, others_at(sentinels, "mymaster", others), url);
    words_naming(redis_sentinels_server(sentinels, 1), words);
    struct redis_topology *topology = started(url);

    WAIT_FOR (WAIT_SECONDS, port_in(topology) != 0)
        (void)impostor_rebuff(&behind, words);

    assert_true(names(topology, sentinels, 0));
    assert_int_equal(behind.count, 1);
    end(topology);
    impostor_close(&behind);
}

static void sentinels_may_have_a_password_of_their_own(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(SENTINEL_WORD);
    const char *url = redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT);
    struct redis_topology *without = topology_to(url);
    struct redis_topology *with = topology_as(url, "", SENTINEL_WORD);
    struct error error = {0};
    (void)state;

    assert_false(redis_topology_look(without, &error));
    assert_non_null(strstr(error.message, "NOAUTH"));
    assert_true(redis_topology_look(with, &error));
    assert_true(names(with, sentinels, 0));

    redis_topology_free(without);
    redis_topology_free(with);
    redis_sentinels_stop(sentinels);
}

/* Gives a user the rights that docs/operations.md lists. */
static void grant_documented(struct redis_sentinels *sentinels, size_t index)
{
    const char *words[WORDS_MAX];
    char *text = scratch_read(OPERATIONS);
    char *place = NULL;
    int count = 0;

    assert_non_null(text);
    char *line = strstr(text, "ACL SETUSER " SENTINEL_USER " ");
    assert_non_null(line);
    line[strcspn(line, "\n")] = '\0';
    for (char *word = strtok_r(line, " ", &place); word != NULL;
         word = strtok_r(NULL, " ", &place)) {
        assert_true(count < WORDS_MAX);
        words[count++] = strcmp(word, ">PASSWORD") == 0 ? ">" SENTINEL_WORD : word;
    }
    redis_sentinels_command_words(sentinels, index, count, words);
    free(text);
}

static void the_documented_rights_suffice_at_the_sentinels(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    (void)state;
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        grant_documented(sentinels, i);
    struct redis_topology *topology =
        topology_as(redis_sentinels_url(sentinels, 1), SENTINEL_USER, SENTINEL_WORD);

    redis_topology_start(topology);
    wait_until_it_names(topology, sentinels, 0);
    redis_sentinels_kill(sentinels, 0);
    redis_sentinels_fail_over(sentinels, 1);
    wait_until_it_names(topology, sentinels, 1);

    for (size_t i = 1; i < REDIS_SENTINELS_COUNT; i++)
        assert_int_equal(redis_sentinels_refusals(sentinels, i), 0);
    end(topology);
    redis_sentinels_stop(sentinels);
}

static void a_failover_makes_a_new_version_and_is_told_to_watchers(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology =
        started(redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT));
    struct redis_watcher watcher = {.fd = eventfd(0, EFD_NONBLOCK)};
    struct redis_watcher gone = {.fd = eventfd(0, EFD_NONBLOCK)};
    eventfd_t told = 0;
    (void)state;
    wait_until_it_names(topology, sentinels, 0);
    const uint64_t version = redis_topology_version(topology);
    redis_topology_watch(topology, &watcher);
    redis_topology_watch(topology, &gone);
    redis_topology_unwatch(topology, &gone);

    redis_sentinels_fail_over(sentinels, 1);
    WAIT_FOR (WAIT_SECONDS, eventfd_read(watcher.fd, &told) == 0)
        ;

    assert_int_equal(told, 1);
    assert_int_equal(eventfd_read(gone.fd, &told), -1);
    assert_int_equal(redis_topology_version(topology), version + 1);
    assert_true(names(topology, sentinels, 1));
    redis_topology_unwatch(topology, &watcher);
    end(topology);
    (void)close(watcher.fd);
    (void)close(gone.fd);
    redis_sentinels_stop(sentinels);
}

/* The URL names only the sentinel that dies. */
static void a_learnt_sentinel_tells_of_a_failover_when_that_of_the_url_is_dead(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology = started(redis_sentinels_url(sentinels, 1));
    (void)state;
    wait_until_it_names(topology, sentinels, 0);

    redis_sentinels_kill(sentinels, 0);
    redis_server_kill(redis_sentinels_server(sentinels, 0));
    wait_until_it_names(topology, sentinels, 1);

    end(topology);
    redis_sentinels_stop(sentinels);
}

static void a_sentinel_that_hangs_does_not_hide_a_failover(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology =
        started(redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT));
    (void)state;
    wait_until_it_names(topology, sentinels, 0);

    redis_sentinels_pause(sentinels, 0);
    redis_sentinels_fail_over(sentinels, 1);
    wait_until_it_names(topology, sentinels, 1);

    redis_sentinels_continue(sentinels, 0);
    end(topology);
    redis_sentinels_stop(sentinels);
}

static void the_map_stays_when_no_sentinel_answers(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology =
        started(redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT));
    (void)state;
    wait_until_it_names(topology, sentinels, 0);
    const uint64_t version = redis_topology_version(topology);
    const uint64_t warnings = log_lines(LOG_WARN);

    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        redis_sentinels_kill(sentinels, i);
    WAIT_FOR (WAIT_SECONDS, log_lines(LOG_WARN) > warnings)
        redis_topology_doubt(topology, "a test");

    assert_int_equal(redis_topology_version(topology), version);
    assert_true(names(topology, sentinels, 0));
    end(topology);
    redis_sentinels_stop(sentinels);
}

static void a_doubt_leads_to_a_look(void **state)
{
    struct impostor sentinel;
    (void)state;
    struct redis_topology *topology = started_at(&sentinel);

    /* Without a doubt it looks again after half a second. */
    for (size_t looks = 1; looks < 5; looks++) {
        WAIT_FOR (WAIT_SECONDS, asked(&sentinel) >= looks)
            ;
        redis_topology_doubt(topology, "a test");
    }

    end(topology);
    impostor_close(&sentinel);
}

static void a_doubt_while_it_looks_leads_to_another_look(void **state)
{
    struct impostor sentinel;
    (void)state;
    struct redis_topology *topology = started_at(&sentinel);

    WAIT_FOR (WAIT_SECONDS, impostor_accept(&sentinel))
        ;
    redis_topology_doubt(topology, "a test");
    impostor_say(&sentinel, "+PONG\r\n*-1\r\n*-1\r\n");
    WAIT_FOR (WAIT_SECONDS, impostor_accept(&sentinel))
        ;

    end(topology);
    impostor_close(&sentinel);
}

/* Adds what has come to `heard`, and counts the PINGs in it. */
static int pings(int connection, char heard[URL_BYTES])
{
    const size_t length = strlen(heard);
    const ssize_t more = recv(connection, heard + length, URL_BYTES - 1 - length, MSG_DONTWAIT);
    int count = 0;

    if (more > 0)
        heard[length + (size_t)more] = '\0';
    for (const char *at = heard; (at = strstr(at, "PING")) != NULL; at++)
        count++;
    return count;
}

/* The first look asks twice, and then listens. The first PING greets. Another one comes when there
 * is nothing left to hear. */
static void a_storm_of_switches_is_answered_by_a_look_or_two(void **state)
{
    static const char subscribed[] =
        "+PONG\r\n*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n";
    static const char message[] = "*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n"
                                  "$32\r\nmymaster 127.0.0.1 1 127.0.0.1 2\r\n";
    struct impostor sentinel;
    char words[URL_BYTES];
    char heard[URL_BYTES] = "";
    words_naming(redis_sentinels_server(*state, 0), words);
    struct redis_topology *topology = started_at(&sentinel);
    WAIT_FOR (WAIT_SECONDS, impostor_rebuff(&sentinel, words) == 2)
        ;
    WAIT_FOR (WAIT_SECONDS, impostor_accept(&sentinel))
        ;
    impostor_say(&sentinel, subscribed);
    WAIT_FOR (WAIT_SECONDS, impostor_rebuff(&sentinel, words) == 4)
        ;

    const int ear = sentinel.connections[2];
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send(ear, message, strlen(message), MSG_NOSIGNAL), strlen(message));
    WAIT_FOR (WAIT_SECONDS, pings(ear, heard) == 2) {
        if (sentinel.count < IMPOSTOR_CONNECTIONS_MAX)
            (void)impostor_rebuff(&sentinel, words);
    }

    assert_in_range(sentinel.count, 5, 7);
    end(topology);
    impostor_close(&sentinel);
}

static void it_stops_while_sentinels_hang(void **state)
{
    struct impostor sentinel;
    (void)state;
    struct redis_topology *topology = started_at(&sentinel);
    WAIT_FOR (WAIT_SECONDS, impostor_accept(&sentinel))
        ;

    end(topology);

    impostor_close(&sentinel);
}

static void it_may_be_stopped_at_once_or_without_a_start(void **state)
{
    (void)state;

    for (int i = 0; i < 20; i++) {
        end(started("redis-sentinel://127.0.0.1:1/mymaster"));
        end(topology_to("redis-sentinel://127.0.0.1:1/mymaster"));
    }
}

static int open_sentinels(void **state)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as in the service: hiredis writes to closed sockets */
    if (sodium_init() < 0)
        return -1;
    *state = redis_sentinels_start(NULL);
    return 0;
}

static int close_sentinels(void **state)
{
    redis_sentinels_stop(*state);
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_server_is_known_at_once_and_is_not_doubted),
        cmocka_unit_test(the_master_is_found_by_any_sentinel),
        cmocka_unit_test(a_failure_says_what_happened_at_each),
        cmocka_unit_test(a_server_that_is_no_sentinel_is_said),
        cmocka_unit_test(a_sentinel_that_names_a_replica_is_passed_over),
        cmocka_unit_test(sentinels_may_have_a_password_of_their_own),
        cmocka_unit_test(the_documented_rights_suffice_at_the_sentinels),
        cmocka_unit_test(a_failover_makes_a_new_version_and_is_told_to_watchers),
        cmocka_unit_test(a_learnt_sentinel_tells_of_a_failover_when_that_of_the_url_is_dead),
        cmocka_unit_test(a_sentinel_that_hangs_does_not_hide_a_failover),
        cmocka_unit_test(the_map_stays_when_no_sentinel_answers),
        cmocka_unit_test(a_doubt_leads_to_a_look),
        cmocka_unit_test(a_doubt_while_it_looks_leads_to_another_look),
        cmocka_unit_test(a_storm_of_switches_is_answered_by_a_look_or_two),
        cmocka_unit_test(it_stops_while_sentinels_hang),
        cmocka_unit_test(it_may_be_stopped_at_once_or_without_a_start),
    };

    return cmocka_run_group_tests(tests, open_sentinels, close_sentinels);
}
