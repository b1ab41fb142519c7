/* SPDX-License-Identifier: MIT
 *
 * Many checks at once, round after round: some connections to each of two instances, or to one
 * where there is no other, send them as fast as answers come. */
#ifndef SYSTEM_ROUNDS_H
#define SYSTEM_ROUNDS_H

#include "support/client.h"
#include "support/world.h"

/* So many show that a result is no accident. ThreadSanitizer finds a race whichever thread was
 * first, so it needs fewer. */
#ifdef __SANITIZE_THREAD__
#define ROUNDS_MANY 25
#else
#define ROUNDS_MANY 100
#endif

/* Sends check number `check` of the round, and keeps what came of it. Runs on a thread of its
 * connection, and asserts nothing. */
typedef void rounds_ask_fn(void *context, struct client *client, int round, int check);

/* NULL when all is well after a round, in which nobody asks; else the reason why it is not. */
typedef const char *rounds_fault_fn(void *context, int round);

struct rounds {
    int rounds;
    int checks; /* of one round */
    rounds_ask_fn *ask;
    rounds_fault_fn *fault;
    void *context;
};

/* With the tenant's key. Returns how many rounds had a fault, and prints the first. */
int rounds_run(const struct rounds *rounds, const struct world *world, struct client *tenant);

#endif
