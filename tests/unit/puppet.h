/* SPDX-License-Identifier: MIT
 *
 * A backend of the catalogue that does what the test says. It has no apps, and cannot save one. It
 * answers each call, unless a flag says otherwise. */
#ifndef UNIT_PUPPET_H
#define UNIT_PUPPET_H

#include "catalogue/catalogue.h"

#include <semaphore.h>
#include <stdatomic.h>

struct puppet {
    struct catalogue_backend backend;
    atomic_bool is_away;         /* every call fails */
    atomic_bool keeps_apps_back; /* only changes() fails */
    atomic_bool holds_questions; /* app_revision() waits as app_find() does */
    atomic_bool holds_readings;  /* changes() does */
    atomic_int app_status;       /* what app_revision() returns while the puppet answers */
    atomic_int finds;            /* calls of app_find() */
    atomic_int questions;        /* calls of app_revision(), which is always 1 */
    atomic_int readings;         /* calls of changes() */
    struct catalogue_mark mark;  /* used by the catalogue thread */
    sem_t entered;               /* posted when app_find() has begun */
    sem_t leave;                 /* app_find() waits for this */
};

/* The catalogue that gets its backend frees it. */
struct puppet *puppet_new(void);

#endif
