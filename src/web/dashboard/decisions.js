// SPDX-License-Identifier: MIT
//
// Rows of a table of decisions, as the log has them.
import { element } from "./element.js";
import { addressOfView } from "./navigation.js";
import { subjectWords } from "./subject_fields.js";
import { clockWords, listWords, numberWords } from "./words.js";

export const COLUMNS = [["Time"], ["Outcome"], ["Subject"], ["Route"], ["Role"], ["Cost", "number"],
  ["Left", "number"], ["Why"]];

export function decisionRow(entry) {
  return element("tr", {},
    element("td", { title: entry.time }, clockWords(entry.time)),
    element("td", {}, outcomeMark(entry)),
    element("td", { class: "name" }, subjectLink(subjectsOf(entry))),
    element("td", { class: "name" }, entry.route_key),
    element("td", { class: "name" }, entry.role),
    element("td", { class: "number" }, costWords(entry)),
    element("td", { class: "number" }, numberWords(entry.remaining)),
    element("td", {}, whyWords(entry)));
}

export function subjectLink(subjects) {
  return element("a", { href: addressOfView("subject", subjects) }, subjectWords(subjects));
}

// An address may be shown as a network. The log takes it in that form, too.
export function subjectsOf({ user_id: user, ip, subjects, subject }) {
  if (subjects ?? subject) return subjects ?? subject;
  return { ...(user !== undefined && { user }), ...(ip !== undefined && { ip }) };
}

export function outcomeMark({ allowed, charge, mode, reason }) {
  if (charge) return element("span", { class: "mark plain" }, "charged");
  if (!allowed) return element("span", { class: "mark denied" }, "denied");
  return mode === "shadow" && reason
    ? element("span", { class: "mark shadow" }, "shadow denied")
    : element("span", { class: "mark allowed" }, "allowed");
}

function costWords({ cost, costs = {} }) {
  const measures = Object.entries(costs).map(([name, value]) => `${numberWords(value)} ${name}`);

  return listWords([numberWords(cost), ...measures]);
}

function whyWords({ reason, denied_by: limits, degraded, candidate, priority }) {
  const words = [];

  if (reason) words.push(limits?.length > 0 ? `${reason}: ${limits.join(", ")}` : reason);
  if (priority) words.push(`${priority} priority`);
  if (degraded) words.push("degraded");
  if (candidate && !candidate.allowed) words.push("the candidate would deny");
  return words.join("; ");
}
