/* SPDX-License-Identifier: MIT */
#include "support/redis_certificate.h"

#include "support/certificate.h"
#include "support/scratch.h"

static char certificate[SCRATCH_PATH_BYTES];
static char key[SCRATCH_PATH_BYTES];
static char authorities[SCRATCH_PATH_BYTES];
static const struct redis_server_tls files = {certificate, key, authorities, false};

const struct redis_server_tls *redis_certificate(void)
{
    if (certificate[0] != '\0')
        return &files;

    struct certificate authority =
        certificate_make(&(struct certificate_options){.name = "authority"});
    struct certificate server =
        certificate_make(&(struct certificate_options){.name = "redis", .issuer = &authority});

    scratch_file("redis.crt", server.pem, certificate);
    scratch_file("redis.key", server.key, key);
    scratch_file("authorities.crt", authority.pem, authorities);
    certificate_free(&server);
    certificate_free(&authority);
    return &files;
}
