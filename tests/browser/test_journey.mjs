// SPDX-License-Identifier: MIT
//
// A newcomer's way in one browser: register in the reference, watch one's own denials arrive in the
// dashboard, find out who it is, and let them through, after seeing what that would have changed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { signIn, startDashboard, turnTo } from "./dashboard.mjs";

let dashboard;
let page;
let key;

before(async () => {
  dashboard = await startDashboard();
  page = await dashboard.open();
});

after(async () => {
  await dashboard?.stop();
});

const ask = async (path, body) => {
  const answer = await fetch(dashboard.origin + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-API-Key": key },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
};
const check = () => ask("/check", { user_id: "7", route_key: "/orders" });

test("an app is registered in the reference, and its key opens the dashboard", async () => {
  await page.goto(`${dashboard.origin}/docs#/Register/register`);
  const operation = page.locator("#operations-Register-register");
  await operation.locator("textarea").fill(JSON.stringify({ name: "orders" }));
  await operation.locator(".execute").click();
  const answer = operation.locator(".live-responses-table .response-col_description .microlight");
  await answer.filter({ hasText: "api_key" }).waitFor();
  key = JSON.parse(await answer.first().textContent()).api_key;

  await page.goto(`${dashboard.origin}/dashboard`);
  await signIn(page, key);
  await page.locator("#app").filter({ hasText: "orders" }).waitFor();
});

test("a policy is saved, and denials arrive while one watches", async () => {
  await turnTo(page, "Policies");
  await page.getByRole("link", { name: "New policy" }).click();
  await page.getByLabel("Route").fill("/orders");
  await page.getByLabel("Limit").fill("3");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row").filter({ hasText: "/orders" }).waitFor();
  await turnTo(page, "Overview");
  await page.locator(".tail").filter({ hasText: "live" }).waitFor();

  const answers = [await check(), await check(), await check(), await check()];

  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 429]);
  const rows = page.locator(".tail tbody tr");
  await rows.filter({ hasText: "denied" }).filter({ hasText: "user 7" }).waitFor();
  assert.equal(await rows.count(), 4);
});

test("who was denied is found, and raised once a simulation shows what that changes", async () => {
  await turnTo(page, "Subjects", "Find a subject");
  await page.getByRole("link", { name: "user 7" }).first().click();
  const counter = page.getByRole("region", { name: "Counters" }).getByRole("row")
    .filter({ hasText: "/orders" });
  await counter.getByRole("link", { name: "Raise" }).click();
  await page.getByLabel("Limit").fill("1000");
  await page.getByRole("button", { name: "Simulate" }).click();
  await page.getByRole("region", { name: "Simulation", exact: true }).locator(".figures > div")
    .filter({ hasText: "Newly allowed" }).filter({ hasText: "1" }).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row").filter({ hasText: "user 7" }).waitFor();

  const { status, body } = await check();

  assert.equal(status, 200);
  assert.equal(body.limit, 1000);
});

test("no host but this one was asked, nothing was forbidden, and the console is silent", () => {
  assert.deepEqual(dashboard.faults, []);
});
