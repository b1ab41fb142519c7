/* SPDX-License-Identifier: MIT
 *
 * Where the servers are, as a look finds it, and what its sentinels demand. */
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/scratch.h"
#include "support/topologies.h"
#include "topology_case.h"

#define SENTINEL_USER "sluice-finder"
#define SENTINEL_WORD "open-sesame"
#define WORDS_MAX     32

static int port_of(const struct impostor *impostor)
{
    return endpoint_at(impostor->url).port;
}

static void a_single_server_is_known_at_once_and_is_not_doubted(void **state)
{
    struct redis_topology *topology = topology_to("redis://127.0.0.1:6380");
    struct error error = {0};
    (void)state;

    assert_int_equal(topology_port(topology), 6380);
    assert_int_equal(redis_topology_version(topology), 1);
    assert_true(redis_topology_look(topology, &error));
    redis_topology_start(topology);
    redis_topology_doubt(topology, "a test");
    assert_int_equal(redis_topology_version(topology), 1);
    topology_end(topology);
}

static void the_master_is_found_by_any_sentinel(void **state)
{
    struct redis_sentinels *sentinels = *state;
    struct impostor away;
    struct error error = {0};
    impostor_open(&away); /* it refuses */
    struct redis_topology *topology = topology_to_sentinels(
        port_of(&away), redis_sentinels_port(sentinels, 0), REDIS_SENTINELS_MASTER);

    assert_int_equal(topology_port(topology), 0);
    const bool found = redis_topology_look(topology, &error);

    assert_true(found);
    assert_true(topology_names(topology, sentinels, 0));
    assert_int_equal(redis_topology_version(topology), 1);
    redis_topology_free(topology);
    impostor_close(&away);
}

static void a_failure_says_what_happened_at_each(void **state)
{
    struct redis_sentinels *sentinels = *state;
    struct impostor away;
    struct error error = {0};
    impostor_open(&away);
    struct redis_topology *topology =
        topology_to_sentinels(port_of(&away), redis_sentinels_port(sentinels, 0), "nobody");

    assert_false(redis_topology_look(topology, &error));

    assert_non_null(strstr(error.message, "refused; 127.0.0.1:"));
    assert_non_null(strstr(error.message, "it knows no master of this name"));
    redis_topology_free(topology);
    impostor_close(&away);
}

static void a_server_that_is_no_sentinel_is_said(void **state)
{
    struct redis_sentinels *sentinels = *state;
    struct redis_topology *topology =
        topology_to_sentinel(redis_server_port(redis_sentinels_server(sentinels, 0)));
    struct error error = {0};

    assert_false(redis_topology_look(topology, &error));

    assert_non_null(strstr(error.message, "unknown command"));
    redis_topology_free(topology);
}

static void a_sentinel_that_names_a_replica_is_passed_over(void **state)
{
    struct redis_sentinels *sentinels = *state;
    struct impostor behind;
    char words[TOPOLOGY_WORDS_BYTES];
    impostor_open(&behind);
    impostor_listen(&behind);
    topology_words_naming(redis_sentinels_server(sentinels, 1), words);
    struct redis_topology *topology = topology_to_sentinels(
        port_of(&behind), redis_sentinels_port(sentinels, 0), REDIS_SENTINELS_MASTER);
    redis_topology_start(topology);

    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, topology_port(topology) != 0)
        (void)impostor_rebuff(&behind, words);

    assert_true(topology_names(topology, sentinels, 0));
    assert_int_equal(behind.count, 1);
    topology_end(topology);
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
    assert_true(topology_names(with, sentinels, 0));

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
    topology_wait_until_it_names(topology, sentinels, 0);
    redis_sentinels_kill(sentinels, 0);
    redis_sentinels_fail_over(sentinels, 1);
    topology_wait_until_it_names(topology, sentinels, 1);

    for (size_t i = 1; i < REDIS_SENTINELS_COUNT; i++)
        assert_int_equal(redis_sentinels_refusals(sentinels, i), 0);
    topology_end(topology);
    redis_sentinels_stop(sentinels);
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
    };

    return cmocka_run_group_tests(tests, topology_open_sentinels, topology_close_sentinels);
}
