/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <ctype.h>

#define LENGTH_MAX        40
#define LENGTH_PER_CHANGE 3

static size_t distance_of(struct text a, struct text b);
static bool is_same(char a, char b);
static size_t least(size_t a, size_t b);

void nearest_init(struct nearest *nearest, struct text word)
{
    *nearest = (struct nearest){.word = word, .distance = SIZE_MAX};
}

void nearest_try(struct nearest *nearest, const char *known)
{
    const struct text other = text_of(known);

    if (nearest->word.length > LENGTH_MAX || other.length > LENGTH_MAX)
        return;

    const size_t distance = distance_of(nearest->word, other);

    if (distance >= nearest->distance || distance * LENGTH_PER_CHANGE > other.length)
        return;
    nearest->found = known;
    nearest->distance = distance;
}

/* Makes the usual table row by row. rows[i % 3][j] is the distance from the first i characters of
 * `a` to the first j of `b`. */
static size_t distance_of(struct text a, struct text b)
{
    size_t rows[3][LENGTH_MAX + 1];

    for (size_t j = 0; j <= b.length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t *const row = rows[i % 3];
        const size_t *const above = rows[(i - 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            row[j] = above[j - 1] + !is_same(a.at[i - 1], b.at[j - 1]);
            row[j] = least(row[j], 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && is_same(a.at[i - 1], b.at[j - 2]) &&
                is_same(a.at[i - 2], b.at[j - 1]))
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a.length % 3][b.length];
}

static bool is_same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}
