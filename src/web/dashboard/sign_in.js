// SPDX-License-Identifier: MIT
//
// The first view: asks for an API key, and tries it before it is kept.
import { ask, Problem } from "./api.js";
import { element } from "./element.js";
import { field } from "./fields.js";
import { problemBox } from "./notices.js";
import { beginSession } from "./session.js";

// `problem` is why the last session ended; `onSignedIn` is called once.
export function openSignIn(main, problem, onSignedIn) {
  const place = element("div", {}, problem && problemBox(problem));
  const form = element("form", { class: "card narrow", novalidate: true, onsubmit: submit },
    element("p", {}, "Sign in with an API key of the app. It stays in this tab and ends with it."),
    field("API key", { name: "key", type: "password", required: true, width: "whole" }),
    place,
    element("div", { class: "actions" },
      element("button", { type: "submit", class: "first" }, "Sign in")),
    element("p", { class: "hint" }, "No key yet? Register an app in the ",
      element("a", { href: "docs" }, "reference"), "."));

  async function submit(event) {
    event.preventDefault();
    const key = form.elements.key.value.trim();
    try {
      await trial(key);
      beginSession(key);
      onSignedIn();
    } catch (refusal) {
      place.replaceChildren(problemBox(refusal));
      form.elements.key.focus();
    }
  }

  main.append(form);
  form.elements.key.focus();
}

// A header field takes only these characters, and no key has others.
async function trial(key) {
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new Problem({ title: "Not a key", detail: "A key begins with slk_ and has no blanks." });
  await ask("GET", "app", { key });
}
