/* SPDX-License-Identifier: MIT
 *
 * The answer of GET /metrics, read as Prometheus reads it. Main thread only. */
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
    char labels[256]; /* the text between the braces; "" if there is none */
    double value;
};

struct scrape {
    size_t family_count;
    struct scrape_family families[SCRAPE_FAMILIES_MAX];
    size_t sample_count;
    struct scrape_sample samples[SCRAPE_SAMPLES_MAX];
};

/* Sends the request and reads the answer. The test fails when the answer is not 200, when a line
 * has the wrong format, or when a family does not have HELP, TYPE and its samples once, and in this
 * order. */
void scrape_read(struct scrape *scrape, struct client *client);

/* The sample with exactly these labels, or NULL. */
const struct scrape_sample *scrape_find(const struct scrape *scrape, const char *name,
                                        const char *labels);

/* The sample's value. The test fails when the sample does not exist. */
double scrape_value(const struct scrape *scrape, const char *name, const char *labels);
/* The same of what a new request is answered. */
double scrape_figure(struct client *client, const char *name, const char *labels);

/* Whether a sample of this name has this label and this value; NULL: any value. */
bool scrape_has_label(const struct scrape *scrape, const char *name, const char *label,
                      const char *value);

#endif
