/* SPDX-License-Identifier: MIT */
#include "support/hello.h"

#include <errno.h>
#include <gnutls/gnutls.h>

static ssize_t on_push(gnutls_transport_ptr_t context, const void *data, size_t size);
static ssize_t on_pull(gnutls_transport_ptr_t context, void *data, size_t size);

/* Nothing is answered, so the session stops after its first message. */
void hello_make(struct hello *hello)
{
    gnutls_certificate_credentials_t credentials = NULL;
    gnutls_session_t session = NULL;

    hello->length = 0;
    bool is_made = gnutls_certificate_allocate_credentials(&credentials) == 0 &&
                   gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK) == 0 &&
                   gnutls_set_default_priority(session) == 0 &&
                   gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) == 0;
    ASSERT(is_made);
    gnutls_transport_set_ptr(session, hello);
    gnutls_transport_set_push_function(session, on_push);
    gnutls_transport_set_pull_function(session, on_pull);
    is_made = gnutls_handshake(session) == GNUTLS_E_AGAIN;
    ASSERT(is_made);
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
}

static ssize_t on_push(gnutls_transport_ptr_t context, const void *data, size_t size)
{
    struct hello *hello = context;

    ASSERT(hello->length + size <= sizeof(hello->bytes));
    memcpy(hello->bytes + hello->length, data, size);
    hello->length += size;
    return (ssize_t)size;
}

static ssize_t on_pull(gnutls_transport_ptr_t context, void *data, size_t size)
{
    (void)context;
    (void)data;
    (void)size;
    errno = EAGAIN;
    return -1;
}
