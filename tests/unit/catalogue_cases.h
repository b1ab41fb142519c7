/* SPDX-License-Identifier: MIT
 *
 * What every catalogue must do, run on each of them. */
#ifndef UNIT_CATALOGUE_CASES_H
#define UNIT_CATALOGUE_CASES_H

#include "catalogue/catalogue_backend.h"
#include "support/cmocka.h"

/* Two instances on one empty store: the *state of each case. */
struct catalogue_pair {
    struct catalogue_backend *one;
    struct catalogue_backend *other;
};

/* A key digest that is all `byte`. */
struct key_digest sample_digest(uint8_t byte);

/* An app "app_<letter>..." named after the letter, with the key sample_digest(letter), which must
 * be new. Returns its id, valid until the next call. */
const char *sample_app(struct catalogue_backend *backend, char letter);

/* Asserts that it loads; one reference. */
struct app *load_app(struct catalogue_backend *backend, const char *app_id);

/* Runs all cases, each between `setup` and `teardown`; returns how many failed. */
int catalogue_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);

#endif
