/* SPDX-License-Identifier: MIT
 *
 * What `registration: auto` comes to: open where the machine itself alone connects, elsewhere for
 * who has the admin_token, and for nobody while there is none. */
#ifndef APP_REGISTRATION_H
#define APP_REGISTRATION_H

#include "api/api_settings.h"

#include <sys/socket.h>

/* Makes settings->registers of settings->registration. `listener` is the address that is listened
 * at; a socket that was passed has one of its own. */
void registration_settle(struct api_settings *settings, const struct sockaddr *listener);

/* Why it is so, and what changes it. For people. */
const char *registration_reason(const struct api_settings *settings);

#endif
