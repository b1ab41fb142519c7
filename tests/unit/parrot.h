/* SPDX-License-Identifier: MIT
 *
 * A server that answers every command but PING with the same words, in a thread of its own, because
 * sessions block. */
#ifndef UNIT_PARROT_H
#define UNIT_PARROT_H

#include "support/impostor.h"

#include <pthread.h>
#include <stdatomic.h>

struct parrot {
    struct impostor impostor;
    pthread_t thread;
    char words[128];
    const char *later; /* what it says after `turns` commands; NULL: the same */
    int turns;
    const atomic_int *waits_for; /* it answers nothing while this is 0; NULL: it does not wait */
    atomic_int commands;         /* that it has got, without PING */
    atomic_bool is_ending;
};

/* Prepare with parrot_open(), set the words, then start it. */
void parrot_open(struct parrot *parrot);
void parrot_start(struct parrot *parrot);
void parrot_close(struct parrot *parrot);

int parrot_port(const struct parrot *parrot);

#endif
