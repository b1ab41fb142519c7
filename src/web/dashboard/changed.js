// SPDX-License-Identifier: MIT
//
// What others have saved since a policy was shown is not undone, and not replaced unseen.
import { ask, Problem } from "./api.js";
import { subjectQuery } from "./subject_fields.js";

// Throws a Problem if the policy is not there any more, or has another version by now.
export async function refuseIfChanged({ id, version }) {
  const policies = await ask("GET", "policy");
  const found = policies.find((policy) => policy.id === id);

  if (found?.version === version) return;
  refuse(found ? `Somebody has changed the policy meanwhile: version ${version} was shown here, ` +
    `and version ${found.version} is in force.` : "Somebody has deleted the policy meanwhile.");
}

// The same before a save, which also must not replace another policy. One without an id is new.
export async function refuseIfReplaced(policy) {
  if (policy.id !== undefined) await refuseIfChanged(policy);
  const there = await policyInPlaceOf(policy);

  if (there && there.id !== policy.id)
    refuse(`There is such a policy already: its version ${there.version} is in force. ` +
      "Edit that one instead.");
}

// The service compares, because it may write a subject otherwise. If it does not take the identity,
// it refuses the policy, too, and then names the fields.
async function policyInPlaceOf({ route_key, role = "default", user_id: user, subject }) {
  const subjects = user ? { user } : subject ?? {};
  const isFor = (policy) => Boolean(policy.user_id ?? policy.subject);
  const query = { route_key, role, ...subjectQuery(subjects) };

  try {
    const policies = await ask("GET", "policy", { query });
    return policies.find((policy) => isFor(policy) === Object.keys(subjects).length > 0);
  } catch (problem) {
    if (problem.status !== 422) throw problem;
    return undefined;
  }
}

function refuse(detail) {
  throw new Problem({ title: "Not done", detail });
}
