// SPDX-License-Identifier: MIT
//
// Sends one check and explains the answer. By default it only looks, and charges nothing.
import { ask } from "./api.js";
import { element } from "./element.js";
import { consideredPart, decisionCard } from "./explained.js";
import { field, showFaults, tick } from "./fields.js";
import { problemBox } from "./notices.js";
import { subjectFields, subjectsOfQuery } from "./subject_fields.js";
import { numberOf } from "./words.js";

const PRIORITIES = [["normal", "normal"], ["low", "low"]];

export function openTry(main, query, signal) {
  const who = subjectFields(subjectsOfQuery(query));
  const answer = element("div", { "aria-live": "polite" });
  const form = element("form", { class: "card", novalidate: true, onsubmit: check },
    who.root,
    element("div", { class: "row" },
      field("Route", { name: "/route_key", required: true }),
      field("Role", { name: "/role", width: "short",
        placeholder: "default" }),
      field("Cost", { name: "/cost", inputmode: "numeric", value: "1", width: "short" }),
      field("Other costs", { name: "/costs", placeholder: "tokens=1500" }),
      field("Priority", { name: "/priority", options: PRIORITIES, width: "short" })),
    tick("Charge it, as a real check does", { name: "charge" }),
    element("div", { class: "actions" },
      element("button", { type: "submit", class: "first" }, "Check")));

  async function check(event) {
    event.preventDefault();
    try {
      const body = bodyOf(form.elements, who.read());
      const decision = await ask("POST", "check", { query: { deny_status: 200 }, body, signal });
      showFaults(form, []);
      answer.replaceChildren(decisionCard(decision, !form.elements.charge.checked));
    } catch (problem) {
      if (signal.aborted) return;
      problem.faults = showFaults(form, problem.faults ?? []);
      answer.replaceChildren(problemBox(problem),
        problem.explain ? consideredPart(problem.explain) : "");
    }
  }

  main.append(form, answer);
}

// A look costs nothing, so it says what is left and not whether the cost would pass.
function bodyOf(elements, subjects) {
  const isCharged = elements.charge.checked;
  const role = elements["/role"].value;

  return {
    subjects,
    route_key: elements["/route_key"].value,
    cost: isCharged ? costOf(elements["/cost"].value) : 0,
    costs: costsOf(elements["/costs"].value, isCharged),
    priority: elements["/priority"].value,
    explain: true,
    ...(role && { role }),
  };
}

// "tokens=1500, images=2".
function costsOf(text, isCharged) {
  const parts = text.split(",").map((part) => part.trim()).filter((part) => part !== "");

  return Object.fromEntries(parts.map((part) => {
    const [name, ...count] = part.split("=");
    return [name.trim(), isCharged ? costOf(count.join("=")) : 0];
  }));
}

// Nothing is not 0, so the service says that a number is missing.
function costOf(text) {
  return numberOf(text) ?? "";
}
