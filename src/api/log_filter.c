/* SPDX-License-Identifier: MIT */
#include "api/log_filter.h"

#include "limit/policy.h"
#include "limit/subjects_read.h"

bool log_filter_read(struct form *form, struct arena *arena, struct record_filter *filter)
{
    bool allowed;
    bool charge;

    if (form_bool(form, "allowed", FORM_OPTIONAL, &allowed))
        filter->allowed = allowed ? RECORD_ALLOWED : RECORD_DENIED;
    if (form_bool(form, "charge", FORM_OPTIONAL, &charge))
        filter->kind = charge ? RECORD_CHARGE : RECORD_DECISION;
    form_text(form, "route_key", FORM_OPTIONAL, 1, POLICY_ROUTE_BYTES_MAX, &filter->route_key);
    form_text(form, "role", FORM_OPTIONAL, 1, POLICY_ROLE_BYTES_MAX, &filter->role);
    return subjects_read_query(form, arena, &filter->subjects);
}
