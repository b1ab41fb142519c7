// SPDX-License-Identifier: MIT
//
// What a policy would have said of the decisions in the log, as numbers and as a picture.
import { simulationChart } from "./charts.js";
import { subjectLink } from "./decisions.js";
import { element, table } from "./element.js";
import { listWords, momentWords, numberWords } from "./words.js";

const FIGURES = [
  ["Decisions", ({ replayed }) => replayed.decisions],
  ["Denied then", ({ then }) => then.denied],
  ["Denied now", ({ now }) => now.denied],
  ["Newly denied", ({ changed }) => changed.newly_denied],
  ["Newly allowed", ({ changed }) => changed.newly_allowed],
];
const LEFT_OUT = [
  ["other_policy", "for other policies"],
  ["unfit", "without what this policy needs"],
  ["degraded", "decided without the shared counters"],
  ["no_time", "without an exact time"],
];
const COLUMNS = [["Subject"], ["Denied then", "number"], ["Denied now", "number"],
  ["Newly denied", "number"], ["Newly allowed", "number"]];

// `root` must be on the page before `show` gets an answer of /policy/simulate.
export function simulationCard(signal) {
  const chart = simulationChart(signal);
  const root = element("section", { class: "card", "aria-label": "Simulation" });

  return {
    root,
    show(simulation) {
      const hasDecisions = simulation.replayed.decisions > 0;

      root.replaceChildren(element("h2", {}, "Simulation"),
        ...aboutLog(simulation).map((text) => element("p", {}, text)));
      if (!hasDecisions) return;
      root.append(figures(simulation), chart.root, ...subjectParts(simulation),
        ...limitParts(simulation));
      chart.show(simulation);
    },
  };
}

function figures(simulation) {
  return element("dl", { class: "figures" }, FIGURES.map(([title, read]) => element("div", {},
    element("dt", {}, title), element("dd", {}, numberWords(read(simulation))))));
}

function aboutLog({ from, to, replayed, left_out: leftOut, log_missing: missing, degraded }) {
  const leftOutWords = LEFT_OUT.filter(([reason]) => leftOut[reason] > 0).map(([reason, words]) =>
    `${numberWords(leftOut[reason])} ${words}`);
  const texts = degraded ? ["The shared log cannot be read. This is the log of one instance."] : [];

  if (from === null) return [...texts, "The log is empty."];
  texts.push(replayed.decisions > 0
    ? `What it would have said from ${momentWords(from * 1000)} to ${momentWords(to * 1000)}.`
    : "The log has no decision that this policy would make.");
  if (leftOutWords.length > 0) texts.push(`Left out: ${listWords(leftOutWords)}.`);
  if (missing > 0)
    texts.push(`${numberWords(missing)} earlier entries are not in the log any more. Counters ` +
      "begin empty, so at first it allows more than it would have.");
  return texts;
}

function subjectParts({ by_subject: rows, subjects }) {
  const denied = rows.filter(({ now, then }) => now.denied > 0 || then.denied > 0);
  const body = element("tbody", {}, denied.map(({ subject, then, now, ...changes }) =>
    element("tr", {}, element("td", { class: "name" }, subjectLink(subject)),
      [then.denied, now.denied, changes.newly_denied, changes.newly_allowed].map((count) =>
        element("td", { class: "number" }, numberWords(count))))));

  if (denied.length === 0) return [];
  return [element("h3", {}, "By subject"), table("Simulation by subject", COLUMNS, body),
    rows.length < subjects &&
      element("p", { class: "hint" }, `${numberWords(rows.length)} of ` +
        `${numberWords(subjects)} subjects: those with the most changes.`)].filter(Boolean);
}

function limitParts({ by_limit: limits }) {
  if (limits.length < 2) return [];
  return [element("p", { class: "hint" }, `Denied by ${listWords(limits.map(({ name, denied }) =>
    `${name}: ${numberWords(denied)}`))}.`)];
}
