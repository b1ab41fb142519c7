/* SPDX-License-Identifier: MIT */
#include "redis/redis_bounds.h"
#include "talk.h"

/* The bytes that hiredis reads at once. */
#define PIECE_BYTES   16384
#define ENDLESS_BYTES ((size_t)64 * 1024 * 1024)

/* One command has been sent. */
static void talk_begin(struct talk *talk)
{
    talk_open(talk, NULL, 0);
    redis_wire_send(&talk->wire, 1, (const char *[]){"PING"}, NULL);
}

static void a_reply_of_many_values_is_told(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin(&talk);

    impostor_say(&talk.impostor, "*1000\r\n");
    for (int i = 0; i < 1000; i++)
        impostor_say(&talk.impostor, ":1\r\n");
    WAIT_FOR (TALK_WAIT_SECONDS, talk_turn(&talk) && talk.replies == 1)
        ;

    assert_string_equal(talk.reason, "");
    talk_close(&talk);
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
    assert_true(talk_turn(&talk));

    assert_int_equal(before, 0);
    assert_int_equal(served, 1);
    assert_int_equal(talk.writes, 1);
    talk_close(&talk);
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
        WAIT_FOR (TALK_WAIT_SECONDS, talk_turn(&talk) && talk.reason[0] != '\0')
            ;

        assert_string_equal(talk.reason, REDIS_BOUNDS_PASSED);
        assert_int_equal(talk.replies, 0);
        talk_close(&talk);
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
        assert_true(talk_turn(&talk));
    }

    assert_true(said < ENDLESS_BYTES);
    assert_string_equal(talk.reason, REDIS_BOUNDS_PASSED);
    talk_close(&talk);
}

/* After the answer to the first command nobody waits for one. */
static void talk_begin_answered(struct talk *talk)
{
    talk_begin(talk);
    impostor_say(&talk->impostor, "+PONG\r\n");
    WAIT_FOR (TALK_WAIT_SECONDS, talk_turn(talk) && talk->replies == 1)
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
        WAIT_FOR (TALK_WAIT_SECONDS, talk_turn(&talk) && talk.reason[0] != '\0')
            ;

        assert_string_equal(talk.reason, REDIS_BOUNDS_UNASKED);
        assert_int_equal(talk.replies, 1);
        talk_close(&talk);
    }
}

static void a_second_answer_in_one_piece_with_the_first_ends_the_connection(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin(&talk);

    impostor_say(&talk.impostor, "+PONG\r\n:1\r\n");
    WAIT_FOR (TALK_WAIT_SECONDS, talk_turn(&talk) && talk.reason[0] != '\0')
        ;

    assert_string_equal(talk.reason, REDIS_BOUNDS_UNASKED);
    talk_close(&talk);
}

static void an_error_nobody_asked_for_is_the_reason_even_when_it_comes_in_pieces(void **state)
{
    struct talk talk;
    (void)state;
    talk_begin_answered(&talk);

    impostor_say(&talk.impostor, "-ERR max number of");
    assert_true(talk_turn(&talk));
    impostor_say(&talk.impostor, " clients reached\r\n");
    WAIT_FOR (TALK_WAIT_SECONDS, talk_turn(&talk) && talk.reason[0] != '\0')
        ;

    assert_string_equal(talk.reason, "ERR max number of clients reached");
    talk_close(&talk);
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
