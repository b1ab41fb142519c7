// SPDX-License-Identifier: MIT
//
// The dashboard never says that something was done which was not, nor shows what it does not know.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startApp, startDashboard, turnTo } from "./dashboard.mjs";

const GATEWAY = [[502, { message: "Bad gateway" }], [503, {}], [429, { message: "Too many" }],
  [403, { message: "Forbidden" }]];

let dashboard;

before(async () => {
  dashboard = await startDashboard();
});

after(async () => {
  await dashboard?.stop();
});

const alert = (page, text) => page.getByRole("alert").filter({ hasText: text }).waitFor();
const saidOf = (page) => page.getByRole("status").textContent();

// What a gateway answers in the place of the service, to one method.
function standIn(page, address, method, [status, json]) {
  return page.route(address, (route) => (route.request().method() === method
    ? route.fulfill({ status, json }) : route.fallback()));
}

test("what a gateway says by itself is no success of a change", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/kept", limit: 5, window_seconds: 60 });
  const page = await dashboard.open(app.key);

  for (const [status, content] of GATEWAY) {
    const words = `The answer ${status} is not one of this service.`;
    await standIn(page, /\/(policy|reset|check)(\?|$)/, "POST", [status, content]);
    await standIn(page, "**/policy", "DELETE", [status, content]);
    await turnTo(page, "Policies");
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await alert(page, words);
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await alert(page, words);
    await turnTo(page, "Subjects", "Find a subject");
    await page.getByLabel("is", { exact: true }).fill("7");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("button", { name: "Reset counters" }).click();
    await page.getByRole("button", { name: "Reset", exact: true }).first().click();
    await alert(page, words);
    await turnTo(page, "Try a check");
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await alert(page, words);
    assert.equal(await saidOf(page), "");
    await page.unrouteAll({ behavior: "wait" });
  }

  assert.equal((await app.policies()).length, 1);
  await page.close();
});

test("an instance that is not well is told from a gateway without one", async () => {
  const app = await startApp(dashboard.origin);
  const page = await dashboard.open(app.key);
  const health = page.locator(".health");
  const away = { status: "unavailable", engine: "redis", store: false, catalogue: true,
    catalogue_identity: "kept", draining: false };

  await standIn(page, "**/readyz", "GET", [503, away]);
  await turnTo(page, "Overview");
  await health.filter({ hasText: "unavailable" }).filter({ hasText: "the store does not decide" })
    .waitFor();
  await page.unrouteAll({ behavior: "wait" });
  await standIn(page, "**/readyz", "GET", [503, { message: "No healthy upstream" }]);
  await health.filter({ hasText: "no answer" }).filter({ hasText: "503" }).waitFor();
  await page.close();
});

test("no host but this one was asked, nothing was forbidden, and the console is silent", () => {
  assert.deepEqual(dashboard.faults, []);
});
