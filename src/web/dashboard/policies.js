// SPDX-License-Identifier: MIT
//
// The policies of the app, each limit in plain words.
import { ask } from "./api.js";
import { refuseIfChanged } from "./changed.js";
import { element, table } from "./element.js";
import { field } from "./fields.js";
import { addressOfView } from "./navigation.js";
import { attempt, confirmed, problemBox, say } from "./notices.js";
import { callerWords, identityWords, limitsOf, limitsWords, mannerWords, roleWords,
  routeWords } from "./policy_words.js";
import { numberWords } from "./words.js";

const ROWS_STEP = 100;
const COLUMNS = [["Route"], ["For"], ["Role"], ["Limits"], ["Actions"]];

export function openPolicies(main, query, signal) {
  const place = element("div");
  const list = element("div");
  const search = field("Find", { name: "find", type: "search", value: query.get("find") ?? "",
    hint: "a route, role, user or other subject" });
  let policies = [];
  let shown = ROWS_STEP;

  async function load() {
    policies = await ask("GET", "policy", { signal });
    show();
  }

  function show() {
    const wanted = search.querySelector("[name=find]").value.trim().toLowerCase();
    const found = policies.filter((policy) => wanted === "" || textOf(policy).includes(wanted));
    const rows = found.slice(0, shown).map((policy) => policyRow(policy, { switchShadow, remove }));

    list.replaceChildren(element("section", { class: "card" },
      element("p", { class: "hint" }, countWords(found.length, policies.length, rows.length)),
      table("Policies", COLUMNS, element("tbody", {}, rows)),
      rows.length < found.length && element("div", { class: "actions" },
        element("button", { type: "button", onclick: more }, "Show more"))));
  }

  function more() {
    shown += ROWS_STEP;
    show();
  }

  async function change(work, words) {
    try {
      await work();
      await load();
      place.replaceChildren();
      say(words);
      main.querySelector("h1").focus();
    } catch (problem) {
      if (!signal.aborted) await tell(problem);
    }
  }

  // Beside what is in force now.
  async function tell(problem) {
    place.replaceChildren(problemBox(problem));
    await load().catch(() => {});
  }

  function switchShadow(policy) {
    const mode = policy.mode === "shadow" ? "enforce" : "shadow";

    return change(async () => {
      await refuseIfChanged(policy);
      await ask("POST", "policy", { body: { ...policy, mode } });
    }, `${identityWords(policy)}: ${mode === "shadow" ? "now in shadow" : "now enforced"}.`);
  }

  async function remove(policy) {
    const isMeant = await confirmed("Delete this policy?",
      `${identityWords(policy)}. What was used under it is forgotten.`, "Delete");

    if (isMeant)
      await change(async () => {
        await refuseIfChanged(policy);
        await ask("DELETE", "policy", { body: identityOf(policy) });
      }, `${identityWords(policy)}: deleted.`);
  }

  search.addEventListener("input", () => {
    shown = ROWS_STEP;
    show();
  });
  main.append(element("div", { class: "row" }, search,
    element("a", { class: "button first", href: addressOfView("policy") }, "New policy")),
  place, list);
  attempt(place, signal, load);
}

function policyRow(policy, { switchShadow, remove }) {
  const name = identityWords(policy);
  const verb = policy.mode === "shadow" ? "Enforce" : "Shadow";

  return element("tr", {},
    element("td", { class: "name" }, routeWords(policy.route_key)),
    element("td", { class: "name" }, callerWords(policy)),
    element("td", { class: "name" }, roleWords(policy.role)),
    element("td", { class: "words" }, policyText(policy)),
    element("td", { class: "buttons" },
      element("a", { class: "button quiet", href: addressOfView("policy", { id: policy.id }),
        "aria-label": `Edit ${name}` }, "Edit"),
      element("button", { type: "button", class: "quiet", "aria-label": `${verb} ${name}`,
        onclick: () => switchShadow(policy) }, verb),
      element("button", { type: "button", class: "quiet", "aria-label": `Delete ${name}`,
        onclick: () => remove(policy) }, "Delete")));
}

// The limits in words, what else is unusual, and the candidate.
export function policyText(policy) {
  const { candidate, description } = policy;

  return [
    limitLines(policy),
    mannerWords(policy).map((words) => element("p", { class: "note" }, words)),
    candidate && element("p", { class: "note" }, "Candidate on trial: ",
      limitsWords(candidate).join("; ")),
    description && element("p", { class: "hint" }, description),
  ];
}

function limitLines(policy) {
  const names = limitsOf(policy).map(({ name }) => name);

  return limitsWords(policy).map((words, i) => element("p", {},
    names.length > 1 && [element("b", {}, names[i] ?? String(i + 1)), ": "], words));
}

// As DELETE /policy takes it.
function identityOf({ route_key, role, user_id, subject }) {
  return { route_key, role, ...(user_id && { user_id }), ...(subject && { subject }) };
}

function textOf(policy) {
  return [policy.route_key, policy.role, callerWords(policy), policy.description ?? ""]
    .join("\n").toLowerCase();
}

function countWords(found, all, shown) {
  if (all === 0) return "There is no policy yet, so every check is answered 404.";
  const some = shown < found ? `, the first ${numberWords(shown)} are shown` : "";
  return `${numberWords(found)} of ${numberWords(all)} policies${some}`;
}
