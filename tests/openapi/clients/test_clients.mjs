// SPDX-License-Identifier: MIT
//
// The generated clients and the real binary. Their types have been checked before.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";

import { startService } from "../../browser/service.mjs";

const { SLUICE_BINARY, SLUICE_CLIENTS, SLUICE_TRANSCRIPTS } = process.env;
const built = createRequire(join(SLUICE_CLIENTS, "index.js"));
const decided = built("./generated/orval_zod.js");
const { zProblem } = built("./generated/hey_api/zod.gen.js");
const contract = JSON.parse(await readFile(join(SLUICE_CLIENTS, "../openapi.json"), "utf8"));

const STORY = {
  version: 1,
  remaining: 0,
  reason: "Rate limit exceeded",
  problem: "urn:sluice:problem:no-policy",
  pointer: "/cost",
  batch: ["Rate limit exceeded", "urn:sluice:problem:no-policy"],
  logged: [false, false],
  denied: 2,
  returned: 1,
  granted: 3,
};

// Each kind of answer that must be among the recorded ones.
const KINDS = [
  "register 201", "savePolicy 200", "savePolicy 201", "listPolicies 200", "deletePolicy 200",
  "check 200", "check 403", "check 429", "checkBatch 200", "charge 200", "reset 200",
  "latestDecisions 200", "usage 200", "livez 200", "readyz 200", "problem 400", "problem 401",
  "problem 403", "problem 404", "problem 405", "problem 409", "problem 413", "problem 415",
  "problem 422", "problem 429",
];

let service;

before(async () => {
  service = await startService(SLUICE_BINARY);
});

after(() => service?.stop());

for (const client of ["orval", "openapi_typescript", "hey_api"])
  test(`the client of ${client} understands what the service answers`, async () => {
    assert.deepEqual(await built(`./use_${client}.js`).use(service.origin), STORY);
  });

// What a recorded answer is, and its schema. Undefined if it is not JSON.
function kindOf({ method, path, status, headers, body }) {
  const fields = new Map(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]));
  const type = fields.get("content-type") ?? "";
  const operation = contract.paths[path.split("?")[0]]?.[method.toLowerCase()];

  if (!body || !type.includes("json")) return undefined;
  if (type.startsWith("application/problem+json")) return [`problem ${status}`, zProblem];
  const { operationId } = operation;
  return [`${operationId} ${status}`, decided[`${operationId}${status}Response`]];
}

async function* recorded() {
  for (const name of await readdir(SLUICE_TRANSCRIPTS))
    for await (const line of createInterface(createReadStream(join(SLUICE_TRANSCRIPTS, name))))
      yield JSON.parse(line);
}

test("the zod client parses every kind of answer, and no member is unknown to it", async () => {
  const kinds = new Set();
  const faults = new Set();

  for await (const exchange of recorded()) {
    const [kind, schema] = kindOf(exchange) ?? [];
    if (!kind) continue;
    kinds.add(kind);
    const { success, error } = schema?.safeParse(exchange.body) ?? {};
    if (!success) faults.add(`${kind}: ${error?.message ?? "no schema"}`);
  }

  assert.deepEqual([...faults].slice(0, 20), []);
  assert.deepEqual(KINDS.filter((kind) => !kinds.has(kind)), []);
});

test("the zod client takes no result of a batch that is neither decision nor problem", () => {
  const { results } = contract.paths["/check/batch"].post.responses["200"]
    .content["application/json"].example;
  const parse = (result) => decided.checkBatch200Response.safeParse({ results: [result] }).success;

  assert.deepEqual(results.map(parse), [true, true]);
  for (const result of results) {
    assert.equal(parse({ ...result, ...results[0], ...results[1] }), false);
    for (const name of ["allowed", "type"].filter((one) => one in result)) {
      const { [name]: _, ...rest } = result;
      assert.equal(parse(rest), false, name);
    }
  }
});
