// SPDX-License-Identifier: MIT
//
// A policy that goes through the dashboard's form comes out as it was. No browser is needed.
import assert from "node:assert/strict";
import { test } from "node:test";

import { draftOf, fieldsOf, firstDraft, fitsForm,
  NEW_DRAFT } from "../../src/web/dashboard/policy_draft.js";
import { limitWords } from "../../src/web/dashboard/policy_words.js";

const SAVED = { id: "0123456789abcdef", version: 3, route_key: "/search", role: "premium",
  user_id: "ada", name: "default", algorithm: "token_bucket", limit: 100, window_seconds: 7200,
  burst: 20, by: ["org", "user"], counts: "tokens", headroom: "20%", mode: "shadow",
  is_active: false, on_store_error: "deny", description: "for Ada",
  candidate: { algorithm: "fixed_window", limit: 50, window_seconds: 60 } };
const { limit, window_seconds: seconds, burst, algorithm, by, counts, headroom, name,
  ...UNLIMITED } = SAVED;
const POLICIES = [
  SAVED,
  { ...UNLIMITED, algorithm: "fixed_window", limit: 5, period: "month", zone: "Europe/Berlin",
    anchor: "2026-01-17" },
  { ...SAVED, by: [], headroom: 20, user_id: undefined, subject: { org: "acme" } },
  { ...SAVED, by: "org", window_seconds: 61 },
  { ...UNLIMITED, limits: [{ name: "a", algorithm, limit, window_seconds: seconds }] },
  { ...UNLIMITED, rate: "5/m", algorithm: "token_bucket", burst: 3, by: "org" },
];

const present = (members) => JSON.parse(JSON.stringify(members));

for (const policy of POLICIES) {
  test(`a policy keeps all its members: ${JSON.stringify(policy).slice(0, 300)}`, () => {
    assert.deepEqual(draftOf(policy, fieldsOf(policy)), present(policy));
  });
}

test("what the fields say replaces what was there", () => {
  const fields = { ...fieldsOf(SAVED), limit: "7", count: "2", unit: "86400", by: "*",
    subject_name: "", algorithm: "fixed_window", headroom: "" };

  const draft = draftOf(SAVED, fields);

  assert.equal(draft.limit, 7);
  assert.equal(draft.window_seconds, 172800);
  assert.deepEqual(draft.by, []);
  for (const member of ["user_id", "subject", "burst", "headroom"])
    assert.equal(member in draft, false, member);
});

test("only one limit that is written out fits the form", () => {
  assert.deepEqual(POLICIES.map(fitsForm), [true, true, true, true, false, false]);
});

test("a copy for a subject has the limits of the policy and an identity of its own", () => {
  const copy = (subjects) => firstDraft([SAVED], { copy: SAVED.id, subjects });

  assert.equal(copy({ user: "7" }).user_id, "7");
  assert.equal(copy({ user: "7", org: "acme" }).subject, undefined);
  assert.deepEqual(copy({ org: "acme" }).subject, { org: "acme" });
  assert.equal(copy({ org: "acme" }).limit, SAVED.limit);
  assert.equal("id" in copy({ org: "acme" }), false);
  assert.equal("user_id" in copy({ org: "acme" }), false);
});

test("a view begins with the policy that was asked for, with a new one, or with none", () => {
  assert.equal(firstDraft([SAVED], { id: SAVED.id, subjects: {} }), SAVED);
  assert.equal(firstDraft([], { id: SAVED.id, subjects: {} }), null);
  assert.deepEqual(firstDraft([], { subjects: {} }), NEW_DRAFT);
});

for (const text of ["many", "0x10", "1e3", "Infinity", "5,000", "1.5", "9007199254740993", "+5"]) {
  test(`a number that is none goes to the service, which says what is wrong: ${text}`, () => {
    const fields = { ...fieldsOf(NEW_DRAFT), algorithm: "token_bucket", limit: text, count: text,
      burst: text, headroom: text };

    const draft = draftOf(NEW_DRAFT, fields);

    for (const member of ["limit", "window_seconds", "burst", "headroom"])
      assert.equal(draft[member], text, member);
    assert.equal(draftOf(draft, fieldsOf(draft)).window_seconds, text);
    assert.match(limitWords({ ...draft, window_seconds: 60 }), /^– requests per minute/);
    assert.match(limitWords({ ...draft, limit: 1, window_seconds: 60 }), / in bursts of –/);
  });
}

test("digits are a number, also below 0, and nothing is none", () => {
  const draft = (limit) => draftOf(NEW_DRAFT, { ...fieldsOf(NEW_DRAFT), limit, count: limit });

  assert.deepEqual([" 5 ", "-1", "007", "9007199254740991"].map((text) => draft(text).limit),
    [5, -1, 7, 9007199254740991]);
  assert.equal(draft("2").window_seconds, 120);
  assert.equal("limit" in draft(" ") || "window_seconds" in draft(" "), false);
});
