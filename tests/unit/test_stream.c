/* SPDX-License-Identifier: MIT */
#include "http/stream.h"

#include "support/cmocka.h"
#include "support/random.h"

/* No power of two, and no multiple of the sizes by which a buffer grows. */
#define BOUND        ((size_t)10007)
#define STEPS        50000
#define PIECES_BYTES 1500

static char page[2 * BOUND];

static int set_up(void **state)
{
    static struct stream stream;

    stream_init(&stream, BOUND);
    *state = &stream;
    return 0;
}

static int tear_down(void **state)
{
    stream_close(*state);
    return 0;
}

static void pieces_come_out_in_the_order_in_which_they_were_written(void **state)
{
    struct stream *stream = *state;
    char out[16];

    assert_true(stream_write(stream, TEXT("one ")));
    assert_true(stream_write(stream, TEXT("")));
    assert_true(stream_write(stream, TEXT("two")));

    assert_int_equal(stream_read(stream, out, 2), 2);
    assert_memory_equal(out, "on", 2);
    assert_int_equal(stream_read(stream, out, sizeof(out)), 5);
    assert_memory_equal(out, "e two", 5);
    assert_int_equal(stream_read(stream, out, sizeof(out)), 0);
}

static void a_piece_that_does_not_fit_is_refused_as_a_whole(void **state)
{
    struct stream *stream = *state;

    assert_true(stream_write(stream, (struct text){page, BOUND - 3}));

    assert_false(stream_write(stream, TEXT("four")));
    assert_true(stream_write(stream, TEXT("new")));
    assert_false(stream_write(stream, TEXT("x")));
    assert_int_equal(stream_read(stream, page, sizeof(page)), BOUND);
    assert_memory_equal(page + BOUND - 3, "new", 3);
    assert_true(stream_write(stream, TEXT("four")));
}

static void a_piece_longer_than_the_bound_never_fits(void **state)
{
    struct stream *stream = *state;

    assert_false(stream_write(stream, (struct text){page, BOUND + 1}));
    assert_true(stream_write(stream, (struct text){page, BOUND}));
}

static void what_was_read_to_the_end_keeps_little_memory(void **state)
{
    struct stream *stream = *state;
    size_t small;

    assert_true(stream_write(stream, TEXT("first")));
    small = stream->capacity;
    assert_true(stream_write(stream, (struct text){page, BOUND - 5}));
    assert_int_equal(stream->capacity, BOUND);

    assert_int_equal(stream_read(stream, page, BOUND - 1), BOUND - 1);
    assert_int_equal(stream->capacity, BOUND);
    assert_int_equal(stream_read(stream, page, 1), 1);

    assert_true(stream->capacity <= small);
}

/* The nth byte of all that is written tells its place. */
static char byte_at(size_t place)
{
    return (char)(place % 101);
}

static bool write_some(struct stream *stream, size_t written, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        page[i] = byte_at(written + i);
    return stream_write(stream, (struct text){page, bytes});
}

static void read_some(struct stream *stream, size_t read, size_t bytes)
{
    char out[PIECES_BYTES];

    assert_int_equal(stream_read(stream, out, bytes), bytes);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(out[i], byte_at(read + i));
}

static void whatever_is_written_and_read_nothing_is_lost_or_moved(void **state)
{
    struct stream *stream = *state;
    size_t written = 0;
    size_t read = 0;
    size_t refused = 0;

    random_begin(random_seed());
    for (size_t step = 0; step < STEPS; step++) {
        const size_t held = written - read;
        const size_t bytes = (size_t)random_below(PIECES_BYTES + 1);

        if (random_one_in(2)) {
            const bool fits = bytes <= BOUND - held;

            assert_int_equal(write_some(stream, written, bytes), fits);
            written += fits ? bytes : 0;
            refused += !fits;
        } else {
            const size_t read_now = bytes < held ? bytes : held;

            read_some(stream, read, read_now);
            read += read_now;
        }
    }

    assert_true(read > 100 * BOUND);
    assert_true(refused > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pieces_come_out_in_the_order_in_which_they_were_written),
        TEST(a_piece_that_does_not_fit_is_refused_as_a_whole),
        TEST(a_piece_longer_than_the_bound_never_fits),
        TEST(what_was_read_to_the_end_keeps_little_memory),
        TEST(whatever_is_written_and_read_nothing_is_lost_or_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
