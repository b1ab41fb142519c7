// SPDX-License-Identifier: MIT
//
// A decision and why it was made, in words.
import { element, table } from "./element.js";
import { identityWords } from "./policy_words.js";
import { durationWords, numberWords } from "./words.js";

const COLUMNS = [["Limit"], ["Says"], ["Left before", "number"], ["Left after", "number"],
  ["Full again"]];

// `isLook`: nothing was to be charged. Such a check is allowed also if nothing is left.
export function decisionCard(decision, isLook) {
  const { explain } = decision;

  return element("section", { class: "card", "aria-label": "Decision" },
    element("p", { class: "verdict" }, verdictMark(decision, isLook), " ",
      decisionWords(decision),
      isLook && decision.remaining === 0 && " A check that costs something is denied."),
    explain && [
      element("p", {}, "Decided by the policy of ", identityWords(explain.chosen),
        `: ${explain.chosen.why}.`),
      explain.limits.length > 0 && table("Limits", COLUMNS,
        element("tbody", {}, explain.limits.map(limitRow))),
      explain.candidate && candidatePart(explain.candidate),
      consideredPart(explain),
    ]);
}

// Why no policy applies, if the check asked for that.
export function consideredPart({ considered, considered_omitted: omitted }) {
  return element("details", {},
    element("summary", {}, `${numberWords(considered.length + omitted)} policies were looked for`),
    element("ol", {}, considered.map((policy) => element("li", {}, identityWords(policy),
      policy.found ? element("b", {}, " – found") : " – none"))),
    omitted > 0 && element("p", { class: "hint" }, `${numberWords(omitted)} more are not listed.`));
}

function verdictMark({ allowed }, isLook) {
  if (!allowed) return element("span", { class: "mark denied" }, "Denied");
  return isLook ? element("span", { class: "mark plain" }, "Looked")
    : element("span", { class: "mark allowed" }, "Allowed");
}

function decisionWords({ reason, retry_after: wait, allowed, delay_ms: delay, remaining,
  limit, shadow, degraded }) {
  const words = [];

  if (reason) words.push(`${reason}.`);
  if (!allowed)
    words.push(wait === null ? "Waiting does not help."
      : `The same check passes in ${durationWords(wait)}.`);
  if (limit !== null) words.push(`${numberWords(remaining)} of ${numberWords(limit)} are left.`);
  if (delay) words.push(`Its turn comes in ${numberWords(delay)} ms.`);
  if (shadow) words.push("The policy is in shadow, so it denies nobody.");
  if (degraded) words.push("The store of counters did not decide this.");
  return words.join(" ");
}

function limitRow(limit) {
  return element("tr", {},
    element("td", { class: "name" }, limit.name),
    element("td", {}, element("span", { class: `mark ${limit.allowed ? "allowed" : "denied"}` },
      limit.allowed ? "allows" : "denies")),
    element("td", { class: "number" }, numberWords(limit.remaining_before)),
    element("td", { class: "number" }, numberWords(limit.remaining_after)),
    element("td", {}, limit.reset_ms_after > 0
      ? `in ${durationWords(Math.ceil(limit.reset_ms_after / 1000))}` : "full"));
}

function candidatePart({ allowed, reason, limits }) {
  return element("div", {},
    element("h3", {}, "The candidate on trial"),
    element("p", {}, allowed ? "It would allow this. " : "It would deny this. ", reason ?? ""),
    limits.length > 0 && table("Limits of the candidate", COLUMNS,
      element("tbody", {}, limits.map(limitRow))));
}
