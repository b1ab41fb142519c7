/* SPDX-License-Identifier: MIT
 *
 * How often each outcome came in some time, for each pair of route and role. A tally has at most
 * TALLY_PAIRS_MAX pairs, and no more than fit into TALLY_BYTES_MAX. Decisions for further pairs are
 * counted under the route and role "(other)". Beside them, for all pairs together: what was charged
 * in each measure, and how often each limit denied. A zeroed tally is empty. Not shared between
 * threads. */
#ifndef JOURNAL_TALLY_H
#define JOURNAL_TALLY_H

#include "base/buffer.h"
#include "journal/record.h"
#include "journal/sums.h"

#define TALLY_PAIRS_MAX  200
#define TALLY_BYTES_MAX  12288 /* packed, with counts below two million */
#define TALLY_PAIR_BYTES 20    /* of those, per pair besides its two texts */
#define TALLY_SUMS_BYTES (TALLY_SUMS * (SUMS_BYTES_MAX + 2)) /* at most, of packed sums */

/* Every decision is allowed or denied. The other outcomes say more about some decisions. */
enum tally_outcome {
    TALLY_ALLOWED,
    TALLY_DENIED,
    TALLY_SHADOW_DENIED,    /* allowed, and denied if the policy's mode were "enforce" */
    TALLY_CANDIDATE_DENIED, /* the policy's candidate would have denied it */
    TALLY_DEGRADED,         /* decided without the shared store */
    TALLY_OUTCOMES
};

extern const char *const tally_outcome_names[TALLY_OUTCOMES];

struct tally_entry {
    struct text route; /* borrowed, like `role` */
    struct text role;
    uint64_t counts[TALLY_OUTCOMES];
};

/* What a tally sums by name. Denials in shadow mode are among those by limit. */
enum tally_sum {
    TALLY_COST,      /* by measure: what allowed decisions charged to limits */
    TALLY_DENIED_BY, /* by limit; those of a plain rule have no name */
    TALLY_SUMS
};

/* Denials by limits that have no name. */
#define TALLY_UNNAMED "(unnamed)"

struct tally {
    int64_t minute; /* since 1970, the first of its time; only the owner uses it */
    struct tally_row *rows;
    char *texts;
    uint32_t count;
    uint32_t capacity; /* of rows: 0 or a power of two */
    uint32_t texts_length;
    uint32_t texts_capacity;
    uint32_t bytes; /* of TALLY_BYTES_MAX */
    bool has_other; /* one of `count` is "(other)", which is no pair */
    struct sums sums[TALLY_SUMS];
};

void tally_close(struct tally *tally);
/* Empties it, and keeps its space. */
void tally_clear(struct tally *tally);

/* Counts one decision. Allocates only when there are more pairs than ever since tally_close(). */
void tally_record(struct tally *tally, const struct record *record);
void tally_add(struct tally *tally, const struct tally_entry *entry);
/* Adds all of `from`. */
void tally_merge(struct tally *tally, const struct tally *from);

/* Goes through the entries in no order. *position must be 0 at first. False: there are no more. */
bool tally_next(const struct tally *tally, size_t *position, struct tally_entry *entry);

/* What a decision that charged something did in this measure, of which it was asked for `cost`: 0
 * if no limit counts it. */
uint64_t tally_cost(const struct record *record, struct text measure, int64_t cost);

/* Whether it is the entry of "(other)". */
bool tally_is_other(const struct tally_entry *entry);

/* What tally_close() would free. */
size_t tally_bytes(const struct tally *tally);

/* Packs the entries to bytes; takes one entry off the front of `packed`. False: there are no more,
 * or the rest is no entry. */
void tally_write(const struct tally *tally, struct buffer *buffer);
bool tally_read(struct text *packed, struct tally_entry *entry);

/* The same for the sums: packs them; adds those of `packed` to the tally. */
void tally_write_sums(const struct tally *tally, struct buffer *buffer);
void tally_add_sums(struct tally *tally, struct text packed);

#endif
