// SPDX-License-Identifier: MIT
//
// Forgets what some subjects have used under a policy.
import { ask } from "./api.js";
import { element } from "./element.js";
import { field, showFaults, tick } from "./fields.js";
import { problemBox, say } from "./notices.js";
import { identityWords } from "./policy_words.js";
import { subjectWords } from "./subject_fields.js";
import { listWords, numberWords } from "./words.js";

// `policy` is the one whose counters are reset. Without it, that is asked for by a route and a
// role. `onDone` is called after each reset.
export function resetForm(subjects, policy, onDone) {
  const place = element("div");
  const form = element("form", { class: "card", novalidate: true, onsubmit: reset },
    element("h2", {}, "Reset counters of ", subjectWords(subjects)),
    policy && element("p", { class: "name" }, identityWords(policy)),
    element("div", { class: "row" },
      policy ? [] : routeFields(),
      tick("Also limits that all callers share", { name: "/shared" })),
    place,
    element("div", { class: "actions" },
      element("button", { type: "submit", class: "danger" }, "Reset"),
      element("button", { type: "button", onclick: () => form.remove() }, "Cancel")));

  async function reset(event) {
    event.preventDefault();
    try {
      const result = await ask("POST", "reset", { body: bodyOf(form, subjects, policy) });
      form.remove();
      say(resultWords(result));
      onDone();
    } catch (problem) {
      problem.faults = showFaults(form, problem.faults ?? []);
      place.replaceChildren(problemBox(problem));
    }
  }

  return form;
}

function routeFields() {
  return [
    field("Route", { name: "/route_key", required: true }),
    field("Role", { name: "/role", width: "short" }),
  ];
}

function bodyOf({ elements }, subjects, policy) {
  const shared = elements["/shared"].checked;

  if (policy) return { subjects, policy_id: policy.id, shared };
  const role = elements["/role"].value;
  return { subjects, route_key: elements["/route_key"].value, shared, ...(role && { role }) };
}

function resultWords({ reset, not_reset: kept = [] }) {
  const done = reset === 0 ? "Nothing was counted, so nothing is forgotten."
    : `${numberWords(reset)} ${reset === 1 ? "limit was" : "limits were"} reset.`;

  return kept.length > 0 ? `${done} Not reset, because they count more callers: ${listWords(kept)}.`
    : done;
}
