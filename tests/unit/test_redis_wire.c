/* SPDX-License-Identifier: MIT */
#include "redis/redis_wire.h"

#include "redis/redis_bounds.h"
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <event2/event.h>

/* The bytes that hiredis reads at once. */
#define PIECE_BYTES   16384
#define ENDLESS_BYTES ((size_t)64 * 1024 * 1024)

/* A wire to an impostor, and what the wire has reported. */
struct talk {
    struct event_base *base;
    struct impostor impostor;
    struct redis_wire wire;
    size_t writes;
    size_t replies;
    char reason[128]; /* empty: not lost */
};

static void on_written(void *context)
{
    ((struct talk *)context)->writes++;
}

static void on_replied(void *context, const redisReply *reply)
{
    (void)reply;
    ((struct talk *)context)->replies++;
}

static void on_lost(void *context, const char *reason)
{
    struct talk *talk = context;

    (void)snprintf(talk->reason, sizeof(talk->reason), "%s", reason);
}

static const struct redis_wire_events events = {on_written, on_replied, on_lost};

static bool turn(struct talk *talk)
{
    return event_base_loop(talk->base, EVLOOP_NONBLOCK) >= 0;
}

/* One command has been sent. */
static void talk_begin(struct talk *talk)
{
    struct error error = {0};

    *talk = (struct talk){.base = event_base_new()};
    impostor_open(&talk->impostor);
    impostor_listen(&talk->impostor);
    const struct redis_endpoint endpoint = endpoint_at(talk->impostor.url);
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    const int fd = redis_dialer_dial(dialer, &endpoint, 10000, &error);
    redis_dialer_free(dialer);
    assert_true(fd >= 0);
    assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
    redis_wire_init(&talk->wire, talk->base, &events, talk);
    assert_true(redis_wire_open_give(&talk->wire, fd, NULL, "127.0.0.1", &error));
    WAIT_FOR (10, impostor_accept(&talk->impostor))
        ;
    redis_wire_send(&talk->wire, 1, (const char *[]){"PING"}, NULL);
}

static void talk_end(struct talk *talk)
{
    redis_wire_close(&talk->wire);
    impostor_close(&talk->impostor);
    event_base_free(talk->base);
}

static void a_reply_of_many_values_is_told(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin(&talk);

    impostor_say(&talk.impostor, "*1000\r\n");
    for (int i = 0; i < 1000; i++)
        impostor_say(&talk.impostor, ":1\r\n");
    WAIT_FOR (10, turn(&talk) && talk.replies == 1)
        ;

    assert_string_equal(talk.reason, "");
    talk_end(&talk);
}

static void what_is_sent_in_one_turn_is_written_once(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin(&talk);

    redis_wire_send(&talk.wire, 1, (const char *[]){"PING"}, NULL);
    const size_t before = talk.writes;
    redis_wire_serve(&talk.wire);
    const size_t served = talk.writes;
    redis_wire_serve(&talk.wire);
    assert_true(turn(&talk));

    assert_int_equal(before, 0);
    assert_int_equal(served, 1);
    assert_int_equal(talk.writes, 1);
    talk_end(&talk);
}

static void an_array_too_long_to_be_an_answer_ends_the_connection_at_its_head(void **state)
{
    static const char *const heads[] = {"*2147483647\r\n", "*1000000\r\n*1000000\r\n",
                                        "*500\r\n*600\r\n"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        struct talk talk;
        talk_begin(&talk);

        impostor_say(&talk.impostor, heads[i]);
        WAIT_FOR (10, turn(&talk) && talk.reason[0] != '\0')
            ;

        assert_string_equal(talk.reason, REDIS_BOUNDS_PASSED);
        assert_int_equal(talk.replies, 0);
        talk_end(&talk);
    }
}

static void a_string_that_does_not_end_ends_the_connection(void **state)
{
    char piece[PIECE_BYTES + 1];
    struct talk talk;
    size_t said = 0;
    (void)state;
    memset(piece, 'x', PIECE_BYTES);
    piece[PIECE_BYTES] = '\0';
    talk_begin(&talk);

    impostor_say(&talk.impostor, "$1000000000\r\n");
    for (; talk.reason[0] == '\0' && said < ENDLESS_BYTES; said += PIECE_BYTES) {
        impostor_say(&talk.impostor, piece);
        assert_true(turn(&talk));
    }

    assert_true(said < ENDLESS_BYTES);
    assert_string_equal(talk.reason, REDIS_BOUNDS_PASSED);
    talk_end(&talk);
}

/* After the answer to the first command nobody waits for one. */
static void talk_begin_answered(struct talk *talk)
{
    talk_begin(talk);
    impostor_say(&talk->impostor, "+PONG\r\n");
    WAIT_FOR (10, turn(talk) && talk->replies == 1)
        ;
}

static void an_answer_nobody_asked_for_ends_the_connection_when_it_begins(void **state)
{
    static const char *const words[] = {
        "+OK\r\n", ":1\r\n", "*2\r\n:1\r\n", "$-1\r\n", ":1", "$5\r\nhel", "*2\r\n", "+", "$"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct talk talk;
        talk_begin_answered(&talk);

        impostor_say(&talk.impostor, words[i]);
        WAIT_FOR (10, turn(&talk) && talk.reason[0] != '\0')
            ;

        assert_string_equal(talk.reason, REDIS_BOUNDS_UNASKED);
        assert_int_equal(talk.replies, 1);
        talk_end(&talk);
    }
}

static void a_second_answer_in_one_piece_with_the_first_ends_the_connection(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin(&talk);

    impostor_say(&talk.impostor, "+PONG\r\n:1\r\n");
    WAIT_FOR (10, turn(&talk) && talk.reason[0] != '\0')
        ;

    assert_string_equal(talk.reason, REDIS_BOUNDS_UNASKED);
    talk_end(&talk);
}

static void an_error_nobody_asked_for_is_the_reason_even_when_it_comes_in_pieces(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin_answered(&talk);

    impostor_say(&talk.impostor, "-ERR max number of");
    assert_true(turn(&talk));
    impostor_say(&talk.impostor, " clients reached\r\n");
    WAIT_FOR (10, turn(&talk) && talk.reason[0] != '\0')
        ;

    assert_string_equal(talk.reason, "ERR max number of clients reached");
    talk_end(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_of_many_values_is_told),
        cmocka_unit_test(what_is_sent_in_one_turn_is_written_once),
        cmocka_unit_test(an_array_too_long_to_be_an_answer_ends_the_connection_at_its_head),
        cmocka_unit_test(a_string_that_does_not_end_ends_the_connection),
        cmocka_unit_test(an_answer_nobody_asked_for_ends_the_connection_when_it_begins),
        cmocka_unit_test(a_second_answer_in_one_piece_with_the_first_ends_the_connection),
        cmocka_unit_test(an_error_nobody_asked_for_is_the_reason_even_when_it_comes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
