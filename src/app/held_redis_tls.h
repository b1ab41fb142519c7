/* SPDX-License-Identifier: MIT
 *
 * What TLS to Redis is made of in a running service. Its files are read again at every reload. But
 * only a restart uses another redis_url, and until then a file or name that was changed together
 * with it is not for the Redis in use. Private to held_settings.c. Main thread. */
#ifndef APP_HELD_REDIS_TLS_H
#define APP_HELD_REDIS_TLS_H

#include "app/settings.h"

/* A zeroed one is ready. */
struct held_redis_tls {
    struct arena arena; /* the texts of what was taken over last */
};

/* Takes over into `in_force` what the latest settings say of the Redis in use: all, or if they name
 * another one, what is at the same path or has the same name as before. A certificate and its key
 * stay together. New connections use it. False changes nothing. */
MUST_USE bool held_redis_tls_renew(struct held_redis_tls *held, struct settings *in_force,
                                   const struct settings *latest, struct error *error);

void held_redis_tls_close(struct held_redis_tls *held);

#endif
