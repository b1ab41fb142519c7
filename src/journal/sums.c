/* SPDX-License-Identifier: MIT
 *
 * There are so few that they are looked through one by one. */
#include "journal/sums.h"

#include "base/memory.h"
#include "journal/packed.h"

#define CAPACITY_MIN 2
#define OTHER        TEXT("(other)")

static struct sum *find(const struct sums *sums, struct text name);
static struct sum *add_name(struct sums *sums, struct text name);
static bool has_other(const struct sums *sums);

uint64_t sums_plus(uint64_t a, uint64_t b)
{
    return a >= SUMS_VALUE_MAX || b >= SUMS_VALUE_MAX - a ? SUMS_VALUE_MAX : a + b;
}

void sums_close(struct sums *sums)
{
    free(sums->at);
    *sums = (struct sums){0};
}

void sums_clear(struct sums *sums)
{
    sums->count = 0;
}

size_t sums_bytes(const struct sums *sums)
{
    return sums->capacity * sizeof sums->at[0];
}

void sums_add(struct sums *sums, struct text name, uint64_t value)
{
    struct sum *sum = find(sums, name);

    if (sum == NULL)
        sum = add_name(sums, name);
    sum->value = sums_plus(sum->value, value);
}

void sums_merge(struct sums *sums, const struct sums *from)
{
    for (uint32_t i = 0; i < from->count; i++)
        sums_add(sums, (struct text){from->at[i].name, from->at[i].length}, from->at[i].value);
}

void sums_write(const struct sums *sums, struct buffer *buffer)
{
    for (uint32_t i = 0; i < sums->count; i++) {
        packed_write_text(buffer, (struct text){sums->at[i].name, sums->at[i].length});
        packed_write_integer(buffer, sums->at[i].value);
    }
}

void sums_add_packed(struct sums *sums, struct text packed)
{
    struct text name;
    uint64_t value;

    while (packed_read_text(&packed, SUMS_NAME_BYTES_MAX, &name) &&
           packed_read_integer(&packed, &value))
        sums_add(sums, name, value);
}

static struct sum *find(const struct sums *sums, struct text name)
{
    for (uint32_t i = 0; i < sums->count; i++) {
        if (text_equal((struct text){sums->at[i].name, sums->at[i].length}, name))
            return &sums->at[i];
    }
    return NULL;
}

/* "(other)" has a place of its own beyond SUMS_MAX. */
static struct sum *add_name(struct sums *sums, struct text name)
{
    const bool is_other = text_equal(name, OTHER);

    if (!is_other &&
        (name.length > SUMS_NAME_BYTES_MAX || sums->count - has_other(sums) >= SUMS_MAX)) {
        struct sum *other = find(sums, OTHER);

        return other != NULL ? other : add_name(sums, OTHER);
    }
    if (sums->count == sums->capacity) {
        sums->capacity = sums->capacity == 0 ? CAPACITY_MIN : 2 * sums->capacity;
        sums->at = memory_resize(sums->at, sums->capacity * sizeof sums->at[0]);
    }

    struct sum *sum = &sums->at[sums->count++];

    *sum = (struct sum){.length = (uint8_t)name.length};
    if (name.length > 0)
        memcpy(sum->name, name.at, name.length);
    return sum;
}

static bool has_other(const struct sums *sums)
{
    return find(sums, OTHER) != NULL;
}
