/* SPDX-License-Identifier: MIT
 *
 * What GET /metrics answers, read as Prometheus reads it. Main thread only. */
#ifndef SYSTEM_SCRAPE_H
#define SYSTEM_SCRAPE_H

#include "support/client.h"

#define SCRAPE_FAMILIES_MAX 128
#define SCRAPE_SAMPLES_MAX  1024

struct scrape_family {
    char name[96];
    char type[16];
    size_t sample_count;
};

struct scrape_sample {
    const struct scrape_family *family;
    char name[96];
    char labels[256]; /* as they are between the braces; "" for none */
    double value;
};

struct scrape {
    size_t family_count;
    struct scrape_family families[SCRAPE_FAMILIES_MAX];
    size_t sample_count;
    struct scrape_sample samples[SCRAPE_SAMPLES_MAX];
};

/* Asks and reads; the test fails when the answer is not 200, or a line is not of the format, or a
 * family does not have HELP, TYPE and its samples, in this order and once. */
void scrape_read(struct scrape *scrape, struct client *client);

/* The sample with exactly these labels, or NULL. */
const struct scrape_sample *scrape_find(const struct scrape *scrape, const char *name,
                                        const char *labels);

/* Its value; the test fails when there is none. */
double scrape_value(const struct scrape *scrape, const char *name, const char *labels);

/* Whether a sample of this name has this label; with this value unless that is NULL. */
bool scrape_has_label(const struct scrape *scrape, const char *name, const char *label,
                      const char *value);

#endif
