// SPDX-License-Identifier: MIT
//
// How long the views of the dashboard take, from an empty cache until they are drawn and the
// browser is idle, so that they answer a reader at once. Prints the longest as JSON. The
// environment has SLUICE_ORIGIN and SLUICE_KEY.
import { fromPackages } from "./dashboard.mjs";

const { SLUICE_CHROMIUM, SLUICE_KEY, SLUICE_ORIGIN } = process.env;

// What a view has when it is drawn.
const VIEWS = [["overview", ".tail tbody tr"], ["policies", "main tbody tr"]];

async function timeView(browser, view, drawn) {
  const context = await browser.newContext();
  const page = await context.newPage();

  await page.addInitScript((key) => sessionStorage.setItem("sluice-key", key), SLUICE_KEY);
  await page.goto(`${SLUICE_ORIGIN}/dashboard#/${view}`, { waitUntil: "commit" });
  await page.locator(drawn).first().waitFor();
  const ms = await page.evaluate(() => new Promise((done) => {
    requestIdleCallback(() => done(performance.now()));
  }));
  await context.close();
  return ms;
}

const { chromium } = fromPackages("playwright-core");
const browser = await chromium.launch({ executablePath: SLUICE_CHROMIUM, args: ["--disable-gpu"] });
const times = [];
for (const [view, drawn] of VIEWS) times.push(await timeView(browser, view, drawn));
await browser.close();
console.log(JSON.stringify({ page_ms: Math.max(...times) }));
