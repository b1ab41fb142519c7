// SPDX-License-Identifier: MIT
//
// How the dashboard reads policies out. No browser is needed.
import assert from "node:assert/strict";
import { test } from "node:test";

import { callerWords, identityWords, limitsWords, limitWords, mannerWords, roleWords,
  routeWords } from "../../src/web/dashboard/policy_words.js";
import { durationWords, listWords, shareWords,
  windowWords } from "../../src/web/dashboard/words.js";

const FIXED = { algorithm: "fixed_window", limit: 100, window_seconds: 60 };
const MONTH = { algorithm: "fixed_window", limit: 5000, period: "month" };

const LIMITS = [
  [FIXED, "100 requests per minute for each user or address, from the first charge on"],
  [{ limit: 1, window_seconds: 1 },
    "1 request per second for each user or address, from the first charge on"],
  [{ ...FIXED, window_seconds: 900 },
    "100 requests per 15 minutes for each user or address, from the first charge on"],
  [{ ...FIXED, limit: 0 }, "no requests per minute for each user or address"],
  [{ ...FIXED, by: "user" }, "100 requests per minute for each user, from the first charge on"],
  [{ ...FIXED, by: ["org", "user"] },
    "100 requests per minute for each pairing of org and user, from the first charge on"],
  [{ ...FIXED, by: ["org", "team", "user"] },
    "100 requests per minute for each pairing of org, team and user, from the first charge on"],
  [{ ...FIXED, by: [] },
    "100 requests per minute for all callers together, from the first charge on"],
  [{ ...FIXED, algorithm: "sliding_window", window_seconds: 3600 },
    "100 requests in any hour for each user or address, by estimate"],
  [{ ...FIXED, algorithm: "sliding_window_log", window_seconds: 86400 },
    "100 requests in any day for each user or address, counted exactly"],
  [{ algorithm: "token_bucket", limit: 100, window_seconds: 60, burst: 20, by: "user" },
    "100 requests per minute for each user, in bursts of 20"],
  [{ algorithm: "token_bucket", limit: 1000, window_seconds: 1 },
    "1,000 requests per second for each user or address, in bursts of 1,000"],
  [{ algorithm: "leaky_bucket", limit: 10, window_seconds: 60, burst: 5 },
    "10 requests per minute for each user or address, evenly, with a queue of 5"],
  [MONTH, "5,000 requests per calendar month for each user or address, " +
    "from the 1st 00:00 in UTC"],
  [{ ...MONTH, counts: "tokens", by: "org", zone: "Europe/Berlin", anchor: "2026-01-17" },
    "5,000 tokens per calendar month for each org, from the 17th 00:00 in Europe/Berlin"],
  [{ ...MONTH, anchor: "2026-01-22T08:30", by: "org" },
    "5,000 requests per calendar month for each org, from the 22nd 08:30 in UTC"],
  [{ ...MONTH, anchor: "2026-01-12", by: "org" },
    "5,000 requests per calendar month for each org, from the 12th 00:00 in UTC"],
  [{ ...MONTH, period: "week", by: "org" },
    "5,000 requests per calendar week for each org, from Monday 00:00 in UTC"],
  [{ ...MONTH, period: "week", by: "org", anchor: "2026-11-27" },
    "5,000 requests per calendar week for each org, from Friday 00:00 in UTC"],
  [{ ...MONTH, period: "day", by: "org", anchor: "2026-11-27T06:00" },
    "5,000 requests per calendar day for each org, from 06:00 in UTC"],
  [{ ...MONTH, period: "year", by: "org", anchor: "2026-04-06" },
    "5,000 requests per calendar year for each org, from 6 April 00:00 in UTC"],
  [{ ...MONTH, period: "hour", by: "org" },
    "5,000 requests per calendar hour for each org, from the full hour of UTC"],
  [{ ...MONTH, period: "hour", by: "org", anchor: "2026-04-06T00:15" },
    "5,000 requests per calendar hour for each org, each 3,600 s from 2026-04-06 00:15 in UTC"],
  [{ ...FIXED, headroom: "20%", by: "user" }, "100 requests per minute for each user, " +
    "from the first charge on, of which low priority must leave 20 %"],
  [{ ...FIXED, headroom: 1000, limit: 5000, by: "user" }, "5,000 requests per minute for each " +
    "user, from the first charge on, of which low priority must leave 1,000"],
  [{ ...FIXED, headroom: 0, by: "user" },
    "100 requests per minute for each user, from the first charge on"],
];

for (const [limit, words] of LIMITS) {
  test(`a limit is read out as: ${words}`, () => {
    assert.equal(limitWords(limit), words);
  });
}

test("each limit of several is read out", () => {
  const limits = [{ ...FIXED, name: "a" }, { ...FIXED, name: "b", by: [] }];

  assert.deepEqual(limitsWords({ limits }), limits.map(limitWords));
  assert.deepEqual(limitsWords(FIXED), [limitWords(FIXED)]);
});

test("whom and what a policy is for is said without its form", () => {
  assert.equal(callerWords({ user_id: "ada" }), "user ada");
  assert.equal(callerWords({ user_id: null, subject: { org: "acme" } }), "org acme");
  assert.equal(callerWords({ user_id: null }), "everybody");
  assert.equal(routeWords("*"), "every route");
  assert.equal(routeWords("/api/*"), "routes that begin with /api/");
  assert.equal(routeWords("/search"), "/search");
  assert.equal(roleWords("default"), "any role without its own");
  assert.equal(roleWords("premium"), "role premium");
  assert.equal(identityWords({ route_key: "/a", role: "gold", user_id: "ada" }),
    "/a, for user ada, role gold");
});

test("only what is unusual about a policy is said beside its limits", () => {
  const usual = { mode: "enforce", is_active: true, on_store_error: "local" };

  assert.deepEqual(mannerWords(usual), []);
  assert.match(mannerWords({ ...usual, mode: "shadow" })[0], /denies nobody/);
  assert.match(mannerWords({ ...usual, is_active: false })[0], /switched off/);
  assert.match(mannerWords({ ...usual, on_store_error: "deny" })[0], /denies everything/);
});

test("times and numbers are in the units that people use", () => {
  assert.deepEqual([1, 60, 90, 7200, 604800].map(windowWords),
    ["second", "minute", "90 seconds", "2 hours", "7 days"]);
  assert.deepEqual([0, 59, 60, 61, 3600, 90061].map(durationWords),
    ["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 d 1 h"]);
  assert.deepEqual([[1, 0], [0, 5], [1, 300], [1, 3], [5, 5]].map((pair) => shareWords(...pair)),
    ["–", "0 %", "0.3 %", "33 %", "100 %"]);
  assert.deepEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listWords),
    ["", "a", "a and b", "a, b and c"]);
});
