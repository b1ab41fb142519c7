/* SPDX-License-Identifier: MIT
 *
 * The value is significand * 10^(zeros + power - digits behind the point). The significand never
 * ends with a zero. So a negative exponent means a fraction, and a value above the bound stays
 * above it. */
#include "base/decimal.h"

/* More than the digits that a text can have. A larger exponent changes nothing. */
#define POWER_MAX INT64_C(1000000000000)

struct decimal {
    int64_t significand;
    int64_t zeros; /* after the significand */
};

static bool sign_cut(struct text *rest);
static struct text exponent_cut(struct text *rest);
static bool digits_add(struct decimal *decimal, struct text digits);
static bool significand_extend(struct decimal *decimal, int64_t digit);
static bool power_parse(struct text exponent, int64_t *power);
static bool is_digit(char c);

bool decimal_parse_integer(struct text text, int64_t *value)
{
    struct decimal decimal = {0};
    struct text fraction = text;
    bool is_negative = sign_cut(&fraction);
    struct text exponent = exponent_cut(&fraction);
    struct text whole = text_cut(&fraction, '.');
    int64_t power = 0;

    if (text_parse_integer(text, value))
        return true;
    if (whole.length + fraction.length == 0 || !digits_add(&decimal, whole) ||
        !digits_add(&decimal, fraction) || !power_parse(exponent, &power))
        return false;

    power += decimal.zeros - (int64_t)fraction.length;
    if (decimal.significand != 0 && power < 0)
        return false;
    for (; decimal.significand != 0 && power > 0; power--) {
        if (!significand_extend(&decimal, 0))
            return false;
    }
    *value = is_negative ? -decimal.significand : decimal.significand;
    return true;
}

/* Takes the sign off. True if it is negative. */
static bool sign_cut(struct text *rest)
{
    bool is_negative = rest->length > 0 && rest->at[0] == '-';

    if (is_negative || (rest->length > 0 && rest->at[0] == '+')) {
        rest->at++;
        rest->length--;
    }
    return is_negative;
}

/* Takes the exponent off the end; absent if there is none. */
static struct text exponent_cut(struct text *rest)
{
    for (size_t i = 0; i < rest->length; i++) {
        if (rest->at[i] == 'e' || rest->at[i] == 'E') {
            struct text exponent = {rest->at + i + 1, rest->length - i - 1};

            rest->length = i;
            return exponent;
        }
    }
    return (struct text){0};
}

static bool digits_add(struct decimal *decimal, struct text digits)
{
    for (size_t i = 0; i < digits.length; i++) {
        if (!is_digit(digits.at[i]))
            return false;
        if (digits.at[i] == '0') {
            decimal->zeros += decimal->significand != 0;
            continue;
        }
        for (; decimal->zeros > 0; decimal->zeros--) {
            if (!significand_extend(decimal, 0))
                return false;
        }
        if (!significand_extend(decimal, digits.at[i] - '0'))
            return false;
    }
    return true;
}

static bool significand_extend(struct decimal *decimal, int64_t digit)
{
    if (decimal->significand > (DECIMAL_EXACT_MAX - digit) / 10)
        return false;
    decimal->significand = decimal->significand * 10 + digit;
    return true;
}

static bool power_parse(struct text exponent, int64_t *power)
{
    struct text digits = exponent;
    bool is_negative = sign_cut(&digits);
    int64_t sum = 0;

    if (text_is_absent(exponent))
        return true;
    for (size_t i = 0; i < digits.length; i++) {
        if (!is_digit(digits.at[i]))
            return false;
        if (sum < POWER_MAX)
            sum = sum * 10 + (digits.at[i] - '0');
    }
    *power = is_negative ? -sum : sum;
    return digits.length > 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
