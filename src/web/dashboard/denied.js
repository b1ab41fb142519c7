// SPDX-License-Identifier: MIT
//
// Who was denied most, as /usage estimates it, and what its figures are not.
import { subjectLink, subjectsOf } from "./decisions.js";
import { element } from "./element.js";
import { momentWords, numberWords } from "./words.js";

export function deniedRow(subject) {
  const { denied, error } = subject;

  return element("tr", {},
    element("td", { class: "name" }, subjectLink(subjectsOf(subject))),
    element("td", { class: "number" },
      error > 0 ? `${numberWords(denied - error)} to ${numberWords(denied)}`
        : numberWords(denied)));
}

export function deniedWords({ subjects, error_max: bound }) {
  if (subjects.length === 0) return "Nobody was denied.";
  return bound > 0 ? `Somebody who is not listed was denied at most ${numberWords(bound)} times.`
    : "";
}

// Empty if an answer of /usage has each step of the whole app.
export function lackWords({ degraded, hourly_before: seconds }) {
  const words = [];

  if (degraded)
    words.push("The store of usage does not answer. These are the counts of one instance.");
  if (seconds !== null)
    words.push(`Before ${momentWords(seconds * 1000)} there are only counts by the hour.`);
  return words.join(" ");
}
