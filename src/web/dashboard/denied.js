// SPDX-License-Identifier: MIT
//
// Who was denied most, as /usage estimates it.
import { subjectLink, subjectsOf } from "./decisions.js";
import { element } from "./element.js";
import { numberWords } from "./words.js";

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
