// SPDX-License-Identifier: MIT
//
// The docs page in a browser: measures what a reader sees.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { faintTexts, focusRing, sideways } from "./measures.mjs";
import { startProxy } from "./proxy.mjs";
import { startService } from "./service.mjs";

const { SLUICE_BINARY, SLUICE_CHROMIUM, SLUICE_PACKAGES, SLUICE_SCREENSHOTS } = process.env;
const { chromium } = createRequire(join(SLUICE_PACKAGES, "package.json"))("playwright-core");

const FIRST_OPERATION_PIXELS_MAX = 400;
const STEP_MS_MAX = 120000;
const PREFIX = "/teams/a;b"; // A shell would end a command there.
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
// A page begins with the first colour scheme, and is then read in both.
const LOOKS = [
  { viewport: WIDE, schemes: ["light", "dark"] },
  { viewport: NARROW, schemes: ["dark", "light"] },
];

const TAGS = ["Register", "Policy", "Check", "Logs", "Usage", "Operations"];

// How a policy's example begins in the list, and a word of its body.
const EXAMPLES = [
  ["Fixed window", "fixed_window"],
  ["Token bucket for a role", "premium"],
  ["Leaky queue", "leaky_bucket"],
  ["Several limits", "limits"],
  ["Budget", "Europe/Berlin"],
  ["Shadow", "shadow"],
  ["Candidate", "candidate"],
];

const contexts = new Map();
const faults = [];
let service;
let proxy;
let browser;
let untouched; // a page that the tests only look at

before(async () => {
  service = await startService(SLUICE_BINARY);
  proxy = await startProxy(service.origin, PREFIX);
  browser = await chromium.launch({ executablePath: SLUICE_CHROMIUM, args: ["--disable-gpu"] });
  await mkdir(SLUICE_SCREENSHOTS, { recursive: true });
  untouched = await openDocs();
});

after(async () => {
  await browser?.close();
  await proxy?.stop();
  await service?.stop();
});

// The pages of one look share the browser's cache.
async function contextOf({ viewport, schemes: [colorScheme] }) {
  if (!contexts.has(viewport)) {
    const options = { viewport, colorScheme, reducedMotion: "reduce" };
    contexts.set(viewport, await browser.newContext(options));
  }
  return contexts.get(viewport);
}

// A page that shows the operations of the service's document, or of another one. Any line on the
// console is a fault, and so is any request to another host.
async function openDocs(options = LOOKS[0], address = service.origin, contract = null) {
  const page = await (await contextOf(options)).newPage();

  page.setDefaultTimeout(STEP_MS_MAX);
  page.on("console", (message) => faults.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (!address.startsWith(origin) && protocol !== "data:")
      faults.push(`a request to ${request.url()}`);
  });
  if (contract)
    await page.route("**/openapi.json", (route) => route.fulfill({ json: contract }));
  await page.goto(`${address}/docs`);
  await page.locator(".opblock").last().waitFor();
  return page;
}

const operation = (page, tag, id) => page.locator(`#operations-${tag}-${id}`);

async function open(block) {
  await block.locator(".opblock-summary-control").click();
  await block.locator(".responses-wrapper").waitFor();
}

// The operations of a tag, and what they refer to.
function partOf(contract, tag) {
  const paths = Object.fromEntries(Object.entries(contract.paths).filter(([, operations]) =>
    Object.values(operations).some(({ tags }) => tags.includes(tag))));
  const { securitySchemes } = contract.components;
  const components = { securitySchemes };

  function add(value) {
    const references = JSON.stringify(value).matchAll(/#\/components\/(\w+)\/([\w-]+)/g);
    for (const [, kind, name] of references) {
      components[kind] ??= {};
      if (name in components[kind]) continue;
      components[kind][name] = contract.components[kind][name];
      add(components[kind][name]);
    }
  }

  add(paths);
  return { ...contract, paths, components };
}

// All at once, because one after the other takes the browser much longer.
async function openOperations(page) {
  await page.locator(".opblock:not(.is-open)").evaluateAll((blocks) =>
    blocks.forEach((block) => block.querySelector(".opblock-summary-control").click()));
  for (const block of await page.locator(".opblock").all())
    await block.locator(".responses-wrapper").waitFor();
}

async function openChaptersAndSchemas(page) {
  await page.locator("details").evaluateAll((chapters) =>
    chapters.forEach((chapter) => chapter.setAttribute("open", "")));
  await page.locator(".models-control").click();
  await page.locator(".models article").last().waitFor();
}

// Returns once all of the page has the colours of the scheme.
async function show(page, colorScheme) {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction((isDark) =>
    document.documentElement.classList.contains("dark-mode") === isDark, colorScheme === "dark");
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
}

async function register(page) {
  const block = operation(page, "Register", "register");

  await open(block);
  await block.locator(".execute").click();
  await block.locator(".live-responses-table").waitFor();
  return block;
}

async function send(path, headers, body) {
  const answer = await fetch(service.origin + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

test("the first operation is in sight", async () => {
  const { y } = await untouched.locator(".opblock").first().boundingBox();

  assert.ok(y <= FIRST_OPERATION_PIXELS_MAX, `it begins at ${y}`);
});

test("tags come in the order of a first use", async () => {
  const tags = await untouched.locator(".opblock-tag").evaluateAll((all) =>
    all.map((tag) => tag.dataset.tag));

  assert.deepEqual(tags, TAGS);
});

test("Authorize focuses the field of the API key, which is the only one", async () => {
  const page = await openDocs();

  await page.locator(".authorize").click();
  const field = page.locator(".dialog-ux input");
  await field.waitFor();

  assert.equal(await field.evaluate((input) => input === document.activeElement), true);
  assert.match(await page.locator(".dialog-ux .auth-container").innerText(), /X-API-Key/);
  await page.keyboard.type("slk_of_the_keyboard");
  await page.keyboard.press("Enter");
  await page.locator(".dialog-ux .btn-done").click();
  assert.equal(await page.locator(".authorize.locked").count(), 1);
  await page.close();
});

test("what needs a key has a padlock, and registering has none", async () => {
  const padlocks = (tag, id) =>
    operation(untouched, tag, id).locator(".authorization__btn").count();

  assert.equal(await padlocks("Register", "register"), 0);
  assert.equal(await padlocks("Policy", "savePolicy"), 1);
  assert.equal(await padlocks("Check", "check"), 1);
});

async function curlLinesRun(address) {
  const page = await openDocs(LOOKS[0], address);
  const block = await register(page);
  const addresses = (text) => text.match(/https?:\/\/\S+(?=\/(register|policy|check|logs))/g)
    .map(decodeURIComponent);

  await page.locator("summary", { hasText: "four requests" }).click();
  const said = await page.locator("details[open] pre").innerText();
  const made = await block.locator(".curl").innerText();

  assert.deepEqual(addresses(said), Array(4).fill(address));
  assert.deepEqual(addresses(made), [address]);
  const { stdout } = await promisify(execFile)("sh", ["-ec", said]);
  assert.match(stdout, /^slk_\w+\n/);
  assert.match(stdout, /HTTP\/1.1 200 OK\r/);
  assert.equal(stdout.match(/"allowed":true/g).length, 2);
  await page.close();
}

test("curl lines name the page's own address, and run as they are printed", () =>
  curlLinesRun(service.origin));

test("the page works under a proxy's prefix, and its curl lines have it", () =>
  curlLinesRun(proxy.address));

test("each link of the page stays under a proxy's prefix", async () => {
  const page = await openDocs(LOOKS[0], proxy.address);
  const links = await page.locator(".bar a").evaluateAll((all) => all.map((link) => link.href));

  assert.ok(links.length >= 4);
  for (const link of links)
    assert.equal((await fetch(link)).status, 200, link);
  await page.close();
});

test("an example that is chosen becomes the body", async () => {
  const page = await openDocs();
  const block = operation(page, "Policy", "savePolicy");
  await open(block);
  const body = block.locator(".body-param__text");

  for (const [label, word] of EXAMPLES) {
    const options = block.locator(".examples-select-element option");
    const [value] = await options.evaluateAll((all, start) =>
      all.filter((option) => option.textContent.startsWith(start))
        .map((option) => option.value), label);
    await block.locator(".examples-select-element").first().selectOption(value);
    await page.waitForFunction(([box, wanted]) => box.value.includes(wanted),
      [await body.elementHandle(), word]);
  }
  await page.close();
});

test("the service takes every example as it is printed", async () => {
  const contract = await (await fetch(`${service.origin}/openapi.json`)).json();
  const examples = (path) => Object.values(
    contract.paths[path].post.requestBody.content["application/json"].examples);
  const { body: app } = await send("/register", {}, { name: "examples" });
  const key = { "X-API-Key": app.api_key };

  assert.ok(examples("/policy").length >= 6 && examples("/check").length >= 6);
  for (const { summary, value } of examples("/policy"))
    assert.ok([200, 201].includes((await send("/policy", key, value)).status), summary);
  for (const path of ["/check", "/charge"]) {
    for (const { summary, value } of examples(path))
      assert.equal((await send(path, key, value)).status, 200, summary);
  }
});

test("what a page may load and run stays strict", async () => {
  const answer = await fetch(`${service.origin}/docs`);
  const directives = answer.headers.get("content-security-policy").split("; ");

  assert.ok(directives.includes("default-src 'none'"));
  assert.ok(directives.includes("script-src 'self'"));
  assert.ok(directives.includes("connect-src 'self'"));
});

test("the place of the keyboard's focus is always visible", async () => {
  const page = await openDocs();
  await open(operation(page, "Policy", "savePolicy"));
  const passed = new Set();

  for (let i = 0; i < 30; i++) {
    await page.keyboard.press("Tab");
    const { element, isVisible } = await page.evaluate(focusRing);
    assert.ok(isVisible, `${element} shows no focus`);
    passed.add(element);
  }

  assert.ok(passed.size > 15, `only ${passed.size} places were passed`);
  await page.close();
});

// In both schemes. The pictures are for people.
async function readIn(page, look, state, selector = "body") {
  for (const scheme of look.schemes) {
    const name = `${look.viewport.width}-${scheme}-${state}`;
    const path = join(SLUICE_SCREENSHOTS, `docs-${name}.png`);
    await show(page, scheme);
    await page.screenshot({ path, fullPage: selector === "body" });
    assert.deepEqual(await page.evaluate(faintTexts, selector), [], `${name}: faint`);
    assert.deepEqual(await page.evaluate(sideways), { pixels: 0, outside: [] }, name);
  }
}

for (const look of LOOKS) {
  const { width } = look.viewport;

  test(`all of it can be read at ${width}, light and dark, and nothing sticks out`, async () => {
    const page = await openDocs(look);

    await readIn(page, look, "closed");
    await page.locator(".authorize").click();
    await page.locator(".dialog-ux input").waitFor();
    await readIn(page, look, "authorize", ".dialog-ux");
    await page.keyboard.press("Escape");
    await register(page);
    await readIn(page, look, "register");
    if (look.viewport === NARROW) {
      await openChaptersAndSchemas(page);
      await readIn(page, look, "schemas");
    }
    await page.close();
  });
}

// For each operation that is opened the browser reads the whole document. In parts it reads less.
test(`all operations can be read at ${NARROW.width} when they are open`, async () => {
  const [look] = LOOKS.filter(({ viewport }) => viewport === NARROW);
  const contract = await (await fetch(`${service.origin}/openapi.json`)).json();
  let count = 0;

  for (const tag of TAGS) {
    const page = await openDocs(look, service.origin, partOf(contract, tag));
    await openOperations(page);
    count += await page.locator(".opblock").count();
    await readIn(page, look, `open-${tag.toLowerCase()}`);
    await page.close();
  }

  assert.equal(count, await untouched.locator(".opblock").count());
});

test("the console stays silent, and no other host is asked", () => {
  assert.deepEqual(faults, []);
});
