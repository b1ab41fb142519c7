/* SPDX-License-Identifier: MIT */
#include "catalogue/catalogue_identity.h"

#include <sodium.h>

_Static_assert(sizeof(struct catalogue_identity) == 2 * GENERATION_BYTES + DIGEST_KEY_BYTES,
               "it is stored as it is");

static bool pepper_fits(const struct catalogue_held *held, const struct catalogue_mark *mark);
static bool has_fingerprint(const struct catalogue_identity *identity, const struct pepper *pepper);
static bool has_gone_back(const struct catalogue_held *held, const struct catalogue_mark *mark);
static bool is_made_since(const struct catalogue_held *held, const struct catalogue_mark *mark);
static bool generation_equal(const struct generation *a, const struct generation *b);

struct catalogue_identity catalogue_identity_new(const struct pepper *pepper,
                                                 const struct generation *before)
{
    struct digest_key fingerprint = digest_key_derive(pepper, TEXT("fingerprint"));
    struct catalogue_identity identity = {0};

    randombytes_buf(identity.generation.bytes, sizeof(identity.generation.bytes));
    if (before != NULL)
        identity.before = *before;
    memcpy(identity.fingerprint, fingerprint.bytes, sizeof(identity.fingerprint));
    return identity;
}

enum catalogue_verdict catalogue_identity_judge(const struct catalogue_held *held,
                                                const struct catalogue_mark *mark)
{
    if (!pepper_fits(held, mark))
        return VERDICT_FOREIGN;
    if (!mark->has_identity && !mark->has_pepper)
        return held->has_generation || held->has_seen_pepper ? VERDICT_EMPTY : VERDICT_UNMARKED;
    if (!mark->has_identity && held->has_generation)
        return mark->progress.age_us == 0 ? VERDICT_EMPTY : VERDICT_REPLACED;
    if (!mark->has_identity)
        return VERDICT_UNMARKED;
    if (!held->has_generation || generation_equal(&held->generation, &mark->identity.generation)) {
        if (!has_gone_back(held, mark))
            return VERDICT_KEPT;
        return mark->has_lost_list ? VERDICT_EMPTY : VERDICT_REPLACED;
    }
    if (generation_equal(&held->generation, &mark->identity.before) || is_made_since(held, mark))
        return VERDICT_RESTORED;
    return VERDICT_ANOTHER;
}

/* A process without a pepper takes the stored one if it is the catalogue's, because the catalogue
 * may be kept under a pepper that only other instances have configured. A configured pepper goes
 * before the stored one, as it did in 884fd83, which stored one while none was configured. */
static bool pepper_fits(const struct catalogue_held *held, const struct catalogue_mark *mark)
{
    const struct pepper *pepper = held->pepper;

    if (pepper == NULL && mark->has_pepper)
        pepper = &mark->pepper;
    if (pepper == NULL)
        return !mark->has_identity;
    if (held->is_configured && (mark->has_identity || !held->has_generation))
        return !mark->has_identity || has_fingerprint(&mark->identity, pepper);
    if (mark->has_pepper && sodium_memcmp(&mark->pepper, pepper, sizeof(*pepper)) != 0)
        return false;
    return !mark->has_identity || has_fingerprint(&mark->identity, pepper);
}

static bool has_fingerprint(const struct catalogue_identity *identity, const struct pepper *pepper)
{
    struct digest_key fingerprint = digest_key_derive(pepper, TEXT("fingerprint"));

    return sodium_memcmp(identity->fingerprint, fingerprint.bytes, sizeof(fingerprint.bytes)) == 0;
}

/* Revisions never go back, so the list of apps shows an older copy if no process has written to it.
 * If one has, the remembered writes show it. */
static bool has_gone_back(const struct catalogue_held *held, const struct catalogue_mark *mark)
{
    return mark->lacks_write || mark->progress.newest < held->seen.newest;
}

/* Whether all in it was written after the other one was last seen. This compares two spans of time,
 * and not two clocks; one part in a thousand allows for their speed. */
static bool is_made_since(const struct catalogue_held *held, const struct catalogue_mark *mark)
{
    return mark->progress.age_us <= held->unseen_us + held->unseen_us / 1000;
}

static bool generation_equal(const struct generation *a, const struct generation *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}
