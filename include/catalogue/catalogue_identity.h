/* SPDX-License-Identifier: MIT
 *
 * Which catalogue this is: a generation of its own beside the pepper. One that was lost and put
 * back, or replaced, has another; an older copy has the same one, but not the newest writes. Any
 * thread. */
#ifndef CATALOGUE_CATALOGUE_IDENTITY_H
#define CATALOGUE_CATALOGUE_IDENTITY_H

#include "base/digest.h"

#define GENERATION_BYTES 16

/* Random. In no order, so that a clock that was wrong when a catalogue was made has no say. */
struct generation {
    uint8_t bytes[GENERATION_BYTES];
};

/* As it is stored, byte by byte. The fingerprint tells of a pepper that is not stored, because it
 * comes from the configuration, whether it is the right one; it does not tell the pepper. */
struct catalogue_identity {
    struct generation generation;
    struct generation before; /* what it was put back from; all zeros: it was not */
    uint8_t fingerprint[DIGEST_KEY_BYTES];
};

/* How far a catalogue has come: as revisions, 0 for none. The last CATALOGUE_WRITES_MAX writes are
 * remembered, but for those of an older version. */
struct catalogue_progress {
    int64_t newest;  /* that any app has, also one that is deleted */
    int64_t written; /* the last write that is remembered */
    int64_t age_us; /* since the oldest one that is remembered, by the clock of whoever stores it */
};

#define RESTORER_BYTES 96

/* Who puts apps back into it. */
struct catalogue_restorer {
    char name[RESTORER_BYTES]; /* "": nobody, or all have ended */
    bool is_at_it;             /* otherwise it has died, or hangs */
};

/* What is stored of all that, at one moment. */
struct catalogue_mark {
    bool has_pepper;
    bool has_identity;      /* an older version writes none */
    bool is_pepper_damaged; /* there is something else in its place, which counts as none */
    bool is_identity_damaged;
    bool lacks_write;   /* the write that was asked for is none of it */
    bool has_lost_list; /* revisions were given, and no app is listed */
    struct pepper pepper;
    struct catalogue_identity identity;
    struct catalogue_progress progress;
    struct catalogue_restorer restorer;
};

/* What a process goes by. */
struct catalogue_held {
    const struct pepper *pepper; /* NULL: none yet */
    bool is_configured;          /* the pepper is, so that none needs to be stored */
    bool has_seen_pepper;        /* stored there, before this look */
    bool has_generation;         /* not where none could be written yet */
    struct generation generation;
    struct catalogue_progress seen; /* of this generation; `written` is what was asked for */
    int64_t unseen_us;              /* since it was seen last, by the process' own clock */
};

enum catalogue_verdict {
    VERDICT_KEPT,     /* the catalogue that the process knows, or the first that it sees */
    VERDICT_UNMARKED, /* the same pepper, or nothing at all, and no identity: to be marked */
    VERDICT_EMPTY,    /* what the process knows is gone: all, or all apps */
    VERDICT_RESTORED, /* another process has put it back, or made one anew since */
    VERDICT_REPLACED, /* there is an older copy of it, or one without an identity */
    VERDICT_ANOTHER,  /* there is another one under the same pepper, which was there before */
    VERDICT_FOREIGN   /* there is one under another pepper */
};

/* Under this pepper, with a generation of its own. `before` may be NULL. */
struct catalogue_identity catalogue_identity_new(const struct pepper *pepper,
                                                 const struct generation *before);

enum catalogue_verdict catalogue_identity_judge(const struct catalogue_held *held,
                                                const struct catalogue_mark *mark);

#endif
