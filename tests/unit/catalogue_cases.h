/* SPDX-License-Identifier: MIT
 *
 * What every catalogue must do, run on each of them. */
#ifndef UNIT_CATALOGUE_CASES_H
#define UNIT_CATALOGUE_CASES_H

#include "catalogue/catalogue_backend.h"
#include "support/cmocka.h"

/* What may be stored of an app that no Sluice has written. */
enum catalogue_damage {
    DAMAGE_ID,         /* beside the app is another, with a NUL in its id */
    DAMAGE_NAME,       /* longer than any */
    DAMAGE_CREATED_AT, /* no number */
    DAMAGE_TIME,       /* created when no clock will be */
    DAMAGE_PAST,       /* a revision below the first */
    DAMAGE_REVISION,   /* no number, or one that is none of a catalogue's */
    DAMAGE_KEY,        /* too short */
    DAMAGE_KEYS,       /* 17 of them */
    DAMAGE_TYPE,       /* of what holds it, as far as there is one */
    DAMAGE_RANK,       /* a revision of the app itself that no other follows */
    DAMAGE_AHEAD,      /* a revision that is not yet due, but could be one */
    DAMAGE_LENGTH,     /* what holds its keys, or its name, is 65 MB long */
    DAMAGE_POLICIES,   /* many more of them than an app may have */
    DAMAGE_COUNT
};

/* Two instances on one empty store: the *state of each case. */
struct catalogue_pair {
    struct catalogue_backend *one;
    struct catalogue_backend *other;
    /* Damages the app behind the catalogue's back. */
    void (*damage)(struct catalogue_pair *pair, const char *app_id, enum catalogue_damage damage);
    /* Gives the app's policies of /a the last version there can be. */
    void (*exhaust)(struct catalogue_pair *pair, const char *app_id);
    /* Leaves no more of the app than what its key says. */
    void (*lose)(struct catalogue_pair *pair, const char *app_id);
};

/* A key digest that is all `byte`. */
struct key_digest sample_digest(uint8_t byte);

/* An app "app_<letter>..." named after the letter, with the key sample_digest(letter), which must
 * be new. Returns its id, valid until the next call. */
const char *sample_app(struct catalogue_backend *backend, char letter);

/* The pepper that is stored, which is *pepper if there was none: as an instance does at its start.
 * CATALOGUE_OK: it is there. */
enum catalogue_status settle_pepper(struct catalogue_backend *backend, struct pepper *pepper,
                                    struct error *error);

/* Asserts that it loads; one reference. */
struct app *load_app(struct catalogue_backend *backend, const char *app_id);

/* Runs all cases, each between `setup` and `teardown`; returns how many failed. */
int catalogue_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);

#endif
