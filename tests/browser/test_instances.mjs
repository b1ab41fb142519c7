// SPDX-License-Identifier: MIT
//
// What the dashboard tells about instances. No browser is needed.
import assert from "node:assert/strict";
import { test } from "node:test";

import { instancesSeen } from "../../src/web/dashboard/instances.js";

const A = "00000000000000aa";
const B = "00000000000000bb";
const entry = (instance, number, degraded = false) =>
  ({ id: `${instance}-${number}`, time: `2026-11-28T06:00:${String(number).padStart(2, "0")}Z`,
    degraded });

test("instances are told by their newest entry, those that decided last first", () => {
  const seen = instancesSeen([], [entry(B, 9, true), entry(A, 5), entry(B, 8), entry(A, 4)], 100);

  assert.deepEqual(seen.map(({ name, number, rate, entries, degraded }) =>
    [name, number, rate, entries, degraded]), [[B, 9, null, 2, 1], [A, 5, null, 2, 0]]);
  assert.equal(seen[0].time, "2026-11-28T06:00:09Z");
});

test("a rate counts also the decisions that are not kept in the log any more", () => {
  const before = instancesSeen([], [entry(A, 5)], 100);

  const [{ rate }] = instancesSeen(before, [entry(A, 25)], 110);

  assert.equal(rate, 2);
});

test("one that decides no more has a rate of 0, and an unknown one without its entries", () => {
  const first = instancesSeen([], [entry(B, 5), entry(A, 5)], 100);

  const second = instancesSeen(first, [entry(A, 6), entry(B, 5)], 110);
  assert.deepEqual(second.map(({ name, rate }) => [name, rate]), [[A, 0.1], [B, 0]]);
  const third = instancesSeen(second, [entry(A, 7)], 120);
  assert.deepEqual(third.map(({ name, rate, number }) => [name, rate, number]),
    [[A, 0.1, 7], [B, null, 5]]);
  const [back] = instancesSeen(third, [entry(B, 25), entry(A, 7)], 130);
  assert.deepEqual([back.name, back.rate], [B, 1]);
});

test("restarts without end do not make the list longer and longer", () => {
  let seen = [];

  for (let i = 0; i < 200; i++)
    seen = instancesSeen(seen, [entry(i.toString(16).padStart(16, "0"), 1)], i);

  assert.equal(seen.length, 50);
  assert.equal(seen[0].name, (199).toString(16).padStart(16, "0"));
});
