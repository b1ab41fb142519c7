/* SPDX-License-Identifier: MIT
 *
 * Tells one catalogue from another: each has a random generation beside the pepper. A catalogue
 * that was lost and put back, or replaced, has another generation. An older copy has the same one,
 * but lacks the newest writes. Any thread. */
#ifndef CATALOGUE_CATALOGUE_IDENTITY_H
#define CATALOGUE_CATALOGUE_IDENTITY_H

#include "base/digest.h"

#define GENERATION_BYTES 16

/* Random and without order, so that a wrong clock at its making does not matter. */
struct generation {
    uint8_t bytes[GENERATION_BYTES];
};

/* As it is stored, byte by byte. A pepper from the configuration is not stored; the fingerprint
 * shows whether it is the right one, without revealing it. */
struct catalogue_identity {
    struct generation generation;
    struct generation before; /* the one that it was put back from; all zeros: none */
    uint8_t fingerprint[DIGEST_KEY_BYTES];
};

/* How far a catalogue has come, as revisions; 0 is none. The last CATALOGUE_WRITES_MAX writes are
 * remembered, except those of an older version of Sluice. */
struct catalogue_progress {
    int64_t newest;  /* of any app, also a deleted one */
    int64_t written; /* the last remembered write */
    int64_t age_us;  /* of the oldest remembered write, by the clock of the backend */
};

#define RESTORER_BYTES 96

/* The instance that puts apps back into it. */
struct catalogue_restorer {
    char name[RESTORER_BYTES]; /* "": none, or it has finished */
    bool is_at_it;             /* else it has died, or hangs */
};

/* What is stored of all this, at one moment. */
struct catalogue_mark {
    bool has_pepper;
    bool has_identity;      /* an older version writes none */
    bool is_pepper_damaged; /* the stored value is no pepper, and counts as none */
    bool is_identity_damaged;
    bool lacks_write;   /* it does not have the write that was asked for */
    bool has_lost_list; /* revisions were given, but no app is listed */
    struct pepper pepper;
    struct catalogue_identity identity;
    struct catalogue_progress progress;
    struct catalogue_restorer restorer;
};

/* What a process knows. */
struct catalogue_held {
    const struct pepper *pepper; /* NULL: none yet */
    bool is_configured;          /* the pepper is configured, so it need not be stored */
    bool has_seen_pepper;        /* it was stored there, before this look */
    bool has_generation;         /* false if none could be written yet */
    struct generation generation;
    struct catalogue_progress seen; /* of this generation; `written` is what is asked for */
    int64_t unseen_us;              /* since it was last seen, by the process' own clock */
};

enum catalogue_verdict {
    VERDICT_KEPT,     /* the catalogue that the process knows, or the first one that it sees */
    VERDICT_UNMARKED, /* same pepper or nothing at all, and no identity: it must be marked */
    VERDICT_EMPTY,    /* what the process knows is gone: everything, or all apps */
    VERDICT_RESTORED, /* another process has put it back, or has made a new one */
    VERDICT_REPLACED, /* an older copy of it is there, or one without an identity */
    VERDICT_ANOTHER,  /* another one under the same pepper is there, which existed before */
    VERDICT_FOREIGN   /* one under another pepper is there */
};

/* An identity under this pepper, with a new generation. `before` may be NULL. */
struct catalogue_identity catalogue_identity_new(const struct pepper *pepper,
                                                 const struct generation *before);

enum catalogue_verdict catalogue_identity_judge(const struct catalogue_held *held,
                                                const struct catalogue_mark *mark);

#endif
