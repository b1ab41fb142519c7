// SPDX-License-Identifier: MIT
//
// Numbers, times and lists as people read and write them. Nothing here touches the page.
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const grouped = new Intl.NumberFormat("en");
const moment = new Intl.DateTimeFormat("en-GB",
  { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export function numberWords(value) {
  return typeof value === "number" ? grouped.format(value) : "–";
}

// What somebody has typed: undefined if that is nothing, and a text if it is no whole number that
// is held exactly. The service takes no text for a number, and says so.
export function numberOf(text) {
  const typed = text.trim();
  const number = Number(typed);

  if (typed === "") return undefined;
  return /^-?\d+$/.test(typed) && Number.isSafeInteger(number) ? number : typed;
}

export function shareWords(part, whole) {
  if (whole === 0) return "–";
  const percent = (100 * part) / whole;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

// One "minute" is only that; more of them are "15 minutes".
export function windowWords(seconds) {
  const [unit, length] = UNITS.find(([, size]) => seconds % size === 0);
  const count = seconds / length;

  return count === 1 ? unit : `${numberWords(count)} ${unit}s`;
}

// The two largest units, as in "3 h 20 min".
export function durationWords(seconds) {
  const short = { day: "d", hour: "h", minute: "min", second: "s" };
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  let rest = seconds;

  if (first < 0) return "0 s";
  return UNITS.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? `${count} ${short[unit]}` : "";
  }).filter(Boolean).join(" ");
}

// "a", "a and b", "a, b and c".
export function listWords(items) {
  return items.length < 2 ? items.join("")
    : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

// Times are in milliseconds, or in the form of RFC 3339.
export function clockWords(time) {
  return new Date(time).toLocaleTimeString("en-GB");
}

// "27 Nov, 23:35".
export function momentWords(time) {
  return moment.format(new Date(time));
}
