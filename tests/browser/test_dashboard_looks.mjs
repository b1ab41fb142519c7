// SPDX-License-Identifier: MIT
//
// The dashboard in a browser: what it weighs, what it may do, and whether everybody can read and
// use each view.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { barriers, fromPackages, startApp, startDashboard, turnTo } from "./dashboard.mjs";
import { faintTexts, focusRing, sideways } from "./measures.mjs";

const { SLUICE_SCREENSHOTS } = process.env;
const BYTES_MAX = 150 * 1024;
const WIDTHS = [390, 1280, 1920];
const EDGES = [360, 2560];

let dashboard;
let axe;

before(async () => {
  dashboard = await startDashboard();
  axe = await readFile(fromPackages.resolve("axe-core/axe.min.js"), "utf8");
  await mkdir(SLUICE_SCREENSHOTS, { recursive: true });
});

after(() => dashboard?.stop());

const open = (...options) => dashboard.open(...options);

test("the keyboard alone signs in, moves and tries a check, and its place is visible", async () => {
  const app = await startApp(dashboard.origin);
  await app.save({ route_key: "/keys", limit: 5, window_seconds: 60 });
  const page = await open();
  const step = async (key) => {
    await page.keyboard.press(key);
    const { element, isVisible } = await page.evaluate(focusRing);
    assert.ok(isVisible, `${element} shows no focus`);
    return element;
  };

  await page.keyboard.type(app.key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Find a subject" }).waitFor();
  const passed = [await step("Shift+Tab"), await step("Shift+Tab"), await step("Shift+Tab")];
  assert.match(passed[2], /Try a check/, passed.join("\n"));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Try a check" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  await step("Tab"); // the name of the subject is there
  await step("Tab");
  await page.keyboard.type("ada");
  assert.match(await step("Tab"), /Add a subject/);
  await step("Tab");
  await page.keyboard.type("/keys");
  await page.keyboard.press("Enter");

  await page.getByRole("region", { name: "Decision" }).filter({ hasText: "5 of 5" }).waitFor();
  await page.close();
});

test("all of it is small enough to be loaded at once", async () => {
  const page = await dashboard.browser.newPage();
  const paths = [];
  page.on("request", (request) => paths.push(new URL(request.url())));
  await page.goto(`${dashboard.origin}/dashboard`);
  await page.getByLabel("API key").waitFor();
  await page.close();

  const files = new Set(paths.filter(({ protocol }) => protocol !== "data:").map(String));
  const sizes = await Promise.all([...files].map(compressedBytes));
  const sum = sizes.reduce((total, size) => total + size, 0);

  assert.ok(files.size > 20, `only ${files.size} files`);
  assert.ok(sum <= BYTES_MAX, `${sum} bytes`);
  console.log(`${files.size} files, ${sum} bytes`);
});

function compressedBytes(address) {
  return new Promise((resolve, reject) => {
    httpRequest(address, { method: "HEAD", headers: { "Accept-Encoding": "gzip" } }, (answer) =>
      resolve(Number(answer.headers["content-length"]))).on("error", reject).end();
  });
}

test("what the page may load and run is strict", async () => {
  const answer = await fetch(`${dashboard.origin}/dashboard`);
  const directives = answer.headers.get("content-security-policy").split("; ");

  for (const directive of ["default-src 'none'", "script-src 'self'", "style-src 'self'",
    "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"])
    assert.ok(directives.includes(directive), directive);
});

// An app with something to see in every view.
async function startShow() {
  const app = await startApp(dashboard.origin, "shop");
  await app.save({ route_key: "/search", limit: 2, window_seconds: 3600, description: "Searches" });
  await app.save({ route_key: "/upload*", role: "premium", algorithm: "token_bucket", rate: "5/s",
    burst: 20, mode: "shadow" });
  await app.save({ route_key: "/v1/chat", limits: [
    { name: "org-tokens", by: "org", counts: "tokens", limit: 5000000, period: "month",
      zone: "Europe/Berlin", anchor: "2026-01-17", headroom: "10%" },
    { name: "pool", by: [], algorithm: "sliding_window", rate: "600/m" }] });
  await app.save({ route_key: "/export", rate: "100/h", on_store_error: "deny",
    candidate: { algorithm: "leaky_bucket", rate: "50/h", burst: 5 } });
  for (const user of ["ada", "ada", "ada", "ada", "bob", "cleo"])
    await app.send("/check", { user_id: user, route_key: "/search" });
  await app.send("/check", { route_key: "/v1/chat", subjects: { org: "acme", user: "ada" },
    costs: { tokens: 1500 } });
  return app;
}

// Each place that has a look of its own.
async function* places(page) {
  await page.getByRole("link", { name: "user ada" }).waitFor();
  yield "subjects";
  await page.getByRole("link", { name: "user ada" }).click();
  await page.getByRole("row").filter({ hasText: "needs org" }).waitFor();
  await page.locator(".tail tbody tr").first().waitFor();
  yield "subject";
  await turnTo(page, "Overview");
  await page.locator(".spark").first().waitFor();
  await page.locator(".tail tbody tr").first().waitFor();
  yield "overview";
  await turnTo(page, "Policies");
  await page.getByRole("row").nth(4).waitFor();
  yield "policies";
  await page.getByRole("link", { name: "Edit /search" }).click();
  await page.getByLabel("Description").waitFor();
  await page.getByLabel("Limit").fill("1");
  await page.getByRole("button", { name: "Simulate" }).click();
  await page.getByRole("region", { name: "Simulation", exact: true }).locator("canvas").waitFor();
  yield "policy";
  await turnTo(page, "Try a check");
  await page.getByLabel("is", { exact: true }).fill("ada");
  await page.getByLabel("Route").fill("/search");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("region", { name: "Decision" }).waitFor();
  yield "try";
}

test("every view can be read and used at each width, light and dark", async () => {
  const app = await startShow();

  for (const width of [...WIDTHS, ...EDGES]) {
    const page = await open(app.key, { viewport: { width, height: 900 } });
    for await (const place of places(page)) {
      assert.deepEqual(await page.evaluate(sideways), { pixels: 0, outside: [] },
        `${width} ${place}`);
      for (const colorScheme of WIDTHS.includes(width) ? ["light", "dark"] : []) {
        const name = `${width}-${colorScheme}-${place}`;
        await page.emulateMedia({ colorScheme });
        const path = join(SLUICE_SCREENSHOTS, `dashboard-${name}.png`);
        await page.screenshot({ path, fullPage: true });
        assert.deepEqual(await page.evaluate(faintTexts, "body"), [], `${name}: faint`);
        if (width !== 1920) assert.deepEqual(await barriers(page, axe), [], name);
      }
    }
    await page.close();
  }
});

test("no host but this one was asked, nothing was forbidden, and the console is silent", () => {
  assert.deepEqual(dashboard.faults, []);
});
