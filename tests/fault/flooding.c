/* SPDX-License-Identifier: MIT */
#include "flooding.h"

#include "support/cmocka.h"
#include "support/process.h"
#include "support/wait.h"

#define WAIT_SECONDS 120 /* beyond the flood itself */
#define NUMBER_BYTES 16

static const char there[] = "there\n";

static void read_summary(const char *text, struct flooding_summary *summary);

void flooding_begin(struct flooding *flooding, const struct flooding_options *options)
{
    char port[NUMBER_BYTES];
    char connections[NUMBER_BYTES];
    char seconds[NUMBER_BYTES];
    const char *const from = options->from == NULL ? "127.0.0.1" : options->from;
    const char *const argv[] = {FLOODER,         port, connections, seconds, options->requests,
                                options->manner, from, NULL};

    (void)snprintf(port, sizeof(port), "%d", options->port);
    (void)snprintf(connections, sizeof(connections), "%zu", options->connections);
    (void)snprintf(seconds, sizeof(seconds), "%d", options->seconds);
    scratch_file("flooder", "", flooding->output);
    flooding->seconds = options->seconds;
    flooding->process = process_start(argv, NULL, flooding->output);
    WAIT_FOR (WAIT_SECONDS, scratch_contains(flooding->output, there))
        ;
}

void flooding_end(const struct flooding *flooding, struct flooding_summary *summary)
{
    const int code = process_wait(flooding->process, flooding->seconds + WAIT_SECONDS);

    if (code == PROCESS_RUNNING)
        process_kill(flooding->process);
    char *text = scratch_read(flooding->output);
    if (code != 0)
        fail_msg("the flooder ended with %d: %s", code, text);
    read_summary(text, summary);
    free(text);
}

/* As flooder.c writes it. */
static void read_summary(const char *text, struct flooding_summary *summary)
{
    struct answer_sum *told = &summary->told;
    enum { ANSWERED, DEGRADED, OTHERS, P99_US, TOOK_US, COUNT };
    long long numbers[COUNT];
    char *rest = NULL;

    if (strncmp(text, there, strlen(there)) != 0)
        fail_msg("the flooder said: %s", text);
    text += strlen(there);
    for (size_t i = 0; i < COUNT; i++, text = rest)
        numbers[i] = strtoll(text, &rest, 10);
    *summary = (struct flooding_summary){
        .answered = (long)numbers[ANSWERED],
        .degraded = (long)numbers[DEGRADED],
        .others = (long)numbers[OTHERS],
        .p99_us = numbers[P99_US],
        .took_us = numbers[TOOK_US],
    };
    while (text[0] == '\n' && text[1] != '\0') {
        struct answer_kind *kind = &told->kinds[told->kind_count++];
        kind->status = (int)strtol(text, &rest, 10);
        const size_t length = strcspn(rest + 1, " ");
        (void)snprintf(kind->code, sizeof(kind->code), "%.*s", (int)length, rest + 1);
        kind->count = strtol(rest + 1 + length, &rest, 10);
        text = rest;
    }
}
