/* SPDX-License-Identifier: MIT
 *
 * A hash table in stripes, each with its own lock, because every worker uses it twice for each
 * connection. The hash has a random key, so a client that chooses addresses cannot choose
 * collisions. */
#include "http/site_counts.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#define STRIPES 16
#define LOG_US  SECOND_US /* at most one line in this time */

struct site {
    struct site *next;
    struct ip_address address;
    unsigned count; /* never 0 */
};

struct stripe {
    pthread_mutex_t mutex;
    struct site **slots;
};

struct site_counts {
    struct digest_key key;
    unsigned each_max;
    size_t slot_count; /* of each stripe; a power of two */
    _Atomic int64_t logged_us;
    struct stripe stripes[STRIPES];
};

static uint64_t hash_of(const struct site_counts *counts, const struct ip_address *site);
static struct stripe *stripe_lock(struct site_counts *counts, uint64_t hash);
static struct site **stripe_find(const struct site_counts *counts, const struct stripe *stripe,
                                 uint64_t hash, const struct ip_address *address);
static void log_refusal(struct site_counts *counts, const struct ip_address *site);

struct site_counts *site_counts_new(size_t sites_max, unsigned each_max)
{
    struct site_counts *counts = MEMORY_NEW(struct site_counts);

    randombytes_buf(&counts->key, sizeof counts->key);
    counts->each_max = each_max;
    counts->slot_count = 1;
    while (counts->slot_count * STRIPES < sites_max)
        counts->slot_count *= 2;
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&counts->stripes[i].mutex, NULL);
        counts->stripes[i].slots = memory_new(counts->slot_count, sizeof(struct site *));
    }
    return counts;
}

void site_counts_free(struct site_counts *counts)
{
    if (!counts)
        return;
    for (size_t i = 0; i < STRIPES; i++) {
        for (size_t slot = 0; slot < counts->slot_count; slot++)
            ASSERT(!counts->stripes[i].slots[slot]);
        free(counts->stripes[i].slots);
        pthread_mutex_destroy(&counts->stripes[i].mutex);
    }
    free(counts);
}

bool site_counts_enter(struct site_counts *counts, const struct ip_address *site)
{
    uint64_t hash = hash_of(counts, site);
    struct stripe *stripe = stripe_lock(counts, hash);
    struct site **found = stripe_find(counts, stripe, hash, site);
    bool has_room;

    if (!*found) {
        *found = MEMORY_NEW(struct site);
        (*found)->address = *site;
    }
    has_room = (*found)->count < counts->each_max;
    (*found)->count += has_room;
    pthread_mutex_unlock(&stripe->mutex);
    if (!has_room)
        log_refusal(counts, site);
    return has_room;
}

void site_counts_leave(struct site_counts *counts, const struct ip_address *site)
{
    uint64_t hash = hash_of(counts, site);
    struct stripe *stripe = stripe_lock(counts, hash);
    struct site **found = stripe_find(counts, stripe, hash, site);
    struct site *left = *found;

    ASSERT(left && left->count > 0);
    if (--left->count == 0) {
        *found = left->next;
        free(left);
    }
    pthread_mutex_unlock(&stripe->mutex);
}

static uint64_t hash_of(const struct site_counts *counts, const struct ip_address *site)
{
    const struct text part = {(const char *)site->bytes, sizeof site->bytes};
    struct digest digest = digest_of(&counts->key, &part, 1);
    uint64_t hash;

    memcpy(&hash, digest.bytes, sizeof hash);
    return hash;
}

static struct stripe *stripe_lock(struct site_counts *counts, uint64_t hash)
{
    struct stripe *stripe = &counts->stripes[hash % STRIPES];

    pthread_mutex_lock(&stripe->mutex);
    return stripe;
}

/* The link to the site, or the link where it would be added. */
static struct site **stripe_find(const struct site_counts *counts, const struct stripe *stripe,
                                 uint64_t hash, const struct ip_address *address)
{
    struct site **link = &stripe->slots[hash / STRIPES & (counts->slot_count - 1)];

    while (*link && memcmp(&(*link)->address, address, sizeof *address) != 0)
        link = &(*link)->next;
    return link;
}

static void log_refusal(struct site_counts *counts, const struct ip_address *site)
{
    int64_t now_us = clock_monotonic_us();
    int64_t logged_us = atomic_load(&counts->logged_us);
    char address[IP_ADDRESS_SITE_BYTES];

    if (now_us - logged_us < LOG_US ||
        !atomic_compare_exchange_strong(&counts->logged_us, &logged_us, now_us))
        return;
    ip_address_write_site(site, address);
    log_write(LOG_WARN, "too many connections of one address", LOG_STRING("address", address),
              LOG_INTEGER("max", counts->each_max));
}
