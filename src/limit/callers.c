/* SPDX-License-Identifier: MIT
 *
 * Each role and each subject is hashed once. Nearly all policies are for users or for everybody, so
 * for them no name is looked up. Most are for everybody in the default role, which has no hash to
 * compute. */
#include "callers.h"

#include "base/arena.h"
#include "base/hash.h"

struct roles {
    size_t count;
    struct text at[CALLER_ROLES_MAX];
    uint64_t hashes[CALLER_ROLES_MAX];
};

static const struct subject everybody;

static struct roles roles_list(struct text role);
static void others_add(struct callers *callers, const struct roles *roles,
                       const struct subjects *subjects, const struct caller_names *names);
static void subject_add(struct callers *callers, const struct roles *roles,
                        const struct subject *subject);
static bool names_have(const struct caller_names *names, struct text name);
static int compare_names(const void *a, const void *b);
static uint64_t hash_role(struct text role);
static uint64_t hash_subject(const struct subject *subject);

struct caller_names caller_names_of(const struct policy *const policies[], size_t count,
                                    struct arena *arena)
{
    size_t other_count = 0;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        other_count += subject_is_other(&policies[i]->identity.subject);
    if (other_count == 0)
        return (struct caller_names){0};

    struct text *names = ARENA_ARRAY(arena, struct text, other_count);
    size_t filled = 0;

    for (size_t i = 0; i < count; i++) {
        if (subject_is_other(&policies[i]->identity.subject))
            names[filled++] = policies[i]->identity.subject.name;
    }
    qsort(names, filled, sizeof(names[0]), compare_names);
    for (size_t i = 0; i < filled; i++) {
        if (kept == 0 || !text_equal(names[kept - 1], names[i]))
            names[kept++] = names[i];
    }
    return (struct caller_names){.count = kept, .at = names};
}

void callers_list(struct callers *callers, struct text role, const struct subjects *subjects,
                  const struct caller_names *names)
{
    const struct subject *user = subjects_find(subjects, TEXT(SUBJECT_USER));
    const struct roles roles = roles_list(role);

    callers->count = 0;
    if (user != NULL)
        subject_add(callers, &roles, user);
    if (names->count > 0)
        others_add(callers, &roles, subjects, names);
    subject_add(callers, &roles, &everybody);
}

struct caller caller_of(const struct policy_identity *identity)
{
    return (struct caller){
        .role = identity->role,
        .subject = &identity->subject,
        .hash = hash_join(hash_role(identity->role), hash_subject(&identity->subject)),
    };
}

static struct roles roles_list(struct text role)
{
    const struct text default_role = TEXT(POLICY_ROLE_DEFAULT);
    struct roles roles;

    roles.count = 0;
    if (!text_is_absent(role) && !text_equal(role, default_role)) {
        roles.at[0] = role;
        roles.hashes[0] = hash_role(role);
        roles.count = 1;
    }
    roles.at[roles.count] = default_role;
    roles.hashes[roles.count] = hash_role(default_role);
    roles.count++;
    return roles;
}

/* `user` is not among the names. */
static void others_add(struct callers *callers, const struct roles *roles,
                       const struct subjects *subjects, const struct caller_names *names)
{
    const struct subject *ip = subjects_find(subjects, TEXT(SUBJECT_IP));

    for (size_t i = 0; i < subjects->count; i++) {
        const struct subject *subject = &subjects->at[i];

        if (subject != ip && names_have(names, subject->name))
            subject_add(callers, roles, subject);
    }
    if (ip != NULL && names_have(names, ip->name))
        subject_add(callers, roles, ip);
}

static void subject_add(struct callers *callers, const struct roles *roles,
                        const struct subject *subject)
{
    const uint64_t hash = hash_subject(subject);

    for (size_t i = 0; i < roles->count; i++) {
        callers->at[callers->count++] = (struct caller){
            .role = roles->at[i],
            .subject = subject,
            .hash = hash_join(roles->hashes[i], hash),
        };
    }
}

static bool names_have(const struct caller_names *names, struct text name)
{
    return bsearch(&name, names->at, names->count, sizeof(names->at[0]), compare_names) != NULL;
}

static int compare_names(const void *a, const void *b)
{
    const struct text *left = a;
    const struct text *right = b;

    return text_compare(*left, *right);
}

static uint64_t hash_role(struct text role)
{
    return text_equal(role, TEXT(POLICY_ROLE_DEFAULT)) ? 0 : hash_text(role);
}

static uint64_t hash_subject(const struct subject *subject)
{
    if (subject_is_absent(subject))
        return 0;
    return hash_join(hash_text(subject->name), hash_text(subject->value));
}
