/* SPDX-License-Identifier: MIT */
#include "limit_id.h"

#include "limit/algorithm.h"
#include "limit/by.h"
#include "limit/period.h"

#include <sodium.h>

static bool is_first_of_its_kind(const struct limit limits[], size_t count, size_t which);
static bool is_alike(const struct limit *a, const struct limit *b);
static uint64_t id_of(const struct limit *limit, const char *name);
static void add(crypto_generichash_state *hash, struct text text);

size_t limit_ids_make(struct limit limits[], size_t count, size_t *other)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_first = is_first_of_its_kind(limits, count, i);

        limits[i].id = id_of(&limits[i], is_first ? "" : limits[i].name);
        for (*other = 0; *other < i; (*other)++) {
            if (((limits[i].id ^ limits[*other].id) >> LIMIT_ID_SPARE_BITS) == 0)
                return i;
        }
    }
    return count;
}

static bool is_first_of_its_kind(const struct limit limits[], size_t count, size_t which)
{
    for (size_t i = 0; i < count; i++) {
        if (is_alike(&limits[i], &limits[which]) && strcmp(limits[i].name, limits[which].name) < 0)
            return false;
    }
    return true;
}

static bool is_alike(const struct limit *a, const struct limit *b)
{
    return by_equal(a->by, b->by) && strcmp(limit_measure(a), limit_measure(b)) == 0 &&
           a->algorithm == b->algorithm && a->window_us == b->window_us &&
           period_equal(a->period, b->period);
}

/* Stored states outlive the process, so the input of the hash stays what it is. It ends with four
 * parts, and none of them has a space in it. A period begins with a letter, a window with a digit.
 * So no two limits have the same input. */
static uint64_t id_of(const struct limit *limit, const char *name)
{
    char space[PERIOD_TEXT_BYTES_MAX];
    crypto_generichash_state hash;
    uint8_t digest[crypto_generichash_BYTES_MIN];
    uint64_t id = 0;

    (void)crypto_generichash_init(&hash, NULL, 0, sizeof(digest));
    if (limit->by == NULL)
        add(&hash, TEXT("-"));
    for (size_t i = 0; limit->by != NULL && i < limit->by->count; i++)
        add(&hash, limit->by->names[i]);
    add(&hash, text_of(limit_measure(limit)));
    add(&hash, text_of(algorithm_of(limit->algorithm)->name));
    if (limit->period != NULL)
        add(&hash, period_text(limit->period, space));
    else
        add(&hash, text_write_integer(limit->window_us, space));
    add(&hash, text_of(name));
    (void)crypto_generichash_final(&hash, digest, sizeof(digest));
    for (size_t i = 0; i < sizeof(id); i++)
        id |= (uint64_t)digest[i] << 8 * i;
    return id;
}

static void add(crypto_generichash_state *hash, struct text text)
{
    (void)crypto_generichash_update(hash, (const unsigned char *)text.at, text.length);
    (void)crypto_generichash_update(hash, (const unsigned char *)" ", 1);
}
