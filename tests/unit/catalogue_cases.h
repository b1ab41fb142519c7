/* SPDX-License-Identifier: MIT
 *
 * What every catalogue must do. The cases run on each of them. */
#ifndef UNIT_CATALOGUE_CASES_H
#define UNIT_CATALOGUE_CASES_H

#include "catalogue/catalogue_backend.h"
#include "support/cmocka.h"

/* What the store may hold of an app though no Sluice has written it. */
enum catalogue_damage {
    DAMAGE_ID,         /* a second app is there, with a NUL in its id */
    DAMAGE_NAME,       /* longer than any name may be */
    DAMAGE_CREATED_AT, /* not a number */
    DAMAGE_TIME,       /* a time that no clock will reach */
    DAMAGE_PAST,       /* a revision below the first */
    DAMAGE_REVISION,   /* not a number, or none that a catalogue gives */
    DAMAGE_KEY,        /* a key that is too short */
    DAMAGE_KEYS,       /* 17 keys */
    DAMAGE_TYPE,       /* the type of what holds the app, if that has a type */
    DAMAGE_RANK,       /* the app's own revision has no successor */
    DAMAGE_AHEAD,      /* a revision of the future, but a possible one */
    DAMAGE_LENGTH,     /* what holds its keys or its name is 65 MB long */
    DAMAGE_POLICIES,   /* many more policies than an app may have */
    DAMAGE_COUNT
};

/* Two instances on one store, empty at first: the *state of each case. */
struct catalogue_pair {
    struct catalogue_backend *one;
    struct catalogue_backend *other;
    /* Damages the app behind the catalogue's back. */
    void (*damage)(struct catalogue_pair *pair, const char *app_id, enum catalogue_damage damage);
    /* Gives the app's policies of /a the highest version there can be. */
    void (*exhaust)(struct catalogue_pair *pair, const char *app_id);
    /* Leaves nothing of the app but its key's entry. */
    void (*lose)(struct catalogue_pair *pair, const char *app_id);
};

/* A key digest in which each byte is `byte`. */
struct key_digest sample_digest(uint8_t byte);

/* Creates an app "app_<letter>..." with the key sample_digest(letter), which must be new. Returns
 * its id, which is valid until the next call. */
const char *sample_app(struct catalogue_backend *backend, char letter);

/* As an instance does at its start: reads the stored pepper, or stores *pepper if there is none.
 * CATALOGUE_OK: *pepper is the stored one. */
enum catalogue_status settle_pepper(struct catalogue_backend *backend, struct pepper *pepper,
                                    struct error *error);

/* Asserts that it loads. The caller has one reference. */
struct app *load_app(struct catalogue_backend *backend, const char *app_id);

/* Runs all cases, each between `setup` and `teardown`; returns how many failed. */
int catalogue_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);

#endif
