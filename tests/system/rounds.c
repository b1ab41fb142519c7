/* SPDX-License-Identifier: MIT
 *
 * All threads do one round together. Each takes the next check until there are no more. The results
 * are read between `done` and the next `go`. */
#include "rounds.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define CONNECTIONS 16

struct crowd {
    const struct rounds *rounds;
    const char *api_key;
    pthread_barrier_t go;
    pthread_barrier_t done;
    atomic_int next;
};

struct member {
    struct crowd *crowd;
    int port;
    pthread_t thread;
};

static void *run_member(void *context)
{
    const struct member *member = context;
    struct crowd *crowd = member->crowd;
    const struct rounds *rounds = crowd->rounds;
    struct client *client = client_new(member->port);

    client_set_key(client, crowd->api_key);
    for (int round = 0; round < rounds->rounds; round++) {
        (void)pthread_barrier_wait(&crowd->go);
        for (int i = atomic_fetch_add(&crowd->next, 1); i < rounds->checks;
             i = atomic_fetch_add(&crowd->next, 1))
            rounds->ask(rounds->context, client, round, i);
        (void)pthread_barrier_wait(&crowd->done);
    }
    client_free(client);
    return NULL;
}

/* Asserts nothing while the threads run. */
int rounds_run(const struct rounds *rounds, const struct world *world, struct client *tenant)
{
    const struct service *const services[] = {
        world->service, world->second == NULL ? world->service : world->second};
    struct crowd crowd = {.rounds = rounds, .api_key = client_key(tenant)};
    struct member members[CONNECTIONS];
    int faults = 0;

    ASSERT(pthread_barrier_init(&crowd.go, NULL, CONNECTIONS + 1) == 0);
    ASSERT(pthread_barrier_init(&crowd.done, NULL, CONNECTIONS + 1) == 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        members[i] = (struct member){.crowd = &crowd, .port = service_port(services[i % 2])};
        ASSERT(pthread_create(&members[i].thread, NULL, run_member, &members[i]) == 0);
    }
    for (int round = 0; round < rounds->rounds; round++) {
        atomic_store(&crowd.next, 0);
        (void)pthread_barrier_wait(&crowd.go);
        (void)pthread_barrier_wait(&crowd.done);
        const char *fault = rounds->fault(rounds->context, round);
        if (fault != NULL && faults++ == 0)
            (void)fprintf(stderr, "round %d: %s\n", round, fault);
    }
    for (int i = 0; i < CONNECTIONS; i++)
        ASSERT(pthread_join(members[i].thread, NULL) == 0);
    (void)pthread_barrier_destroy(&crowd.go);
    (void)pthread_barrier_destroy(&crowd.done);
    return faults;
}
