/* SPDX-License-Identifier: MIT
 *
 * SplitMix64. */
#include "support/random.h"

#include "support/cmocka.h"

#include <sodium.h>

static uint64_t random_state;

uint64_t random_seed(void)
{
    const char *given = getenv("SLUICE_TEST_SEED");
    uint64_t seed = given == NULL ? randombytes_random() : strtoull(given, NULL, 10);

    print_message("SLUICE_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

void random_begin(uint64_t seed)
{
    random_state = seed;
}

uint64_t random_next(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

int64_t random_below(int64_t limit)
{
    return (int64_t)(random_next(&random_state) % (uint64_t)limit);
}

int64_t random_of_any_size(int64_t max)
{
    int bits = 0;

    while (max >> bits > 0)
        bits++;
    int64_t number = random_below(INT64_C(1) << random_below(bits + 1));

    return number < max ? number : max;
}

bool random_one_in(int64_t count)
{
    return random_below(count) == 0;
}
