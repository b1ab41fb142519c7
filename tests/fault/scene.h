/* SPDX-License-Identifier: MIT
 *
 * A service with the memory engine, and a good client with a steady load. The client must not
 * notice what else happens. Main thread only. */
#ifndef FAULT_SCENE_H
#define FAULT_SCENE_H

#include "support/load.h"
#include "support/world.h"

/* Each wait for a condition may last this long, so a busy machine fails no test. */
#define SCENE_WAIT_SECONDS  60
#define SCENE_REQUEST_BYTES 512
#define SCENE_QUOTA         1000000000 /* per user on /a */

struct scene {
    struct service *service;
    struct client *tenant;
    struct load *load;
    bool is_strict;
    char check[SCENE_REQUEST_BYTES]; /* as the tenant's crowd sends it */
    size_t check_bytes;

    /* Measured before there is a crowd. */
    size_t fds;
    size_t resident_kb;
    double connections;
};

/* `flags` as in service_options. `is_strict`: the good client's times are judged. */
void scene_open(struct scene *scene, const char *const flags[], bool is_strict);

/* Waits until the service has no more connections and descriptors than before. Then prints the good
 * client's figures, and judges them: all its answers have come, in time, and with its own
 * counts. */
void scene_close(struct scene *scene);

/* A figure from /metrics. */
double scene_figure(const struct scene *scene, const char *name);

/* How much more is resident than before. */
double scene_grown_kb(const struct scene *scene);

bool scene_has_all_back(const struct scene *scene);

/* Writes POST /check on /a. Returns its length. */
size_t scene_write_check(const struct client *tenant, char request[static SCENE_REQUEST_BYTES]);

#endif
