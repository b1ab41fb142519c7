// SPDX-License-Identifier: MIT
//
// The dashboard in a browser, as people at a support desk and operators use it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { HOSTILE, signIn, startApp, startDashboard, turnTo, VIEWS } from "./dashboard.mjs";
import { startProxy } from "./proxy.mjs";

const PREFIX = "/teams/a;b";

let dashboard;
let proxy;

before(async () => {
  dashboard = await startDashboard();
  proxy = await startProxy(dashboard.origin, PREFIX);
});

after(async () => {
  await proxy?.stop();
  await dashboard?.stop();
});

const open = (...options) => dashboard.open(...options);
const hasText = (page, text) => page.locator("main", { hasText: text }).waitFor();

test("a wrong key is told, and a right one leads in and stays in the tab", async () => {
  const app = await startApp(dashboard.origin);
  const page = await open();

  await signIn(page, "slk_wrong");
  await page.getByRole("alert").filter({ hasText: "API key" }).waitFor();
  assert.equal(await page.getByRole("navigation").isVisible(), false);
  await signIn(page, "not a key");
  await page.getByRole("alert").filter({ hasText: "Not a key" }).waitFor();
  await signIn(page, app.key);
  await page.getByRole("heading", { level: 1, name: "Find a subject" }).waitFor();
  await page.reload();
  await page.getByRole("navigation").waitFor();

  assert.equal(page.url().includes("slk_"), false);
  assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.close();
});

test("a key that is refused later leads back to the sign-in, with what was said", async () => {
  const app = await startApp(dashboard.origin);
  const page = await open(app.key);

  await page.evaluate(() => sessionStorage.setItem("sluice-key", "slk_gone"));
  await page.getByRole("link", { name: "Policies" }).click();

  await page.getByLabel("API key").waitFor();
  await page.getByRole("alert").filter({ hasText: "API key" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.close();
});

test("it works under a proxy's prefix", async () => {
  const app = await startApp(dashboard.origin);
  const page = await open(app.key, {}, proxy.address);

  await turnTo(page, "Overview");

  await page.locator(".health").filter({ hasText: "ready" }).waitFor();
  await page.close();
});

test("a policy is saved and read out, then shadowed, and deleted on a yes", async () => {
  const app = await startApp(dashboard.origin);
  const page = await open(app.key);
  const row = page.getByRole("row").filter({ hasText: "/search" });
  await turnTo(page, "Policies");

  await page.getByRole("link", { name: "New policy" }).click();
  await page.getByLabel("Route").fill("/search");
  await page.getByLabel("Algorithm").selectOption("token_bucket");
  await page.getByLabel("Burst").fill("20");
  await page.getByLabel("Counts by").fill("user");
  await hasText(page, "100 requests per minute for each user, in bursts of 20");
  await page.getByRole("button", { name: "Save" }).click();

  await row.filter({ hasText: "100 requests per minute for each user, in bursts of 20" }).waitFor();
  const [saved] = await app.policies();
  assert.deepEqual([saved.algorithm, saved.limit, saved.burst, saved.by],
    ["token_bucket", 100, 20, "user"]);
  await row.getByRole("button", { name: "Shadow" }).click();
  await row.filter({ hasText: "denies nobody" }).waitFor();
  assert.equal((await app.policies())[0].mode, "shadow");
  await row.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal((await app.policies()).length, 1);
  await row.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await hasText(page, "There is no policy yet");
  assert.equal((await app.policies()).length, 0);
  await page.close();
});

test("a policy is simulated before it is saved, and what changes is shown", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/tight", limit: 5, window_seconds: 3600 });
  for (let i = 0; i < 5; i += 1)
    await app.send("/check", { user_id: i === 0 ? HOSTILE : "ada", route_key: "/tight" });
  const page = await open(app.key);
  const simulation = page.getByRole("region", { name: "Simulation", exact: true });
  const figure = (title) => simulation.locator(".figures > div").filter({ hasText: title })
    .locator("dd").innerText();
  await turnTo(page, "Policies");

  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Limit").fill("1");
  await page.getByRole("button", { name: "Simulate" }).click();
  await simulation.locator("canvas").waitFor();
  assert.deepEqual(await Promise.all(["Decisions", "Denied then", "Denied now", "Newly denied",
    "Newly allowed"].map(figure)), ["5", "0", "3", "3", "0"]);
  const rows = simulation.getByRole("region", { name: "Simulation by subject" }).getByRole("row");
  await rows.filter({ hasText: "user ada" }).filter({ hasText: "3" }).waitFor();
  assert.equal((await app.policies())[0].limit, 5);
  await page.getByLabel("Limit").fill("-1");
  await simulation.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Simulate" }).click();
  await page.locator("[aria-invalid]").waitFor();
  assert.equal(await page.locator("[aria-invalid]").getAttribute("name"), "/limit");
  await page.getByLabel("Limit").fill("0");
  await page.getByRole("button", { name: "Simulate" }).click();
  await simulation.getByText(HOSTILE).waitFor();
  assert.equal(await page.locator("img").count(), 0);
  await page.getByRole("button", { name: "Save" }).click();
  await hasText(page, "no requests per hour");
  await page.close();
});

test("what others have saved meanwhile is shown, and not undone", async () => {
  const app = await startApp(dashboard.origin);
  const policy = { route_key: "/shared", limit: 5, window_seconds: 60 };
  await app.save(policy);
  const page = await open(app.key);
  const row = page.getByRole("row").filter({ hasText: "/shared" });
  await turnTo(page, "Policies");
  await row.filter({ hasText: "5 requests per minute" }).waitFor();

  await app.save({ ...policy, limit: 500 });
  await row.getByRole("button", { name: "Shadow" }).click();
  await page.getByRole("alert").filter({ hasText: "Somebody has changed the policy" }).waitFor();
  await row.filter({ hasText: "500 requests per minute" }).waitFor();
  assert.deepEqual((await app.policies()).map(({ limit, mode }) => [limit, mode]),
    [[500, "enforce"]]);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Limit").fill("6");
  await app.save({ ...policy, limit: 700 });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").filter({ hasText: "version 3 is in force" }).waitFor();
  assert.equal((await app.policies())[0].limit, 700);
  await page.close();
});

test("a refusal is shown at its field, and the JSON has all of a policy", async () => {
  const app = await startApp(dashboard.origin);
  const candidate = { algorithm: "sliding_window", rate: "50/h" };
  await app.save({ route_key: "/export", rate: "100/h", candidate });
  const page = await open(app.key);
  await turnTo(page, "Policies");
  await hasText(page, "Candidate on trial: 50 requests in any hour");

  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Limit").fill("-1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("[aria-invalid]").waitFor();
  assert.equal(await page.locator("[aria-invalid]").getAttribute("name"), "/limit");
  assert.equal(await page.locator("[aria-invalid]").evaluate((input) =>
    input === document.activeElement), true);
  await page.getByLabel("Limit").fill("70");
  await page.getByRole("button", { name: "JSON" }).click();
  const json = page.getByLabel("Policy as JSON");
  assert.equal(JSON.parse(await json.inputValue()).candidate.limit, 50);
  await json.fill((await json.inputValue()).replace("\"limit\": 70", "\"limit\": 71"));
  await page.getByRole("button", { name: "Save" }).click();

  await hasText(page, "71 requests per hour");
  await hasText(page, "Candidate on trial: 50 requests in any hour");
  await page.close();
});

test("a denial arrives in the tail while one watches, and a pause holds the next one", async () => {
  const app = await startApp(dashboard.origin);
  const check = (user) => app.send("/check", { user_id: user, route_key: "/tail" });
  await app.save({ route_key: "/tail", limit: 1, window_seconds: 3600 });
  const page = await open(app.key);
  const rows = page.locator(".tail tbody tr");
  await turnTo(page, "Overview");
  await page.locator(".tail").filter({ hasText: "live" }).waitFor();

  await check("ada");
  assert.equal((await check("ada")).status, 429);
  await rows.filter({ hasText: "denied" }).filter({ hasText: "user ada" }).waitFor();
  await page.locator(".tail").getByRole("button", { name: "Pause" }).click();
  await check("bob");
  await page.locator(".tail").filter({ hasText: "paused, 1 new" }).waitFor();
  assert.equal(await rows.count(), 2);
  await page.locator(".tail").getByRole("button", { name: "Pause" }).click();
  await rows.filter({ hasText: "user bob" }).waitFor();
  await page.locator(".tail").getByLabel("Outcome").selectOption("denied");
  await rows.filter({ hasText: "user bob" }).waitFor({ state: "detached" });
  assert.equal(await rows.count(), 1);
  await page.locator(".figures").filter({ hasText: "33 %" }).waitFor();
  await page.close();
});

test("the overview tells each instance that has decided, and how it fares", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/health", limit: 5, window_seconds: 3600 });
  await app.send("/check", { user_id: "ada", route_key: "/health" });
  const page = await open(app.key);
  const rows = page.getByRole("region", { name: "Instances" }).locator("tbody tr");
  await page.route(/\/logs\/latest\?limit=200$/, async (route) => {
    const response = await route.fetch();
    const [entry] = await response.json();
    const other = { ...entry, id: "00000000000000aa-7", degraded: true };
    await route.fulfill({ response, json: [entry, other] });
  });

  await turnTo(page, "Overview");

  await rows.filter({ hasText: "00000000000000aa" }).filter({ hasText: "100 %" }).waitFor();
  await rows.filter({ hasNotText: "00000000000000aa" }).filter({ hasText: /[0-9a-f]{16}/ })
    .filter({ hasText: /[^0]0 %/ }).waitFor();
  assert.equal(await rows.count(), 2);
  await page.locator(".health").filter({ hasText: "This instance: ready" }).waitFor();
  await page.close();
});

test("a subject is found, and raised by a policy of its own", async () => {
  const app = await startApp(dashboard.origin);
  const check = () => app.send("/check", { user_id: "7", route_key: "/raise" });
  await app.save({ route_key: "/raise", limit: 1, window_seconds: 3600 });
  await check();
  assert.equal((await check()).status, 429);
  const page = await open(app.key);

  await page.getByRole("link", { name: "user 7" }).waitFor(); // among those denied most
  await page.getByLabel("is", { exact: true }).fill("7");
  await page.getByRole("button", { name: "Find" }).click();
  await page.locator(".tail tbody tr").filter({ hasText: "denied" }).waitFor();
  await page.getByRole("link", { name: "New policy for this subject" }).click();
  assert.equal(await page.getByLabel("with the value").inputValue(), "7");
  await page.getByLabel("Route").fill("/raise");
  await page.getByLabel("Limit").fill("1000");
  await page.getByRole("button", { name: "Save" }).click();

  await page.getByRole("row").filter({ hasText: "user 7" }).waitFor();
  assert.equal((await check()).body.limit, 1000);
  await page.close();
});

test("a subject's counters are told, copied for it, and reset", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/state", limit: 1, window_seconds: 86400 });
  const check = () => app.send("/check", { user_id: "7", route_key: "/state" });
  await check();
  const page = await open(app.key);
  const row = page.getByRole("region", { name: "Counters" }).getByRole("row")
    .filter({ hasText: "/state" });

  await page.getByLabel("is", { exact: true }).fill("7");
  await page.getByRole("button", { name: "Find" }).click();
  await row.filter({ hasText: /in (1 d|23 h 59 min)/ }).waitFor();
  await row.getByRole("button", { name: "Reset" }).click();
  await page.getByRole("button", { name: "Reset", exact: true }).last().click();
  await page.getByRole("status").filter({ hasText: "1 limit was reset." }).waitFor();
  assert.equal((await check()).status, 200);
  await row.getByRole("link", { name: "Raise" }).click();
  assert.equal(await page.getByLabel("Route").inputValue(), "/state");
  assert.equal(await page.getByLabel("with the value").inputValue(), "7");
  await page.close();
});

test("a reset of a row is of that row's policy, whatever decides at its route", async () => {
  const app = await startApp(dashboard.origin);
  const check = (route) => app.send("/check", { user_id: "7", route_key: route });
  const save = (members) => app.save({ limit: 50, window_seconds: 86400, ...members });
  await save({ route_key: "*" });
  await save({ route_key: "/api/*" });
  await save({ route_key: "/s" });
  for (const route of ["/s", "/api/x", "/else"]) await check(route);
  await save({ route_key: "/api/" });
  await save({ route_key: "/s", user_id: "7" });
  for (const route of ["/s", "/api/"]) await check(route);
  const page = await open(app.key);
  const rows = page.getByRole("region", { name: "Counters" }).getByRole("row");
  const used = () => rows.locator("td:nth-child(5)").allInnerTexts();

  await page.getByLabel("is", { exact: true }).fill("7");
  await page.getByRole("button", { name: "Find" }).click();
  await rows.nth(5).waitFor();
  assert.deepEqual(await used(), ["1", "1", "1", "1", "1"]);
  for (const [row, left] of [[1, "0,1,1,1,1"], [3, "0,1,0,1,1"], [4, "0,1,0,0,1"]]) {
    await rows.nth(row).getByRole("button", { name: "Reset" }).click();
    await page.getByRole("button", { name: "Reset", exact: true }).last().click();
    await page.getByRole("status").filter({ hasText: "1 limit was reset." }).waitFor();
    await page.waitForFunction((wanted) => [...document.querySelectorAll(
      "[aria-label=Counters] td:nth-child(5)")].map((cell) => cell.textContent).join() === wanted,
    left);
  }
  await page.close();
});

test("a subject is taken as it is, with its blanks, line breaks and whole length", async () => {
  const app = await startApp(dashboard.origin);
  const user = " ada\r\nlovelace\n";
  await app.save({ route_key: "/exact", limit: 1, window_seconds: 86400 });
  const check = () => app.send("/check", { user_id: user, route_key: "/exact" });
  await check();
  assert.equal((await check()).status, 429);
  const page = await open(app.key);
  const find = async (wanted) => {
    await page.getByRole("button", { name: "Find" }).click();
    await page.waitForFunction((text) => text ===
      new URLSearchParams(location.hash.split("?")[1]).get("user"), wanted);
  };

  await page.getByRole("link", { name: "lovelace" }).click();
  await page.getByRole("button", { name: "Reset counters" }).waitFor();
  await find(user);
  await page.getByRole("region", { name: "Counters" }).getByRole("row")
    .filter({ hasText: "/exact" }).locator(".denied").waitFor();
  await page.getByRole("main").getByRole("link", { name: "Try a check" }).click();
  await page.getByLabel("Route").fill("/exact");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("region", { name: "Decision" })
    .filter({ hasText: "A check that costs something is denied" }).waitFor();
  await turnTo(page, "Subjects", "Find a subject");
  await page.getByLabel("is", { exact: true }).fill("ada ");
  await find("ada ");
  await page.getByLabel("is", { exact: true }).fill("");
  await page.getByLabel("is", { exact: true }).focus();
  await page.keyboard.insertText("x".repeat(257));
  await find("x".repeat(257));
  await page.getByRole("alert").first().waitFor();
  await page.close();
});

test("a description keeps its lines", async () => {
  const app = await startApp(dashboard.origin);
  const description = "For the partners,\n  until Friday \n";
  await app.save({ route_key: "/lines", limit: 5, window_seconds: 60, description });
  const page = await open(app.key);
  await turnTo(page, "Policies");

  await page.getByRole("link", { name: "Edit" }).click();
  assert.equal(await page.getByLabel("Description").inputValue(), description);
  await page.getByLabel("Limit").fill("6");
  await page.getByRole("button", { name: "Save" }).click();

  await hasText(page, "6 requests per minute");
  assert.equal((await app.policies())[0].description, description);
  await page.close();
});

test("counters stay when more of them fail, and begin again after a deletion", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/more", limit: 1, window_seconds: 86400 });
  const page = await open(app.key);
  const row = page.getByRole("region", { name: "Counters" }).getByRole("row")
    .filter({ hasText: "/more" });
  const more = page.getByRole("region", { name: "Counters" }).locator("..")
    .getByRole("button", { name: "Show more" });
  const refusal = { title: "Unavailable", status: 503, detail: "Come again." };
  const answers = [
    async (route) => {
      const response = await route.fetch();
      const next = "0123456789abcdef"; // a policy that is not there any more
      await route.fulfill({ response, json: { ...await response.json(), next } });
    },
    (route) => route.fulfill({ status: 503, contentType: "application/problem+json",
      json: refusal }),
  ];
  await page.route(/\/subjects\/state/, (route) =>
    (answers.shift() ?? (() => route.continue()))(route));

  await page.getByLabel("is", { exact: true }).fill("7");
  await page.getByRole("button", { name: "Find" }).click();
  await more.click();
  await page.getByRole("alert").filter({ hasText: "Come again." }).waitFor();
  assert.equal(await row.count(), 1);
  await more.click();
  await page.getByRole("status").filter({ hasText: "shown from the first again" }).waitFor();
  assert.equal(await row.count(), 1);
  assert.equal(await more.count(), 0);
  await page.close();
});

test("the tail has 500 rows for who scrolls, and misses none of a rush", async () => {
  const app = await startApp(dashboard.origin);
  const checks = (user, count) => app.send("/check/batch", { checks:
    Array.from({ length: count }, () => ({ user_id: user, route_key: "/many" })) });
  await app.save({ route_key: "/many", limit: 1000000, window_seconds: 3600 });
  await checks("old", 600);
  const page = await open(app.key);
  const rows = page.locator(".tail tbody tr");

  await turnTo(page, "Overview");
  await rows.nth(99).waitFor();
  assert.equal(await rows.count(), 100);
  for (const last of [199, 299, 399, 499]) {
    await rows.last().scrollIntoViewIfNeeded();
    await rows.nth(last).waitFor();
  }
  await checks("new", 250);
  await rows.filter({ hasText: "user new" }).nth(249).waitFor();

  assert.equal(await rows.count(), 500);
  assert.equal(await rows.filter({ hasText: "user new" }).count(), 250);
  assert.match(await rows.nth(0).innerText(), /user new/);
  assert.match(await rows.nth(250).innerText(), /user old/);
  await page.close();
});

test("the tail says when it must wait, and goes on after that", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/wait", limit: 5, window_seconds: 3600 });
  const page = await open(app.key);
  const refusal = { type: "urn:sluice:problem:too-many-requests", title: "Too many requests",
    status: 429, detail: "Wait a little." };
  let isRefused = true;
  await page.route("**/logs/latest?**", (route) => (isRefused
    ? route.fulfill({ status: 429, contentType: "application/problem+json",
      headers: { "Retry-After": "1" }, json: refusal })
    : route.continue()));

  await turnTo(page, "Overview");
  await page.locator(".tail").filter({ hasText: "Too many requests: Wait a little." }).waitFor();
  isRefused = false;
  await app.send("/check", { user_id: "ada", route_key: "/wait" });
  await page.locator(".tail tbody tr").filter({ hasText: "user ada" }).waitFor();
  await page.locator(".tail").filter({ hasNotText: "Too many requests" }).waitFor();
  await page.close();
});

test("the tail asks again and again while it gets no stream", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/full", limit: 5, window_seconds: 3600 });
  const page = await open(app.key);
  const refusal = { type: "urn:sluice:problem:quota", title: "Quota exhausted", status: 429,
    detail: "20 readers already follow the app's log at this instance." };
  await page.route(/\/logs\/stream/, (route) => route.fulfill({ status: 429,
    contentType: "application/problem+json", headers: { "Retry-After": "5" }, json: refusal }));

  await turnTo(page, "Overview");
  await page.locator(".tail").filter({ hasText: "live" }).waitFor();
  await app.send("/check", { user_id: "ada", route_key: "/full" });

  await page.locator(".tail tbody tr").filter({ hasText: "user ada" }).waitFor();
  await page.close();
});

test("a check that is tried is explained, and charges nothing unless it is to", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/try", limit: 1, window_seconds: 3600 });
  const page = await open(app.key);
  const decision = page.getByRole("region", { name: "Decision" });
  await turnTo(page, "Try a check");

  await page.getByLabel("is", { exact: true }).fill("ada");
  await page.getByLabel("Route").fill("/try");
  await page.getByRole("button", { name: "Check" }).click();
  await decision.filter({ hasText: "Looked 1 of 1 are left" }).waitFor();
  await page.getByLabel("Charge it").check();
  await page.getByRole("button", { name: "Check" }).click();
  await decision.filter({ hasText: "Allowed 0 of 1 are left" }).waitFor();
  await page.getByLabel("Charge it").uncheck();
  await page.getByRole("button", { name: "Check" }).click();
  await decision.filter({ hasText: "A check that costs something is denied" }).waitFor();
  await page.getByLabel("Charge it").check();
  await page.getByRole("button", { name: "Check" }).click();
  await decision.filter({ hasText: "Denied Rate limit exceeded. The same check passes in" })
    .waitFor();
  await decision.filter({ hasText: "the first that exists: the route itself" }).waitFor();
  await page.getByLabel("Route").fill("/none");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("alert").filter({ hasText: "No policy applies" }).waitFor();
  await hasText(page, "policies were looked for");
  await page.close();
});

test("names from outside are shown as text, whatever is in them", async () => {
  const app = await startApp(dashboard.origin);
  const subjects = { user: HOSTILE, org: HOSTILE };
  await app.save({ route_key: HOSTILE, role: HOSTILE, user_id: HOSTILE, limit: 1,
    window_seconds: 3600, description: HOSTILE });
  const check = { subjects, route_key: HOSTILE, role: HOSTILE };
  await app.send("/check", check);
  assert.equal((await app.send("/check", check)).status, 429);
  const page = await open(app.key);

  for (const [tab, title] of VIEWS.slice(0, 3)) {
    await turnTo(page, tab, title);
    await hasText(page, HOSTILE);
    assert.equal(await page.locator("#app").textContent(), HOSTILE);
    assert.equal(await page.locator("img").count(), 0, tab);
  }
  await turnTo(page, "Subjects", "Find a subject");
  await page.getByRole("link", { name: HOSTILE }).first().click();
  await page.locator(".tail tbody tr").first().waitFor();
  await turnTo(page, "Policies");
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Description").waitFor();
  assert.equal(await page.getByLabel("Description").inputValue(), HOSTILE);
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.evaluate(() => window.wasRun), undefined);
  await page.close();
});

test("1,000 policies are listed by the hundred, and any is found", async () => {
  const app = await startApp(dashboard.origin, "many");
  const policy = await app.save({ route_key: "/many/0", limit: 0, window_seconds: 60 });
  const policies = Array.from({ length: 1000 }, (_, i) =>
    ({ ...policy, route_key: `/many/${i}`, limit: i })); // to save them all takes minutes
  const page = await open(app.key);
  await page.route("**/policy", (route) => route.fulfill({ json: policies }));
  const rows = page.locator("main tbody tr");
  await turnTo(page, "Policies");

  await hasText(page, "1,000 of 1,000 policies");
  assert.equal(await rows.count(), 100);
  await page.getByRole("button", { name: "Show more" }).click();
  assert.equal(await rows.count(), 200);
  await page.getByLabel("Find").fill("/many/999");
  await hasText(page, "1 of 1,000 policies");
  await rows.filter({ hasText: "999 requests per minute" }).waitFor();
  await page.close();
});

test("no host but this one was asked, nothing was forbidden, and the console is silent", () => {
  assert.deepEqual(dashboard.faults, []);
});
