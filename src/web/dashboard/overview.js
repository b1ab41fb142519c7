// SPDX-License-Identifier: MIT
//
// How often callers meet their limits, who does, and on which routes.
import { ask } from "./api.js";
import { endedSteps, sparkline, usageChart } from "./charts.js";
import { deniedRow, deniedWords, lackWords } from "./denied.js";
import { element, refill, table } from "./element.js";
import { field } from "./fields.js";
import { healthStrip } from "./health.js";
import { instancesCard } from "./instances.js";
import { problemBox } from "./notices.js";
import { poll } from "./polling.js";
import { tail } from "./tail.js";
import { numberWords, shareWords } from "./words.js";

const USAGE_SECONDS = 10;
const ROUTES_SECONDS = 60;
const LINES_MAX = 8; // each line of a route is a request of its own
const ROUTES_MAX = 50;
const WINDOWS = [["1h 1m", "the last hour"], ["6h 5m", "6 hours"], ["24h 15m", "24 hours"],
  ["7d 2h", "7 days"]];
const FIGURES = [
  ["Decisions", (totals) => numberWords(totals.allowed + totals.denied)],
  ["Allowed", (totals) => numberWords(totals.allowed)],
  ["Denied", (totals) => numberWords(totals.denied)],
  ["Share denied", (totals) => shareWords(totals.denied, totals.allowed + totals.denied)],
  ["Shadow denied", (totals) => numberWords(totals.shadow_denied)],
  ["Candidate denied", (totals) => numberWords(totals.candidate_denied)],
  ["Degraded", (totals) => numberWords(totals.degraded)],
];

export function openOverview(main, _, signal) {
  const place = element("div");
  const body = element("div", { class: "grid" });
  const choice = field("Window", { name: "window", options: WINDOWS, width: "short" });
  let showing = new AbortController();

  function show() {
    showing.abort();
    showing = new AbortController();
    const [span, step] = choice.querySelector("select").value.split(" ");
    showUsage(body, place, { window: span, step }, AbortSignal.any([signal, showing.signal]));
  }

  choice.addEventListener("change", show);
  main.append(element("div", { class: "row" }, healthStrip(signal), choice), place, body,
    instancesCard(signal), tail("Live decisions", null, signal));
  show();
}

function showUsage(body, place, query, signal) {
  const figures = element("dl", { class: "figures" });
  const lack = element("p", { class: "hint" });
  const chart = usageChart(signal);
  const denied = element("tbody");
  const error = element("p", { class: "hint" });
  const routes = element("tbody");
  let busiest = [];

  body.replaceChildren(
    element("section", { class: "card wide" }, element("h2", {}, "Decisions per minute"), figures,
      lack, chart.root),
    element("section", { class: "card" }, element("h2", {}, "Denied most"),
      table("Denied most", [["Subject"], ["Denied", "number"]], denied), error),
    element("section", { class: "card" }, element("h2", {}, "Routes"),
      table("Routes", [["Route"], ["Role"], ["Decisions", "number"], ["Denied", "number"],
        ["Share", "number"], ["Over time"]], routes)));

  const lines = new Map();
  poll(USAGE_SECONDS, signal, async () => {
    const usage = await ask("GET", "usage", { query, signal });
    chart.show(usage);
    figures.replaceChildren(...FIGURES.map(([title, read]) =>
      element("div", {}, element("dt", {}, title), element("dd", {}, read(usage.totals)))));
    lack.textContent = lackWords(usage);
    refill(denied, usage.top_denied.subjects.map(deniedRow));
    error.textContent = deniedWords(usage.top_denied);
    busiest = usage.routes.filter(({ route }) => route !== "(other)").slice(0, LINES_MAX);
    routes.replaceChildren(...usage.routes.slice(0, ROUTES_MAX).map((each) =>
      routeRow(each, lines.get(keyOf(each)))));
    if (lines.size === 0) readLines();
  }, (problem) => place.replaceChildren(...(problem ? [problemBox(problem)] : [])));

  let isReading = false;
  function readLines() {
    if (isReading || busiest.length === 0) return;
    isReading = true;
    poll(ROUTES_SECONDS, signal, async () => {
      for (const each of busiest) {
        const { route, role } = each;
        const { series } = await ask("GET", "usage",
          { query: { ...query, route_key: route, role }, signal });
        const counts = endedSteps(series).map((point) => point.allowed + point.denied);
        lines.set(keyOf(each), counts);
        for (const row of routes.children)
          if (row.dataset.key === keyOf(each)) row.lastElementChild.replaceChildren(lineOf(counts));
      }
    });
  }
}

// Two texts as one, which no other two make.
function keyOf({ route, role }) {
  return JSON.stringify([route, role]);
}

function routeRow(each, counts) {
  const { route, role, allowed, denied } = each;

  return element("tr", { "data-key": keyOf(each) },
    element("td", { class: "name" }, route),
    element("td", { class: "name" }, role),
    element("td", { class: "number" }, numberWords(allowed + denied)),
    element("td", { class: "number" }, numberWords(denied)),
    element("td", { class: "number" }, shareWords(denied, allowed + denied)),
    element("td", {}, counts && lineOf(counts)));
}

function lineOf(counts) {
  return sparkline(counts, `at most ${numberWords(Math.max(...counts))} in one step`);
}
