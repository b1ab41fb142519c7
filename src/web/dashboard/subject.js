// SPDX-License-Identifier: MIT
//
// What a support desk asks first: why is this user or organisation blocked, and let them through.
import { ask } from "./api.js";
import { countersCard } from "./counters.js";
import { deniedRow, deniedWords, lackWords } from "./denied.js";
import { element, table } from "./element.js";
import { addressOfView, goTo } from "./navigation.js";
import { attempt } from "./notices.js";
import { resetForm } from "./reset_form.js";
import { subjectFields, subjectQuery, subjectWords } from "./subject_fields.js";
import { tail } from "./tail.js";

export function openSubject(main, query, signal) {
  const subjects = Object.fromEntries(query);

  main.append(searchForm(subjects));
  if (Object.keys(subjects).length === 0) main.append(deniedCard(signal));
  else showSubject(main, subjects, signal);
}

function searchForm(subjects) {
  const fields = subjectFields(subjects);
  const form = element("form", { class: "card row", role: "search" }, fields.root,
    element("button", { type: "submit", class: "first" }, "Find"));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    goTo("subject", fields.read());
  });
  return form;
}

// Without a subject the view offers those who need help most.
function deniedCard(signal) {
  const place = element("div");

  attempt(place, signal, async () => {
    const usage = await ask("GET", "usage", { query: { window: "1h" }, signal });
    const { top_denied: denied } = usage;
    place.replaceChildren(
      table("Denied most", [["Subject"], ["Denied", "number"]],
        element("tbody", {}, denied.subjects.map(deniedRow))),
      element("p", { class: "hint" }, deniedWords(denied), " ", lackWords(usage)));
  });
  return element("section", { class: "card" },
    element("h2", {}, "Denied most in the last hour"), place);
}

function showSubject(main, subjects, signal) {
  const reset = element("div");
  const counters = countersCard(subjects, signal, openReset);

  // For one policy of the table or, with null, for any route.
  function openReset(policy) {
    reset.replaceChildren(resetForm(subjects, policy, counters.show));
    reset.querySelector("input").focus();
  }

  main.append(
    element("div", { class: "row" },
      element("h2", { class: "name" }, subjectWords(subjects)),
      element("button", { type: "button", onclick: () => openReset(null) }, "Reset counters"),
      element("a", { class: "button", href: addressOfView("policy", subjectQuery(subjects)) },
        "New policy for this subject"),
      element("a", { class: "button", href: addressOfView("try", subjectQuery(subjects)) },
        "Try a check")),
    reset, counters.root, tail("Last decisions", subjects, signal));
}
