// SPDX-License-Identifier: MIT
//
// Reads a policy out in plain words. Takes policies in the canonical form of the service, and also
// those that a form has just made. Nothing here touches the page.
import { listWords, numberWords, windowWords } from "./words.js";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December"];

// How much in which time, and what the algorithm adds to that.
const ALGORITHMS = {
  fixed_window: (limit) => limit.period
    ? [`per calendar ${limit.period}`, periodWords(limit)]
    : [`per ${windowWords(limit.window_seconds)}`, "from the first charge on"],
  sliding_window: (limit) => [`in any ${windowWords(limit.window_seconds)}`, "by estimate"],
  sliding_window_log: (limit) => [`in any ${windowWords(limit.window_seconds)}`,
    "counted exactly"],
  token_bucket: (limit) => [`per ${windowWords(limit.window_seconds)}`,
    `in bursts of ${numberWords(burstOf(limit))}`],
  leaky_bucket: (limit) => [`per ${windowWords(limit.window_seconds)}`,
    `evenly, with a queue of ${numberWords(burstOf(limit))}`],
};

const STORE_ERRORS = {
  local: "each instance counts by itself while the store is away",
  allow: "allows everything while the store is away",
  deny: "denies everything while the store is away",
};

// "100 requests per minute for each user or address, in bursts of 20".
export function limitWords(limit) {
  const [time, manner] = (ALGORITHMS[limit.algorithm ?? "fixed_window"])(limit);
  const parts = [`${amountWords(limit)} ${time} ${callersWords(limit.by)}`];

  if (limit.limit > 0) parts.push(manner);
  if (headroomIsSet(limit.headroom))
    parts.push(`of which low priority must leave ${headroomWords(limit.headroom)}`);
  return parts.join(", ");
}

// "100 requests", "1 token", "no requests".
export function amountWords({ limit, counts = "requests" }) {
  const measure = limit === 1 && counts.endsWith("s") ? counts.slice(0, -1) : counts;

  return limit === 0 ? `no ${measure}` : `${numberWords(limit)} ${measure}`;
}

// Each limit of a policy, or of a candidate.
export function limitsWords(policy) {
  return limitsOf(policy).map(limitWords);
}

export function limitsOf(policy) {
  return policy.limits ?? [policy];
}

// "everybody", "user ada", "org acme".
export function callerWords(policy) {
  if (policy.user_id) return `user ${policy.user_id}`;
  const [subject] = Object.entries(policy.subject ?? {});
  return subject ? subject.join(" ") : "everybody";
}

export function routeWords(route) {
  if (route === "*") return "every route";
  return route.endsWith("*") ? `routes that begin with ${route.slice(0, -1)}` : route;
}

export function roleWords(role) {
  return role === undefined || role === "default" ? "any role without its own" : `role ${role}`;
}

// "/search, for user ada, role premium".
export function identityWords(policy) {
  return `${routeWords(policy.route_key)}, for ${callerWords(policy)}, ${roleWords(policy.role)}`;
}

// What a policy does beside its limits: only what is not usual.
export function mannerWords(policy) {
  const words = [];

  if (policy.is_active === false) words.push("switched off: allows everything, counts nothing");
  else if (policy.mode === "shadow") words.push("in shadow: counts and logs, denies nobody");
  if (policy.on_store_error && policy.on_store_error !== "local")
    words.push(STORE_ERRORS[policy.on_store_error]);
  return words;
}

// Without a user a check counts by its address, unless the limit says by whom.
function callersWords(by) {
  if (by === undefined || by === null) return "for each user or address";
  const names = [by].flat();
  if (names.length === 0) return "for all callers together";
  return names.length === 1 ? `for each ${names[0]}` : `for each pairing of ${listWords(names)}`;
}

function burstOf({ burst, limit }) {
  return burst ?? limit;
}

function headroomIsSet(headroom) {
  return headroom !== undefined && headroom !== null && headroom !== 0 && headroom !== "0%";
}

function headroomWords(headroom) {
  return typeof headroom === "number" ? numberWords(headroom) : headroom.replace("%", " %");
}

// When a period begins, on clocks of its zone.
function periodWords({ period, anchor, zone = "UTC" }) {
  if (period === "hour" && !anchor) return "from the full hour of UTC";
  const [date, time = "00:00"] = (anchor ?? "2024-01-01").split("T");
  const [year, month, day] = date.split("-").map(Number);
  const days = {
    hour: `each 3,600 s from ${date} `,
    day: "",
    week: `${WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()]} `,
    month: `the ${ordinal(day)} `,
    year: `${day} ${MONTHS[month - 1]} `,
  };
  const start = period === "hour" ? days.hour : `from ${days[period]}`;

  return `${start}${time} in ${zone}`;
}

function ordinal(day) {
  const teens = day >= 11 && day <= 13;
  return `${day}${(!teens && ["th", "st", "nd", "rd"][day % 10]) || "th"}`;
}
