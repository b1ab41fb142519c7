/* SPDX-License-Identifier: MIT
 *
 * What `registration: auto` means here. If only this machine can connect, everybody may register.
 * Otherwise a caller needs the admin_token, and without an admin_token nobody may register. */
#ifndef APP_REGISTRATION_H
#define APP_REGISTRATION_H

#include "api/api_settings.h"

#include <sys/socket.h>

/* Sets settings->registers by settings->registration. `listener` is the address that the service
 * listens at; a socket that was passed has its own. */
void registration_settle(struct api_settings *settings, const struct sockaddr *listener);

/* The reason, and how to change it. For people. */
const char *registration_reason(const struct api_settings *settings);

#endif
