// SPDX-License-Identifier: MIT
//
// What went well, and what did not.
import { element } from "./element.js";

const SAID_MS = 15000;
let silence;

// One line that screen readers speak. It stays for a while, also in another view.
export function say(text) {
  const status = document.getElementById("status");

  clearTimeout(silence);
  status.textContent = text;
  silence = setTimeout(() => status.replaceChildren(), SAID_MS);
}

export function problemBox(problem) {
  const faults = (problem.faults ?? []).map((fault) =>
    element("li", {}, faultPlace(fault), fault.detail));

  return element("div", { class: "problem", role: "alert" },
    element("strong", {}, problem.title ?? "This page failed"),
    element("p", {}, problem.message),
    faults.length > 0 && element("ul", {}, faults));
}

// Puts what fails into `place`. A view that has been left fails silently.
export async function attempt(place, signal, work) {
  try {
    await work();
  } catch (error) {
    if (signal.aborted) return;
    place.replaceChildren(problemBox(error));
  }
}

// Asks before something that cannot be undone. Resolves to true if it is to be done.
export function confirmed(question, explanation, verb) {
  return new Promise((resolve) => {
    const answer = (yes) => () => {
      dialog.close();
      resolve(yes);
    };
    const dialog = element("dialog", { "aria-labelledby": "question", oncancel: answer(false) },
      element("h2", { id: "question" }, question),
      element("p", {}, explanation),
      element("div", { class: "actions" },
        element("button", { type: "button", onclick: answer(false) }, "Cancel"),
        element("button", { type: "button", class: "danger", onclick: answer(true) }, verb)));

    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}

function faultPlace({ pointer, parameter }) {
  const place = pointer ?? parameter;
  return place ? element("code", {}, `${place} `) : null;
}
