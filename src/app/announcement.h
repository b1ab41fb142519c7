/* SPDX-License-Identifier: MIT
 *
 * What a service says once it listens: a log line, and its state for a supervisor. Private to
 * service.c. Main thread. */
#ifndef APP_ANNOUNCEMENT_H
#define APP_ANNOUNCEMENT_H

#include "service_parts.h"

/* Who may register, and why. */
#define LOG_REGISTRATION(settings)                                                                 \
    LOG_STRING("registration", registration_words[(settings)->api.registers]),                     \
        LOG_STRING("registration_because", registration_reason(&(settings)->api))

/* `decides`: whether it can decide already. The supervisor is told READY even if not, because the
 * service answers and says so. A supervisor that gave up waiting would end it. */
void announce_listening(const struct service_parts *parts, const struct settings *settings,
                        bool decides);

#endif
