/* SPDX-License-Identifier: MIT */
#include "admission.h"

bool admission_enter(struct admission *admission, const struct sockaddr *peer,
                     struct ticket *ticket)
{
    struct ip_address address = ip_address_of_socket(peer);

    *ticket = (struct ticket){.site = ip_address_site(&address)};
    if (!admission->counts || admission->is_trusted(&address, admission->context))
        return true;
    ticket->is_counted = site_counts_enter(admission->counts, &ticket->site);
    admission->refused += !ticket->is_counted;
    return ticket->is_counted;
}

void admission_leave(struct admission *admission, struct ticket *ticket)
{
    if (ticket->is_counted)
        site_counts_leave(admission->counts, &ticket->site);
    ticket->is_counted = false;
}
