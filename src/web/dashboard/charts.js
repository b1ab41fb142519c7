// SPDX-License-Identifier: MIT
//
// Pictures of decisions over time by uPlot, and a small line for one route.
import { drawing, element } from "./element.js";
import { momentWords, numberWords } from "./words.js";

const HEIGHT = 220;
const OUTCOMES = [
  { member: "allowed", label: "Allowed", colour: "--allowed" },
  { member: "denied", label: "Denied", colour: "--denied" },
  { member: "shadow_denied", label: "Shadow denied", colour: "--shadow" },
  { member: "degraded", label: "Degraded", colour: "--faint" },
].map(({ member, ...line }) => ({ ...line, read: (point) => point[member] }));
const DASHED = [6, 5];
const THEN_AND_NOW = [
  { label: "Allowed then", colour: "--allowed", dash: DASHED, read: (point) => point.then.allowed },
  { label: "Allowed now", colour: "--allowed", read: (point) => point.now.allowed },
  { label: "Denied then", colour: "--denied", dash: DASHED, read: (point) => point.then.denied },
  { label: "Denied now", colour: "--denied", read: (point) => point.now.denied },
];
const SPARK = { width: 120, height: 24 };

// The steps that have ended. The newest has not, so it would look like a fall.
export function endedSteps(series) {
  return series.slice(0, -1);
}

// A chart of decisions per minute. `root` is the place on the page, and `show` takes an answer of
// /usage. Only the table has the newest step.
export function usageChart(signal) {
  const { root, show } = timeChart(OUTCOMES, signal);

  return { root, show: ({ series, step_seconds: step }) =>
    show(series, step / 60, endedSteps(series)) };
}

// A chart of decisions per step. `show` takes an answer of /policy/simulate. The picture begins and
// ends at nothing, because one point alone makes no line.
export function simulationChart(signal) {
  const { root, show } = timeChart(THEN_AND_NOW, signal);
  const nothing = { then: { allowed: 0, denied: 0 }, now: { allowed: 0, denied: 0 } };

  return {
    root,
    show({ by_time: points, step_seconds: step }) {
      const before = { ...nothing, timestamp: points[0].timestamp - step };
      const after = { ...nothing, timestamp: points.at(-1).timestamp + step };

      show(points, 1, [before, ...points, after]);
    },
  };
}

// `show` takes points of time, by what the picture divides their numbers, and other points if the
// picture has others. What it says is also there as a table, for those who do not see it.
function timeChart(lines, signal) {
  const picture = element("div", { class: "chart", "aria-hidden": "true" });
  const rows = element("tbody");
  const details = element("details", { ontoggle: tell }, element("summary", {}, "As a table"),
    element("div", { class: "scroll low", tabindex: 0, role: "region",
      "aria-label": "Decisions by step" },
    element("table", {}, element("thead", {}, element("tr", {},
      element("th", { scope: "col" }, "From"), lines.map(({ label }) =>
        element("th", { scope: "col", class: "number" }, label)))), rows)));
  const root = element("div", {}, picture, details);
  let plot = null;
  let latest = null;
  let told = [];

  // The page does not wait for uPlot, so it may come later than what is drawn.
  function draw() {
    if (!window.uPlot) return;
    plot?.destroy();
    plot = new window.uPlot(optionsOf(lines, picture.clientWidth), latest, picture);
  }

  // Rows that nobody sees are not made.
  function tell() {
    if (details.open) rows.replaceChildren(...told.toReversed().map((point) =>
      rowOf(lines, point)));
  }

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => latest && draw(), { signal });
  document.getElementById("uplot").addEventListener("load", () => latest && draw(), { signal });
  const resized = new ResizeObserver(() =>
    plot?.setSize({ width: picture.clientWidth, height: HEIGHT }));
  resized.observe(picture);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    plot?.destroy();
  });

  return {
    root,
    show(points, divisor, pictured = points) {
      latest = [pictured.map(({ timestamp }) => timestamp),
        ...lines.map(({ read }) => pictured.map((point) => read(point) / divisor))];
      if (plot) plot.setData(latest);
      else draw();
      told = points;
      tell();
    },
  };
}

// A line of counts, scaled to its own highest one.
export function sparkline(counts, words) {
  const top = Math.max(1, ...counts);
  const step = SPARK.width / Math.max(1, counts.length - 1);
  const heightOf = (count) => SPARK.height - 1 - (count / top) * (SPARK.height - 2);
  const points = counts.map((count, i) =>
    `${(i * step).toFixed(1)},${heightOf(count).toFixed(1)}`);

  return drawing("svg", { ...SPARK, class: "spark", role: "img", "aria-label": words,
    viewBox: `0 0 ${SPARK.width} ${SPARK.height}` },
  drawing("polyline", { points: points.join(" ") }));
}

function optionsOf(lines, width) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 } };

  return {
    width,
    height: HEIGHT,
    series: [{ label: "Time", value: (_, seconds) => seconds && pointWords(seconds) },
      ...lines.map(({ label, colour: name, dash }) =>
      ({ label, stroke: colour(name), dash, width: 1.5, points: { show: false } }))],
    axes: [{ ...axis, space: 90, values: (_, ticks) => ticks.map(tickWords) },
      { ...axis, size: 60 }],
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high)] } },
  };
}

// A day at its beginning, and else the time in it.
function tickWords(seconds) {
  const [day, time] = pointWords(seconds).split(", ");
  return time === "00:00" ? day : time;
}

// Seconds are there only between full minutes.
function pointWords(seconds) {
  const rest = seconds % 60;

  return momentWords(seconds * 1000) + (rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`);
}

function rowOf(lines, point) {
  return element("tr", {}, element("td", {}, pointWords(point.timestamp)),
    lines.map(({ read }) => element("td", { class: "number" }, numberWords(read(point)))));
}
