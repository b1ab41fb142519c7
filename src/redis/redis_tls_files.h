/* SPDX-License-Identifier: MIT
 *
 * The authorities, certificate and key of redis_tls, from PEM text. */
#ifndef REDIS_REDIS_TLS_FILES_H
#define REDIS_REDIS_TLS_FILES_H

#include "redis/redis_tls.h"

#include <openssl/ssl.h>

/* What connections share; the caller frees it. NULL with an error that does not repeat the text.
 * Any thread. */
MUST_USE SSL_CTX *redis_tls_files_read(const struct redis_tls_options *options,
                                       struct error *error);

#endif
