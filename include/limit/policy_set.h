/* SPDX-License-Identifier: MIT
 *
 * The policies of one app. The set is made once; then any number of threads read it. */
#ifndef LIMIT_POLICY_SET_H
#define LIMIT_POLICY_SET_H

#include "limit/policy.h"

struct policy_set;

/* A set of `count` policies with different identities. The set and its index lie in `arena`; the
 * policies are not copied, and must live as long as the set. */
struct policy_set *policy_set_new(struct arena *arena, struct policy *const policies[],
                                  size_t count);

/* The policy that decides for these subjects, or NULL. In this order: the exact route, then the
 * longest matching "prefix*", then "*". At each route: the user, then the other subjects by name,
 * then the address, then nobody in particular; each of them with the role, then with the default
 * role. An absent `role` is the default role. Except for `user`, it does not look for subjects
 * whose name no policy of the set has. It looks up hashes, so the time does not grow with the
 * number of policies. */
const struct policy *policy_set_match(const struct policy_set *set, struct text route_key,
                                      struct text role, const struct subjects *subjects);

/* One identity that a match looks for. Borrowed for the call of policy_set_tried_fn. */
struct policy_tried {
    struct text route; /* without the '*' of a prefix */
    bool is_prefix;
    struct text role;
    struct subject subject; /* absent: everybody */
    bool found;
};

typedef void policy_set_tried_fn(void *context, const struct policy_tried *tried);

/* policy_set_match() that reports each identity it looks for, in order. If one is found, it is the
 * last. */
const struct policy *policy_set_match_telling(const struct policy_set *set, struct text route_key,
                                              struct text role, const struct subjects *subjects,
                                              void *context, policy_set_tried_fn *tried);

/* The policy that decides for these subjects where one of the set would: at its route, with its
 * role. It is another one if that comes before it. */
const struct policy *policy_set_match_at(const struct policy_set *set, const struct policy *policy,
                                         const struct subjects *subjects);

/* Prefetch what a match in a small set reads: first the set, and its policies once the set is in
 * the cache. */
void policy_set_prefetch(const struct policy_set *set);
void policy_set_prefetch_policies(const struct policy_set *set);

/* The policy of exactly this identity, or NULL. */
const struct policy *policy_set_find(const struct policy_set *set,
                                     const struct policy_identity *identity);

size_t policy_set_count(const struct policy_set *set);
/* In the order of policy_identity_compare(). */
const struct policy *policy_set_at(const struct policy_set *set, size_t index);
/* Where the policy with this id is, or policy_set_count() if there is none. Looks at each. */
size_t policy_set_place(const struct policy_set *set, uint64_t id);

#endif
