// SPDX-License-Identifier: MIT
//
// The live tail: a table of the newest decisions, with filters and a pause.
import { decisionRow, COLUMNS } from "./decisions.js";
import { element, table } from "./element.js";
import { field } from "./fields.js";
import { follow } from "./follow.js";
import { numberWords } from "./words.js";

const ENTRIES_MAX = 500;
const ROWS_STEP = 100; // hundreds of rows take a browser long, and few of them are looked at
const NEAR_PIXELS = 300; // rows are made before the end is in sight
const OUTCOMES = [["", "all"], ["true", "allowed"], ["false", "denied"]];

// With `subjects` only decisions about them are shown, and nobody asks for others.
export function tail(title, subjects, signal) {
  const rows = element("tbody");
  const box = table(title, COLUMNS, rows);
  const state = element("span", { class: "hint" });
  const pause = element("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const filters = element("form", { class: "row" },
    field("Outcome", { name: "allowed", options: OUTCOMES, width: "short" }),
    field("Route", { name: "route_key" }),
    field("Role", { name: "role", width: "short" }),
    !subjects && field("User", { name: "user", width: "short" }),
    pause);
  const held = [];
  const entries = []; // the newest first; the first of them have rows
  let isPaused = false;
  let came = 0; // since it was paused; not all of them are held
  let missed = false;
  let trouble = null;
  let stop = () => {};

  function tell() {
    const said = isPaused ? `paused, ${numberWords(came)} new` : "live";

    if (trouble) state.textContent = `${trouble.title ?? "Stopped"}: ${trouble.message}`;
    else state.textContent = missed ? `${said}; some came too fast to be shown` : said;
  }

  function showHeld() {
    const fresh = held.splice(0).reverse();
    const rowsMax = Math.max(ROWS_STEP, rows.childElementCount);

    entries.unshift(...fresh);
    entries.length = Math.min(entries.length, ENTRIES_MAX);
    rows.prepend(...fresh.slice(0, rowsMax).map(decisionRow));
    while (rows.childElementCount > rowsMax) rows.lastElementChild.remove();
  }

  function showOlder() {
    if (box.scrollTop + box.clientHeight + NEAR_PIXELS < box.scrollHeight) return;
    const from = rows.childElementCount;
    rows.append(...entries.slice(from, from + ROWS_STEP).map(decisionRow));
  }

  function begin() {
    const { allowed, route_key: route, role, user } = filters.elements;
    stop();
    rows.replaceChildren();
    held.length = 0;
    entries.length = 0;
    came = 0;
    missed = false;
    stop = follow({
      allowed: allowed.value,
      route_key: route.value,
      role: role.value,
      subjects: subjects ?? (user.value ? { user: user.value } : {}),
    }, (entry) => {
      came += 1;
      held.push(entry);
      if (held.length > ENTRIES_MAX) held.shift();
      if (!isPaused && held.length === 1) queueMicrotask(showHeld);
    }, {
      onState(problem) {
        trouble = problem;
        tell();
      },
      onGap() {
        missed = true;
      },
    });
  }

  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    came = 0;
    if (!isPaused) showHeld();
    tell();
  });
  box.addEventListener("scroll", showOlder);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("change", begin);
  signal.addEventListener("abort", () => stop());
  begin();
  return element("section", { class: "card tail" },
    element("div", { class: "row" }, element("h2", {}, title), state), filters,
    box);
}
