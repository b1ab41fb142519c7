/* SPDX-License-Identifier: MIT */
#include "limit/subject.h"

#include "base/ip_address.h"

static bool address_read(struct text text, struct arena *arena, struct text *name);

static const char *const kind_words[] = {
    [SUBJECT_USER] = "user",
    [SUBJECT_IP] = "ip",
};

bool subject_read(struct form *form, struct arena *arena, struct sole_subject *subject)
{
    bool has_user = form_has(form, "user_id");
    bool has_ip = form_has(form, "ip");
    struct text address;

    if (has_user && has_ip) {
        form_fault(form, "ip", "must be absent beside `user_id`");
        return false;
    }
    if (!has_ip) {
        if (!has_user)
            form_fault(form, NULL, "must have `user_id` or `ip`");
        subject->kind = SUBJECT_USER;
        return form_text(form, "user_id", FORM_OPTIONAL, 1, SUBJECT_BYTES_MAX, &subject->name);
    }
    subject->kind = SUBJECT_IP;
    if (!form_text(form, "ip", FORM_REQUIRED, 1, SUBJECT_BYTES_MAX, &address))
        return false;
    if (!address_read(address, arena, &subject->name)) {
        form_fault(form, "ip", "must be one IPv4 or IPv6 address, without a port or a prefix");
        return false;
    }
    return true;
}

struct digest subject_digest(const struct digest_key *key, struct text app_id,
                             const struct sole_subject *subject)
{
    const struct text parts[] = {app_id, text_of(kind_words[subject->kind]), subject->name};

    return digest_of(key, parts, ARRAY_COUNT(parts));
}

static bool address_read(struct text text, struct arena *arena, struct text *name)
{
    char site[IP_ADDRESS_SITE_BYTES];
    struct ip_address address;

    if (!ip_address_parse(text, &address))
        return false;
    ip_address_write_site(&address, site);
    *name = text_copy(arena, text_of(site));
    return true;
}
