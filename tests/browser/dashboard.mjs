// SPDX-License-Identifier: MIT
//
// Words for tests of the dashboard: an app with policies and decisions, and a page that watches
// itself.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

import { startService } from "./service.mjs";

const { SLUICE_BINARY, SLUICE_CHROMIUM, SLUICE_PACKAGES } = process.env;
const STEP_MS_MAX = 60000;

export const fromPackages = createRequire(join(SLUICE_PACKAGES, "package.json"));

// The tabs of the navigation, and what their views are called.
export const VIEWS = [["Subjects", "Find a subject"], ["Overview", "Overview"],
  ["Policies", "Policies"], ["Try a check", "Try a check"]];

// A name that would run a script if it were ever read as HTML.
export const HOSTILE = "<img src=x onerror=\"window.wasRun=1\">";

// A service and a browser. `open` makes a tab of its own, with a storage of its own; with a key it
// is signed in. `faults` has what any of the tabs did that no page may do.
export async function startDashboard() {
  const service = await startService(SLUICE_BINARY, "--manage-limit", "off");
  const { chromium } = fromPackages("playwright-core");
  const browser = await chromium.launch({ executablePath: SLUICE_CHROMIUM,
    args: ["--disable-gpu"] });
  const faults = [];

  return {
    origin: service.origin,
    browser,
    faults,
    async open(key, options = {}, address = service.origin) {
      const page = await browser.newPage({ reducedMotion: "reduce", ...options });
      page.setDefaultTimeout(STEP_MS_MAX);
      await watch(page, address, faults);
      await page.goto(`${address}/dashboard`);
      if (key) {
        await signIn(page, key);
        await page.getByRole("navigation").waitFor();
      }
      return page;
    },
    async stop() {
      await browser.close();
      await service.stop();
    },
  };
}

// An app of its own. `send` resolves to the answer's status and body.
export async function startApp(origin, name = HOSTILE) {
  const { body: app } = await send(origin, "/register", {}, { name });
  const headers = { "X-API-Key": app.api_key };

  return {
    key: app.api_key,
    send: (path, body) => send(origin, path, headers, body),
    async save(policy) {
      const { status, body } = await send(origin, "/policy", headers, policy);
      assert.ok(status === 200 || status === 201, JSON.stringify(body));
      return body.policy;
    },
    async policies() {
      const answer = await fetch(`${origin}/policy`, { headers });
      return answer.json();
    },
  };
}

async function send(origin, path, headers, body) {
  const answer = await fetch(origin + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

// Notes what no page may do: errors, other hosts, what its policy forbids, scripts in names. A
// refusal by the service is no error of the page.
async function watch(page, address, faults) {
  page.on("console", (message) => {
    const isRefusal = message.text().startsWith("Failed to load resource: the server responded") &&
      !message.location().url.includes("/dashboard");
    if (!isRefusal) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(address).origin && protocol !== "data:")
      faults.push(`a request to ${request.url()}`);
    if (request.url().includes("slk_")) faults.push(`a key in ${request.url()}`);
  });
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (violation) =>
    console.error(`forbidden: ${violation.violatedDirective} ${violation.blockedURI}`)));
}

export async function signIn(page, key) {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
}

// Opens a view by the navigation.
export async function turnTo(page, tab, title = tab) {
  await page.getByRole("navigation").getByRole("link", { name: tab }).click();
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
}

// What axe finds that hinders people, in words.
export async function barriers(page, axe) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"] }));

  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" ")}`);
}
