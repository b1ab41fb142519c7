// SPDX-License-Identifier: MIT
//
// Pictures of usage: decisions over time by uPlot, and a small line for one route.
import { drawing, element } from "./element.js";
import { momentWords, numberWords } from "./words.js";

const HEIGHT = 220;
const OUTCOMES = [
  { member: "allowed", label: "Allowed", colour: "--allowed" },
  { member: "denied", label: "Denied", colour: "--denied" },
  { member: "shadow_denied", label: "Shadow denied", colour: "--shadow" },
  { member: "degraded", label: "Degraded", colour: "--faint" },
];
const SPARK = { width: 120, height: 24 };

// A chart of decisions per minute. `root` is the place on the page, and `show` takes an answer of
// /usage. What a picture says is also there as a table, for those who do not see it.
export function usageChart(signal) {
  const picture = element("div", { class: "chart", "aria-hidden": "true" });
  const rows = element("tbody");
  const root = element("div", {}, picture,
    element("details", {}, element("summary", {}, "As a table"),
      element("div", { class: "scroll low", tabindex: 0, role: "region",
        "aria-label": "Decisions by step" },
      element("table", {}, element("thead", {}, element("tr", {},
        element("th", { scope: "col" }, "From"), OUTCOMES.map(({ label }) =>
          element("th", { scope: "col", class: "number" }, label)))), rows))));
  let plot = null;
  let latest = null;

  function draw() {
    plot?.destroy();
    plot = new window.uPlot(optionsOf(picture.clientWidth), dataOf(latest), picture);
  }

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => latest && draw(), { signal });
  const resized = new ResizeObserver(() =>
    plot?.setSize({ width: picture.clientWidth, height: HEIGHT }));
  resized.observe(picture);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    plot?.destroy();
  });

  return {
    root,
    show(usage) {
      latest = usage;
      if (plot) plot.setData(dataOf(usage));
      else draw();
      rows.replaceChildren(...usage.series.toReversed().map(rowOf));
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

function dataOf({ series, step_seconds: step }) {
  const minutes = step / 60;

  return [series.map(({ timestamp }) => timestamp),
    ...OUTCOMES.map(({ member }) => series.map((point) => point[member] / minutes))];
}

function optionsOf(width) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 } };

  return {
    width,
    height: HEIGHT,
    series: [{ label: "Time", value: (_, seconds) => seconds && momentWords(seconds * 1000) },
      ...OUTCOMES.map(({ label, colour: name }) =>
      ({ label, stroke: colour(name), width: 1.5, points: { show: false } }))],
    axes: [{ ...axis, space: 90, values: (_, ticks) => ticks.map(tickWords) },
      { ...axis, size: 60 }],
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high)] } },
  };
}

// A day at its beginning, and else the time in it.
function tickWords(seconds) {
  const [day, time] = momentWords(seconds * 1000).split(", ");
  return time === "00:00" ? day : time;
}

function rowOf(point) {
  return element("tr", {}, element("td", {}, momentWords(point.timestamp * 1000)),
    OUTCOMES.map(({ member }) => element("td", { class: "number" }, numberWords(point[member]))));
}
