// SPDX-License-Identifier: MIT
//
// The dashboard is no burden to a service that is busy, whatever the service or a proxy says. No
// browser is needed: what of it the modules use is played here.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ask } from "../../src/web/dashboard/api.js";
import { poll } from "../../src/web/dashboard/polling.js";

const EVERY_S = 1;
const USUAL_S = 2; // after a failure
const WAIT_S_MAX = 300;

const { setTimeout: timeout } = globalThis;
let retryAfter;

beforeEach(() => {
  globalThis.document = { hidden: false, baseURI: "http://service.example/dashboard" };
  globalThis.sessionStorage = { getItem: () => "slk_key", removeItem() {} };
  globalThis.fetch = async () => Response.json({ title: "Busy", status: 503, detail: "Later." }, {
    status: 503,
    headers: { "Content-Type": "application/problem+json",
      ...(retryAfter !== null && { "Retry-After": retryAfter }) },
  });
});

// The first wait, in seconds, after a refusal that says when to come again.
async function waitAfter(said) {
  const end = new AbortController();
  let waited;

  retryAfter = said;
  globalThis.setTimeout = (done, ms) => {
    waited = ms / 1000;
    end.abort();
    return timeout(done, 0);
  };
  try {
    await poll(EVERY_S, end.signal, () => ask("GET", "usage"));
  } finally {
    globalThis.setTimeout = timeout;
  }
  return waited;
}

for (const [said, seconds] of [["7", 7], ["300", 300], ["301", WAIT_S_MAX],
  ["2592000", WAIT_S_MAX], ["9".repeat(400), WAIT_S_MAX], ["1", USUAL_S], ["0", USUAL_S]]) {
  test(`a whole number of seconds is waited for, up to a bound: ${said.slice(0, 20)}`, async () => {
    assert.equal(await waitAfter(said), seconds);
  });
}

for (const said of [null, "", " ", "-5", "+5", "1e9", "1.5", "0x10", "60, 60", "60s", "Infinity",
  "NaN", "Fri, 31 Dec 2999 23:59:59 GMT"]) {
  test(`what is no number of seconds is taken for nothing: ${said}`, async () => {
    assert.equal(await waitAfter(said), USUAL_S);
  });
}
