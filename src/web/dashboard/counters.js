// SPDX-License-Identifier: MIT
//
// What every policy that can apply to some subjects has counted for them.
import { ask } from "./api.js";
import { element, table } from "./element.js";
import { addressOfView } from "./navigation.js";
import { attempt, say } from "./notices.js";
import { amountWords, callerWords, identityWords, roleWords, routeWords } from "./policy_words.js";
import { subjectQuery } from "./subject_fields.js";
import { durationWords, listWords, numberWords } from "./words.js";

const COLUMNS = [["Route"], ["For"], ["Role"], ["Limit"], ["Used", "number"], ["Left", "number"],
  ["Full again"], ["Actions"]];

// `root` is the place on the page; `show` asks again. `onReset` gets the policy to reset.
export function countersCard(subjects, signal, onReset) {
  const place = element("div", {}, element("p", { class: "hint" }, "Asking…"));
  const root = element("section", { class: "card" }, element("h2", {}, "Counters"), place);
  const show = () => attempt(place, signal, () => showPage(undefined, element("tbody")));

  async function showPage(after, rows) {
    const query = { ...subjectQuery(subjects), after };
    const page = await ask("GET", "subjects/state", { query, signal });

    rows.append(...page.policies.flatMap((policy) => policyRows(policy, subjects, onReset)));
    place.replaceChildren(
      rows.childElementCount > 0 ? table("Counters", COLUMNS, rows)
        : element("p", { class: "hint" }, "No policy can apply to this subject."),
      ...(page.next ? moreOf(page.next, rows) : []));
  }

  // What is shown stays, whatever the next page says.
  function moreOf(next, rows) {
    const trouble = element("div");
    const more = () => attempt(trouble, signal, () => showPage(next, rows).catch(beginAgain));

    return [trouble, element("div", { class: "actions" },
      element("button", { type: "button", onclick: more }, "Show more"))];
  }

  // A page begins after a policy, which somebody may have deleted meanwhile.
  async function beginAgain(problem) {
    if (!problem.faults?.some(({ parameter }) => parameter === "after")) throw problem;
    await showPage(undefined, element("tbody"));
    say("Policies were deleted meanwhile, so the counters are shown from the first again.");
  }

  show();
  return { root, show };
}

// A row for each limit. The policy is named in the first one.
function policyRows(policy, subjects, onReset) {
  return policy.limits.map((limit, i) => element("tr", {},
    element("td", { class: "name" }, i === 0 && routeWords(policy.route_key)),
    element("td", { class: "name" }, i === 0 && callerWords(policy)),
    element("td", { class: "name" }, i === 0 && roleWords(policy.role)),
    element("td", {}, `${limit.name}: ${amountWords(limit)}`),
    element("td", { class: "number" }, numberWords(limit.used)),
    element("td", { class: "number" }, remainingMark(limit)),
    element("td", {}, stateWords(policy, limit)),
    element("td", { class: "buttons" }, i === 0 && actionsFor(policy, subjects, onReset))));
}

function remainingMark({ remaining }) {
  return remaining === 0 ? element("span", { class: "mark denied" }, "0")
    : numberWords(remaining);
}

function stateWords(policy, { needs, reset_in: seconds }) {
  const words = [];

  if (!policy.is_active) words.push("switched off");
  else if (policy.degraded) words.push("the store did not answer");
  else if (needs) words.push(`needs ${listWords(needs)}`);
  else if (seconds > 0) words.push(`in ${durationWords(seconds)}`);
  else words.push("full");
  if (policy.mode === "shadow") words.push("shadow");
  if (policy.hidden_by) words.push("a closer policy decides");
  return words.join("; ");
}

// What is for everybody is raised by a policy of its own for this subject.
function actionsFor(policy, subjects, onReset) {
  const isOwn = Boolean(policy.user_id ?? policy.subject);
  const query = isOwn ? { id: policy.id } : { copy: policy.id, ...subjectQuery(subjects) };
  const name = identityWords(policy);

  return [
    element("a", { class: "button quiet", href: addressOfView("policy", query),
      "aria-label": `${isOwn ? "Edit" : "Raise"} ${name}` }, isOwn ? "Edit" : "Raise"),
    element("button", { type: "button", class: "quiet", "aria-label": `Reset ${name}`,
      onclick: () => onReset(policy) }, "Reset"),
  ];
}
