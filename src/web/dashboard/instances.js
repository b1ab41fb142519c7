// SPDX-License-Identifier: MIT
//
// Which instances decide for the app, as its log tells: the id of an entry has the number of the
// instance, and how many decisions of the app that instance had made.
import { ask } from "./api.js";
import { element, table } from "./element.js";
import { problemBox } from "./notices.js";
import { poll } from "./polling.js";
import { clockWords, numberWords, shareWords } from "./words.js";

const SECONDS = 10;
const ENTRIES = 200; // of the log at each look
const INSTANCES_MAX = 50;
const COLUMNS = [["Instance"], ["Last decision"], ["Decisions/s", "number"],
  ["Degraded", "number"]];

export function instancesCard(signal) {
  const rows = element("tbody");
  const place = element("div");
  let seen = [];

  poll(SECONDS, signal, async () => {
    const entries = await ask("GET", "logs/latest", { query: { limit: ENTRIES }, signal });
    seen = instancesSeen(seen, entries, performance.now() / 1000);
    rows.replaceChildren(...seen.map(instanceRow));
  }, (problem) => place.replaceChildren(...(problem ? [problemBox(problem)] : [])));

  return element("section", { class: "card" }, element("h2", {}, "Instances"), place,
    table("Instances", COLUMNS, rows),
    element("p", { class: "hint" }, "Those that decided last come first. One that is restarted " +
      "has another number."));
}

// What is known after one more look at the log, `before` being what was known: those that decided
// last come first. `entries` are the newest first, and `now` is in seconds by a clock that is never
// set. One without an entry in this look may have decided less than the others, so its rate is not
// known. Nothing here touches the page.
export function instancesSeen(before, entries, now) {
  const known = new Map(before.map((instance) => [instance.name, instance]));
  const names = new Set([...entries.map(nameOf), ...known.keys()]);

  return [...names].slice(0, INSTANCES_MAX).map((name) => {
    const own = entries.filter((entry) => nameOf(entry) === name);
    const last = known.get(name);
    return own.length > 0 ? lookedAt(own, last, now) : { ...last, rate: null };
  });
}

function lookedAt(own, last, now) {
  const [newest] = own;
  const number = Number(newest.id.split("-")[1]);

  return {
    name: nameOf(newest),
    number,
    now,
    time: newest.time,
    rate: last ? Math.max(0, number - last.number) / (now - last.now) : null,
    entries: own.length,
    degraded: own.filter(({ degraded }) => degraded).length,
  };
}

function nameOf({ id }) {
  return id.split("-")[0];
}

function instanceRow({ name, time, rate, entries, degraded }) {
  const share = shareWords(degraded, entries);

  return element("tr", {},
    element("td", { class: "name" }, name),
    element("td", { title: time }, clockWords(time)),
    element("td", { class: "number" }, numberWords(rate && Math.round(rate * 10) / 10)),
    element("td", { class: "number" },
      degraded > 0 ? element("span", { class: "mark denied" }, share) : share));
}
