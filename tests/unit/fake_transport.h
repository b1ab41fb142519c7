/* SPDX-License-Identifier: MIT
 *
 * A transport over a table of header fields and query arguments, for handlers without a network. */
#ifndef TESTS_FAKE_TRANSPORT_H
#define TESTS_FAKE_TRANSPORT_H

#include "http/request.h"

struct fake_pair {
    const char *name; /* NULL ends a table */
    const char *value;
};

struct fake_exchange {
    struct request request;
    const struct fake_pair *headers;   /* may be NULL */
    const struct fake_pair *arguments; /* may be NULL */
    int socket;                        /* set by the test that asks for it */
    int resumed;
};

static struct text fake_header(const struct request *request, const char *name)
{
    const struct fake_exchange *exchange = (const struct fake_exchange *)(const void *)request;

    for (const struct fake_pair *pair = exchange->headers; pair && pair->name; pair++)
        if (text_equal_ignoring_case(text_of(pair->name), text_of(name)))
            return text_of(pair->value);
    return (struct text){0};
}

static void fake_visit(const struct fake_pair *pairs, void *context, transport_visit_fn *visit)
{
    for (const struct fake_pair *pair = pairs; pair && pair->name; pair++)
        visit(context, text_of(pair->name), text_of(pair->value));
}

static void fake_each_header(const struct request *request, void *context,
                             transport_visit_fn *visit)
{
    fake_visit(((const struct fake_exchange *)(const void *)request)->headers, context, visit);
}

static void fake_each_argument(const struct request *request, void *context,
                               transport_visit_fn *visit)
{
    fake_visit(((const struct fake_exchange *)(const void *)request)->arguments, context, visit);
}

static int fake_socket(const struct request *request)
{
    return ((const struct fake_exchange *)(const void *)request)->socket;
}

static void fake_resume(struct request *request)
{
    CONTAINER_OF(request, struct fake_exchange, request)->resumed++;
}

static const struct transport fake_transport = {fake_header, fake_each_header, fake_each_argument,
                                                fake_socket, fake_resume};

/* A request whose handler is running. End it with request_close(). */
static inline void fake_begin(struct fake_exchange *exchange, const struct fake_pair *headers,
                              const struct fake_pair *arguments)
{
    exchange->headers = headers;
    exchange->arguments = arguments;
    exchange->resumed = 0;
    request_init(&exchange->request, &fake_transport);
    request_set_phase(&exchange->request, REQUEST_READING);
    request_set_phase(&exchange->request, REQUEST_HANDLING);
}

#endif
