// SPDX-License-Identifier: MIT
//
// Whom a check is about: up to eight names and values.
import { element } from "./element.js";
import { field, valueOf } from "./fields.js";

const SUBJECTS_MAX = 8;
const PREFIX = "subject.";

// Returns the controls, and a function that reads what is in them. `subjects` maps names to values.
export function subjectFields(subjects) {
  const rows = element("div", { class: "subjects" });
  const more = element("button", { type: "button", class: "quiet", onclick: () => add("", "") },
    "Add a subject");

  function add(name, value) {
    rows.append(element("div", { class: "row" },
      field("Subject", { name: "subject-name", value: name, list: "subject-names",
        width: "short" }),
      field("is", { name: "subject-value", value })));
    more.hidden = rows.children.length >= SUBJECTS_MAX;
  }

  const given = Object.entries(subjects);
  for (const [name, value] of given.length > 0 ? given : [["user", ""]]) add(name, value);
  const root = element("div", { class: "field whole" }, rows, more,
    element("datalist", { id: "subject-names" },
      ["user", "ip", "org"].map((name) => element("option", { value: name }))));

  return { root, read: () => readSubjects(rows) };
}

// A name that is given twice has its last value. Empty rows are left out. Nothing is trimmed: with
// and without a blank are two users.
function readSubjects(rows) {
  const pairs = [...rows.children].map((row) =>
    [...row.querySelectorAll("input, textarea")].map(valueOf));

  return Object.fromEntries(pairs.filter(([name, value]) => name !== "" && value !== ""));
}

// As arguments of a query, among which no other has these names.
export function subjectQuery(subjects) {
  return Object.fromEntries(Object.entries(subjects).map(([name, value]) =>
    [PREFIX + name, value]));
}

export function subjectsOfQuery(query) {
  return Object.fromEntries([...query].filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [name.slice(PREFIX.length), value]));
}

export function subjectWords(subjects) {
  return Object.entries(subjects).map(([name, value]) => `${name} ${value}`).join(", ");
}
