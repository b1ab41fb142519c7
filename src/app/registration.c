/* SPDX-License-Identifier: MIT */
#include "app/registration.h"

#include "base/ip_address.h"

static bool is_private(const struct sockaddr *listener);

void registration_settle(struct api_settings *settings, const struct sockaddr *listener)
{
    settings->registers = settings->registration;
    if (settings->registration != REGISTRATION_AUTO)
        return;
    if (is_private(listener))
        settings->registers = REGISTRATION_OPEN;
    else if (settings->admin_token[0] != '\0')
        settings->registers = REGISTRATION_TOKEN;
    else
        settings->registers = REGISTRATION_CLOSED;
}

const char *registration_reason(const struct api_settings *settings)
{
    static const char *const reasons[] = {
        [REGISTRATION_AUTO] = NULL,
        [REGISTRATION_OPEN] = "only this machine can reach the listener; if a proxy in front "
                              "lets strangers in, set registration to token",
        [REGISTRATION_TOKEN] = "others can reach the listener, and there is an admin_token",
        [REGISTRATION_CLOSED] =
            "others can reach the listener; set admin_token to register with it, "
            "or set registration to open",
    };

    return settings->registration == REGISTRATION_AUTO ? reasons[settings->registers]
                                                       : "the setting registration says so";
}

/* The address of all interfaces is not private, because others can reach it. */
static bool is_private(const struct sockaddr *listener)
{
    const struct ip_address address = ip_address_of_socket(listener);

    return listener->sa_family == AF_UNIX || ip_address_is_loopback(&address);
}
