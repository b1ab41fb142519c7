/* SPDX-License-Identifier: MIT */
#include "carrier.h"

#include "outlets.h"

/* How much is read at once of a stream in HTTP/1.0. In HTTP/1.1 it is as much as the connection's
 * memory has room for. */
#define BLOCK_BYTES 4096

static struct MHD_Response *new_text(struct text body);
static bool add_own_fields(struct MHD_Response *carrier, const struct response *response);
static bool add_connection_fields(struct MHD_Response *carrier, struct request *request,
                                  const struct carrier_fields *fields, bool closes);
static bool is_page(const struct response *response);
static bool asks_to_be_kept(struct request *request);
static bool add(struct MHD_Response *carrier, const char *name, const char *value);

void carrier_fields_init(struct carrier_fields *fields, const struct http_server_options *options)
{
    *fields = (struct carrier_fields){0};
    (void)snprintf(fields->keep_alive, sizeof fields->keep_alive, "timeout=%u",
                   options->idle_timeout_s);
    if (options->tls && options->hsts_max_age_s > 0)
        (void)snprintf(fields->hsts, sizeof fields->hsts, "max-age=%u", options->hsts_max_age_s);
}

struct MHD_Response *carrier_new(struct request *request, struct outlet *outlet,
                                 const struct carrier_fields *fields, bool closes)
{
    const struct response *response = &request->response;
    struct MHD_Response *carrier =
        outlet ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, outlet_read,
                                                   outlet, NULL)
               : new_text(response->body);

    if (!carrier)
        return NULL;
    if (add_own_fields(carrier, response) &&
        add_connection_fields(carrier, request, fields, closes))
        return carrier;
    MHD_destroy_response(carrier);
    return NULL;
}

static struct MHD_Response *new_text(struct text body)
{
    /* The API has no const, but PERSISTENT memory is only read. */
    const union {
        const char *borrowed;
        void *carried;
    } memory = {.borrowed = body.at};

    return MHD_create_response_from_buffer(body.length, memory.carried, MHD_RESPMEM_PERSISTENT);
}

static bool add_own_fields(struct MHD_Response *carrier, const struct response *response)
{
    bool added = !response->content_type ||
                 add(carrier, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);

    for (size_t i = 0; added && i < response->field_count; i++)
        added = add(carrier, response->fields[i].name, response->fields[i].value);
    return added;
}

static bool add_connection_fields(struct MHD_Response *carrier, struct request *request,
                                  const struct carrier_fields *fields, bool closes)
{
    if (*fields->hsts != '\0' && is_page(&request->response) &&
        !add(carrier, MHD_HTTP_HEADER_STRICT_TRANSPORT_SECURITY, fields->hsts))
        return false;
    if (closes)
        return add(carrier, MHD_HTTP_HEADER_CONNECTION, "close");
    if (!asks_to_be_kept(request))
        return true;
    return MHD_set_response_options(carrier, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END) ==
               MHD_YES &&
           add(carrier, MHD_HTTP_HEADER_KEEP_ALIVE, fields->keep_alive);
}

/* Browsers show pages; programs do not ask for them. */
static bool is_page(const struct response *response)
{
    return text_starts_with(text_of(response->content_type), TEXT("text/html"));
}

/* Clients that use the time-out say so in each request, as in HTTP/1.0, and look for it in each
 * answer. For others it would be a waste of bytes and instructions. */
static bool asks_to_be_kept(struct request *request)
{
    struct text options = request_header(request, MHD_HTTP_HEADER_CONNECTION);

    while (!text_is_absent(options)) {
        if (text_equal_ignoring_case(text_trim(text_cut(&options, ',')), TEXT("keep-alive")))
            return true;
    }
    return false;
}

static bool add(struct MHD_Response *carrier, const char *name, const char *value)
{
    return MHD_add_response_header(carrier, name, value) == MHD_YES;
}
