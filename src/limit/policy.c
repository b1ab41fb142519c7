/* SPDX-License-Identifier: MIT */
#include "limit/policy.h"

#include "base/arena.h"
#include "limit/member_aliases.h"
#include "limit/rate_headers.h"
#include "limit/subjects_read.h"

#define ID_DIGITS 16

/* policy_read(), in the order it runs. */
static void server_members_read(struct form *form, struct policy *policy);
static void candidate_read(struct form *form, struct policy *policy, struct arena *arena);
static void conduct_read(struct form *form, struct policy *policy);
static void texts_keep(struct policy *policy, struct arena *arena);

static bool is_plain(struct form *form, const char *name, struct text text);
static bool is_route_key(struct form *form, struct text route_key);
static bool id_parse(struct text text, uint64_t *id);

const char *const policy_mode_words[] = {"enforce", "shadow", NULL};
const char *const policy_on_store_error_words[] = {"local", "allow", "deny", NULL};

struct policy *policy_read(const json_t *value, const char *pointer, struct arena *arena,
                           struct faults *faults)
{
    size_t faults_before = faults->count;
    struct policy *policy = ARENA_NEW(arena, struct policy);
    struct form form;

    if (!form_open(&form, value, pointer, faults))
        return NULL;
    server_members_read(&form, policy);
    policy_identity_read(&form, arena, &policy->identity);
    rule_read(&form, RULE_LIVE, arena, &policy->rule);
    candidate_read(&form, policy, arena);
    conduct_read(&form, policy);
    form_close_with(&form, member_aliases);
    if (faults->count > faults_before)
        return NULL;

    texts_keep(policy, arena);
    policy->rate_limit_policy = rate_headers_policy(&policy->rule, arena);
    return policy;
}

bool policy_id_read(struct form *form, const char *member, uint64_t *id)
{
    struct text text;

    if (!form_text(form, member, FORM_OPTIONAL, ID_DIGITS, ID_DIGITS, &text))
        return false;
    if (id_parse(text, id))
        return true;
    form_fault(form, member, "must be 16 hexadecimal digits, letters in lower case");
    return false;
}

void policy_id_write(uint64_t id, struct writer *writer, const char *key)
{
    char digits[ID_DIGITS + 1];

    (void)snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)id);
    writer_string(writer, key, digits);
}

bool policy_identity_read(struct form *form, struct arena *arena, struct policy_identity *identity)
{
    struct subject *subject = &identity->subject;
    bool good = true;

    *identity = (struct policy_identity){.role = TEXT(POLICY_ROLE_DEFAULT)};
    good &= form_text(form, "route_key", FORM_REQUIRED, 1, POLICY_ROUTE_BYTES_MAX,
                      &identity->route_key) &&
            is_route_key(form, identity->route_key);
    if (form_has(form, "role"))
        good &= form_text(form, "role", FORM_REQUIRED, 1, POLICY_ROLE_BYTES_MAX, &identity->role) &&
                is_plain(form, "role", identity->role);
    good &= subject_read_one(form, arena, subject) &&
            is_plain(form, form_has(form, "user_id") ? "user_id" : "subject", subject->value);
    return good;
}

bool policy_identity_equal(const struct policy_identity *a, const struct policy_identity *b)
{
    return text_equal(a->route_key, b->route_key) && text_equal(a->role, b->role) &&
           subject_equal(&a->subject, &b->subject);
}

bool policy_identity_is_for(const struct policy_identity *identity, const struct subjects *subjects)
{
    const struct subject *subject = &identity->subject;

    if (subject_is_absent(subject))
        return true;
    const struct subject *theirs = subjects_find(subjects, subject->name);

    return theirs != NULL && text_equal(theirs->value, subject->value);
}

int policy_identity_compare(const struct policy_identity *a, const struct policy_identity *b)
{
    int order = text_compare(a->route_key, b->route_key);

    if (order == 0)
        order = text_compare(a->role, b->role);
    if (order == 0)
        order = subject_compare(&a->subject, &b->subject);
    return order;
}

void policy_identity_write_subject(const struct subject *subject, struct writer *writer)
{
    writer_text(writer, "user_id", subject_user(subject));
    if (subject_is_other(subject))
        subject_write(subject, writer, "subject");
}

void policy_write_head(const struct policy *policy, struct writer *writer)
{
    policy_id_write(policy->id, writer, "id");
    writer_integer(writer, "version", policy->version);
    writer_text(writer, "route_key", policy->identity.route_key);
    writer_text(writer, "role", policy->identity.role);
    policy_identity_write_subject(&policy->identity.subject, writer);
}

void policy_write(const struct policy *policy, struct writer *writer, const char *key)
{
    writer_begin_object(writer, key);
    policy_write_head(policy, writer);
    rule_write(&policy->rule, writer);
    if (policy->candidate != NULL) {
        writer_begin_object(writer, "candidate");
        rule_write(policy->candidate, writer);
        writer_end_object(writer);
    }
    writer_string(writer, "mode", policy_mode_words[policy->mode]);
    writer_bool(writer, "is_active", policy->is_active);
    writer_string(writer, "on_store_error", policy_on_store_error_words[policy->on_store_error]);
    writer_text(writer, "description", policy->description);
    writer_end_object(writer);
}

/* The members that the catalogue sets. A client that returns a policy as it received it sends them,
 * too. */
static void server_members_read(struct form *form, struct policy *policy)
{
    (void)policy_id_read(form, "id", &policy->id);
    form_integer(form, "version", FORM_OPTIONAL, 0, POLICY_VERSION_MAX, &policy->version);
}

static void candidate_read(struct form *form, struct policy *policy, struct arena *arena)
{
    char pointer[sizeof(((struct fault *)NULL)->pointer)];
    const json_t *value;
    struct form candidate;

    if (!form_object(form, "candidate", FORM_OPTIONAL, &value))
        return;
    (void)snprintf(pointer, sizeof(pointer), "%s/candidate", form->pointer);
    if (!form_open(&candidate, value, pointer, form->faults))
        return;

    struct rule *rule = ARENA_NEW(arena, struct rule);

    rule_read(&candidate, RULE_CANDIDATE, arena, rule);
    form_close_with(&candidate, member_aliases);
    policy->candidate = rule;
}

static void conduct_read(struct form *form, struct policy *policy)
{
    int mode = POLICY_ENFORCE;
    int on_store_error = ON_STORE_ERROR_LOCAL;

    policy->is_active = true;
    form_choice(form, "mode", FORM_OPTIONAL, policy_mode_words, &mode);
    form_bool(form, "is_active", FORM_OPTIONAL, &policy->is_active);
    form_choice(form, "on_store_error", FORM_OPTIONAL, policy_on_store_error_words,
                &on_store_error);
    form_text(form, "description", FORM_OPTIONAL, 0, POLICY_DESCRIPTION_BYTES_MAX,
              &policy->description);
    policy->mode = (enum policy_mode)mode;
    policy->on_store_error = (enum policy_on_store_error)on_store_error;
}

static void texts_keep(struct policy *policy, struct arena *arena)
{
    struct text *const texts[] = {
        &policy->identity.route_key,     &policy->identity.role, &policy->identity.subject.name,
        &policy->identity.subject.value, &policy->description,
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        *texts[i] = text_copy(arena, *texts[i]);
}

/* Control characters would break log lines and terminals. */
static bool is_plain(struct form *form, const char *name, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.at[i];

        if (byte < 0x20 || byte == 0x7f) {
            form_fault(form, name, "must not contain control characters");
            return false;
        }
    }
    return true;
}

static bool is_route_key(struct form *form, struct text route_key)
{
    const char *star = memchr(route_key.at, '*', route_key.length);

    if (star != NULL && star != route_key.at + route_key.length - 1) {
        form_fault(form, "route_key", "may have '*' only as its last character");
        return false;
    }
    return is_plain(form, "route_key", route_key);
}

static bool id_parse(struct text text, uint64_t *id)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t sum = 0;

    for (size_t i = 0; i < text.length; i++) {
        const char *digit = memchr(digits, text.at[i], sizeof(digits) - 1);
        if (digit == NULL)
            return false;
        sum = sum * 16 + (uint64_t)(digit - digits);
    }
    *id = sum;
    return true;
}
