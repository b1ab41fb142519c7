// SPDX-License-Identifier: MIT
//
// What a gateway says by itself is not taken for an answer of the service. No browser is needed.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ask, openStream, Problem } from "../../src/web/dashboard/api.js";

const NOT_OURS = { title: "Not understood", message: /^The answer \d+ is not one of this service/ };
const asJson = (status, content) => Response.json(content, { status });
const asProblem = (status, content) => Response.json(content,
  { status, headers: { "Content-Type": "application/problem+json" } });
let answer;

beforeEach(() => {
  globalThis.document = { baseURI: "http://service.example/dashboard" };
  globalThis.sessionStorage = { getItem: () => "slk_key", removeItem() {} };
  globalThis.fetch = async () => answer;
});

for (const status of [400, 403, 404, 429, 500, 502, 503]) {
  test(`JSON at the status ${status} is no answer`, async () => {
    for (const content of [{ message: "Bad gateway" }, {}, [], "no", null]) {
      answer = asJson(status, content);
      await assert.rejects(ask("DELETE", "policy"), { ...NOT_OURS, status });
    }
  });
}

test("another status is an answer if its content is what the caller knows", async () => {
  const isAnswer = (status, { engine }) => status === 503 && engine !== undefined;
  const health = { status: "unavailable", engine: "redis" };

  answer = asJson(503, health);
  assert.deepEqual(await ask("GET", "readyz", { isAnswer }), health);
  for (const other of [asJson(503, { message: "Busy" }), asJson(503, null), asJson(502, health)]) {
    answer = other;
    await assert.rejects(ask("GET", "readyz", { isAnswer }), NOT_OURS);
  }
});

test("a problem says what it has, and the rest is said for it", async () => {
  const errors = [{ pointer: "/limit", detail: "must be a number" }];

  answer = asProblem(422, { title: "Invalid", detail: "See there.", status: 200, errors });
  await assert.rejects(ask("POST", "policy"),
    { title: "Invalid", message: "See there.", status: 422, faults: errors });
  answer = asProblem(200, { title: "Odd", detail: "It is a problem.", status: 200 });
  await assert.rejects(ask("GET", "policy"), { title: "Odd" });
  for (const content of [{}, null, "no", { errors: "many" }, { errors: null }]) {
    answer = asProblem(502, content);
    await assert.rejects(ask("POST", "policy"), { ...NOT_OURS, status: 502, faults: [] });
  }
});

test("what is no stream of events is not read as one", async () => {
  for (const other of [asJson(200, {}), asJson(503, {}),
    new Response("<h1>Sign in</h1>", { headers: { "Content-Type": "text/html" } })]) {
    answer = other;
    await assert.rejects(openStream("logs/stream", {}), (error) => error instanceof Problem);
  }
  answer = new Response("", { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
  assert.equal(await openStream("logs/stream", {}), answer);
});
