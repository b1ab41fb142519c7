// SPDX-License-Identifier: MIT
//
// The dashboard never says that something was done which was not, nor shows what it does not know.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startApp, startDashboard, turnTo } from "./dashboard.mjs";
import { passOn, startProxy } from "./proxy.mjs";

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

test("a new policy does not replace one that is there", async () => {
  const app = await startApp(dashboard.origin);
  const save = (members) => app.save({ limit: 5, window_seconds: 60, ...members });
  await save({ route_key: "/there", description: "of the others" });
  await save({ route_key: "/there", user_id: "7" });
  await save({ route_key: "/there", subject: { ip: "2001:db8::1" } });
  await save({ route_key: "/else" });
  const page = await dashboard.open(app.key);
  const view = (query) => page.evaluate((hash) => { location.hash = hash; }, `#/policy?${query}`);
  const refused = async () => {
    await page.getByRole("button", { name: "Save" }).click();
    await alert(page, "There is such a policy already: its version 1 is in force.");
  };

  for (const [name, value] of [["none", ""], ["user", "7"], ["ip", "2001:DB8:0::1"]]) {
    await view(`subject.${name}=${value}`);
    await page.waitForFunction((wanted) =>
      document.querySelector("[name='/user_id']")?.value === wanted, value);
    await page.getByLabel("Route").fill("/there");
    await refused();
  }
  await turnTo(page, "Policies");
  await page.getByRole("row").filter({ hasText: "/else" }).getByRole("link", { name: "Edit" })
    .click();
  await page.getByRole("button", { name: "JSON" }).click();
  const json = page.getByLabel("Policy as JSON");
  await json.fill((await json.inputValue()).replace("/else", "/there"));
  await refused();

  assert.deepEqual((await app.policies()).map(({ version }) => version), [1, 1, 1, 1]);
  await page.close();
});

test("a deletion does not take what another has just saved", async () => {
  const app = await startApp(dashboard.origin);
  const policy = { route_key: "/shared", limit: 5, window_seconds: 60 };
  await app.save(policy);
  const page = await dashboard.open(app.key);
  await turnTo(page, "Policies");

  await page.getByRole("button", { name: "Delete" }).click();
  await app.save({ ...policy, limit: 900 });
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await alert(page, "Somebody has changed the policy meanwhile");
  await page.getByRole("row").filter({ hasText: "900 requests" }).waitFor();

  assert.equal((await app.policies()).length, 1);
  await page.close();
});

test("usage says where its figures are not those of the whole app, or by the hour", async () => {
  const app = await startApp(dashboard.origin);
  const page = await dashboard.open(app.key);
  let partial = { degraded: true, hourly_before: 1795275720 };
  await page.route(/\/usage/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...await response.json(), ...partial } });
  });
  const hints = () => page.locator("main .hint").filter({ hasText: "The store of usage" });

  await turnTo(page, "Overview");
  await hints().filter({ hasText: "one instance" }).filter({ hasText: "Before 21 Nov" }).waitFor();
  await turnTo(page, "Subjects", "Find a subject");
  await hints().filter({ hasText: "one instance" }).filter({ hasText: "Before 21 Nov" }).waitFor();
  partial = {};
  await turnTo(page, "Overview");
  await page.locator(".figures dd").first().waitFor();
  assert.equal(await hints().count(), 0);
  await page.close();
});

test("a check is tried at the cost that was typed, and at no other", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/cost", limit: 5, window_seconds: 3600 });
  const page = await dashboard.open(app.key);
  const decision = page.getByRole("region", { name: "Decision" });
  const cost = page.getByLabel("Cost", { exact: true });
  const costs = page.getByLabel("Other costs");
  await turnTo(page, "Try a check");
  await page.getByLabel("is", { exact: true }).fill("7");
  await page.getByLabel("Route").fill("/cost");
  await page.getByLabel("Charge it").check();

  for (const [control, text] of [[cost, ""], [cost, "0x2"], [costs, "tokens"], [costs, "tokens="],
    [costs, "tokens=1=2"], [costs, "=5"]]) {
    await cost.fill("1");
    await costs.fill("");
    await control.fill(text);
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.locator("[aria-invalid]").waitFor();
    assert.equal(await control.getAttribute("aria-invalid"), "true", text);
    assert.equal(await decision.count(), 0);
    await page.locator("form .fault").evaluate((note) => note.remove());
    await control.evaluate((input) => input.removeAttribute("aria-invalid"));
  }
  await costs.fill("");
  await cost.fill("2");
  await page.getByRole("button", { name: "Check", exact: true }).click();
  await decision.filter({ hasText: "3 of 5 are left" }).waitFor();
  await page.close();
});

test("a second click while the answer is on its way does nothing", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/twice", limit: 5, window_seconds: 60 });
  const page = await dashboard.open(app.key);
  const asked = [];
  let release;
  // Clicks twice, and resolves to what was asked for until `done` is to be seen.
  const twice = async (button, address, done) => {
    const held = new Promise((resolve) => { release = resolve; });
    asked.length = 0;
    await page.route(address, async (route) => {
      asked.push(route.request().method());
      await held;
      await route.fallback();
    });
    await button.click();
    await button.click();
    release();
    await done.waitFor();
    await page.unrouteAll({ behavior: "wait" });
    return asked;
  };
  const named = (name) => page.getByRole("button", { name, exact: true });
  const status = (text) => page.getByRole("status").filter({ hasText: text });

  await turnTo(page, "Try a check");
  await page.getByLabel("is", { exact: true }).fill("7");
  await page.getByLabel("Route").fill("/twice");
  await page.getByLabel("Charge it").check();
  assert.deepEqual(await twice(named("Check"), /\/check/,
    page.getByRole("region", { name: "Decision" }).filter({ hasText: "4 of 5" })), ["POST"]);
  await page.evaluate(() => { location.hash = "#/subject?user=7"; });
  await named("Reset counters").click();
  await page.getByLabel("Route").first().fill("/twice");
  assert.deepEqual(await twice(page.locator("form .danger"), /\/reset/,
    status("1 limit was reset.")), ["POST"]);
  await turnTo(page, "Policies");
  assert.deepEqual(await twice(page.getByRole("button", { name: "Shadow" }), /\/policy$/,
    status("now in shadow")), ["GET", "POST", "GET"]);
  await page.getByRole("link", { name: "Edit" }).click();
  assert.deepEqual(await twice(named("Simulate"), /\/policy\/simulate/,
    page.getByRole("region", { name: "Simulation", exact: true }).first()), ["POST"]);
  assert.equal((await twice(named("Save"), /\/policy(\?|$)/, status(": saved.")))
    .filter((method) => method === "POST").length, 1);
  await page.close();
});

test("more counters are asked for once, however often one clicks", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/once", limit: 1, window_seconds: 86400 });
  const page = await dashboard.open(app.key);
  const rows = page.getByRole("region", { name: "Counters" }).locator("tbody tr");
  const more = page.getByRole("button", { name: "Show more" });
  let held = new Promise(() => {});
  let release;
  let pages = 0;
  await page.route(/\/subjects\/state/, async (route) => {
    const address = new URL(route.request().url());
    address.searchParams.delete("after");
    const response = await route.fetch({ url: address.href });
    pages += 1;
    if (pages > 1) await held;
    await route.fulfill({ response,
      json: { ...await response.json(), next: pages < 3 ? "0123456789abcdef" : null } });
  });

  await page.getByLabel("is", { exact: true }).fill("7");
  await page.getByRole("button", { name: "Find" }).click();
  await more.waitFor();
  held = new Promise((resolve) => { release = resolve; });
  await more.click();
  await more.click();
  release();
  await rows.nth(1).waitFor();
  await more.click();
  await rows.nth(2).waitFor();
  assert.equal(await rows.count(), 3);
  assert.equal(pages, 3);
  await page.close();
});

// A proxy that lets a stream through only as far as `passes` says: "nothing" of it, "the head", or
// "all".
async function startHoldingProxy(context, passes) {
  const proxy = { passes };
  const server = await startProxy(dashboard.origin, "/held", (reply, answer) => {
    if (reply.headers["content-type"] !== "text/event-stream") {
      passOn(reply, answer);
      return;
    }
    if (proxy.passes !== "nothing") {
      answer.writeHead(reply.statusCode, reply.headers);
      answer.flushHeaders();
    }
    reply.on("data", (piece) => {
      if (proxy.passes === "all") answer.write(piece);
    });
  });

  context.after(() => server.stop());
  return Object.assign(proxy, { address: server.address });
}

// A page with a tail behind a proxy. Its clock stands still, so what it shows comes from a stream,
// or from a second that `pass` lets go by. `check` returns when the decision is in the log.
// `streams` is how many the page has asked for.
async function openTail(proxy) {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/held", limit: 5, window_seconds: 3600 });
  const page = await dashboard.open(app.key, {}, proxy.address);
  const begin = Date.now();
  const headers = { "X-API-Key": app.key };
  const log = async () => (await fetch(`${dashboard.origin}/logs/latest`, { headers })).text();
  const tail = {
    page,
    streams: 0,
    async check(user) {
      await app.send("/check", { user_id: user, route_key: "/held" });
      while (!(await log()).includes(`"${user}"`));
    },
    shows: (text) => page.locator(".tail").filter({ hasText: text }).waitFor(),
    async pass(seconds, isEnough = () => false) {
      for (let i = 0; i < seconds && !isEnough(); i += 1) {
        await page.clock.runFor(1000);
        await page.evaluate(() => fetch("livez")); // what the page asks for takes as long
      }
    },
  };

  page.on("request", (request) => { tail.streams += request.url().includes("/logs/stream"); });
  await page.clock.install({ time: begin });
  await page.clock.pauseAt(begin + 1000);
  await turnTo(page, "Overview");
  return tail;
}

for (const passes of ["nothing", "the head"]) {
  test(`decisions are shown beside a proxy that lets through ${passes} of a stream`,
    async (context) => {
      const proxy = await startHoldingProxy(context, passes);
      const tail = await openTail(proxy);

      await tail.check("first");
      await tail.pass(15);
      await tail.shows("user first");
      await tail.check("second");
      await tail.pass(15);
      await tail.shows("user second");
      await tail.shows("live");
      assert.equal(tail.streams, 1);

      proxy.passes = "all";
      await tail.pass(600, () => tail.streams > 1);
      await tail.check("third");
      await tail.shows("user third");
      await tail.page.close();
    });
}

test("a stream that has become silent is left, and is tried again later", async (context) => {
  const proxy = await startHoldingProxy(context, "all");
  const tail = await openTail(proxy);

  await tail.shows("live");
  await tail.check("first");
  await tail.shows("user first");
  proxy.passes = "the head";
  await tail.check("second");
  await tail.pass(60);
  await tail.shows("user second");
  await tail.check("third");
  await tail.pass(5);
  await tail.shows("user third");
  assert.equal(tail.streams, 1);

  proxy.passes = "all";
  await tail.pass(600, () => tail.streams > 1);
  await tail.check("fourth");
  await tail.shows("user fourth");
  await tail.page.close();
});

test("a tail that is paused says how many decisions have come, and that some were missed",
  async () => {
    const app = await startApp(dashboard.origin);
    await app.save({ route_key: "/paused", limit: 1000000, window_seconds: 3600 });
    const page = await dashboard.open(app.key);
    const said = (text) => page.locator(".tail").filter({ hasText: text }).waitFor();
    await turnTo(page, "Overview");
    await said("live");

    await page.getByRole("button", { name: "Pause" }).click();
    for (const count of ["250", "500", "750"]) {
      await app.send("/check/batch", { checks: Array.from({ length: 250 }, () =>
        ({ user_id: "ada", route_key: "/paused" })) });
      await said(`paused, ${count} new`);
    }
    await page.route(/\/logs\/stream/, (route) => route.fulfill({ contentType: "text/event-stream",
      body: "retry: 2000\n\nevent: gap\ndata: {\"missed\":7}\n\n" }));
    await page.getByLabel("Role").fill("default");
    await page.keyboard.press("Tab");
    await said("paused, 500 new; some came too fast to be shown");
    await page.close();
  });

test("the step that has not ended is no dip in the pictures", async () => {
  const app = await startApp(dashboard.origin);
  const page = await dashboard.open(app.key);
  const counts = { denied: 0, shadow_denied: 0, candidate_denied: 0, degraded: 0 };
  const series = [60, 90, 1].map((allowed, i) =>
    ({ timestamp: 1795275000 + 900 * i, allowed, ...counts }));
  const routes = [{ route: "/step", role: "default", allowed: 151, ...counts }];
  await page.route(/\/usage/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response,
      json: { ...await response.json(), step_seconds: 900, series, routes } });
  });
  await page.waitForFunction(() => window.uPlot);
  await page.evaluate(() => {
    window.uPlot = class extends window.uPlot {
      constructor(options, data, place) {
        super(options, data, place);
        window.drawn = data;
      }
    };
  });

  await turnTo(page, "Overview");
  await page.getByRole("img", { name: "at most 90 in one step" }).waitFor();
  assert.deepEqual((await page.evaluate(() => window.drawn)).slice(0, 2),
    [[1795275000, 1795275900], [4, 6]]);
  assert.equal((await page.locator("polyline").getAttribute("points")).split(" ").length, 2);
  await page.getByText("As a table").click();
  assert.equal(await page.getByRole("region", { name: "Decisions by step" }).locator("tbody tr")
    .count(), 3);
  await page.close();
});

test("no host but this one was asked, nothing was forbidden, and the console is silent", () => {
  assert.deepEqual(dashboard.faults, []);
});
