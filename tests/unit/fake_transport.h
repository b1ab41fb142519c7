/* SPDX-License-Identifier: MIT
 *
 * Requests made from tables of header fields and query arguments. Handlers run on them without a
 * network. */
#ifndef TESTS_FAKE_TRANSPORT_H
#define TESTS_FAKE_TRANSPORT_H

#include "http/request.h"

struct fake_pair {
    const char *name; /* NULL ends a table */
    const char *value;
};

struct fake_exchange {
    struct request request;
    const struct fake_pair *arguments; /* may be NULL */
    int socket;                        /* set by a test that needs it */
    uint32_t tenant;                   /* the tenant of its connection */
    int resumed;
    int woken; /* how often its stream had something new */
};

static void fake_each_argument(const struct request *request, void *context,
                               transport_visit_fn *visit)
{
    const struct fake_exchange *exchange = (const struct fake_exchange *)(const void *)request;

    for (const struct fake_pair *pair = exchange->arguments; pair && pair->name; pair++)
        visit(context, text_of(pair->name), text_of(pair->value));
}

static int fake_socket(const struct request *request)
{
    return ((const struct fake_exchange *)(const void *)request)->socket;
}

static void fake_belong(struct request *request, uint32_t tenant)
{
    CONTAINER_OF(request, struct fake_exchange, request)->tenant = tenant;
}

static void fake_resume(struct request *request)
{
    CONTAINER_OF(request, struct fake_exchange, request)->resumed++;
}

static void fake_wake(struct request *request)
{
    CONTAINER_OF(request, struct fake_exchange, request)->woken++;
}

static const struct transport fake_transport = {fake_each_argument, fake_socket, fake_belong,
                                                fake_resume, fake_wake};

#define FAKE_HEADERS_MAX 8

/* A request whose handler is running. Both tables may be NULL. request_close() ends it. */
static inline void fake_begin(struct fake_exchange *exchange, const struct fake_pair *headers,
                              const struct fake_pair *arguments)
{
    struct request_field *fields;

    exchange->arguments = arguments;
    exchange->resumed = 0;
    exchange->woken = 0;
    request_init(&exchange->request, &fake_transport);
    fields = ARENA_ARRAY(&exchange->request.arena, struct request_field, FAKE_HEADERS_MAX);
    for (size_t i = 0; headers && headers[i].name; i++) {
        ASSERT(i < FAKE_HEADERS_MAX);
        fields[i] = (struct request_field){text_of(headers[i].name), text_of(headers[i].value)};
        exchange->request.field_count++;
    }
    exchange->request.fields = fields;
    request_set_phase(&exchange->request, REQUEST_READING);
    request_set_phase(&exchange->request, REQUEST_HANDLING);
}

#endif
