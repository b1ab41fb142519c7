/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"

#include "support/cmocka.h"
#include "support/random.h"

static void assert_integer(const char *number, int64_t expected)
{
    int64_t value = 7;

    if (!decimal_parse_integer(text_of(number), &value))
        fail_msg("%s was refused", number);
    if (value != expected)
        fail_msg("%s is %lld", number, (long long)value);
}

static void assert_none(const char *number)
{
    int64_t value = 7;

    if (decimal_parse_integer(text_of(number), &value))
        fail_msg("%s is %lld", number, (long long)value);
}

/* `before`, then `digit` `count` times, then `after`. */
static const char *with_many(const char *before, char digit, size_t count, const char *after)
{
    static char number[2048];
    size_t length = strlen(before);

    assert_true(length + count + strlen(after) < sizeof(number));
    memcpy(number, before, length);
    memset(number + length, digit, count);
    memcpy(number + length + count, after, strlen(after) + 1);
    return number;
}

static void a_number_whose_fraction_is_zero_is_an_integer(void **state)
{
    (void)state;

    assert_integer("1.0", 1);
    assert_integer("-1.0", -1);
    assert_integer("100.000", 100);
    assert_integer("1e2", 100);
    assert_integer("1E+2", 100);
    assert_integer("6.0e1", 60);
    assert_integer("0.1e1", 1);
    assert_integer("12.50e1", 125);
    assert_integer("1500e-2", 15);
    assert_integer("-10e-1", -1);
    assert_integer("1e0", 1);
    assert_integer("1e-0", 1);
    assert_integer("1e0000000000000000000000000000002", 100);
    assert_integer("0.000000000000000000000000000001e30", 1);
    assert_integer("1000000000000000000000000000000e-30", 1);
    assert_integer(with_many("1", '0', 1000, "e-1000"), 1);
    assert_integer(with_many("1.", '0', 1000, ""), 1);
    assert_integer(with_many("0.", '0', 999, "1e1000"), 1);
}

static void zero_is_zero_whatever_its_sign_and_exponent(void **state)
{
    (void)state;

    assert_integer("-0", 0);
    assert_integer("0.0", 0);
    assert_integer("-0.0", 0);
    assert_integer("0e0", 0);
    assert_integer("0.000e-99999999999999999999", 0);
    assert_integer("0e99999999999999999999", 0);
}

static void a_fraction_however_small_is_none(void **state)
{
    (void)state;

    assert_none("1.5");
    assert_none("0.5");
    assert_none("1e-1");
    assert_none("-1e-1");
    assert_none("11e-1");
    assert_none("1e-400");
    assert_none("1e-99999999999999999999");
    assert_none("9007199254740991.4");
    assert_none("1.00000000000000000000000000000000000001");
    assert_none(with_many("1.", '0', 1000, "1"));
}

static void a_number_is_told_exactly_up_to_two_to_the_53rd(void **state)
{
    (void)state;

    assert_integer("9007199254740991.0", INT64_C(9007199254740991));
    assert_integer("9007199254740992.0", INT64_C(9007199254740992));
    assert_integer("-9007199254740992.0", -INT64_C(9007199254740992));
    assert_integer("9.007199254740992e15", INT64_C(9007199254740992));
    assert_none("9007199254740993.0");
    assert_none("-9007199254740993.0");
    assert_none("9007199254740994.0");
    assert_none("9.007199254740993e15");
    assert_none("9007199254740992.5");
    assert_none("1e16");
    assert_none("9223372036854775807.0");
    assert_none("9223372036854775808.0");
    assert_none("9.223372036854775808e18");
    assert_none("1e400");
    assert_none("1e99999999999999999999");
    assert_none(with_many("", '9', 1000, ".0"));
}

static void plain_digits_have_64_bits(void **state)
{
    (void)state;

    assert_integer("9007199254740993", INT64_C(9007199254740993));
    assert_integer("9223372036854775807", INT64_MAX);
    assert_integer("-9223372036854775808", INT64_MIN);
    assert_none("9223372036854775808");
    assert_none("-9223372036854775809");
}

static void what_yaml_writes_besides_is_read_too(void **state)
{
    (void)state;

    assert_integer("+1.0", 1);
    assert_integer("5.", 5);
    assert_integer(".5e1", 5);
    assert_none(".5");
}

static void what_is_no_number_is_none(void **state)
{
    static const char *const texts[] = {"",    "-",   "+",    ".",      "e1",    ".e1",   "1e",
                                        "1e+", "1e-", "1.0x", "1x.0",   "1.2.3", "1e1e1", "1e1.0",
                                        "--1", "+-1", "0x1",  "1.0e1 ", " 1.0",  "inf",   "nan"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_none(texts[i]);
    assert_none(NULL);
}

/* The same integer with another exponent and more zeros. */
static void an_integer_is_found_however_it_is_written(void **state)
{
    (void)state;
    random_begin(random_seed());

    for (int i = 0; i < 20000; i++) {
        int64_t integer = random_below(DECIMAL_EXACT_MAX + 1) >> random_below(53);
        int point = (int)random_below(30);
        char digits[64];
        char number[160];

        (void)snprintf(digits, sizeof(digits), "%048lld", (long long)integer);
        size_t whole = 48 - (size_t)point;
        (void)snprintf(number, sizeof(number), "-%.*s.%s%.*se%d", (int)whole, digits,
                       digits + whole, (int)random_below(9), "00000000", point);

        assert_integer(number, -integer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_whose_fraction_is_zero_is_an_integer),
        cmocka_unit_test(zero_is_zero_whatever_its_sign_and_exponent),
        cmocka_unit_test(a_fraction_however_small_is_none),
        cmocka_unit_test(a_number_is_told_exactly_up_to_two_to_the_53rd),
        cmocka_unit_test(plain_digits_have_64_bits),
        cmocka_unit_test(what_yaml_writes_besides_is_read_too),
        cmocka_unit_test(what_is_no_number_is_none),
        cmocka_unit_test(an_integer_is_found_however_it_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
