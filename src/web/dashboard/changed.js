// SPDX-License-Identifier: MIT
//
// What others have saved since a policy was shown is not undone.
import { ask, Problem } from "./api.js";

// Throws a Problem if the policy is not there any more, or has another version by now. One without
// an id is new.
export async function refuseIfChanged({ id, version }) {
  if (id === undefined) return;
  const policies = await ask("GET", "policy");
  const found = policies.find((policy) => policy.id === id);

  if (found?.version === version) return;
  throw new Problem({ title: "Not saved", detail: found
    ? `Somebody has changed the policy meanwhile: version ${version} was shown here, and version ` +
      `${found.version} is in force.`
    : "Somebody has deleted the policy meanwhile." });
}
